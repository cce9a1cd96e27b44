// Windows over three spatial axes, in terms of windows over two. Internal to the importer.
#pragma once

#include <vector>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// A convolution over one, two or three spatial axes. `inputs`: x [N, C, …], weight [M, C/g, …] (a
/// constant), bias [M] (optional). Three axes: the taps along the first become channels.
[[nodiscard]] Result<ValueId> convolved(const NodeView& node, ConvOp conv,
                                        std::vector<ValueId> inputs, const Shape& out);

/// A pool over one, two or three spatial axes. Three: the last two, then the first; maximum and
/// mean (with either way of counting) are separable.
[[nodiscard]] Result<ValueId> pooled(const NodeView& node, PoolOp pool, ValueId x,
                                     const Shape& out);

}  // namespace mintmark::model
