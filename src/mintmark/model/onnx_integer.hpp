// Division of integers. Internal to the importers.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// a / b towards zero for a constant b without zeros, as ONNX divides integers.
[[nodiscard]] Result<ValueId> integer_quotient(const NodeView& node, ValueId a, ValueId b);

}  // namespace mintmark::model
