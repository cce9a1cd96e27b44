#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "mintmark/math/batch_add.hpp"
#include "mintmark/math/ifma_available.hpp"
#include "mintmark/math/inverse_var.hpp"

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

#include "mintmark/math/batch_add_block.hpp"
#include "mintmark/math/ifma.hpp"

namespace mintmark::ifma {
namespace {

using M = Mod<Fq>;
constexpr std::size_t kVecWords = 40;  // a Vec in memory
/// 2^264 mod p: times it, form 256 becomes form 260 and stays below 2p.
constexpr Limbs52 kTo260 = to_limbs52((Fq::one() * Fq::from_u64(256)).montgomery(), 0);

void store_vec(std::uint64_t* to, const Vec& v) noexcept {
    for (int i = 0; i < 5; ++i) _mm512_storeu_si512(to + 8 * i, v.l[i]);
}
Vec load_vec(const std::uint64_t* from) noexcept {
    Vec v;
    for (int i = 0; i < 5; ++i) v.l[i] = _mm512_loadu_si512(from + 8 * i);
    return v;
}
/// Overwrites one lane.
void set_lane(Vec& v, unsigned lane, const Limbs52& value) noexcept {
    std::uint64_t words[kVecWords];
    store_vec(words, v);
    for (unsigned i = 0; i < 5; ++i) words[8 * i + lane] = value[i];
    v = load_vec(words);
}

/// Lanes where x is zero.
unsigned zero_lanes(const Raw& x) noexcept {
    const __m512i any =
        _mm512_or_si512(_mm512_or_si512(x.l[0], x.l[1]), _mm512_or_si512(x.l[2], x.l[3]));
    return _mm512_cmpeq_epi64_mask(any, _mm512_setzero_si512());
}
/// Lanes that may be anything but kAdd: equal x, or x = 0 as infinity has it.
unsigned special_lanes(const Raw& xa, const Raw& xb) noexcept {
    Raw difference;
    for (int i = 0; i < 4; ++i) difference.l[i] = _mm512_xor_si512(xa.l[i], xb.l[i]);
    return zero_lanes(difference) | zero_lanes(xa) | zero_lanes(xb);
}

/// Replaces the denominators (form 260) of special lanes.
template <class Source>
void patch_denominators(Vec& d, unsigned special, const Block<Source>& block) noexcept {
    for (; special != 0; special &= special - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(special));
        const PointXy a = block.a_of(lane);
        const PairKind kind = classify(a, block.b_of(lane));
        if (kind == PairKind::kAdd) continue;
        const Fq value = kind == PairKind::kDouble ? a.y.double_() : Fq::one();
        set_lane(d, lane, to_limbs52(value.montgomery(), 4));
    }
}
/// Replaces the numerators (form 256) of doublings.
template <class Source>
void patch_numerators(Vec& n, unsigned special, const Block<Source>& block) noexcept {
    for (; special != 0; special &= special - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(special));
        const PointXy a = block.a_of(lane);
        if (classify(a, block.b_of(lane)) != PairKind::kDouble) continue;
        const Fq xx = a.x.square();
        set_lane(n, lane, to_limbs52((xx.double_() + xx).montgomery(), 0));
    }
}
/// Overwrites the results that are no sums of two finite points.
template <class Source>
void patch_results(unsigned special, const Block<Source>& block) noexcept {
    for (; special != 0; special &= special - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(special));
        const PointXy a = block.a_of(lane), b = block.b_of(lane);
        const PairKind kind = classify(a, b);
        if (kind == PairKind::kFirst) *block.to[lane] = a;
        if (kind == PairKind::kSecond) *block.to[lane] = b;
        if (kind == PairKind::kCancel) *block.to[lane] = {};
    }
}

/// b.x - a.x in form 260, below 32p.
template <class Source>
Vec denominators(const Block<Source>& block) noexcept {
    const Raw xa = block.x_of(block.a), xb = block.x_of(block.b);
    Vec d = normalise(times16(add(sub(unpack(xb), unpack(xa)), M::p())));
    const unsigned special = special_lanes(xa, xb);
    if (special != 0) [[unlikely]]
        patch_denominators(d, special, block);
    return d;
}

/// Blocks that are worked on side by side: a multiplication alone waits for itself (110 cycles of
/// latency against 60 of work), two fill each other's gaps.
constexpr std::size_t kSide = 2;
using Side = std::array<Vec, kSide>;

template <class Function>
[[gnu::always_inline]] inline Side each(const Function& function) noexcept {
    Side out;
    for (std::size_t k = 0; k < kSide; ++k) out[k] = function(k);
    return out;
}

/// Writes the sums of some blocks, given the inverses of their denominators in form 260, below 2p.
template <class Source>
void finish(const std::array<Block<Source>, kSide>& blocks, const Side& inverse) noexcept {
    Side xa, xb, ya;
    std::array<unsigned, kSide> special;
    const Side slope = each([&](std::size_t k) __attribute__((always_inline)) {
        const Block<Source>& block = blocks[k];
        const Raw raw_xa = block.x_of(block.a), raw_xb = block.x_of(block.b);
        xa[k] = unpack(raw_xa);
        xb[k] = unpack(raw_xb);
        ya[k] = block.y_of(block.a, block.a_negative);
        special[k] = special_lanes(raw_xa, raw_xb);
        const Vec yb = block.y_of(block.b, block.b_negative);
        Vec numerator = normalise(add(sub(yb, ya[k]), M::p()));
        if (special[k] != 0) [[unlikely]]
            patch_numerators(numerator, special[k], block);
        return M::mul(numerator, inverse[k]);
    });
    const Side slope16 = each([&](std::size_t k) { return normalise(times16(slope[k])); });
    const Side square = each([&](std::size_t k) { return M::mul(slope16[k], slope[k]); });
    const Side x = each([&](std::size_t k) {
        return M::reduce4(normalise(sub(sub(add(square[k], M::two_p()), xa[k]), xb[k])));
    });
    const Side step = each([&](std::size_t k) {
        return M::mul(slope16[k], normalise(add(sub(xa[k], x[k]), M::p())));
    });
    for (std::size_t k = 0; k < kSide; ++k) {
        const Vec y = M::reduce4(normalise(add(sub(step[k], ya[k]), M::p())));
        blocks[k].write(pack(x[k]), pack(y));
        if (special[k] != 0) [[unlikely]]
            patch_results(special[k], blocks[k]);
    }
}

/// Replaces all by their inverses; none is zero.
void invert_lanes(std::array<Fq, 8 * kSide>& lanes) noexcept {
    std::array<Fq, 8 * kSide> before;
    Fq product = Fq::one();
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        before[i] = product;
        product *= lanes[i];
    }
    Fq inverse = inverse_var(product);
    for (std::size_t i = lanes.size(); i > 0; --i) {
        const Fq next = inverse * lanes[i - 1];
        lanes[i - 1] = inverse * before[i - 1];
        inverse = next;
    }
}

/// Lane-wise inverses of products in form 260; also in form 260, below 2p.
Side invert(const Side& products) noexcept {
    std::array<Fq, 8 * kSide> lanes;
    for (std::size_t k = 0; k < kSide; ++k)
        store_raw(&lanes[8 * k], pack(M::reduce2(M::mul(products[k], splat(M::kTo256)))));
    invert_lanes(lanes);
    return each(
        [&](std::size_t k) { return M::mul(unpack(load_raw(&lanes[8 * k])), splat(kTo260)); });
}

template <class Source>
std::array<Block<Source>, kSide> blocks_from(const Source& source, PointXy* out,
                                             std::span<const PairSlot> slots,
                                             std::size_t begin) noexcept {
    static_assert(kSide == 2);
    return {Block<Source>(source, out, slots, begin), Block<Source>(source, out, slots, begin + 8)};
}

template <class Source>
void add_all(const Source& source, PointXy* out, std::span<const PairSlot> slots,
             BatchScratch& scratch) {
    constexpr std::size_t kSlots = 8 * kSide, kRoom = 2 * kVecWords * kSide;
    constexpr std::size_t kAhead = 2;
    const std::size_t rounds = (slots.size() + kSlots - 1) / kSlots;
    scratch.lanes.resize(kRoom * rounds);
    Side product;
    product.fill(splat(M::kOne260));
    for (std::size_t i = 0; i < rounds; ++i) {
        for (std::size_t k = 0; k < kSide; ++k)
            prefetch(source, slots, kSlots * (i + kAhead) + 8 * k);
        const auto blocks = blocks_from(source, out, slots, kSlots * i);
        for (std::size_t k = 0; k < kSide; ++k) {
            std::uint64_t* room = &scratch.lanes[kRoom * i + 2 * kVecWords * k];
            const Vec d = denominators(blocks[k]);
            store_vec(room, d);
            store_vec(room + kVecWords, product[k]);
            product[k] = M::mul(product[k], d);
        }
    }
    Side inverse = invert(product);
    for (std::size_t i = rounds; i > 0; --i) {
        const std::uint64_t* room = &scratch.lanes[kRoom * (i - 1)];
        const Side alone = each([&](std::size_t k) {
            return M::mul(inverse[k], load_vec(room + (2 * k + 1) * kVecWords));
        });
        inverse = each(
            [&](std::size_t k) { return M::mul(inverse[k], load_vec(room + 2 * k * kVecWords)); });
        finish(blocks_from(source, out, slots, kSlots * (i - 1)), alone);
    }
}

}  // namespace

void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch) {
    add_all(Neighbours{in}, out, slots, scratch);
}

void add_base_pairs(std::span<const PointXy> bases, std::span<const std::uint32_t> refs,
                    PointXy* out, std::span<const PairSlot> slots, BatchScratch& scratch) {
    add_all(Referred{bases.data(), refs.data()}, out, slots, scratch);
}

}  // namespace mintmark::ifma

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

namespace mintmark::ifma {
void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch) {
    portable::add_pairs(in, out, slots, scratch);
}
void add_base_pairs(std::span<const PointXy> bases, std::span<const std::uint32_t> refs,
                    PointXy* out, std::span<const PairSlot> slots, BatchScratch& scratch) {
    portable::add_base_pairs(bases, refs, out, slots, scratch);
}
}  // namespace mintmark::ifma

#endif
