// Where variables and axes lie: slices of points by box layout (protocol sections 0 and 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {

/// First variable of axis i in a box: the sum of the logs of the axes behind it.
[[nodiscard]] std::size_t axis_offset(std::span<const Axis> axes, std::size_t i) noexcept;
/// The part of a box point (num_vars values, lowest variable first) that belongs to axis i.
[[nodiscard]] std::span<const Fr> axis_slice(std::span<const Axis> axes, std::size_t i,
                                             std::span<const Fr> point);
/// r^{(n)}: the last n challenges.
[[nodiscard]] std::span<const Fr> suffix(std::span<const Fr> r, std::size_t n);
/// Product over variables i in [low, point.size()) of point_i or 1 - point_i by the bits of
/// `offset`.
[[nodiscard]] Fr prefix_eq(std::span<const Fr> point, std::size_t low, std::uint64_t offset);
/// The axes of a product term's variables x: contraction axes, then shared out axes.
[[nodiscard]] std::vector<Axis> product_axes(const Step& step, const ProdTerm& term);
/// Number of low variables of x that belong to shared axes.
[[nodiscard]] std::size_t num_shared_vars(const Step& step, const ProdTerm& term) noexcept;
/// Padded position of logical row-major index `index` in a box.
[[nodiscard]] std::uint64_t padded_index(std::span<const Axis> axes, std::uint64_t index) noexcept;

}  // namespace mintmark
