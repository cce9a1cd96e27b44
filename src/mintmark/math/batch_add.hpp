// Many independent additions of affine points of G1 that share one inversion: 6 multiplications an
// addition instead of 10. Internal to the module (msm.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/curve.hpp"

namespace mintmark {

/// An affine point on the curve; infinity is (0, 0), which is not on it.
struct PointXy {
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

/// Most slots of one call.
inline constexpr std::size_t kMaxBatch = 4096;

/// Does all additions; `in` and `out` do not overlap, at most kMaxBatch slots. Picks IFMA at run
/// time.
void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch);

namespace portable {
void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch);
}
namespace ifma {
/// Only when ifma_available().
void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch);
}  // namespace ifma

}  // namespace mintmark
