#include <immintrin.h>

#include <algorithm>
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
/// 2^266 mod p: times it (over 2^260) is times 64.
constexpr Limbs52 kTimes64 = to_limbs52((Fq::one() * Fq::from_u64(1024)).montgomery(), 0);
constexpr Limbs52 k3P = M::multiple(3);

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

/// Replaces the denominators (form 256) of special lanes.
template <class Source>
[[gnu::noinline]] void patch_denominators(Vec& d, unsigned special, const Block<Source>& block) {
    for (; special != 0; special &= special - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(special));
        const PointXy a = block.a_of(lane);
        const PairKind kind = classify(a, block.b_of(lane));
        if (kind == PairKind::kAdd) continue;
        const Fq value = kind == PairKind::kDouble ? a.y.double_() : Fq::one();
        set_lane(d, lane, to_limbs52(value.montgomery(), 0));
    }
}
/// 2 a, given 64 / (2 a.y).
PointXy doubled(const PointXy& a, const Fq& inverse64) noexcept {
    static const Fq over64 = Fq::from_u64(64).inverse();
    const Fq xx = a.x.square();
    const Fq slope = (xx.double_() + xx) * inverse64 * over64;
    const Fq x = slope.square() - a.x.double_();
    return {x, slope * (a.x - x) - a.y};
}
/// Overwrites the results of special lanes; `inverse` as finish() has it.
template <class Source>
[[gnu::noinline]] void patch_results(unsigned special, const Block<Source>& block, PointXy* out,
                                     const Vec& inverse) {
    Fq inverses[8];
    store_raw(inverses, pack(M::reduce2(inverse)));
    for (; special != 0; special &= special - 1) {
        const auto lane = static_cast<unsigned>(std::countr_zero(special));
        const PointXy a = block.a_of(lane), b = block.b_of(lane);
        PointXy& to = out[block.slots[lane].to];
        switch (classify(a, b)) {
            case PairKind::kAdd:  // a point with x = 0: nothing was patched
                break;
            case PairKind::kDouble:
                to = doubled(a, inverses[lane]);
                break;
            case PairKind::kCancel:
                to = {};
                break;
            case PairKind::kFirst:
                to = a;
                break;
            case PairKind::kSecond:
                to = b;
        }
    }
}

/// Writes the sums of a block, given 2^262 over the denominators, below 2p. The slope l has form
/// 258: its square form 256, and so its product with four times a difference.
template <class Source>
[[gnu::always_inline]] inline void finish(const Block<Source>& block, PointXy* out,
                                          const Kept& kept, const Vec& inverse) noexcept {
    const Signs signs = block.signs();
    const Vec xa = unpack(block.xa());
    const Vec ya = with_sign<Source::kSigned>(block.ya(), signs.a);
    const Vec yb = with_sign<Source::kSigned>(block.yb(), signs.b);
    const Vec slope = M::mul(normalise(add(sub(yb, ya), M::p())), inverse);
    const Vec square = M::mul_loose(slope, slope);
    // b.x = a.x + difference - p
    const Vec sum = add(add(xa, xa), load_vec(kept.difference()));
    const Vec x = M::canonical(add(sub(square, sum), splat(k3P)));
    const Vec back = normalise(times4(add(sub(xa, x), M::p())));
    const Vec y = M::canonical(add(sub(M::mul_loose(slope, back), ya), M::p()));
    block.write(out, pack(x), pack(y));
    if (kept.special() != 0) [[unlikely]]
        patch_results(static_cast<unsigned>(kept.special()), block, out, inverse);
}

using Side = std::array<Vec, kSide>;

/// Replaces all by their inverses; none is zero.
void invert_lanes(std::array<Fq, kSlots>& lanes) noexcept {
    std::array<Fq, kSlots> before;
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

/// From products of n denominators d in form 256, times 2^(260 - 4n), to 2^(258 + 4n) over them,
/// below 2p: what multiplied by the product before the last of them gives 2^262 over the last, and
/// by the last the same of one less.
Side invert(const Side& products) noexcept {
    std::array<Fq, kSlots> lanes;
    for (std::size_t k = 0; k < kSide; ++k) store_raw(&lanes[8 * k], pack(M::reduce2(products[k])));
    invert_lanes(lanes);
    Side out;
    for (std::size_t k = 0; k < kSide; ++k)
        out[k] = M::mul(unpack(load_raw(&lanes[8 * k])), splat(kTimes64));
    return out;
}

template <class Source>
void prefetch(const Source& source, const Rounds& rounds, std::size_t round) noexcept {
    if (!Source::kSigned || round >= rounds.size()) return;  // neighbours come by themselves
    for (std::size_t k = 0; k < kSide; ++k) Block<Source>{source, rounds.at(round, k)}.prefetch();
}

/// Keeps what finish() needs of each round; returns the products of all denominators.
template <class Source>
Side first_pass(const Source& source, const Rounds& rounds, std::uint64_t* room) noexcept {
    Side product;
    product.fill(splat(M::kOne260));
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        for (std::size_t k = 0; k < kSide; ++k) {
            const Block<Source> block{source, rounds.at(i, k)};
            const Kept kept(room + Kept::kWords * (kSide * i + k));
            const Raw xa = block.xa(), xb = block.xb();
            Vec d = normalise(add(sub(unpack(xb), unpack(xa)), M::p()));
            const unsigned special = special_lanes(xa, xb);
            if (special != 0) [[unlikely]]
                patch_denominators(d, special, block);
            kept.special() = special;
            store_vec(kept.difference(), d);
            store_vec(kept.before(), product[k]);
            product[k] = M::mul(product[k], d);
        }
    }
    return product;
}

/// One batch. The points of `next` are asked for while there is much to compute.
template <class Source>
void add_batch(const Source& source, PointXy* out, const Rounds& rounds, const Rounds& next,
               std::uint64_t* room) noexcept {
    Side inverse = invert(first_pass(source, rounds, room));
    for (std::size_t i = rounds.size(); i > 0; --i) {
        prefetch(source, next, rounds.size() - i);
        const auto kept = [&](std::size_t k) {
            return Kept(room + Kept::kWords * (kSide * (i - 1) + k));
        };
        Side alone;
        for (std::size_t k = 0; k < kSide; ++k)
            alone[k] = M::mul(inverse[k], load_vec(kept(k).before()));
        for (std::size_t k = 0; k < kSide; ++k)
            inverse[k] = M::mul(inverse[k], load_vec(kept(k).difference()));
        for (std::size_t k = 0; k < kSide; ++k)
            finish(Block<Source>{source, rounds.at(i - 1, k)}, out, kept(k), alone[k]);
    }
}

template <class Source>
void add_all(const Source& source, PointXy* out, std::span<const PairSlot> slots,
             BatchScratch& scratch) {
    scratch.lanes.resize(Kept::kWords * (kMaxBatch / 8));
    const auto batch = [&](std::size_t begin) {
        const std::size_t first = std::min(begin, slots.size());
        return Rounds(slots.subspan(first, std::min(kMaxBatch, slots.size() - first)));
    };
    Rounds rounds = batch(0);
    for (std::size_t i = 0; i < rounds.size(); ++i) prefetch(source, rounds, i);
    for (std::size_t begin = 0; begin < slots.size(); begin += kMaxBatch) {
        const Rounds next = batch(begin + kMaxBatch);
        add_batch(source, out, rounds, next, scratch.lanes.data());
        rounds = next;
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
