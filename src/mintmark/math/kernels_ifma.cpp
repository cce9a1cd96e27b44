#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/math/ifma_available.hpp"
#include "mintmark/math/kernels.hpp"

#ifdef MINTMARK_IFMA

// Only what this region defines is compiled for AVX-512: the headers above keep the base target.
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

using M = Mod<Fr>;

/// All eight lanes hold `value` in form 256, or 260.
template <Load kLoad>
Vec broadcast(const Fr& value) noexcept {
    return splat(to_limbs52(value.montgomery(), kLoad == Load::kTimes16 ? 4 : 0));
}

/// Sums of normalised vectors below 2p.
class Sum {
  public:
    Sum() noexcept : total_(splat(Limbs52{})) {}
    void add(const Vec& v) noexcept {
        total_ = ifma::add(total_, v);
        if (++terms_ < 32) return;
        total_ = M::mul(normalise(total_), splat(M::kOne260));
        terms_ = 1;
    }
    /// The sum of all lanes.
    [[nodiscard]] Fr total() const noexcept {
        const Vec v = M::reduce2(M::mul(normalise(total_), splat(M::kOne260)));
        Fr lanes[8];
        store_raw(lanes, pack(v));
        Fr sum;
        for (const Fr& lane : lanes) sum += lane;
        return sum;
    }

  private:
    Vec total_;
    int terms_ = 0;
};

Vec difference(const Vec& a, const Vec& b) noexcept {  // a - b + p, below 2p
    return normalise(ifma::add(sub(a, b), M::p()));
}

constexpr std::size_t kVecWords = 40;  // a Vec in memory

void store_vec(std::uint64_t* to, const Vec& v) noexcept {
    for (int i = 0; i < 5; ++i) _mm512_storeu_si512(to + 8 * i, v.l[i]);
}
Vec load_vec(const std::uint64_t* from) noexcept {
    Vec v;
    for (int i = 0; i < 5; ++i) v.l[i] = _mm512_loadu_si512(from + 8 * i);
    return v;
}

__mmask8 zero_lanes(const Raw& x) noexcept {
    const __m512i any =
        _mm512_or_si512(_mm512_or_si512(x.l[0], x.l[1]), _mm512_or_si512(x.l[2], x.l[3]));
    return _mm512_testn_epi64_mask(any, any);
}

/// Eight elements in form 260, below 16p; one where `zero`.
Vec load_or_one(const Fr* at, __mmask8& zero) noexcept {
    const Raw raw = load_raw(at);
    zero = zero_lanes(raw);
    Vec v = unpack<Load::kTimes16>(raw);
    const Vec one = splat(M::kOne260);
    for (int i = 0; i < 5; ++i) v.l[i] = _mm512_mask_mov_epi64(v.l[i], zero, one.l[i]);
    return v;
}

/// values.size() is a multiple of 8. The lanes run apart; their last products share an inversion.
void invert_blocks(std::span<Fr> values, std::span<std::uint64_t> room) {
    Vec product = broadcast<Load::kPlain>(Fr::one());
    __mmask8 zero = 0;
    for (std::size_t i = 0; i < values.size(); i += 8) {
        store_vec(&room[kVecWords * (i / 8)], product);
        product = M::mul(load_or_one(&values[i], zero), product);
    }
    Fr lanes[8];
    store_raw(lanes, pack(M::reduce2(product)));
    batch_inverse<Fr>(lanes);
    Vec inverse = unpack(load_raw(lanes));
    for (std::size_t i = values.size(); i > 0;) {
        i -= 8;
        const Vec value = load_or_one(&values[i], zero);
        const Vec own = M::mul(normalise(times16(inverse)), load_vec(&room[kVecWords * (i / 8)]));
        Raw result = pack(M::reduce2(own));
        for (auto& limb : result.l)
            limb = _mm512_maskz_mov_epi64(static_cast<__mmask8>(~zero), limb);
        store_raw(&values[i], result);
        inverse = M::mul(value, inverse);
    }
}

}  // namespace

void invert_all(std::span<Fr> values) {
    constexpr std::size_t kBatch = 4096;  // what shares an inversion
    const std::size_t whole = values.size() / 8 * 8;
    std::vector<std::uint64_t> room(kVecWords * std::min(whole, kBatch) / 8);
    for (std::size_t i = 0; i < whole; i += kBatch)
        invert_blocks(values.subspan(i, std::min(kBatch, whole - i)), room);
    portable::invert_all(values.subspan(whole));
}

void mul_batch(std::span<Fr> out, std::span<const Fr> a, std::span<const Fr> b) noexcept {
    const std::size_t whole = out.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) {
        const Vec x = unpack<Load::kTimes16>(load_raw(&a[i]));
        const Vec y = unpack(load_raw(&b[i]));
        store_raw(&out[i], pack(M::reduce2(M::mul(x, y))));
    }
    portable::mul_batch(out.subspan(whole), a.subspan(whole), b.subspan(whole));
}

void add_scaled(std::span<Fr> out, const Fr& factor, std::span<const Fr> a) noexcept {
    const std::size_t whole = out.size() / 8 * 8;
    const Vec f = broadcast<Load::kTimes16>(factor);
    for (std::size_t i = 0; i < whole; i += 8) {
        const Vec product = M::mul(f, unpack(load_raw(&a[i])));
        const Vec sum = normalise(add(product, unpack(load_raw(&out[i]))));
        store_raw(&out[i], pack(M::reduce4(sum)));
    }
    portable::add_scaled(out.subspan(whole), factor, a.subspan(whole));
}

void fold_low(std::span<Fr> out, std::span<const Fr> in, const Fr& r) noexcept {
    const std::size_t whole = out.size() / 8 * 8;
    const Vec f = broadcast<Load::kTimes16>(r);
    for (std::size_t i = 0; i < whole; i += 8) {
        Raw even, odd;
        load_even_odd(&in[2 * i], even, odd);
        const Vec low = unpack(even);
        const Vec step = M::mul(f, difference(unpack(odd), low));
        store_raw(&out[i], pack(M::reduce4(normalise(add(step, low)))));
    }
    portable::fold_low(out.subspan(whole), in.subspan(2 * whole), r);
}

void split_eq(std::span<Fr> low, std::span<Fr> high, const Fr& r) noexcept {
    const std::size_t whole = low.size() / 8 * 8;
    const Vec f = broadcast<Load::kTimes16>(r);
    for (std::size_t i = 0; i < whole; i += 8) {
        const Vec t = unpack(load_raw(&low[i]));
        const Vec product = M::reduce2(M::mul(f, t));
        store_raw(&high[i], pack(product));
        store_raw(&low[i], pack(M::reduce2(difference(t, product))));
    }
    portable::split_eq(low.subspan(whole), high.subspan(whole), r);
}

Fr dot(std::span<const Fr> a, std::span<const Fr> b) noexcept {
    const std::size_t whole = a.size() / 8 * 8;
    Sum sum;
    for (std::size_t i = 0; i < whole; i += 8) {
        const Vec x = unpack<Load::kTimes16>(load_raw(&a[i]));
        sum.add(M::mul(x, unpack(load_raw(&b[i]))));
    }
    return sum.total() + portable::dot(a.subspan(whole), b.subspan(whole));
}

PairSums pair_sums(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    const bool weighted = !weights.empty();
    if (weighted && (weights.size() < 8 || offset % 8 != 0)) {
        return portable::pair_sums(a, b, weights, offset);
    }
    const std::size_t pairs = a.size() / 2;
    const std::size_t whole = pairs / 8 * 8;
    Sum at0, at1, lead;
    for (std::size_t y = 0; y < whole; y += 8) {
        Raw even, odd;
        load_even_odd(&a[2 * y], even, odd);
        const Vec a0 = unpack<Load::kTimes16>(even), a1 = unpack<Load::kTimes16>(odd);
        const Vec da = normalise(times16(add(sub(unpack(odd), unpack(even)), M::p())));
        load_even_odd(&b[2 * y], even, odd);
        const Vec b0 = unpack(even), b1 = unpack(odd);
        Vec t0 = M::mul(a0, b0), t1 = M::mul(a1, b1), t2 = M::mul(da, difference(b1, b0));
        if (weighted) {
            const Fr* at = &weights[(offset + y) & (weights.size() - 1)];
            const Vec e = unpack<Load::kTimes16>(load_raw(at));
            t0 = M::mul(e, t0);
            t1 = M::mul(e, t1);
            t2 = M::mul(e, t2);
        }
        at0.add(t0);
        at1.add(t1);
        lead.add(t2);
    }
    const PairSums rest =
        portable::pair_sums(a.subspan(2 * whole), b.subspan(2 * whole), weights, offset + whole);
    return {at0.total() + rest.at0, at1.total() + rest.at1, lead.total() + rest.lead};
}

PairEnds pair_ends(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    const bool weighted = !weights.empty();
    if (weighted && (weights.size() < 8 || offset % 8 != 0)) {
        return portable::pair_ends(a, b, weights, offset);
    }
    const std::size_t whole = a.size() / 16 * 8;
    Sum at0, lead;
    for (std::size_t y = 0; y < whole; y += 8) {
        Raw even, odd;
        load_even_odd(&a[2 * y], even, odd);
        const Vec a0 = unpack<Load::kTimes16>(even);
        const Vec da = normalise(times16(add(sub(unpack(odd), unpack(even)), M::p())));
        load_even_odd(&b[2 * y], even, odd);
        const Vec b0 = unpack(even);
        Vec t0 = M::mul(a0, b0), t2 = M::mul(da, difference(unpack(odd), b0));
        if (weighted) {
            const Fr* at = &weights[(offset + y) & (weights.size() - 1)];
            const Vec e = unpack<Load::kTimes16>(load_raw(at));
            t0 = M::mul(e, t0);
            t2 = M::mul(e, t2);
        }
        at0.add(t0);
        lead.add(t2);
    }
    const PairEnds rest =
        portable::pair_ends(a.subspan(2 * whole), b.subspan(2 * whole), weights, offset + whole);
    return {at0.total() + rest.at0, lead.total() + rest.lead};
}

}  // namespace mintmark::ifma

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else  // not an x86-64 build: ifma_available() is false and nothing calls these

namespace mintmark::ifma {
void invert_all(std::span<Fr> values) {
    portable::invert_all(values);
}
void mul_batch(std::span<Fr> out, std::span<const Fr> a, std::span<const Fr> b) noexcept {
    portable::mul_batch(out, a, b);
}
void add_scaled(std::span<Fr> out, const Fr& factor, std::span<const Fr> a) noexcept {
    portable::add_scaled(out, factor, a);
}
void fold_low(std::span<Fr> out, std::span<const Fr> in, const Fr& r) noexcept {
    portable::fold_low(out, in, r);
}
Fr dot(std::span<const Fr> a, std::span<const Fr> b) noexcept {
    return portable::dot(a, b);
}
PairSums pair_sums(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    return portable::pair_sums(a, b, weights, offset);
}
PairEnds pair_ends(std::span<const Fr> a, std::span<const Fr> b, std::span<const Fr> weights,
                   std::size_t offset) noexcept {
    return portable::pair_ends(a, b, weights, offset);
}
}  // namespace mintmark::ifma

#endif
