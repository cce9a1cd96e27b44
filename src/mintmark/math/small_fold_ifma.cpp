#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/math/ifma_available.hpp"
#include "mintmark/math/small_fold.hpp"

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

// A factor's Montgomery limbs are taken as an integer of eight words of 32 bits; a value v as
// v + 2^19, so that word times value stays below 2^52 and one madd52lo adds a whole product. An
// accumulator of 64 bits holds 4096 of them. What the 2^19 added is subtracted at the end. The
// result, an integer below 2^(32 * 8 + 20 + 12), is reduced modulo p once per output and pass.

namespace mintmark::ifma {
namespace {

using M = Mod<Fr>;
constexpr std::size_t kWords = 8;
constexpr std::size_t kMaxTerms = 4096;
constexpr std::int64_t kOffset = std::int64_t{1} << 19;

/// 32-bit words of a factor, one 64-bit integer each.
struct Words {
    std::uint64_t w[kWords];
};
Words words_of(const Fr& value) noexcept {
    Words out;
    for (std::size_t i = 0; i < kWords; ++i)
        out.w[i] = (value.montgomery()[i / 2] >> (32 * (i % 2))) & 0xffffffffU;
    return out;
}

struct Accumulators {
    __m512i a[kWords];
};
[[gnu::always_inline]] inline Accumulators zero_accumulators() noexcept {
    Accumulators out;
    for (auto& a : out.a) a = _mm512_setzero_si512();
    return out;
}

[[gnu::always_inline]] inline __m512i load8(const std::int64_t* p) noexcept {
    return _mm512_loadu_si512(p);
}
[[gnu::always_inline]] inline __m512i load8(const std::int32_t* p) noexcept {
    return _mm512_cvtepi32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
[[gnu::always_inline]] inline __m512i load8(const std::int16_t* p) noexcept {
    return _mm512_cvtepi16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
/// Eight values plus the offset; `seen` collects the bits, to tell values that are too large.
template <class Int>
[[gnu::always_inline]] inline __m512i load_offset(const Int* p, __m512i& seen) noexcept {
    const __m512i v = _mm512_add_epi64(load8(p), _mm512_set1_epi64(kOffset));
    if constexpr (sizeof(Int) > 2) seen = _mm512_or_si512(seen, v);
    return v;
}
bool too_large(const __m512i& seen) noexcept {
    return _mm512_test_epi64_mask(seen, _mm512_set1_epi64(-2 * kOffset)) != 0;
}

constexpr Fr two_to(unsigned exponent) noexcept {
    Fr out = Fr::one();
    for (unsigned i = 0; i < exponent; ++i) out = out.double_();
    return out;
}
/// 2^260 mod p and 2^(208 + 260) mod p (two_to(k) holds 2^(k + 256) mod p): times the first, mul
/// only reduces; times the second, the part of an integer from bit 208 on goes back to its place.
constexpr Limbs52 kLowFactor = to_limbs52(two_to(4).montgomery(), 0);
constexpr Limbs52 kHighFactor = to_limbs52(two_to(212).montgomery(), 0);

/// sum of a[k] 2^(32 k) mod p, below p. Every a[k] < 2^64.
Vec reduce_words(const Accumulators& acc) noexcept {
    // Carry through words of 32 bits, then regroup: low 208 bits, and the 80 bits or so above.
    const __m512i mask32 = _mm512_set1_epi64(0xffffffff);
    __m512i w[kWords + 2];
    __m512i carry = _mm512_setzero_si512();
    for (std::size_t k = 0; k < kWords; ++k) {
        const __m512i sum = _mm512_add_epi64(_mm512_and_si512(acc.a[k], mask32), carry);
        w[k] = _mm512_and_si512(sum, mask32);
        carry = _mm512_add_epi64(_mm512_srli_epi64(acc.a[k], 32), _mm512_srli_epi64(sum, 32));
    }
    w[8] = _mm512_and_si512(carry, mask32);
    w[9] = _mm512_srli_epi64(carry, 32);
    // Raw 64-bit limbs.
    const auto pair = [&](std::size_t k) {
        return _mm512_or_si512(w[k], _mm512_slli_epi64(w[k + 1], 32));
    };
    const __m512i l0 = pair(0), l1 = pair(2), l2 = pair(4), l3 = pair(6), l4 = pair(8);
    const __m512i mask = splat(kMask52);
    const __m512i zero = _mm512_setzero_si512();
    const Vec low = {{_mm512_and_si512(l0, mask), _mm512_and_si512(join(l0, 52, l1, 12), mask),
                      _mm512_and_si512(join(l1, 40, l2, 24), mask),
                      _mm512_and_si512(join(l2, 28, l3, 36), mask), zero}};
    const Vec high = {{_mm512_and_si512(join(l3, 16, l4, 48), mask),
                       _mm512_and_si512(_mm512_srli_epi64(l4, 4), mask), _mm512_srli_epi64(l4, 56),
                       zero, zero}};
    const Vec sum = add(M::mul(low, splat(kLowFactor)), M::mul(high, splat(kHighFactor)));
    return M::reduce4(normalise(sum));
}

Fr sum_of(std::span<const Fr> values) noexcept {
    Fr sum;
    for (const Fr& value : values) sum += value;
    return sum;
}
Fr correction(std::span<const Fr> factors) noexcept {
    return -(sum_of(factors) * Fr::from_i64(kOffset));
}

/// Adds 16 outputs' sums over the rows from column `i`; false when a value is too large.
template <class Int>
bool rows_block(Fr* out, std::size_t i, std::span<const Words> words,
                std::span<const Int* const> rows, const Vec& fix) noexcept {
    constexpr std::size_t kAhead = 16;
    Accumulators left = zero_accumulators(), right = zero_accumulators();
    __m512i seen = _mm512_setzero_si512();
    for (std::size_t k = 0; k < rows.size(); ++k) {
        if (k + kAhead < rows.size()) {
            const auto* next = reinterpret_cast<const char*>(rows[k + kAhead] + i);
            _mm_prefetch(next, _MM_HINT_T0);
            if constexpr (sizeof(Int) == 8) _mm_prefetch(next + 64, _MM_HINT_T0);
        }
        const __m512i v0 = load_offset(rows[k] + i, seen), v1 = load_offset(rows[k] + i + 8, seen);
        for (std::size_t w = 0; w < kWords; ++w) {
            const __m512i factor = splat(words[k].w[w]);
            left.a[w] = _mm512_madd52lo_epu64(left.a[w], v0, factor);
            right.a[w] = _mm512_madd52lo_epu64(right.a[w], v1, factor);
        }
    }
    if (too_large(seen)) return false;
    const auto finish = [&](Fr* to, const Accumulators& acc) {
        const Vec sum = add(add(reduce_words(acc), fix), unpack(load_raw(to)));
        store_raw(to, pack(M::reduce4(normalise(sum))));
    };
    finish(out + i, left);
    finish(out + i + 8, right);
    return true;
}

template <class Int>
void add_rows_once(std::span<Fr> out, std::span<const Fr> factors,
                   std::span<const Int* const> rows) {
    std::vector<Words> words(factors.size());
    std::ranges::transform(factors, words.begin(), words_of);
    const Vec fix = splat(to_limbs52(correction(factors).montgomery(), 0));
    const auto portable_part = [&](std::size_t begin, std::size_t end) {
        std::vector<const Int*> moved(rows.begin(), rows.end());
        for (const Int*& row : moved) row += begin;
        portable::add_small_rows<Int>(out.subspan(begin, end - begin), factors, moved);
    };
    std::size_t i = 0;
    for (; i + 16 <= out.size(); i += 16)
        if (!rows_block(out.data(), i, words, rows, fix)) portable_part(i, i + 16);
    if (i < out.size()) portable_part(i, out.size());
}

/// Eight lanes of each word summed up, then as the integer they stand for, mod p.
Fr horizontal(const Accumulators& acc) noexcept {
    Fr lane_values[8];
    store_raw(lane_values, pack(reduce_words(acc)));
    return sum_of(lane_values);
}

/// Words of factors for eight lanes at a time: word w of block b from [8 (8 b + w)] on.
std::vector<std::uint64_t> words_by_lane(std::span<const Fr> factors) {
    const std::size_t blocks = factors.size() / 8;
    std::vector<std::uint64_t> out(8 * kWords * blocks);
    const auto put = [&](std::size_t number, const __m512i& word) {
        _mm512_storeu_si512(&out[8 * number], word);
    };
    const __m512i mask32 = _mm512_set1_epi64(0xffffffff);
    for (std::size_t b = 0; b < blocks; ++b) {
        const Raw raw = load_raw(&factors[8 * b]);
        for (std::size_t w = 0; w < 4; ++w) {
            put(kWords * b + 2 * w, _mm512_and_si512(raw.l[w], mask32));
            put(kWords * b + 2 * w + 1, _mm512_srli_epi64(raw.l[w], 32));
        }
    }
    return out;
}

/// Dot products of kRows rows; false when a value is too large.
template <std::size_t kRows, class Int>
bool dots_block(Fr* out, std::span<const std::uint64_t> words, const Int* values,
                std::size_t stride, const Fr& fix) noexcept {
    Accumulators acc[kRows];
    for (auto& a : acc) a = zero_accumulators();
    __m512i seen = _mm512_setzero_si512();
    for (std::size_t b = 0; 8 * kWords * b < words.size(); ++b) {
        __m512i v[kRows];
        for (std::size_t r = 0; r < kRows; ++r)
            v[r] = load_offset(values + r * stride + 8 * b, seen);
        for (std::size_t w = 0; w < kWords; ++w) {
            const __m512i word = _mm512_loadu_si512(&words[8 * (kWords * b + w)]);
            for (std::size_t r = 0; r < kRows; ++r)
                acc[r].a[w] = _mm512_madd52lo_epu64(acc[r].a[w], v[r], word);
        }
    }
    if (too_large(seen)) return false;
    for (std::size_t r = 0; r < kRows; ++r) out[r] += horizontal(acc[r]) + fix;
    return true;
}

template <class Int>
void add_dots_once(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                   std::size_t stride) {
    const std::size_t whole = factors.size() / 8 * 8;
    const std::vector<std::uint64_t> words = words_by_lane(factors.first(whole));
    const Fr fix = correction(factors.first(whole));
    for (std::size_t r = 0; r < out.size();) {
        const Int* from = values + r * stride;
        const bool two = r + 2 <= out.size();
        const bool done = two ? dots_block<2>(&out[r], words, from, stride, fix)
                              : dots_block<1>(&out[r], words, from, stride, fix);
        const std::size_t count = two ? 2 : 1;
        if (!done)
            portable::add_small_dots(out.subspan(r, count), factors.first(whole), from, stride);
        r += count;
    }
    if (whole < factors.size())
        portable::add_small_dots(out, factors.subspan(whole), values + whole, stride);
}

}  // namespace

template <class Int>
void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,
                    std::span<const Int* const> rows) {
    if (out.size() < 16) {
        portable::add_small_rows(out, factors, rows);
        return;
    }
    for (std::size_t k = 0; k < rows.size(); k += kMaxTerms) {
        const std::size_t count = std::min(kMaxTerms, rows.size() - k);
        add_rows_once(out, factors.subspan(k, count), rows.subspan(k, count));
    }
}

template <class Int>
void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                    std::size_t stride) {
    constexpr std::size_t kFewest = 32;
    constexpr std::size_t kMostAtOnce = 8 * kMaxTerms;
    if (factors.size() < kFewest) {
        portable::add_small_dots(out, factors, values, stride);
        return;
    }
    for (std::size_t i = 0; i < factors.size(); i += kMostAtOnce) {
        const std::size_t count = std::min(kMostAtOnce, factors.size() - i);
        add_dots_once(out, factors.subspan(i, count), values + i, stride);
    }
}

#define MINTMARK_INSTANTIATE(Int)                                                                  \
    template void add_small_rows(std::span<Fr>, std::span<const Fr>, std::span<const Int* const>); \
    template void add_small_dots(std::span<Fr>, std::span<const Fr>, const Int*, std::size_t);
MINTMARK_INSTANTIATE(std::int16_t)
MINTMARK_INSTANTIATE(std::int32_t)
MINTMARK_INSTANTIATE(std::int64_t)
#undef MINTMARK_INSTANTIATE

}  // namespace mintmark::ifma

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else  // not an x86-64 build: ifma_available() is false and nothing calls these

namespace mintmark::ifma {
template <class Int>
void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,
                    std::span<const Int* const> rows) {
    portable::add_small_rows(out, factors, rows);
}
template <class Int>
void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                    std::size_t stride) {
    portable::add_small_dots(out, factors, values, stride);
}
#define MINTMARK_INSTANTIATE(Int)                                                                  \
    template void add_small_rows(std::span<Fr>, std::span<const Fr>, std::span<const Int* const>); \
    template void add_small_dots(std::span<Fr>, std::span<const Fr>, const Int*, std::size_t);
MINTMARK_INSTANTIATE(std::int16_t)
MINTMARK_INSTANTIATE(std::int32_t)
MINTMARK_INSTANTIATE(std::int64_t)
#undef MINTMARK_INSTANTIATE
}  // namespace mintmark::ifma

#endif
