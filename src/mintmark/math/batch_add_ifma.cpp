#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "mintmark/math/batch_add.hpp"
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

/// The summands of slots: neighbours of an array, or bases by reference.
struct Neighbours {
    static constexpr bool kSigned = false;
    const PointXy* in;

    [[nodiscard]] const PointXy* at(std::uint32_t place) const noexcept { return in + place; }
    [[nodiscard]] static bool is_negative(std::uint32_t) noexcept { return false; }
};
struct Referred {
    static constexpr bool kSigned = true;
    const PointXy* bases;
    const std::uint32_t* refs;

    [[nodiscard]] const PointXy* at(std::uint32_t place) const noexcept {
        return bases + (refs[place] >> 1U);
    }
    [[nodiscard]] bool is_negative(std::uint32_t place) const noexcept {
        return (refs[place] & 1U) != 0;
    }
};

/// Eight additions; a short last block repeats its last slot, which does no harm.
template <class Source>
struct Block {
    const PointXy* a[8];
    const PointXy* b[8];
    PointXy* to[8];
    unsigned a_negative = 0, b_negative = 0;  // lanes

    Block(const Source& source, PointXy* out, std::span<const PairSlot> slots,
          std::size_t begin) noexcept {
        for (std::size_t i = 0; i < 8; ++i) {
            const PairSlot& slot = slots[std::min(begin + i, slots.size() - 1)];
            a[i] = source.at(slot.from);
            b[i] = source.at(slot.from + 1);
            to[i] = out + slot.to;
            if constexpr (Source::kSigned) {
                a_negative |= unsigned{source.is_negative(slot.from)} << i;
                b_negative |= unsigned{source.is_negative(slot.from + 1)} << i;
            }
        }
    }
    [[nodiscard]] PointXy a_of(unsigned lane) const noexcept {
        return {a[lane]->x, (a_negative >> lane & 1U) != 0 ? -a[lane]->y : a[lane]->y};
    }
    [[nodiscard]] PointXy b_of(unsigned lane) const noexcept {
        return {b[lane]->x, (b_negative >> lane & 1U) != 0 ? -b[lane]->y : b[lane]->y};
    }
    [[nodiscard]] Raw x_of(const PointXy* const (&points)[8]) const noexcept {
        const Fq* at[8];
        for (int i = 0; i < 8; ++i) at[i] = &points[i]->x;
        return gather(at);
    }
    /// Up to p; not normalised where negated.
    [[nodiscard]] Vec y_of(const PointXy* const (&points)[8], unsigned negative) const noexcept {
        const Fq* at[8];
        for (int i = 0; i < 8; ++i) at[i] = &points[i]->y;
        Vec y = unpack(gather(at));
        if constexpr (Source::kSigned) {
            const Vec p = M::p();
            for (int i = 0; i < 5; ++i)
                y.l[i] =
                    _mm512_mask_sub_epi64(y.l[i], static_cast<__mmask8>(negative), p.l[i], y.l[i]);
        }
        return y;
    }
    void write(const Raw& x, const Raw& y) const noexcept {
        Fq *to_x[8], *to_y[8];
        for (int i = 0; i < 8; ++i) {
            to_x[i] = &to[i]->x;
            to_y[i] = &to[i]->y;
        }
        scatter(to_x, x);
        scatter(to_y, y);
    }
};

/// Asks for the summands of the block that begins at slot `begin`.
template <class Source>
void prefetch(const Source& source, std::span<const PairSlot> slots, std::size_t begin) noexcept {
    if (!Source::kSigned || begin + 8 > slots.size()) return;  // neighbours come by themselves
    for (std::size_t i = begin; i < begin + 8; ++i) {
        for (std::uint32_t k = 0; k < 2; ++k) {
            const PointXy* point = source.at(slots[i].from + k);
            _mm_prefetch(reinterpret_cast<const char*>(point), _MM_HINT_T0);
        }
    }
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

/// Writes the sums of a block, given the inverses of its denominators in form 260, below 2p.
template <class Source>
void finish(const Block<Source>& block, const Vec& inverse) noexcept {
    const Raw raw_xa = block.x_of(block.a), raw_xb = block.x_of(block.b);
    const Vec xa = unpack(raw_xa), xb = unpack(raw_xb);
    const Vec ya = block.y_of(block.a, block.a_negative),
              yb = block.y_of(block.b, block.b_negative);
    const unsigned special = special_lanes(raw_xa, raw_xb);
    Vec numerator = normalise(add(sub(yb, ya), M::p()));
    if (special != 0) [[unlikely]]
        patch_numerators(numerator, special, block);
    const Vec slope = M::mul(numerator, inverse);
    const Vec slope16 = normalise(times16(slope));
    const Vec square = M::mul(slope16, slope);
    const Vec x = M::reduce4(normalise(sub(sub(add(square, M::two_p()), xa), xb)));
    const Vec step = M::mul(slope16, normalise(add(sub(xa, x), M::p())));
    const Vec y = M::reduce4(normalise(add(sub(step, ya), M::p())));
    block.write(pack(x), pack(y));
    if (special != 0) [[unlikely]]
        patch_results(special, block);
}

/// Lane-wise inverse of a product in form 260; also in form 260, below 2p.
Vec invert(const Vec& product) noexcept {
    std::array<Fq, 8> lanes;
    store_raw(lanes.data(), pack(M::reduce2(M::mul(product, splat(M::kTo256)))));
    batch_inverse(std::span<Fq>(lanes));
    return M::mul(unpack(load_raw(lanes.data())), splat(kTo260));
}

template <class Source>
void add_all(const Source& source, PointXy* out, std::span<const PairSlot> slots,
             BatchScratch& scratch) {
    constexpr std::size_t kAhead = 3;  // blocks
    const std::size_t blocks = (slots.size() + 7) / 8;
    scratch.lanes.resize(2 * kVecWords * blocks);
    Vec product = splat(M::kOne260);
    for (std::size_t i = 0; i < blocks; ++i) {
        prefetch(source, slots, 8 * (i + kAhead));
        std::uint64_t* room = &scratch.lanes[2 * kVecWords * i];
        const Vec d = denominators(Block<Source>(source, out, slots, 8 * i));
        store_vec(room, d);
        store_vec(room + kVecWords, product);
        product = M::mul(product, d);
    }
    Vec inverse = invert(product);
    for (std::size_t i = blocks; i > 0; --i) {
        const std::uint64_t* room = &scratch.lanes[2 * kVecWords * (i - 1)];
        finish(Block<Source>(source, out, slots, 8 * (i - 1)),
               M::mul(inverse, load_vec(room + kVecWords)));
        inverse = M::mul(inverse, load_vec(room));
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
