// Importers of losses: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, from one-hot rows of
// the targets.
#include <fmt/format.h>

#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

/// Weight of each class: input 2 or ones, 0 for the ignored class.
Result<std::vector<double>> class_weights(const NodeView& node, std::uint32_t classes) {
    std::vector<double> weights(classes, 1);
    if (node.has_input(2)) {
        MINTMARK_TRY(const ValueId id, node.constant_input(2));
        weights = node.builder().value(id).data;
        if (weights.size() != classes)
            return node.malformed(
                fmt::format("{} weights for {} classes", weights.size(), classes));
    }
    MINTMARK_TRY(const std::int64_t ignored, node.int_attribute("ignore_index", -1));
    if (ignored >= 0 && ignored < classes) weights[static_cast<std::size_t>(ignored)] = 0;
    return weights;
}

/// Σ over axis 1 of x · weight, which goes.
Result<ValueId> over_classes(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId sum, reduced(node, x, {1}, Reduction::kSum));
    Shape shape = node.shape(sum);
    shape.erase(shape.begin() + 1);
    return reshaped(node, sum, shape);
}

/// One number, shape {}.
Result<ValueId> total(const NodeView& node, ValueId x) {
    const auto count = static_cast<std::uint32_t>(element_count(node.shape(x)));
    MINTMARK_TRY(const ValueId row, reshaped(node, x, {1, count}));
    MINTMARK_TRY(const ValueId sum, reduced(node, row, {1}, Reduction::kSum));
    return reshaped(node, sum, {});
}

/// −Σ_c weight_c [target = c] x_c; a target that is no class (ignored) adds nothing.
Result<ValueId> loss(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId target, node.input(1));
    const Shape in = node.shape(x);
    if (in.size() < 2 || in[1] == 0) return node.malformed("input 0 has no axis of classes");
    Shape column = node.shape(target);
    if (column.size() + 1 != in.size()) return node.malformed("the targets' rank does not fit");
    column.insert(column.begin() + 1, 1);
    MINTMARK_TRY(const std::vector<double> weights, class_weights(node, in[1]));
    MINTMARK_TRY(const ValueId at, reshaped(node, target, column));
    MINTMARK_TRY(const ValueId rows, one_hot(node, at, 1, in[1]));
    // From here on as reals: products of integers are cut.
    MINTMARK_TRY(const ValueId hot, node.emit(ReshapeOp{}, {rows}, node.shape(rows)));
    node.builder().set_type(hot, ElementType::kReal);
    node.builder().mark_integral(hot);
    Shape spread(in.size(), 1);
    spread[1] = in[1];
    MINTMARK_TRY(const ValueId share,
                 combined(node, Binary::kMul, hot, constant(node, spread, weights)));
    MINTMARK_TRY(const ValueId minus, scaled(node, x, -1));
    MINTMARK_TRY(const ValueId terms, combined(node, Binary::kMul, share, minus));
    MINTMARK_TRY(const ValueId each, over_classes(node, terms));
    MINTMARK_TRY(const std::string reduction, node.string_attribute("reduction", "mean"));
    if (reduction == "none") return each;
    MINTMARK_TRY(const ValueId sum, total(node, each));
    if (reduction == "sum") return sum;
    if (reduction != "mean") return node.malformed(fmt::format("reduction '{}'", reduction));
    MINTMARK_TRY(const ValueId used, over_classes(node, share));
    MINTMARK_TRY(const ValueId count, total(node, used));
    return combined(node, Binary::kDiv, sum, count);
}

Result<ValueId> import_likelihood(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    return loss(node, x);
}

Result<ValueId> import_cross_entropy(const NodeView& node) {
    MINTMARK_TRY(const ValueId scores, node.real_input(0));
    if (node.shape(scores).size() < 2) return node.malformed("input 0 has no axis of classes");
    MINTMARK_TRY(ValueId x, axis_to_end(node, scores, 1));
    MINTMARK_TRY(x, softmax(node, x, SoftmaxKind::kLogShare));
    MINTMARK_TRY(x, axis_from_end(node, x, 1));
    MINTMARK_CHECK(node.bind_output(1, x));
    return loss(node, x);
}

}  // namespace

void add_loss_importers(ImporterMap& map) {
    map["NegativeLogLikelihoodLoss"] = import_likelihood;
    map["SoftmaxCrossEntropyLoss"] = import_cross_entropy;
}

}  // namespace mintmark::model
