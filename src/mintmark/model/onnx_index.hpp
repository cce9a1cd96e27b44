// Entries by computed indices. Internal to the importers.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// x · factor of x's own type.
[[nodiscard]] Result<ValueId> as_scaled(const NodeView& node, ValueId x, double factor);

/// The place (dim 1) of the greatest entry of the last axis, the first of equal ones.
[[nodiscard]] Result<ValueId> argument_of_maximum(const NodeView& node, ValueId x);

/// What Gather, GatherElements, GatherND, ScatterElements and ScatterND compute where the indices
/// are no constants. kUnsupported beyond 2^24 pairs of index and entry.
[[nodiscard]] Result<ValueId> gather_computed(const NodeView& node, ValueId x, ValueId index,
                                              std::uint32_t axis);
[[nodiscard]] Result<ValueId> gather_elements_computed(const NodeView& node, ValueId x,
                                                       ValueId index, std::uint32_t axis);
[[nodiscard]] Result<ValueId> gather_nd_computed(const NodeView& node, ValueId x, ValueId index,
                                                 std::size_t batch_dims);
[[nodiscard]] Result<ValueId> scatter_elements_computed(const NodeView& node, ValueId x,
                                                        ValueId index, std::uint32_t axis);
[[nodiscard]] Result<ValueId> scatter_nd_computed(const NodeView& node, ValueId x, ValueId index);

}  // namespace mintmark::model
