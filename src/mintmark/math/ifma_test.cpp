// What the array kernels' own tests would meet once in 2^36 times: the edges of canonical().
#include <gtest/gtest.h>
#include <immintrin.h>

#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/math/ifma_available.hpp"

#ifdef MINTMARK_IFMA

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512ifma"))), \
                             apply_to = function)
#else
#pragma GCC diagnostic ignored "-Wuninitialized"  // g++ 12's _mm512_undefined_epi32
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512ifma")
#endif

#include "mintmark/math/ifma.hpp"

namespace mintmark::ifma {
namespace {

using M = Mod<Fq>;
using SignedLimbs = std::array<std::int64_t, 5>;

/// All lanes hold `limbs`; the canonical integer as four limbs of 64 bits.
Limbs canonical_of(const SignedLimbs& limbs) {
    Vec v;
    for (std::size_t i = 0; i < 5; ++i) v.l[i] = _mm512_set1_epi64(limbs[i]);
    Fq out[8];
    store_raw(out, pack(M::canonical(v)));
    for (const Fq& lane : out) EXPECT_EQ(lane, out[0]);
    return out[0].montgomery();
}

/// k p + offset, with `moved` multiples of 2^52 taken out of each limb but the last.
SignedLimbs limbs_of(unsigned k, std::int64_t offset, std::int64_t moved) {
    SignedLimbs out;
    const Limbs52 multiple = M::multiple(k);
    for (std::size_t i = 0; i < 5; ++i) out[i] = static_cast<std::int64_t>(multiple[i]);
    out[0] += offset;
    for (std::size_t i = 0; i < 4; ++i) {
        out[i] -= moved * (std::int64_t{1} << 52U);
        out[i + 1] += moved;
    }
    return out;
}

}  // namespace
}  // namespace mintmark::ifma

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace mintmark::ifma {
namespace {

/// offset, or p + offset where that is negative.
Limbs expected(std::int64_t offset) {
    const Limbs p = Fq::kModulus;
    if (offset >= 0) return {static_cast<std::uint64_t>(offset), 0, 0, 0};
    return {p[0] - static_cast<std::uint64_t>(-offset), p[1], p[2], p[3]};
}

TEST(Ifma, CanonicalAtTheEdges) {
    if (!ifma_available()) return;  // there is nothing to test: no such code runs there
    for (unsigned k = 0; k < 7; ++k)
        for (const std::int64_t offset : {-1'000, -2, -1, 0, 1, 2, 1'000}) {
            if (k == 0 && offset < 0) continue;
            for (const std::int64_t moved : {-250, -1, 0, 1, 250})
                EXPECT_EQ(canonical_of(limbs_of(k, offset, moved)), expected(offset))
                    << k << " p + " << offset << ", " << moved;
        }
}

}  // namespace
}  // namespace mintmark::ifma

#endif
