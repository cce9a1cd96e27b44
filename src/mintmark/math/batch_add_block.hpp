// Where the summands of eight additions lie and where their sums go. Internal: include only from
// batch_add_ifma.cpp, inside its target region.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "mintmark/math/batch_add.hpp"
#include "mintmark/math/ifma.hpp"

namespace mintmark::ifma {

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
            const Vec p = Mod<Fq>::p();
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

}  // namespace mintmark::ifma
