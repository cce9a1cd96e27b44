// Eight field elements at once with AVX-512 IFMA. Internal: include only from *_ifma.cpp.
//
// Vocabulary: R = 2^260; an element is five limbs of 52 bits, one 512-bit vector a limb, one
// element a 64-bit lane. mul(a, b) = a b / R. Field's own form is x 2^256 ("form 256"); 16 times it
// is x R ("form 260"). So form 260 times form 256 gives form 256, and loading with a shift by four
// bits (Load::kTimes16) changes the form for nothing. As R > 84 p, mul takes factors whose product
// is below 84 p^2 and returns less than 2 p.
//
// The functions need avx512f, avx512dq and avx512ifma; each .cpp opens a target region before it
// includes this header and checks ifma_available() before it calls anything.
#pragma once

#include <immintrin.h>

#include "mintmark/math/field.hpp"

namespace mintmark::ifma {

/// Five limbs of 52 bits, the top one as large as it gets.
using Limbs52 = std::array<std::uint64_t, 5>;

constexpr std::uint64_t kMask52 = (std::uint64_t{1} << 52U) - 1;

/// The limbs of value * 2^shift, shift <= 6.
constexpr Limbs52 to_limbs52(const Limbs& v, unsigned shift) noexcept {
    Limbs52 out = {(v[0] << shift) & kMask52};
    for (unsigned i = 1; i < 5; ++i) {
        const unsigned from = 52 * i - shift, limb = from / 64, bit = from % 64;
        std::uint64_t word = v[limb] >> bit;
        if (bit != 0 && limb < 3) word |= v[limb + 1] << (64 - bit);
        out[i] = i < 4 ? word & kMask52 : word;
    }
    return out;
}

/// Limb k of eight 256-bit integers, in lane order.
struct Raw {
    __m512i l[4];
};

/// Eight integers in 52-bit limbs. Normalised: limbs 0-3 below 2^52 and limb 4 not negative.
struct Vec {
    __m512i l[5];
};

enum class Load : std::uint8_t { kPlain, kTimes16 };

[[gnu::always_inline]] inline __m512i splat(std::uint64_t value) noexcept {
    return _mm512_set1_epi64(static_cast<long long>(value));
}
[[gnu::always_inline]] inline Vec splat(const Limbs52& v) noexcept {
    return {{splat(v[0]), splat(v[1]), splat(v[2]), splat(v[3]), splat(v[4])}};
}

[[gnu::always_inline]] inline __m512i low_pairs() noexcept {
    return _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
}
[[gnu::always_inline]] inline __m512i high_pairs() noexcept {
    return _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
}

/// z[k] holds elements 2k and 2k + 1, four limbs each.
[[gnu::always_inline]] inline Raw transpose(const __m512i (&z)[4]) noexcept {
    const __m512i a01 = _mm512_permutex2var_epi64(z[0], low_pairs(), z[1]);
    const __m512i a23 = _mm512_permutex2var_epi64(z[0], high_pairs(), z[1]);
    const __m512i b01 = _mm512_permutex2var_epi64(z[2], low_pairs(), z[3]);
    const __m512i b23 = _mm512_permutex2var_epi64(z[2], high_pairs(), z[3]);
    return {{_mm512_shuffle_i64x2(a01, b01, 0x44), _mm512_shuffle_i64x2(a01, b01, 0xee),
             _mm512_shuffle_i64x2(a23, b23, 0x44), _mm512_shuffle_i64x2(a23, b23, 0xee)}};
}
/// The inverse of transpose.
[[gnu::always_inline]] inline void untranspose(const Raw& r, __m512i (&z)[4]) noexcept {
    const __m512i a01 = _mm512_shuffle_i64x2(r.l[0], r.l[1], 0x44);
    const __m512i b01 = _mm512_shuffle_i64x2(r.l[0], r.l[1], 0xee);
    const __m512i a23 = _mm512_shuffle_i64x2(r.l[2], r.l[3], 0x44);
    const __m512i b23 = _mm512_shuffle_i64x2(r.l[2], r.l[3], 0xee);
    z[0] = _mm512_permutex2var_epi64(a01, low_pairs(), a23);
    z[1] = _mm512_permutex2var_epi64(a01, high_pairs(), a23);
    z[2] = _mm512_permutex2var_epi64(b01, low_pairs(), b23);
    z[3] = _mm512_permutex2var_epi64(b01, high_pairs(), b23);
}

/// Eight consecutive elements.
template <class F>
[[gnu::always_inline]] inline Raw load_raw(const F* p) noexcept {
    static_assert(sizeof(F) == 32);
    const __m512i z[4] = {_mm512_loadu_si512(p), _mm512_loadu_si512(p + 2),
                          _mm512_loadu_si512(p + 4), _mm512_loadu_si512(p + 6)};
    return transpose(z);
}
/// Elements 0, 2, .. 14 and 1, 3, .. 15 of sixteen.
template <class F>
[[gnu::always_inline]] inline void load_even_odd(const F* p, Raw& even, Raw& odd) noexcept {
    __m512i e[4], o[4];
    for (int k = 0; k < 4; ++k) {
        const __m512i a = _mm512_loadu_si512(p + 4 * k);
        const __m512i b = _mm512_loadu_si512(p + 4 * k + 2);
        e[k] = _mm512_shuffle_i64x2(a, b, 0x44);
        o[k] = _mm512_shuffle_i64x2(a, b, 0xee);
    }
    even = transpose(e);
    odd = transpose(o);
}
/// The elements at eight addresses.
template <class F>
[[gnu::always_inline]] inline Raw gather(const F* const (&p)[8]) noexcept {
    __m512i z[4];
    for (int k = 0; k < 4; ++k) {
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p[2 * k]));
        const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p[2 * k + 1]));
        z[k] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    }
    return transpose(z);
}
template <class F>
[[gnu::always_inline]] inline void store_raw(F* p, const Raw& r) noexcept {
    __m512i z[4];
    untranspose(r, z);
    for (int k = 0; k < 4; ++k) _mm512_storeu_si512(p + 2 * k, z[k]);
}
template <class F>
[[gnu::always_inline]] inline void scatter(F* const (&p)[8], const Raw& r) noexcept {
    __m512i z[4];
    untranspose(r, z);
    for (int k = 0; k < 4; ++k) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p[2 * k]), _mm512_castsi512_si256(z[k]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p[2 * k + 1]),
                            _mm512_extracti64x4_epi64(z[k], 1));
    }
}

/// low >> right | high << left.
[[gnu::always_inline]] inline __m512i join(const __m512i& low, unsigned right, const __m512i& high,
                                           unsigned left) noexcept {
    return _mm512_or_si512(_mm512_srli_epi64(low, right), _mm512_slli_epi64(high, left));
}

template <Load kLoad = Load::kPlain>
[[gnu::always_inline]] inline Vec unpack(const Raw& r) noexcept {
    constexpr unsigned s = kLoad == Load::kTimes16 ? 4 : 0;
    const __m512i mask = splat(kMask52);
    return {{_mm512_and_si512(_mm512_slli_epi64(r.l[0], s), mask),
             _mm512_and_si512(join(r.l[0], 52 - s, r.l[1], 12 + s), mask),
             _mm512_and_si512(join(r.l[1], 40 - s, r.l[2], 24 + s), mask),
             _mm512_and_si512(join(r.l[2], 28 - s, r.l[3], 36 + s), mask),
             _mm512_srli_epi64(r.l[3], 16 - s)}};
}
/// From normalised limbs of integers below 2^256.
[[gnu::always_inline]] inline Raw pack(const Vec& v) noexcept {
    return {{join(v.l[0], 0, v.l[1], 52), join(v.l[1], 12, v.l[2], 40),
             join(v.l[2], 24, v.l[3], 28), join(v.l[3], 36, v.l[4], 16)}};
}

/// Carries through limbs that may be negative or above 52 bits; the value must not be negative.
[[gnu::always_inline]] inline Vec normalise(Vec v) noexcept {
    const __m512i mask = splat(kMask52);
    for (int i = 0; i < 4; ++i) {
        v.l[i + 1] = _mm512_add_epi64(v.l[i + 1], _mm512_srai_epi64(v.l[i], 52));
        v.l[i] = _mm512_and_si512(v.l[i], mask);
    }
    return v;
}
/// Limb-wise, without carries.
[[gnu::always_inline]] inline Vec add(const Vec& a, const Vec& b) noexcept {
    Vec out;
    for (int i = 0; i < 5; ++i) out.l[i] = _mm512_add_epi64(a.l[i], b.l[i]);
    return out;
}
[[gnu::always_inline]] inline Vec sub(const Vec& a, const Vec& b) noexcept {
    Vec out;
    for (int i = 0; i < 5; ++i) out.l[i] = _mm512_sub_epi64(a.l[i], b.l[i]);
    return out;
}
/// 16 v, without carries: limbs below 2^59.
[[gnu::always_inline]] inline Vec times16(Vec v) noexcept {
    for (auto& limb : v.l) limb = _mm512_slli_epi64(limb, 4);
    return v;
}
[[gnu::always_inline]] inline Vec times4(Vec v) noexcept {
    for (auto& limb : v.l) limb = _mm512_slli_epi64(limb, 2);
    return v;
}

/// Arithmetic modulo F's modulus p.
template <class F>
struct Mod {
    static constexpr Limbs52 kP = to_limbs52(F::kModulus, 0);
    static constexpr Limbs52 k2P = to_limbs52(F::kModulus, 1);
    static constexpr std::uint64_t kNinv = F::kMontgomery.ninv & kMask52;
    /// 2^256 mod p: times it, form 260 becomes form 256.
    static constexpr Limbs52 kTo256 = to_limbs52(F::one().montgomery(), 0);
    /// 2^260 mod p: one in form 260.
    static constexpr Limbs52 kOne260 = to_limbs52((F::one() * F::from_u64(16)).montgomery(), 0);

    // For canonical().
    static constexpr std::uint64_t kMostCarry = 258;
    static constexpr unsigned kTopShift = 43;
    /// At least 2^(52 + kTopShift) / (the top limb of p), which is below 2^52.
    static constexpr std::uint64_t kTopInverse =
        static_cast<std::uint64_t>((static_cast<Uint128>(1) << (52U + kTopShift)) / kP[4]) + 1;
    /// Limb i of 0, p, 2p, ... 7p.
    alignas(64) static constexpr std::array<std::array<std::uint64_t, 8>, 5> kMultiples = [] {
        std::array<std::array<std::uint64_t, 8>, 5> out{};
        for (std::uint64_t k = 0; k < 8; ++k) {
            std::uint64_t carry = 0;
            for (unsigned i = 0; i < 5; ++i) {
                const std::uint64_t limb = k * kP[i] + carry;
                out[i][k] = i < 4 ? limb & kMask52 : limb;
                carry = limb >> 52U;
            }
        }
        return out;
    }();

    /// k p, k < 8.
    static constexpr Limbs52 multiple(unsigned k) noexcept {
        return {kMultiples[0][k], kMultiples[1][k], kMultiples[2][k], kMultiples[3][k],
                kMultiples[4][k]};
    }
    [[gnu::always_inline]] static Vec p() noexcept { return splat(kP); }
    [[gnu::always_inline]] static Vec two_p() noexcept { return splat(k2P); }

    /// a b / R below p + a b / R, normalised; a and b normalised, a b < 84 p^2.
    [[gnu::always_inline]] static Vec mul(const Vec& a, const Vec& b) noexcept {
        return normalise(mul_loose(a, b));
    }
    /// The same with limbs below 2^56, for who adds to it before it is carried.
    [[gnu::always_inline]] static Vec mul_loose(const Vec& a, const Vec& b) noexcept {
        const __m512i zero = _mm512_setzero_si512();
        const __m512i ninv = splat(kNinv);
        const Vec m = p();
        Vec t = {{zero, zero, zero, zero, zero}};
        for (int i = 0; i < 5; ++i) {
            const __m512i ai = a.l[i];
            for (int j = 0; j < 5; ++j) t.l[j] = _mm512_madd52lo_epu64(t.l[j], ai, b.l[j]);
            const __m512i q = _mm512_madd52lo_epu64(zero, t.l[0], ninv);
            for (int j = 0; j < 5; ++j) t.l[j] = _mm512_madd52lo_epu64(t.l[j], q, m.l[j]);
            t.l[1] = _mm512_add_epi64(t.l[1], _mm512_srli_epi64(t.l[0], 52));
            for (int j = 0; j < 4; ++j) {
                const __m512i high = _mm512_madd52hi_epu64(t.l[j + 1], ai, b.l[j]);
                t.l[j] = _mm512_madd52hi_epu64(high, q, m.l[j]);
            }
            t.l[4] = _mm512_madd52hi_epu64(_mm512_madd52hi_epu64(zero, ai, b.l[4]), q, m.l[4]);
        }
        return t;
    }
    /// v - k where that is not negative, else v; normalised.
    [[gnu::always_inline]] static Vec subtract_if(const Vec& v, const Limbs52& k) noexcept {
        const Vec d = normalise(sub(v, splat(k)));
        const __mmask8 negative = _mm512_movepi64_mask(d.l[4]);
        Vec out;
        for (int i = 0; i < 5; ++i) out.l[i] = _mm512_mask_mov_epi64(d.l[i], negative, v.l[i]);
        return out;
    }
    /// From 0 <= v < 7p, limbs of any sign below 2^60, to below p and normalised.
    [[gnu::always_inline]] static Vec canonical(const Vec& v) noexcept {
        // The quotient by p from the top limb, never too small: what the other limbs may carry into
        // it is added. It is too large (by one) once in 2^36 times or so.
        const __m512i top = _mm512_add_epi64(v.l[4], splat(kMostCarry));
        const __m512i quotient = _mm512_srli_epi64(
            _mm512_madd52hi_epu64(_mm512_setzero_si512(), top, splat(kTopInverse)), kTopShift);
        Vec r;
        for (unsigned i = 0; i < 5; ++i) {
            const __m512i multiples = _mm512_load_si512(kMultiples[i].data());
            r.l[i] = _mm512_sub_epi64(v.l[i], _mm512_permutexvar_epi64(quotient, multiples));
        }
        r = normalise(r);
        const __mmask8 negative = _mm512_movepi64_mask(r.l[4]);
        if (negative != 0) [[unlikely]]
            for (unsigned i = 0; i < 5; ++i)
                r.l[i] = _mm512_mask_add_epi64(r.l[i], negative, r.l[i], splat(kP[i]));
        return negative != 0 ? normalise(r) : r;
    }
    /// From below 2p to below p.
    [[gnu::always_inline]] static Vec reduce2(const Vec& v) noexcept { return subtract_if(v, kP); }
    /// From below 4p to below p.
    [[gnu::always_inline]] static Vec reduce4(const Vec& v) noexcept {
        return subtract_if(subtract_if(v, k2P), kP);
    }
};

}  // namespace mintmark::ifma
