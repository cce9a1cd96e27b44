// Rewrites of the float graph that keep its function and help quantisation.
#pragma once

#include "mintmark/model/graph.hpp"

namespace mintmark::model {

/// - a constant left factor of a matrix product moves to the right (transposes around it);
/// - a monotone activation moves before max pooling and data movement, next to the operation that
///   computes its argument, where one look-up does both;
/// - operands of element-wise operations get the output's rank (reshapes with leading ones).
[[nodiscard]] Graph simplify(const Graph& graph);

/// How often each value is read by nodes; graph outputs count once each.
[[nodiscard]] std::vector<std::uint32_t> count_uses(const Graph& graph);

}  // namespace mintmark::model
