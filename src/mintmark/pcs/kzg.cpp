#include "mintmark/pcs/kzg.hpp"

#include "mintmark/base/assert.hpp"
#include "mintmark/math/msm.hpp"

namespace mintmark {
namespace {
G1Affine add_blinder(const Srs& srs, const G1& sum, const Fr& blinder, std::size_t m) {
    if (blinder.is_zero()) return sum.to_affine();
    return sum.add(G1(srs.g1[m]).mul(blinder)).to_affine();
}
}  // namespace

G1Affine commit(const Srs& srs, std::span<const Fr> coeffs, const Fr& blinder, std::size_t m) {
    MINTMARK_ASSERT(coeffs.size() <= m && m < srs.g1.size());
    return add_blinder(srs, msm(std::span(srs.g1).first(coeffs.size()), coeffs), blinder, m);
}

G1Affine commit_small(const Srs& srs, std::span<const std::int64_t> coeffs, const Fr& blinder,
                      std::size_t m) {
    MINTMARK_ASSERT(coeffs.size() <= m && m < srs.g1.size());
    return add_blinder(srs, msm_small(std::span(srs.g1).first(coeffs.size()), coeffs), blinder, m);
}

}  // namespace mintmark
