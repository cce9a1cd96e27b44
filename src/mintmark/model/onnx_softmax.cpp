// Importers of softmax and its relatives.
#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

/// Before opset 13 the axes from `axis` on are one.
template <SoftmaxKind Kind>
Result<ValueId> import_softmax(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape shape = node.shape(x);
    if (shape.empty()) return node.malformed("the input is a scalar");
    const bool joins = node.opset() < 13;
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", joins ? 1 : -1));
    if (joins && given == static_cast<std::int64_t>(shape.size()))
        return node.unsupported("a softmax over no axis");
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, shape.size()));
    if (!joins || axis + 1 == shape.size()) {
        MINTMARK_TRY(const ValueId turned, axis_to_end(node, x, axis));
        MINTMARK_TRY(const ValueId y, softmax(node, turned, Kind));
        return axis_from_end(node, y, axis);
    }
    const Shape tail(shape.begin() + axis, shape.end());
    const auto length = static_cast<std::uint32_t>(element_count(tail));
    const auto rows = static_cast<std::uint32_t>(element_count(shape) / length);
    MINTMARK_TRY(const ValueId flat, reshaped(node, x, {rows, length}));
    MINTMARK_TRY(const ValueId y, softmax(node, flat, Kind));
    return reshaped(node, y, shape);
}

}  // namespace

Result<ValueId> softmax(const NodeView& node, ValueId x, SoftmaxKind kind) {
    Shape out = node.shape(x);
    if (out.back() > 65535) return node.unsupported("the axis has more than 65535 entries");
    if (kind == SoftmaxKind::kLogSum) out.back() = 1;
    return node.emit(SoftmaxOp{kind}, {x}, out);
}

void add_softmax_importers(ImporterMap& map) {
    map["LogSoftmax"] = import_softmax<SoftmaxKind::kLogShare>;
    map["Softmax"] = import_softmax<SoftmaxKind::kShare>;
}

}  // namespace mintmark::model
