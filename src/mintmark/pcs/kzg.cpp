#include "mintmark/pcs/kzg.hpp"

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
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

std::vector<G1Affine> commit_small_each(const Srs& srs, std::span<const std::int64_t> coeffs,
                                        std::span<const Fr> blinders, std::size_t m) {
    MINTMARK_ASSERT(coeffs.size() == blinders.size() * m && m < srs.g1.size());
    const std::vector<G1> sums = msm_small_each(std::span(srs.g1).first(m), coeffs);
    std::vector<G1Affine> out(sums.size());
    parallel_for(sums.size(), 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k)
            out[k] = add_blinder(srs, sums[k], blinders[k], m);
    });
    return out;
}

}  // namespace mintmark
