// Loop and Scan, unrolled: as many times as constants say. Internal.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// How the importer reads what is in a body.
struct BodyImport {
    Status (*node)(const onnx::NodeProto&, int opset, GraphBuilder&);
    Status (*initialisers)(const onnx::GraphProto&, GraphBuilder&);
};

/// kUnsupported for a count or a condition that is computed, and for more than 1,024 rounds.
[[nodiscard]] Result<ValueId> import_loop(const NodeView& node, const BodyImport& import);
/// Opset 9 and later. kUnsupported as above.
[[nodiscard]] Result<ValueId> import_scan(const NodeView& node, const BodyImport& import);

}  // namespace mintmark::model
