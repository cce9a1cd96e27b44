// Many independent additions of affine points of G1 that share one inversion: 6 multiplications an
// addition instead of 10. Internal to the module (msm.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/curve.hpp"

namespace mintmark {

/// An affine point on the curve; infinity is (0, 0), which is not on it.
struct alignas(64) PointXy {
    Fq x, y;

    [[nodiscard]] bool is_infinity() const noexcept { return x.is_zero() && y.is_zero(); }
    friend bool operator==(const PointXy& a, const PointXy& b) noexcept = default;
};
static_assert(sizeof(PointXy) == 64);

/// One addition: out[to] = in[from] + in[from + 1].
struct PairSlot {
    std::uint32_t from, to;
};

/// What an addition comes to.
enum class PairKind : std::uint8_t {
    kAdd,     ///< different x
    kDouble,  ///< equal points
    kCancel,  ///< opposite points, or two infinities: the result is infinity
    kFirst,   ///< the second is infinity
    kSecond,  ///< the first is infinity
};
[[nodiscard]] PairKind classify(const PointXy& a, const PointXy& b) noexcept;

/// Room for the denominators and their running products; reused from call to call.
struct BatchScratch {
    std::vector<Fq> portable;
    std::vector<std::uint64_t> lanes;
};

/// Most slots that share an inversion.
inline constexpr std::size_t kMaxBatch = 2048;

/// One base with a sign, for add_base_pairs: 2 index + (1 when it is to be negated).
[[nodiscard]] constexpr std::uint32_t base_ref(std::size_t index, bool is_negative) noexcept {
    return static_cast<std::uint32_t>(2 * index + (is_negative ? 1 : 0));
}
[[nodiscard]] inline PointXy referred_point(std::span<const PointXy> bases,
                                            std::uint32_t ref) noexcept {
    const PointXy& base = bases[ref >> 1U];
    return {base.x, (ref & 1U) != 0 ? -base.y : base.y};
}

#define MINTMARK_BATCH_ADD                                                                   \
    /** Does all additions; `in` and `out` do not overlap. */                                \
    void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,         \
                   BatchScratch& scratch);                                                   \
    /** The same where in[k] is the base that refs[k] refers to. */                          \
    void add_base_pairs(std::span<const PointXy> bases, std::span<const std::uint32_t> refs, \
                        PointXy* out, std::span<const PairSlot> slots, BatchScratch& scratch);

/// Picks IFMA at run time.
MINTMARK_BATCH_ADD

namespace portable {
MINTMARK_BATCH_ADD
}
/// Only when ifma_available().
namespace ifma {
MINTMARK_BATCH_ADD
}
#undef MINTMARK_BATCH_ADD

}  // namespace mintmark
