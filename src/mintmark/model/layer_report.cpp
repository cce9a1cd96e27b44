#include "mintmark/model/layer_report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "mintmark/base/progress.hpp"
#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/simplify.hpp"
#include "mintmark/model/steps.hpp"

namespace mintmark::model {
namespace {

using Doubles = std::vector<double>;
constexpr double kMostMultiplications = 4e10;  // about a minute

/// Multiplications of one float run.
double work_of(const Graph& graph) {
    double work = 0;
    for (const Node& node : graph.nodes) {
        const auto out = static_cast<double>(element_count(graph.values[node.output].shape));
        double depth = 1;
        if (std::holds_alternative<ConvOp>(node.op) || std::holds_alternative<MatMulOp>(node.op)) {
            const Shape& weight = graph.values[node.inputs[1]].shape;
            const double all = static_cast<double>(element_count(weight));
            depth = std::holds_alternative<ConvOp>(node.op) ? all / weight[0]
                                                            : weight[weight.size() - 2];
        }
        work += out * depth;
    }
    return work;
}

/// Real values of an integer tensor.
Doubles real_values(const QTensor& tensor, std::span<const std::int64_t> integers) {
    Doubles out(integers.begin(), integers.end());
    if (tensor.channel_steps.empty()) {
        for (double& x : out) x *= tensor.step;
        return out;
    }
    std::vector<std::size_t> strides(tensor.shape.size(), 0);
    strides[tensor.channel_axis] = 1;
    const auto channel = gather_indices(tensor.shape, strides);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] *= tensor.channel_steps[channel[i]];
    return out;
}

class Explainer {
  public:
    Explainer(const Graph& graph, const QuantGraph& quantised)
        : graph_(simplify(graph)), quantised_(quantised), tensor_of_(graph_.values.size()) {
        std::map<std::string, TensorId> by_name;
        // Copies carry their source's error, and a reshape may have lost the steps' axis.
        for (const QNode& node : quantised.nodes)
            if (requant_of(node.op) != nullptr)
                by_name[quantised.tensors[node.output].name] = node.output;
        const auto match = [&](ValueId value) {
            const auto it = by_name.find(graph_.values[value].name);
            if (it == by_name.end()) return;
            const QTensor& tensor = quantised_.tensors[it->second];
            if (element_count(tensor.shape) == element_count(graph_.values[value].shape))
                tensor_of_[value] = it->second;
        };
        for (const Node& node : graph_.nodes) match(node.output);
        add_layers();
        find_last_readers();
    }

    Result<std::vector<LayerError>> run(std::span<const Sample> samples, std::size_t most) {
        const double whole = work_of(graph_);
        const double each = whole * (1 + 0.5 * static_cast<double>(layers_.size()));
        const auto affordable =
            static_cast<std::size_t>(kMostMultiplications / std::max(each, 1.0));
        with_shares_ = affordable > 0;
        const std::size_t count =
            std::min({samples.size(), most, std::max<std::size_t>(affordable, 1)});
        Progress progress("tracing the error", count * layers_.size());
        for (std::size_t s = 0; s < count; ++s) MINTMARK_CHECK(add_sample(samples[s], progress));
        return finish();
    }

  private:
    struct Layer {
        ValueId value = 0;
        double signal = 0, noise = 0, moved = 0;
        double lo = std::numeric_limits<double>::infinity(), hi = -lo;
    };

    void add_layers() {
        for (const ValueId id : graph_.inputs) layers_.push_back({.value = id});
        for (const Node& node : graph_.nodes)
            if (tensor_of_[node.output]) layers_.push_back({.value = node.output});
    }

    Doubles evaluate_node(const Node& node, const std::vector<Doubles>& data) const {
        std::vector<FloatTensor> operands;
        for (const ValueId id : node.inputs) {
            const Value& value = graph_.values[id];
            operands.push_back({&value.shape, value.is_constant ? value.data : data[id]});
        }
        return evaluate(node.op, operands, graph_.values[node.output].shape);
    }

    /// The integer run in real numbers, and each tensor's own error.
    Status add_sample(const Sample& sample, Progress& progress) {
        MINTMARK_TRY(const auto input, quantise_input(quantised_, sample));
        MINTMARK_TRY(const auto integers, execute_all(quantised_, input));
        const std::vector<Doubles> exact = evaluate_all(graph_, sample);
        std::vector<Doubles> real(graph_.values.size()), own(graph_.values.size());
        const Doubles steps = element_steps(quantised_.tensors[quantised_.input]);
        std::size_t offset = 0;
        for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
            const ValueId id = graph_.inputs[i];
            const std::size_t end = offset + element_count(quantised_.input_ports[i].shape);
            for (; offset < end; ++offset)
                real[id].push_back(static_cast<double>(input[offset]) * steps[offset]);
            own[id] = difference(real[id], sample[i]);
        }
        for (const Node& node : graph_.nodes) {
            Doubles ideal = evaluate_node(node, real);
            const std::optional<TensorId> tensor = tensor_of_[node.output];
            if (!tensor) {
                real[node.output] = std::move(ideal);
                continue;
            }
            real[node.output] = real_values(quantised_.tensors[*tensor], integers[*tensor]);
            own[node.output] = difference(real[node.output], ideal);
        }
        for (Layer& layer : layers_) {
            measure(layer, exact[layer.value], real[layer.value]);
            if (with_shares_) layer.moved += moved_without(layer.value, real, own);
            progress.advance(1);
        }
        return {};
    }

    static Doubles difference(const Doubles& a, std::span<const double> b) {
        Doubles out(a.size());
        for (std::size_t i = 0; i < a.size(); ++i) out[i] = a[i] - b[i];
        return out;
    }

    static void measure(Layer& layer, const Doubles& exact, const Doubles& real) {
        for (std::size_t i = 0; i < exact.size(); ++i) {
            layer.lo = std::min(layer.lo, exact[i]);
            layer.hi = std::max(layer.hi, exact[i]);
            layer.signal += exact[i] * exact[i];
            layer.noise += (real[i] - exact[i]) * (real[i] - exact[i]);
        }
    }

    /// How far the outputs move, squared, when `value` has no error of its own.
    double moved_without(ValueId value, const std::vector<Doubles>& real,
                         const std::vector<Doubles>& own) const {
        const Doubles& error = own[value];
        if (std::ranges::all_of(error, [](double e) { return e == 0; })) return 0;
        std::vector<Doubles> changed(graph_.values.size());  // empty: as in `real`
        changed[value] = difference(real[value], error);
        std::vector<FloatTensor> operands;
        for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
            const Node& node = graph_.nodes[n];
            const bool touched =
                std::ranges::any_of(node.inputs, [&](ValueId id) { return !changed[id].empty(); });
            if (!touched || !changed[node.output].empty()) continue;
            operands.clear();
            for (const ValueId id : node.inputs) {
                const Value& v = graph_.values[id];
                const Doubles& now = changed[id].empty() ? real[id] : changed[id];
                operands.push_back({&v.shape, v.is_constant ? v.data : now});
            }
            Doubles y = is_over(node, n, changed)
                            ? evaluate_onto(std::move(changed[node.inputs[0]]), node.op, operands,
                                            graph_.values[node.output].shape)
                            : evaluate(node.op, operands, graph_.values[node.output].shape);
            const Doubles& later = own[node.output];
            for (std::size_t i = 0; i < later.size(); ++i) y[i] += later[i];
            changed[node.output] = std::move(y);
            for (const ValueId id : node.inputs)
                if (last_reader_[id] == n) changed[id] = {};
        }
        double moved = 0;
        for (const ValueId id : graph_.outputs) {
            for (std::size_t i = 0; i < changed[id].size(); ++i)
                moved += (changed[id][i] - real[id][i]) * (changed[id][i] - real[id][i]);
        }
        return moved;
    }

    std::vector<LayerError> finish() const {
        double total = 0;
        for (const Layer& layer : layers_) total += layer.moved;
        std::map<ValueId, const Node*> producer;
        for (const Node& node : graph_.nodes) producer[node.output] = &node;
        std::vector<LayerError> out;
        for (const Layer& layer : layers_) {
            LayerError row;
            const auto it = producer.find(layer.value);
            const Value& value = graph_.values[layer.value];
            row.tensor = value.name;
            row.bits_key = own_key(value);
            row.name = it == producer.end() ? value.name : it->second->name;
            row.op_type = it == producer.end() ? "input" : it->second->op_type;
            row.float_lo = layer.lo;
            row.float_hi = layer.hi;
            row.bits = bits_of(layer.value);
            if (layer.noise > 0)
                row.sqnr_db = 10 * std::log10(std::max(layer.signal, 1e-300) / layer.noise);
            if (with_shares_) row.share = total > 0 ? layer.moved / total : 0;
            out.push_back(std::move(row));
        }
        return out;
    }

    /// Bits that the tensor's range needs.
    std::uint8_t bits_of(ValueId value) const {
        const TensorId id = tensor_of_[value].value_or(quantised_.input);
        const QTensor& tensor = quantised_.tensors[id];
        std::uint8_t bits = 0;
        while (bits < 63 && tensor.hi - tensor.lo >= std::int64_t{1} << bits) ++bits;
        return bits;
    }

    /// Whether node n is the last that reads its first operand, which has changed, and reads it
    /// once.
    bool is_over(const Node& node, std::size_t n, const std::vector<Doubles>& changed) const {
        const ValueId first = node.inputs[0];
        return !changed[first].empty() && last_reader_[first] == n &&
               std::ranges::count(node.inputs, first) == 1;
    }

    /// The place of the last node that reads a value; none for outputs, which are kept.
    void find_last_readers() {
        last_reader_.assign(graph_.values.size(), graph_.nodes.size());
        for (std::size_t n = 0; n < graph_.nodes.size(); ++n)
            for (const ValueId id : graph_.nodes[n].inputs) last_reader_[id] = n;
        for (const ValueId id : graph_.outputs) last_reader_[id] = graph_.nodes.size();
    }

    Graph graph_;
    const QuantGraph& quantised_;
    std::vector<std::size_t> last_reader_;
    std::vector<std::optional<TensorId>> tensor_of_;
    std::vector<Layer> layers_;
    bool with_shares_ = true;
};

}  // namespace

Result<std::vector<LayerError>> explain(const Graph& graph, const QuantGraph& quantised,
                                        std::span<const Sample> samples, std::size_t max_samples) {
    return Explainer(graph, quantised).run(samples, max_samples);
}

}  // namespace mintmark::model
