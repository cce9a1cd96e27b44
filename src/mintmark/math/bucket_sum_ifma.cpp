#include <immintrin.h>

#include <array>
#include <cstdint>
#include <span>

#include "mintmark/math/bucket_sum.hpp"
#include "mintmark/math/ifma_available.hpp"

#ifdef MINTMARK_IFMA

// As in kernels_ifma.cpp: only this region is compiled for AVX-512.
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

// Eight lanes walk down eight stretches of the buckets. Points are homogeneous (x = X/Z, y = Y/Z);
// the additions are the complete ones for a = 0 of Renes, Costello and Batina (ePrint 2015/1060,
// algorithms 7 and 8), so no case needs a branch. Coordinates stay below 4p, normalised, all three
// times one unknown power of two (mul divides by 2^260, the coordinates have form 256), which a
// homogeneous point does not feel.

namespace mintmark::ifma {
namespace {

using M = Mod<Fq>;

/// 2^264 mod p: times it, form 256 becomes form 260 and stays below 2p.
constexpr Limbs52 kTo260 = to_limbs52((Fq::one() * Fq::from_u64(256)).montgomery(), 0);
/// 3b = 9 in form 260.
constexpr Limbs52 kNine260 = to_limbs52((Fq::one() * Fq::from_u64(9 * 16)).montgomery(), 0);
constexpr Limbs52 k4P = to_limbs52(Fq::kModulus, 2);

/// Below 4p each.
struct Points {
    Vec x, y, z;
};

[[gnu::always_inline]] inline Vec plus(const Vec& a, const Vec& b) noexcept {
    return normalise(add(a, b));
}
/// a - b + k.
[[gnu::always_inline]] inline Vec minus(const Vec& a, const Vec& b, const Limbs52& k) noexcept {
    return normalise(add(sub(a, b), splat(k)));
}

/// The common second half. t0 = X1 X2, t1 = Y1 Y2, t2 = b Z1 Z2 (b = 9) below 2p; t3 = X1 Y2 + X2
/// Y1, t4 = Y1 Z2 + Y2 Z1, y3 = X1 Z2 + X2 Z1 below 6p.
[[gnu::always_inline]] inline Points finish(const Vec& t0, const Vec& t1, const Vec& t2,
                                            const Vec& t3, const Vec& t4, const Vec& y3) noexcept {
    const Vec three_t0 = normalise(add(add(t0, t0), t0));  // < 6p
    const Vec z3 = plus(t1, t2);                           // < 4p
    const Vec d = minus(t1, t2, M::k2P);                   // < 4p
    const Vec e = M::mul(y3, splat(kNine260));             // < 2p
    return {minus(M::mul(t3, d), M::mul(t4, e), M::k2P), plus(M::mul(d, z3), M::mul(e, three_t0)),
            plus(M::mul(z3, t4), M::mul(three_t0, t3))};
}

/// p + q, algorithm 7.
Points add_points(const Points& p, const Points& q) noexcept {
    const Vec t0 = M::mul(p.x, q.x), t1 = M::mul(p.y, q.y), t2 = M::mul(p.z, q.z);
    const auto cross = [](const Vec& a1, const Vec& b1, const Vec& a2, const Vec& b2,
                          const Vec& straight) {
        return minus(M::mul(plus(a1, b1), plus(a2, b2)), straight, k4P);  // 64 p^2; < 6p
    };
    const Vec t3 = cross(p.x, p.y, q.x, q.y, add(t0, t1));
    const Vec t4 = cross(p.y, p.z, q.y, q.z, add(t1, t2));
    const Vec y3 = cross(p.x, p.z, q.x, q.z, add(t0, t2));
    return finish(t0, t1, M::mul(t2, splat(kNine260)), t3, t4, y3);
}

/// p + (x, y), algorithm 8; x and y in form 260 below 2p. (x, y) must be on the curve.
Points add_affine(const Points& p, const Vec& x, const Vec& y) noexcept {
    const Vec t0 = M::mul(x, p.x), t1 = M::mul(y, p.y);
    const Vec t3 = minus(M::mul(plus(x, y), plus(p.x, p.y)), add(t0, t1), k4P);
    const Vec t4 = plus(M::mul(y, p.z), p.y);
    const Vec y3 = plus(M::mul(x, p.z), p.x);
    return finish(t0, t1, M::mul(p.z, splat(kNine260)), t3, t4, y3);
}

[[gnu::always_inline]] inline Vec select(__mmask8 mask, const Vec& yes, const Vec& no) noexcept {
    Vec out;
    for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_mov_epi64(no.l[i], mask, yes.l[i]);
    return out;
}

Points identity() noexcept {
    return {splat(Limbs52{}), splat(to_limbs52(Fq::one().montgomery(), 0)), splat(Limbs52{})};
}

/// One bucket per lane: number `b` of each stretch.
struct Bucket {
    Vec x, y;  // form 260
    __mmask8 finite;
};
Bucket load_bucket(const PointXy* const (&at)[8]) noexcept {
    const Fq *px[8], *py[8];
    for (int i = 0; i < 8; ++i) {
        px[i] = &at[i]->x;
        py[i] = &at[i]->y;
    }
    const Raw x = gather(px), y = gather(py);
    __m512i any = _mm512_setzero_si512();
    for (int i = 0; i < 4; ++i) any = _mm512_or_si512(any, _mm512_or_si512(x.l[i], y.l[i]));
    return {M::mul(unpack(x), splat(kTo260)), M::mul(unpack(y), splat(kTo260)),
            _mm512_test_epi64_mask(any, any)};
}

/// The eight points; homogeneous to XYZZ: (X Z : Y Z^2 : Z^2 : Z^3).
std::array<G1, 8> lanes_of(const Points& p) noexcept {
    Fq x[8], y[8], z[8];
    store_raw(x, pack(M::reduce4(p.x)));
    store_raw(y, pack(M::reduce4(p.y)));
    store_raw(z, pack(M::reduce4(p.z)));
    std::array<G1, 8> out;
    for (std::size_t i = 0; i < 8; ++i) {
        const Fq zz = z[i].square();
        out[i] = G1::from_xyzz(x[i] * z[i], y[i] * zz, zz, zz * z[i]);
    }
    return out;
}

G1 times_small(const G1& point, std::size_t factor) noexcept {
    return point.mul_integer({factor, 0, 0, 0});
}

}  // namespace

G1 bucket_sum(std::span<const PointXy> buckets) {
    constexpr std::size_t kFewest = 64;  // below, combining the lanes costs more than it saves
    if (buckets.size() < kFewest) return portable::bucket_sum(buckets);
    const std::size_t stretch = buckets.size() / 8;
    Points running = identity(), sum = identity();
    const PointXy* at[8];
    for (std::size_t b = stretch; b > 0; --b) {
        for (std::size_t i = 0; i < 8; ++i) at[i] = &buckets[i * stretch + b - 1];
        const Bucket bucket = load_bucket(at);
        const Points next = add_affine(running, bucket.x, bucket.y);
        running = {select(bucket.finite, next.x, running.x),
                   select(bucket.finite, next.y, running.y),
                   select(bucket.finite, next.z, running.z)};
        sum = add_points(sum, running);
    }
    // Lane i's buckets weigh i stretches more than its own numbers say.
    const std::array<G1, 8> totals = lanes_of(running), sums = lanes_of(sum);
    const auto tail = buckets.subspan(8 * stretch);
    G1 tail_total;
    for (const PointXy& point : tail)
        if (!point.is_infinity()) tail_total += G1Affine{point.x, point.y, false};
    G1 weighted = portable::bucket_sum(tail), above = tail_total, stretches = tail_total;
    for (std::size_t i = 8; i > 0; --i) {
        weighted += sums[i - 1];
        above += totals[i - 1];
        if (i > 1) stretches += above;
    }
    return weighted + times_small(stretches, stretch);
}

}  // namespace mintmark::ifma

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

namespace mintmark::ifma {
G1 bucket_sum(std::span<const PointXy> buckets) {
    return portable::bucket_sum(buckets);
}
}  // namespace mintmark::ifma

#endif
