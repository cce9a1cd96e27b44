#include "mintmark/model/simplify.hpp"

#include <algorithm>
#include <optional>

#include "mintmark/base/assert.hpp"

namespace mintmark::model {
namespace {

/// A value named after another one.
ValueId add_value(Graph& graph, ValueId base, const std::string& suffix, const Shape& shape) {
    const Value from = graph.values[base];
    Value value{from.name + suffix, shape};
    value.own_key = own_key(from) + suffix;
    value.node_key = node_key(from) + suffix;
    graph.values.push_back(std::move(value));
    return static_cast<ValueId>(graph.values.size() - 1);
}

std::vector<std::uint32_t> swap_last(std::size_t rank) {
    std::vector<std::uint32_t> perm(rank);
    for (std::uint32_t i = 0; i < rank; ++i) perm[i] = i;
    std::swap(perm[rank - 1], perm[rank - 2]);
    return perm;
}

Shape swapped(Shape shape) {
    std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
    return shape;
}

/// The constant's last two axes exchanged; only for constants of rank 2.
ValueId transposed_constant(Graph& graph, ValueId id) {
    Value copy = graph.values[id];
    const std::size_t rows = copy.shape[0], columns = copy.shape[1];
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < columns; ++j)
            copy.data[j * rows + i] = graph.values[id].data[i * columns + j];
    }
    copy.shape = swapped(copy.shape);
    graph.values.push_back(std::move(copy));
    return static_cast<ValueId>(graph.values.size() - 1);
}

/// C X = (X^T C^T)^T for constant C.
bool move_constant_right(Graph& graph, const Node& node, std::vector<Node>& out) {
    if (!std::holds_alternative<MatMulOp>(node.op)) return false;
    const Value& left = graph.values[node.inputs[0]];
    const ValueId x = node.inputs[1];
    if (!left.is_constant || left.shape.size() != 2 || graph.values[x].is_constant) return false;
    const auto perm = swap_last(graph.values[x].shape.size());
    const ValueId weight = transposed_constant(graph, node.inputs[0]);
    const ValueId turned = add_value(graph, node.output, "/x", swapped(graph.values[x].shape));
    const ValueId product =
        add_value(graph, node.output, "/product", swapped(graph.values[node.output].shape));
    graph.values[product].node_key = node.name + "/product";
    out.push_back({node.name, node.op_type, {x}, turned, TransposeOp{perm}});
    out.push_back({node.name, node.op_type, {turned, weight}, product, MatMulOp{}});
    out.push_back({node.name, node.op_type, {product}, node.output, TransposeOp{perm}});
    return true;
}

/// Gives computed operands of an element-wise operation the output's rank.
void align_ranks(Graph& graph, Node& node, std::vector<Node>& out) {
    if (!std::holds_alternative<BinaryOp>(node.op)) return;
    const std::size_t rank = graph.values[node.output].shape.size();
    for (ValueId& id : node.inputs) {
        Shape shape = graph.values[id].shape;
        if (shape.size() == rank) continue;
        shape.insert(shape.begin(), rank - shape.size(), 1);
        if (graph.values[id].is_constant) {
            Value copy = graph.values[id];
            copy.shape = shape;
            graph.values.push_back(std::move(copy));
            id = static_cast<ValueId>(graph.values.size() - 1);
            continue;
        }
        const ValueId aligned = add_value(graph, id, "/aligned", shape);
        graph.values[aligned].is_integral = graph.values[id].is_integral;
        out.push_back({node.name, node.op_type, {id}, aligned, ReshapeOp{}});
        id = aligned;
    }
}

bool moves_past(const Op& op) {
    if (const auto* pool = std::get_if<PoolOp>(&op)) return pool->kind == PoolKind::kMax;
    return std::holds_alternative<ReshapeOp>(op) || std::holds_alternative<TransposeOp>(op);
}

bool computes(const Op& op) {
    if (const auto* pool = std::get_if<PoolOp>(&op)) return pool->kind != PoolKind::kMax;
    return std::holds_alternative<ConvOp>(op) || std::holds_alternative<MatMulOp>(op) ||
           std::holds_alternative<BinaryOp>(op);
}

class ActivationMover {
  public:
    explicit ActivationMover(Graph& graph) : graph_(graph), uses_(count_uses(graph)) {
        producer_.resize(graph.values.size());
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) producer_[graph.nodes[i].output] = i;
    }

    void run() {
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
            if (std::holds_alternative<PointwiseOp>(graph_.nodes[i].op) || scales(i)) move_back(i);
        }
    }

  private:
    /// A sum or product with one number.
    bool scales(std::size_t i) const {
        const Node& node = graph_.nodes[i];
        const auto* op = std::get_if<BinaryOp>(&node.op);
        if (op == nullptr || op->kind == Binary::kDiv) return false;
        const Value& second = graph_.values[node.inputs[1]];
        return second.is_constant && second.data.size() == 1 &&
               !graph_.values[node.inputs[0]].is_constant &&
               graph_.values[node.inputs[0]].shape == graph_.values[node.output].shape;
    }

    /// The mover nodes between a computing node and node i (nearest last), if that is all there is.
    std::vector<std::size_t> chain_before(std::size_t i) const {
        std::vector<std::size_t> chain;
        ValueId at = graph_.nodes[i].inputs[0];
        while (producer_[at] && uses_[at] == 1) {
            const Node& node = graph_.nodes[*producer_[at]];
            if (computes(node.op)) return chain;
            if (!moves_past(node.op)) break;
            chain.insert(chain.begin(), *producer_[at]);
            at = node.inputs[0];
        }
        return {};
    }

    /// a -> M1 -> M2 -> f   becomes   a -> f -> M1 -> M2: the operations shift by one place.
    void move_back(std::size_t i) {
        const std::vector<std::size_t> chain = chain_before(i);
        if (chain.empty()) return;
        // Only increasing functions commute with a maximum.
        const auto* function = std::get_if<PointwiseOp>(&graph_.nodes[i].op);
        const bool increasing = function != nullptr && function->kind <= Pointwise::kClip;
        for (const std::size_t m : chain)
            if (!increasing && std::holds_alternative<PoolOp>(graph_.nodes[m].op)) return;
        const ValueId start = graph_.nodes[chain.front()].inputs[0];
        const Shape shape = graph_.values[start].shape;
        const ValueId activated = add_value(graph_, start, "/activated", shape);
        graph_.values.back().is_integral = graph_.values[graph_.nodes[i].output].is_integral;
        producer_.push_back(chain.front());
        uses_.push_back(1);
        Node activation = graph_.nodes[i];
        const ValueId last = activation.output;
        activation.inputs[0] = start;
        activation.output = activated;
        if (function == nullptr) {
            Value number = graph_.values[activation.inputs[1]];
            number.shape = {};
            graph_.values.push_back(std::move(number));
            producer_.push_back(std::nullopt);
            uses_.push_back(1);
            activation.inputs[1] = static_cast<ValueId>(graph_.values.size() - 1);
        }
        // Places chain[0], chain[1], …, i now hold: f, M1, M2, …; values keep execution order.
        std::vector<Node> moved = {activation};
        ValueId input = activated;
        for (const std::size_t m : chain) {
            Node node = graph_.nodes[m];
            node.inputs = {input};
            input = node.output;
            moved.push_back(std::move(node));
        }
        moved.back().output = last;
        std::vector<std::size_t> places = chain;
        places.push_back(i);
        for (std::size_t p = 0; p < places.size(); ++p) {
            graph_.nodes[places[p]] = moved[p];
            producer_[moved[p].output] = places[p];
        }
    }

    Graph& graph_;
    std::vector<std::uint32_t> uses_;
    std::vector<std::optional<std::size_t>> producer_;
};

}  // namespace

std::vector<std::uint32_t> count_uses(const Graph& graph) {
    std::vector<std::uint32_t> uses(graph.values.size(), 0);
    for (const Node& node : graph.nodes)
        for (const ValueId id : node.inputs) ++uses[id];
    for (const ValueId id : graph.outputs) ++uses[id];
    return uses;
}

Graph simplify(const Graph& original) {
    Graph graph = original;
    std::vector<Node> nodes;
    for (const Node& before : original.nodes) {
        if (move_constant_right(graph, before, nodes)) continue;
        Node node = before;
        align_ranks(graph, node, nodes);
        nodes.push_back(std::move(node));
    }
    graph.nodes = std::move(nodes);
    ActivationMover(graph).run();
    return graph;
}

}  // namespace mintmark::model
