#include "mintmark/math/kernels.hpp"

#include <cstdlib>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/ifma_available.hpp"

namespace mintmark {

bool ifma_available() noexcept {
#ifdef MINTMARK_IFMA
    static const bool available =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512ifma") && std::getenv("MINTMARK_NO_IFMA") == nullptr;
    return available;
#else
    return false;
#endif
}

namespace portable {

void invert_all(std::span<Fr> values) {
    batch_inverse<Fr>(values);
}

void mul_batch(std::span<Fr> out, std::span<const Fr> a, std::span<const Fr> b) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = a[i] * b[i];
}

void add_scaled(std::span<Fr> out, const Fr& factor, std::span<const Fr> a) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += factor * a[i];
}

void fold_low(std::span<Fr> out, std::span<const Fr> in, const Fr& r) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = in[2 * i] + r * (in[2 * i + 1] - in[2 * i]);
    }
}

void split_eq(std::span<Fr> low, std::span<Fr> high, const Fr& r) noexcept {
    for (std::size_t i = 0; i < low.size(); ++i) {
        high[i] = low[i] * r;
        low[i] -= high[i];
    }
}

Fr dot(std::span<const Fr> a, std::span<const Fr> b) noexcept {
    Fr sum;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

PairSums pair_sums(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    PairSums sums;
    for (std::size_t y = 0; y < a.size() / 2; ++y) {
        Fr at0 = a[2 * y] * b[2 * y];
        Fr at1 = a[2 * y + 1] * b[2 * y + 1];
        Fr lead = (a[2 * y + 1] - a[2 * y]) * (b[2 * y + 1] - b[2 * y]);
        if (!weights.empty()) {
            const Fr& e = weights[(offset + y) & (weights.size() - 1)];
            at0 *= e;
            at1 *= e;
            lead *= e;
        }
        sums.at0 += at0;
        sums.at1 += at1;
        sums.lead += lead;
    }
    return sums;
}

PairEnds pair_ends(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    PairEnds sums;
    for (std::size_t y = 0; y < a.size() / 2; ++y) {
        const Fr at0 = a[2 * y] * b[2 * y];
        const Fr lead = (a[2 * y + 1] - a[2 * y]) * (b[2 * y + 1] - b[2 * y]);
        const Fr e = weights.empty() ? Fr::one() : weights[(offset + y) & (weights.size() - 1)];
        sums.at0 += weights.empty() ? at0 : e * at0;
        sums.lead += weights.empty() ? lead : e * lead;
    }
    return sums;
}

}  // namespace portable

void invert_all(std::span<Fr> values) {
    ifma_available() ? ifma::invert_all(values) : portable::invert_all(values);
}

void mul_batch(std::span<Fr> out, std::span<const Fr> a, std::span<const Fr> b) noexcept {
    MINTMARK_ASSERT(out.size() == a.size() && out.size() == b.size());
    ifma_available() ? ifma::mul_batch(out, a, b) : portable::mul_batch(out, a, b);
}

void add_scaled(std::span<Fr> out, const Fr& factor, std::span<const Fr> a) noexcept {
    MINTMARK_ASSERT(out.size() == a.size());
    ifma_available() ? ifma::add_scaled(out, factor, a) : portable::add_scaled(out, factor, a);
}

void fold_low(std::span<Fr> out, std::span<const Fr> in, const Fr& r) noexcept {
    MINTMARK_ASSERT(in.size() == 2 * out.size());
    ifma_available() ? ifma::fold_low(out, in, r) : portable::fold_low(out, in, r);
}

void split_eq(std::span<Fr> low, std::span<Fr> high, const Fr& r) noexcept {
    MINTMARK_ASSERT(low.size() == high.size());
    ifma_available() ? ifma::split_eq(low, high, r) : portable::split_eq(low, high, r);
}

Fr dot(std::span<const Fr> a, std::span<const Fr> b) noexcept {
    MINTMARK_ASSERT(a.size() == b.size());
    return ifma_available() ? ifma::dot(a, b) : portable::dot(a, b);
}

PairSums pair_sums(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    MINTMARK_ASSERT(a.size() == b.size() && a.size() % 2 == 0);
    MINTMARK_ASSERT((weights.size() & (weights.size() - 1)) == 0);
    return ifma_available() ? ifma::pair_sums(a, b, weights, offset)
                            : portable::pair_sums(a, b, weights, offset);
}

PairEnds pair_ends(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    MINTMARK_ASSERT(a.size() == b.size() && a.size() % 2 == 0);
    MINTMARK_ASSERT((weights.size() & (weights.size() - 1)) == 0);
    return ifma_available() ? ifma::pair_ends(a, b, weights, offset)
                            : portable::pair_ends(a, b, weights, offset);
}

}  // namespace mintmark
