// Commitments to columns whose lanes take few values: lanes that look up one row hold one value in
// F, G and H alike, so the bases are added up per row once and serve all three.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/math/run_sums.hpp"

namespace mintmark::prover {

/// The lanes of a chunk by group.
struct LaneGroups {
    LaneGroups() = default;
    /// Lanes with key -1 are groups of their own, the others are grouped by equal keys.
    explicit LaneGroups(std::span<const std::int32_t> keys);

    std::vector<std::uint32_t> lanes;  ///< by group
    std::vector<std::uint32_t> ends;   ///< one past each group's last place in lanes
};

/// The bases of a chunk added up by group. A group is a set of lanes, given by equal keys.
class GroupedBases {
  public:
    /// As many bases as lanes. Cost: one affine addition per lane, inversions batched.
    GroupedBases(std::span<const PointXy> bases, LaneGroups groups);

    /// sum values[x] * base[x]; nullopt when a group's lanes do not all hold one value. Cost: a
    /// multi-scalar multiplication of one point per group.
    [[nodiscard]] std::optional<G1> sum(std::span<const Fr> values) const;
    [[nodiscard]] std::optional<G1> sum(std::span<const std::int64_t> values) const;
    /// sum values[keys[x]] * base[x] for the keys that the groups were made by, none of them -1.
    [[nodiscard]] G1 sum_by_key(std::span<const std::int32_t> keys,
                                std::span<const Fr> values) const;
    [[nodiscard]] std::size_t num_groups() const noexcept { return sums_.size(); }

  private:
    template <class Value>
    [[nodiscard]] std::optional<std::vector<Value>> group_values(
        std::span<const Value> values) const;

    LaneGroups groups_;
    std::vector<G1Affine> sums_;  // one per group
};

}  // namespace mintmark::prover
