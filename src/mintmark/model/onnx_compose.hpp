// The pieces that composite operators are made of: each emits a few nodes under the given node's
// name and returns their result. Constants fold.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// Row-major data under `shape`; x itself if it has that shape.
[[nodiscard]] Result<ValueId> reshaped(const NodeView& node, ValueId x, const Shape& shape);
/// Output axis i is axis perm[i] of x.
[[nodiscard]] Result<ValueId> transposed(const NodeView& node, ValueId x,
                                         const std::vector<std::uint32_t>& perm);
/// x with `axis` moved to the end (and back).
[[nodiscard]] Result<ValueId> axis_to_end(const NodeView& node, ValueId x, std::uint32_t axis);
[[nodiscard]] Result<ValueId> axis_from_end(const NodeView& node, ValueId x, std::uint32_t axis);
/// `count` entries of `axis` from `start` on.
[[nodiscard]] Result<ValueId> sliced(const NodeView& node, ValueId x, std::uint32_t axis,
                                     std::uint32_t start, std::uint32_t count);
/// The entries of `axis` at `indices` (a negative one gives 0): a slice where they are a
/// progression, else a selection. kUnsupported beyond 2^24 pairs of index and entry.
[[nodiscard]] Result<ValueId> selected(const NodeView& node, ValueId x, std::uint32_t axis,
                                       const Ints& indices);
/// x repeated to `shape` (numpy broadcasting; `shape` may have more axes).
[[nodiscard]] Result<ValueId> expanded(const NodeView& node, ValueId x, const Shape& shape);
/// Zeros around x: `begin` before each axis; `shape` is the result's.
[[nodiscard]] Result<ValueId> padded(const NodeView& node, ValueId x,
                                     const std::vector<std::uint32_t>& begin, const Shape& shape);
/// Parts along `axis`; constants may be among them.
[[nodiscard]] Result<ValueId> joined(const NodeView& node, const std::vector<ValueId>& parts,
                                     std::uint32_t axis);
/// x · matrix along `axis`, `matrix` [dim of the axis, columns] row-major.
[[nodiscard]] Result<ValueId> mapped(const NodeView& node, ValueId x, std::uint32_t axis,
                                     std::vector<double> matrix, std::uint32_t columns);

/// a kind b, broadcast. A quotient becomes a product with the constant's reciprocals, or with a
/// looked-up one (`divided`); kMalformed where a constant divisor is 0.
[[nodiscard]] Result<ValueId> combined(const NodeView& node, Binary kind, ValueId a, ValueId b);
/// x · factor.
[[nodiscard]] Result<ValueId> scaled(const NodeView& node, ValueId x, double factor);
[[nodiscard]] Result<ValueId> applied(const NodeView& node, Pointwise kind, ValueId x);
/// a · b, batch dims broadcast (constants of one batch lose theirs).
[[nodiscard]] Result<ValueId> multiplied(const NodeView& node, ValueId a, ValueId b);
/// numpy's matmul: a factor with one axis is a row (column).
[[nodiscard]] Result<ValueId> matrix_product(const NodeView& node, ValueId a, ValueId b);
[[nodiscard]] ValueId constant(const NodeView& node, const Shape& shape, std::vector<double> data);

/// x - mean if `mean` is that of x over its last axis: one product with a public matrix, which
/// gives exactly 0 for equal entries. Nothing for other values, and for axes too long.
[[nodiscard]] Result<std::optional<ValueId>> centred(const NodeView& node, ValueId x, ValueId mean);

/// x where `keep` (constant zeros and ones) is 1, and far below everything where it is 0.
[[nodiscard]] Result<ValueId> masked(const NodeView& node, ValueId x, ValueId keep);

/// Over the last axis.
[[nodiscard]] Result<ValueId> softmax(const NodeView& node, ValueId x, SoftmaxKind kind);
/// Σ x² over `axes` (sorted, distinct), which stay as dims of 1: one product, nothing is rounded.
[[nodiscard]] Result<ValueId> sum_of_squares(const NodeView& node, ValueId x,
                                             const std::vector<std::uint32_t>& axes);
/// x is a · a: a.
[[nodiscard]] std::optional<ValueId> square_root_of(const NodeView& node, ValueId x);
/// The convolution that the node's attributes describe; weight and bias are constants.
[[nodiscard]] Result<ValueId> convolution(const NodeView& node, ValueId x, ValueId weight,
                                          std::optional<ValueId> bias);
/// Sums over the windows of a pooling node (zeros beyond the box).
[[nodiscard]] Result<ValueId> window_sum(const NodeView& node, ValueId x);
/// The node that computes x; nullptr for inputs and constants.
[[nodiscard]] const Node* producer(const NodeView& node, ValueId x);
/// a / b for a computed b: a product with a looked-up inverse (of a root where b is one).
[[nodiscard]] Result<ValueId> divided(const NodeView& node, ValueId a, ValueId b);

enum class Reduction : std::uint8_t { kSum, kMean, kMax, kMin, kProd };
/// Reduces `axes` (sorted, distinct); they stay as dims of 1.
[[nodiscard]] Result<ValueId> reduced(const NodeView& node, ValueId x,
                                      const std::vector<std::uint32_t>& axes, Reduction kind);

}  // namespace mintmark::model
