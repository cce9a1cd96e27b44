#include "mintmark/model/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/simplify.hpp"

namespace mintmark::model {
namespace {

FloatConstant combine(const FloatConstant& a, const FloatConstant& b,
                      const std::function<double(double, double)>& f) {
    Shape shape(std::max(a.shape.size(), b.shape.size()), 1);
    const auto widen = [&shape](const Shape& from) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            std::uint32_t& dim = shape[shape.size() - from.size() + i];
            dim = std::max(dim, from[i]);
        }
    };
    widen(a.shape);
    widen(b.shape);
    const auto at_a = gather_indices(shape, broadcast_strides(a.shape, shape));
    const auto at_b = gather_indices(shape, broadcast_strides(b.shape, shape));
    FloatConstant out{shape, std::vector<double>(at_a.size())};
    for (std::size_t i = 0; i < out.data.size(); ++i)
        out.data[i] = f(a.data[at_a[i]], b.data[at_b[i]]);
    return out;
}

/// The constant as one number per index of `axis` of a tensor of rank `rank`, if it varies only
/// there (aligned at the last axis).
std::optional<std::vector<double>> along_axis(const FloatConstant& c, std::size_t axis,
                                              std::size_t rank, std::size_t dim) {
    for (std::size_t i = 0; i < c.shape.size(); ++i) {
        if (c.shape[i] != 1 && rank - c.shape.size() + i != axis) return std::nullopt;
    }
    if (c.data.size() == 1) return std::vector<double>(dim, c.data[0]);
    return c.data;
}

class Planner {
  public:
    explicit Planner(const Graph& graph) : graph_(graph), uses_(count_uses(graph)) {
        for (const Value& value : graph.values) {
            plan_.shapes.push_back(value.shape);
            plan_.names.push_back(value.name);
            plan_.own_keys.push_back(own_key(value));
            plan_.node_keys.push_back(node_key(value));
            plan_.integral.push_back(value.is_integral);
            plan_.row_sum.push_back(value.row_sum);
        }
        plan_.inputs = graph.inputs;
        plan_.outputs = graph.outputs;
        producer_.resize(graph.values.size());
    }

    Result<Plan> run() {
        for (const Node& node : graph_.nodes) {
            MINTMARK_CHECK(std::visit([&](const auto& op) { return add(node, op); }, node.op));
        }
        return std::move(plan_);
    }

  private:
    const Shape& shape(ValueId id) const { return plan_.shapes[id]; }
    bool is_constant(ValueId id) const { return graph_.values[id].is_constant; }
    FloatConstant constant(ValueId id) const {
        return {graph_.values[id].shape, graph_.values[id].data};
    }

    void push(Layer layer) {
        producer_[layer.output] = plan_.layers.size();
        plan_.layers.push_back(std::move(layer));
    }

    /// The computing layer that ends in `id`, if only one node reads it and it has no activation.
    Layer* open_layer(ValueId id) {
        if (!producer_[id] || uses_[id] != 1) return nullptr;
        Layer& layer = plan_.layers[*producer_[id]];
        const bool computes = layer.kind != LayerKind::kMove && layer.kind != LayerKind::kSoftmax &&
                              layer.kind != LayerKind::kOneHot;
        const bool open = computes && !layer.activation;
        return open ? &layer : nullptr;
    }

    void extend(Layer& layer, ValueId output) {
        producer_[output] = producer_[layer.output];
        if (!layer.activation) layer.sum = output;
        layer.output = output;
    }

    /// The value that `id` is a reshaped copy of, or `id`.
    ValueId reshaped_from(ValueId id) const {
        while (producer_[id]) {
            const Layer& layer = plan_.layers[*producer_[id]];
            if (!std::holds_alternative<ReshapeOp>(layer.move) || layer.kind != LayerKind::kMove)
                break;
            id = layer.inputs[0];
        }
        return id;
    }

    Layer start(const Node& node, LayerKind kind) const {
        Layer layer;
        layer.name = node.name;
        layer.kind = kind;
        layer.inputs = {node.inputs[0]};
        layer.output = layer.sum = node.output;
        return layer;
    }

    Status add(const Node& node, const ConvOp& op) {
        Layer layer = start(node, LayerKind::kConv);
        layer.weight = constant(node.inputs[1]);
        if (node.inputs.size() > 2) layer.bias = constant(node.inputs[2]);
        layer.window = op.window;
        layer.groups = op.groups;
        push(std::move(layer));
        return {};
    }

    Status add(const Node& node, const MatMulOp&) {
        const Shape &a = shape(node.inputs[0]), &b = shape(node.inputs[1]);
        if (is_constant(node.inputs[1])) {
            const std::size_t batches = element_count(Shape(b.begin(), b.end() - 2));
            if (batches != 1) {
                return fail(ErrorCode::kUnsupported,
                            fmt::format("quantisation: node '{}' ({}) multiplies by a constant "
                                        "with more than two axes",
                                        node.name, node.op_type));
            }
            Layer layer = start(node, LayerKind::kMatMul);
            layer.weight = constant(node.inputs[1]);
            layer.weight.shape = Shape(b.end() - 2, b.end());
            if (shape(node.output).size() != a.size()) {
                return fail(ErrorCode::kUnsupported,
                            fmt::format("quantisation: node '{}' ({}) adds axes to its input",
                                        node.name, node.op_type));
            }
            if (Layer* before = open_layer(node.inputs[0]); before && merge(*before, layer)) {
                extend(*before, node.output);
                return {};
            }
            push(std::move(layer));
            return {};
        }
        const bool same_batch = a.size() == b.size() && !is_constant(node.inputs[0]) &&
                                std::equal(a.begin(), a.end() - 2, b.begin());
        if (!same_batch) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("quantisation: node '{}' ({}) multiplies matrices of "
                                    "different batches",
                                    node.name, node.op_type));
        }
        Layer layer = start(node, LayerKind::kMatMulDyn);
        layer.inputs = node.inputs;
        layer.is_square = a[a.size() - 2] == 1 && b.back() == 1 &&
                          reshaped_from(node.inputs[0]) == reshaped_from(node.inputs[1]);
        push(std::move(layer));
        return {};
    }

    /// Two matrix products in a row are one, if that has no more weights.
    static bool merge(Layer& first, const Layer& second) {
        if (first.kind != LayerKind::kMatMul) return false;
        const std::size_t rows = first.weight.shape[0], inner = second.weight.shape[0];
        const std::size_t columns = second.weight.shape[1];
        // Selections and differences are exact as they are.
        const auto is_unit = [](double w) { return w == 0 || w == 1 || w == -1; };
        if (std::ranges::all_of(second.weight.data, is_unit)) return false;
        if (rows * columns > rows * inner + inner * columns) return false;
        const auto times_second = [&](const std::vector<double>& left, std::size_t count) {
            std::vector<double> product(count * columns, 0);
            for (std::size_t i = 0; i < count; ++i) {
                for (std::size_t k = 0; k < inner; ++k) {
                    for (std::size_t j = 0; j < columns; ++j) {
                        product[i * columns + j] +=
                            left[i * inner + k] * second.weight.data[k * columns + j];
                    }
                }
            }
            return product;
        };
        first.weight = {{first.weight.shape[0], second.weight.shape[1]},
                        times_second(first.weight.data, rows)};
        if (!first.bias.data.empty())
            first.bias = {{second.weight.shape[1]}, times_second(first.bias.data, 1)};
        return true;
    }

    Status add(const Node& node, const PointwiseOp& op) {
        if (Layer* layer = open_layer(node.inputs[0])) {
            layer->activation = op;
            extend(*layer, node.output);
            return {};
        }
        Layer layer = start(node, LayerKind::kLinComb);
        layer.sum = node.inputs[0];
        layer.coefs = {1};
        layer.activation = op;
        push(std::move(layer));
        return {};
    }

    Status add(const Node& node, const BinaryOp& op) {
        if (op.kind == Binary::kDiv && !is_constant(node.inputs[1])) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("quantisation: node '{}' ({}) divides by a computed value",
                                    node.name, node.op_type));
        }
        const bool constant_left = is_constant(node.inputs[0]);
        if (constant_left || is_constant(node.inputs[1])) {
            const ValueId x = node.inputs[constant_left ? 1 : 0];
            const FloatConstant c = constant(node.inputs[constant_left ? 0 : 1]);
            scale_and_add(node, x, op.kind, c, constant_left);
            return {};
        }
        Layer layer = start(node, op.kind == Binary::kMul ? LayerKind::kMul : LayerKind::kLinComb);
        layer.inputs = node.inputs;
        layer.coefs = {1, op.kind == Binary::kSub ? -1.0 : 1.0};
        layer.is_square = op.kind == Binary::kMul && node.inputs[0] == node.inputs[1];
        push(std::move(layer));
        return {};
    }

    /// x op c (or c op x) as x * weight + bias, folded into the layer before where possible.
    void scale_and_add(const Node& node, ValueId x, Binary kind, const FloatConstant& c,
                       bool constant_left) {
        FloatConstant weight{{}, {1}}, bias{{}, {0}};
        if (kind == Binary::kMul || kind == Binary::kDiv) weight = c;
        if (kind == Binary::kDiv)
            for (double& v : weight.data) v = 1 / v;
        if (kind == Binary::kAdd) bias = c;
        if (kind == Binary::kSub) {
            const double sign = constant_left ? 1 : -1;
            weight.data[0] = constant_left ? -1 : 1;
            bias = c;
            for (double& v : bias.data) v *= sign;
        }
        if (shape(x) == shape(node.output)) {
            if (Layer* layer = open_layer(x); layer != nullptr && fold(*layer, weight, bias)) {
                extend(*layer, node.output);
                return;
            }
        } else {
            x = broadcast(node, x);
        }
        Layer layer = start(node, LayerKind::kAffine);
        layer.inputs = {x};
        layer.weight = std::move(weight);
        layer.bias = std::move(bias);
        push(std::move(layer));
    }

    /// A copy of x with the output's shape.
    ValueId broadcast(const Node& node, ValueId x) {
        const ValueId wide = derive(node, "/broadcast");
        Layer layer = start(node, LayerKind::kLinComb);
        layer.inputs = {x};
        layer.output = layer.sum = wide;
        layer.coefs = {1};
        push(std::move(layer));
        return wide;
    }

    /// A value of the shape of the node's result, on the way to it.
    ValueId derive(const Node& node, const std::string& suffix) {
        const Shape result = shape(node.output);
        plan_.shapes.push_back(result);
        plan_.names.push_back(graph_.values[node.output].name + suffix);
        plan_.own_keys.push_back(plan_.names.back());
        plan_.node_keys.push_back(node.name + suffix);
        plan_.integral.push_back(false);
        plan_.row_sum.push_back(0);
        producer_.push_back(std::nullopt);
        uses_.push_back(1);
        return static_cast<ValueId>(plan_.shapes.size() - 1);
    }

    /// layer := layer * weight + bias.
    bool fold(Layer& layer, const FloatConstant& weight, const FloatConstant& bias) const {
        if (layer.kind == LayerKind::kAffine) {
            layer.weight = combine(layer.weight, weight, std::multiplies<>());
            layer.bias =
                combine(combine(layer.bias, weight, std::multiplies<>()), bias, std::plus<>());
            return true;
        }
        const bool scales = layer.kind == LayerKind::kMatMulDyn || layer.kind == LayerKind::kMul ||
                            layer.kind == LayerKind::kSumPool;
        if (scales) {
            if (weight.data.size() != 1 || bias.data.size() != 1 || weight.data[0] <= 0)
                return false;
            layer.scale *= weight.data[0];
            layer.offset = layer.offset * weight.data[0] + bias.data[0];
            return true;
        }
        if (layer.kind != LayerKind::kConv && layer.kind != LayerKind::kMatMul) return false;
        const bool conv = layer.kind == LayerKind::kConv;
        const std::size_t rank = shape(layer.output).size();
        const std::size_t axis = conv ? 1 : rank - 1;
        const std::size_t channels = shape(layer.output)[axis];
        const auto factor = along_axis(weight, axis, rank, channels);
        const auto offset = along_axis(bias, axis, rank, channels);
        if (!factor || !offset) return false;
        const std::size_t per_filter = layer.weight.data.size() / channels;
        for (std::size_t i = 0; i < layer.weight.data.size(); ++i)
            layer.weight.data[i] *= (*factor)[conv ? i / per_filter : i % channels];
        if (layer.bias.data.empty())
            layer.bias = {{static_cast<std::uint32_t>(channels)}, std::vector<double>(channels, 0)};
        for (std::size_t c = 0; c < channels; ++c)
            layer.bias.data[c] = layer.bias.data[c] * (*factor)[c] + (*offset)[c];
        return true;
    }

    Status add(const Node& node, const PoolOp& op) {
        if (op.kind == PoolKind::kMax) return add_move(node);
        Layer layer = start(node, LayerKind::kSumPool);
        layer.window = op.window;
        layer.coefs = {1};
        const std::vector<double> counts = window_counts(node, op);
        if (std::ranges::all_of(counts, [&](double c) { return c == counts[0]; })) {
            layer.coefs = {1 / counts[0]};
            push(std::move(layer));
            return {};
        }
        // The number of positions varies: the plain sum, then a factor for each position.
        layer.output = layer.sum = derive(node, "/sum");
        const ValueId sum = layer.output;
        push(std::move(layer));
        Layer mean = start(node, LayerKind::kAffine);
        mean.inputs = {sum};
        mean.weight.shape = shape(node.output);
        mean.weight.shape[0] = mean.weight.shape[1] = 1;
        for (const double count : counts) mean.weight.data.push_back(1 / count);
        mean.bias = {{}, {0}};
        push(std::move(mean));
        return {};
    }

    /// How many positions each window averages over, for one channel plane.
    std::vector<double> window_counts(const Node& node, const PoolOp& op) const {
        const Window2 w =
            make_window(op.window, op.window.kernel, shape(node.inputs[0]), shape(node.output));
        std::vector<double> counts;
        for (std::int64_t oy = 0; oy < w.out[0]; ++oy) {
            for (std::int64_t ox = 0; ox < w.out[1]; ++ox)
                counts.push_back(window_count(op, w, oy, ox));
        }
        return counts;
    }

    static double window_count(const PoolOp& op, const Window2& w, std::int64_t oy,
                               std::int64_t ox) {
        Window2 box = w;
        if (op.kind == PoolKind::kAverageWithPads) {
            // The declared pads count: shift the box to include them.
            for (std::size_t i = 0; i < op.window.kernel.size(); ++i) {
                box.in[i] += std::int64_t{op.window.pads_begin[i]} + op.window.pads_end[i];
                box.pad[i] = 0;
            }
        }
        double count = 0;
        for_each_tap(box, oy, ox, [&count](std::size_t, std::size_t) { count += 1; });
        return count;
    }

    Status add_move(const Node& node) {
        Layer layer = start(node, LayerKind::kMove);
        layer.inputs = node.inputs;
        layer.move = node.op;
        push(std::move(layer));
        return {};
    }
    Status add(const Node& node, const SoftmaxOp& op) {
        Layer layer = start(node, LayerKind::kSoftmax);
        layer.move = op;
        push(std::move(layer));
        return {};
    }
    Status add(const Node& node, const OneHotOp& op) {
        Layer layer = start(node, LayerKind::kOneHot);
        layer.move = op;
        push(std::move(layer));
        return {};
    }
    Status add(const Node& node, const ReshapeOp&) { return add_move(node); }
    Status add(const Node& node, const TransposeOp&) { return add_move(node); }
    Status add(const Node& node, const SliceOp&) { return add_move(node); }
    Status add(const Node& node, const PadOp&) { return add_move(node); }
    Status add(const Node& node, const SelectOp&) { return add_move(node); }
    Status add(const Node& node, const ExpandOp&) {
        Layer layer = start(node, LayerKind::kLinComb);
        layer.coefs = {1};
        push(std::move(layer));
        return {};
    }
    Status add(const Node& node, const ConcatOp&) {
        for (const ValueId id : node.inputs) {
            if (!is_constant(id)) continue;
            return fail(
                ErrorCode::kUnsupported,
                fmt::format("quantisation: node '{}' (Concat) joins a constant", node.name));
        }
        return add_move(node);
    }

    const Graph& graph_;
    std::vector<std::uint32_t> uses_;
    std::vector<std::optional<std::size_t>> producer_;
    Plan plan_;
};

}  // namespace

std::optional<std::uint8_t> stated_bits(const Plan& plan, ValueId id,
                                        const std::map<std::string, std::uint8_t>& bits) {
    for (const std::string& key : {plan.own_keys[id], plan.node_keys[id]})
        if (const auto it = bits.find(key); it != bits.end()) return it->second;
    return std::nullopt;
}

Result<Plan> make_plan(const Graph& graph) {
    return Planner(graph).run();
}

}  // namespace mintmark::model
