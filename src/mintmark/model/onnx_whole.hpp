// Pieces for whole numbers: digits, one-hot rows, signs. Internal to the importers.
#pragma once

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {

/// x, whose elements are whole numbers, as integers (booleans): quantised with step 1.
[[nodiscard]] ValueId as_integers(const NodeView& node, ValueId x);
[[nodiscard]] ValueId as_booleans(const NodeView& node, ValueId x);
/// x as what `like` is (after products with one-hot rows).
[[nodiscard]] ValueId as_type_of(const NodeView& node, ValueId x, ValueId like);

/// x - m floor(x / m) and floor(x / m) of integers; kUnsupported unless m is 1 to 32767 or a
/// product of two such numbers that are powers of two.
[[nodiscard]] Result<ValueId> remainder(const NodeView& node, ValueId x, std::int64_t m);
[[nodiscard]] Result<ValueId> quotient(const NodeView& node, ValueId x, std::int64_t m);
/// a + b, a - b, a · b as integers; `factor` and `addend` are whole.
[[nodiscard]] Result<ValueId> whole(const NodeView& node, Binary kind, ValueId a, ValueId b);
[[nodiscard]] Result<ValueId> times(const NodeView& node, ValueId x, double factor);
[[nodiscard]] Result<ValueId> plus(const NodeView& node, ValueId x, double addend);

/// [a >= b], [x >= 0] and [x = 0] as integers 0 and 1.
[[nodiscard]] Result<ValueId> is_at_least(const NodeView& node, ValueId a, ValueId b);
[[nodiscard]] Result<ValueId> is_not_negative(const NodeView& node, ValueId x);
[[nodiscard]] Result<ValueId> is_zero(const NodeView& node, ValueId x);

/// Entry j along `axis`, where x has dim 1, is [x = j].
[[nodiscard]] Result<ValueId> one_hot(const NodeView& node, ValueId x, std::uint32_t axis,
                                      std::uint32_t depth);
/// Computed indices into an axis of `dim` entries: negative ones count from the end.
[[nodiscard]] Result<ValueId> wrapped(const NodeView& node, ValueId index, std::uint32_t dim);

/// The numbers 0 to count - 1 times `factor`, in `shape`.
[[nodiscard]] ValueId counting(const NodeView& node, const Shape& shape, double factor = 1);

}  // namespace mintmark::model
