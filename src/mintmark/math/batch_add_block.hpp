// Where the summands of eight additions lie and where their sums go, and in which order a batch
// takes them. Internal: include only from batch_add_ifma.cpp, inside its target region.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
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

/// Lanes whose summands are to be negated.
struct Signs {
    __mmask8 a = 0, b = 0;
};

/// Eight additions, read where they lie.
template <class Source>
struct Block {
    const Source& source;
    const PairSlot* slots;  // eight

    [[nodiscard]] PointXy a_of(unsigned lane) const noexcept { return value(slots[lane].from); }
    [[nodiscard]] PointXy b_of(unsigned lane) const noexcept { return value(slots[lane].from + 1); }
    [[nodiscard]] Raw xa() const noexcept { return coordinates<0>(&PointXy::x); }
    [[nodiscard]] Raw xb() const noexcept { return coordinates<1>(&PointXy::x); }
    [[nodiscard]] Raw ya() const noexcept { return coordinates<0>(&PointXy::y); }
    [[nodiscard]] Raw yb() const noexcept { return coordinates<1>(&PointXy::y); }

    [[nodiscard]] Signs signs() const noexcept {
        if constexpr (Source::kSigned) {
            const __m256i places = _mm512_cvtepi64_epi32(_mm512_loadu_si512(slots));  // low halves
            const __m512i refs = _mm512_i32gather_epi64(places, source.refs, 4);  // and the next
            return {_mm512_test_epi64_mask(refs, splat(1)),
                    _mm512_test_epi64_mask(refs, splat(std::uint64_t{1} << 32U))};
        } else {
            return {};
        }
    }
    void write(PointXy* out, const Raw& x, const Raw& y) const noexcept {
        Fq *to_x[8], *to_y[8];
        for (int i = 0; i < 8; ++i) {
            to_x[i] = &out[slots[i].to].x;
            to_y[i] = &out[slots[i].to].y;
        }
        scatter(to_x, x);
        scatter(to_y, y);
    }
    void prefetch() const noexcept {
        for (int i = 0; i < 8; ++i)
            for (std::uint32_t k = 0; k < 2; ++k)
                _mm_prefetch(reinterpret_cast<const char*>(source.at(slots[i].from + k)),
                             _MM_HINT_T0);
    }

  private:
    [[nodiscard]] PointXy value(std::uint32_t place) const noexcept {
        const PointXy& point = *source.at(place);
        return {point.x, source.is_negative(place) ? -point.y : point.y};
    }
    template <std::uint32_t kSecond>
    [[nodiscard]] Raw coordinates(Fq PointXy::* coordinate) const noexcept {
        const Fq* at[8];
        for (int i = 0; i < 8; ++i) at[i] = &(source.at(slots[i].from + kSecond)->*coordinate);
        return gather(at);
    }
};

/// y in [0, p], negated where `negative`; not normalised there.
template <bool kSigned>
[[nodiscard]] Vec with_sign(const Raw& raw, __mmask8 negative) noexcept {
    Vec y = unpack(raw);
    if constexpr (kSigned) {
        const Vec p = Mod<Fq>::p();
        for (int i = 0; i < 5; ++i)
            y.l[i] = _mm512_mask_sub_epi64(y.l[i], negative, p.l[i], y.l[i]);
    }
    return y;
}

inline constexpr std::size_t kVecWords = 40;  // a Vec in memory

/// What a block of eight keeps between the passes.
class Kept {
  public:
    static constexpr std::size_t kWords = 2 * kVecWords + 8;

    explicit Kept(std::uint64_t* words) noexcept : words_(words) {}
    /// b.x - a.x + p, or what stands in for it; form 256.
    [[nodiscard]] std::uint64_t* difference() const noexcept { return words_; }
    /// The product of the denominators before it.
    [[nodiscard]] std::uint64_t* before() const noexcept { return words_ + kVecWords; }
    /// Lanes.
    [[nodiscard]] std::uint64_t& special() const noexcept { return words_[2 * kVecWords]; }

  private:
    std::uint64_t* words_;
};

/// Blocks that are worked on side by side: a multiplication alone waits for itself (110 cycles of
/// latency against 60 of work), two fill each other's gaps.
inline constexpr std::size_t kSide = 2;
inline constexpr std::size_t kSlots = 8 * kSide;

/// The slots of one batch by rounds of kSlots; the last round repeats its last slot, which does no
/// harm.
class Rounds {
  public:
    explicit Rounds(std::span<const PairSlot> slots) noexcept
        : slots_(slots), whole_(slots.size() / kSlots) {
        for (std::size_t i = 0; i < kSlots && !slots.empty(); ++i)
            last_[i] = slots[std::min(whole_ * kSlots + i, slots.size() - 1)];
    }
    [[nodiscard]] std::size_t size() const noexcept {
        return whole_ + (whole_ * kSlots < slots_.size() ? 1 : 0);
    }
    [[nodiscard]] const PairSlot* at(std::size_t round, std::size_t side) const noexcept {
        return (round < whole_ ? &slots_[kSlots * round] : last_.data()) + 8 * side;
    }

  private:
    std::span<const PairSlot> slots_;
    std::size_t whole_;
    std::array<PairSlot, kSlots> last_{};
};

}  // namespace mintmark::ifma
