// Pieces of the operators of quantised tensors. Internal to the importer.
#pragma once

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {

/// x - zero as reals (whole where x is whole); `zero` broadcasts to x.
[[nodiscard]] Result<ValueId> off_zero(const NodeView& node, ValueId x, ValueId zero);

/// saturate(round(ratio) + zero) as integers of ONNX's `type`, which has 8 or 16 bits. Bounded
/// before it is rounded, which changes nothing (the bounds are whole) and keeps look-ups short.
[[nodiscard]] Result<ValueId> saturated(const NodeView& node, ValueId ratio, ValueId zero,
                                        std::int32_t type);

}  // namespace mintmark::model
