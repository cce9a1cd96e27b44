// The masks' part of the merge sumcheck (docs/spec/protocol.md §5a): two columns with few lanes
// that are not zero, under coefficients that are known in closed form, so the cost is that of the
// lanes.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "mintmark/math/field.hpp"

namespace mintmark::sumcheck {

/// A column by its lanes that are not zero, in increasing order.
using SparseColumn = std::vector<std::pair<std::size_t, Fr>>;

/// The sum over x of (all + slots[x]) Z(x) + all (sum_i x_i) R(x), variable by variable; slots[x]
/// is zero from slots.size() on.
class MergeMask {
  public:
    MergeMask(std::vector<Fr> slots, const Fr& all, SparseColumn z, SparseColumn r);

    /// Adds this round's c0 and c2.
    void add_round(std::array<Fr, 2>& message) const;
    /// Binds the lowest free variable.
    void bind(const Fr& challenge);
    /// After the last round: the coefficients of Z and R at the point.
    [[nodiscard]] Fr coef_z() const;
    [[nodiscard]] Fr coef_r() const;

  private:
    [[nodiscard]] Fr slot(std::size_t lane) const;
    [[nodiscard]] Fr coef_z_at(std::size_t lane) const;
    [[nodiscard]] Fr coef_r_at(std::size_t lane) const;

    std::vector<Fr> slots_;
    Fr all_, bound_sum_ = Fr::zero();
    SparseColumn z_, r_;
};

}  // namespace mintmark::sumcheck
