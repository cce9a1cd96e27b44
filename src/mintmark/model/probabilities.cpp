#include "mintmark/model/probabilities.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace mintmark::model {
namespace {

constexpr double kLeast = 0x1p-6;  ///< closer to 0, errors of the result hide those of the score

double score(double probability) {
    const double p = std::clamp(probability, kLeast / 2, 1 - kLeast / 2);
    return std::log(p / (1 - p));
}

bool is_probability(const Graph& graph, ValueId id,
                    const std::vector<std::optional<std::size_t>>& producer) {
    while (producer[id]) {
        const Node& node = graph.nodes[*producer[id]];
        if (const auto* op = std::get_if<PointwiseOp>(&node.op))
            return op->kind == Pointwise::kSigmoid;
        if (const auto* op = std::get_if<SoftmaxOp>(&node.op))
            return op->kind == SoftmaxKind::kShare;
        const bool moves = std::holds_alternative<ReshapeOp>(node.op) ||
                           std::holds_alternative<TransposeOp>(node.op) ||
                           std::holds_alternative<SliceOp>(node.op);
        if (!moves) return false;
        id = node.inputs[0];
    }
    return false;
}

}  // namespace

std::vector<bool> are_probabilities(const Graph& graph) {
    std::vector<std::optional<std::size_t>> producer(graph.values.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) producer[graph.nodes[i].output] = i;
    std::vector<bool> out;
    for (const ValueId id : graph.outputs) out.push_back(is_probability(graph, id, producer));
    return out;
}

double error_at_half(double exact, double integer, double step) {
    if (exact < kLeast || exact > 1 - kLeast) return 0;
    const double error = std::max(std::abs(integer - exact) - step / 2, 0.0);
    const double near = integer < exact ? exact - error : exact + error;
    // The curve's slope at one half is a quarter.
    return std::abs(score(exact) - score(near)) / 4;
}

}  // namespace mintmark::model
