#include "mintmark/model/sensitivity.hpp"

#include <algorithm>

#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/functions.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/quantiser.hpp"

namespace mintmark::model {
namespace {

using Axes = std::vector<bool>;

bool is_piecewise_linear(const Layer& layer) {
    if (!layer.activation) return true;
    return layer.activation->kind == Pointwise::kRelu ||
           layer.activation->kind == Pointwise::kLeakyRelu;
}

/// Whether `labels` (elements of `shape`) depend on the allowed axes only.
bool depends_only_on(const std::vector<double>& labels, const Shape& shape, const Axes& allowed) {
    std::vector<std::size_t> strides = strides_of(shape);
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
        if (!allowed[axis]) strides[axis] = 0;
    const auto representative = gather_indices(shape, strides);
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] != labels[representative[i]]) return false;
    return true;
}

/// Index along `axis` of every element.
std::vector<double> labels_of(const Shape& shape, std::size_t axis) {
    std::vector<std::size_t> strides(shape.size(), 0);
    strides[axis] = 1;
    const auto index = gather_indices(shape, strides);
    return {index.begin(), index.end()};
}

Axes through_move(const Plan& plan, const Layer& layer, const Shape& in, const Axes& out_varies) {
    const Shape& out = plan.shapes[layer.output];
    Axes axes(in.size(), false);
    for (std::size_t axis = 0; axis < in.size(); ++axis) {
        if (const auto* pad = std::get_if<PadOp>(&layer.move)) {
            axes[axis] = out_varies[axis] && pad->value == 0 && in[axis] == out[axis];
        } else if (const auto* concat = std::get_if<ConcatOp>(&layer.move)) {
            axes[axis] = out_varies[axis] && out_varies[concat->axis];
        } else if (std::holds_alternative<PoolOp>(layer.move)) {
            axes[axis] = axis < 2 && out_varies[axis];
        } else {
            const std::vector<double> labels = labels_of(in, axis);
            const FloatTensor operand{&in, labels};
            axes[axis] = depends_only_on(evaluate(layer.move, {&operand, 1}, out), out, out_varies);
        }
    }
    return axes;
}

/// Signs of sums, which are exact if all operands have one step.
bool compares(const Layer& layer) {
    return layer.activation && layer.activation->kind == Pointwise::kStep;
}

/// Also roundings: what they give depends on which side of a bound the argument is.
bool decides_by_steps(const Layer& layer) {
    return compares(layer) || (layer.activation && gives_integers(layer.activation->kind));
}

/// The other factor of one-hot rows.
bool picks(const Plan& plan, const Layer& layer, ValueId id) {
    return layer.kind == LayerKind::kMatMulDyn && layer.inputs[1] == id &&
           plan.row_sum[layer.inputs[0]] > 0;
}

/// Copies, and maxima.
bool passes(const Layer& layer) {
    const bool repeats = layer.kind == LayerKind::kLinComb && layer.inputs.size() == 1;
    return layer.kind == LayerKind::kMove || (repeats && !layer.activation);
}

bool is_input(const Plan& plan, ValueId id) {
    return std::ranges::find(plan.inputs, id) != plan.inputs.end();
}

/// An element-wise product with hidden numbers along an axis: a step folds into them.
Axes through_affine(const Layer& layer, const Shape& in) {
    Axes axes(in.size(), false);
    const Shape& weight = layer.weight.shape;
    const bool is_mask =
        std::ranges::all_of(layer.weight.data, [](double w) { return w == 0 || w == 1; });
    if (is_mask || weight.size() > in.size()) return axes;
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const std::size_t axis = in.size() - weight.size() + i;
        axes[axis] = weight[i] == in[axis];
    }
    return axes;
}

/// The axes along which this layer's input may vary.
Axes accepted_axes(const Plan& plan, const Layer& layer, ValueId id, const Axes& out_varies) {
    const Shape& in = plan.shapes[id];
    const bool is_model_input = is_input(plan, id);
    Axes axes(in.size(), false);
    // A sign of one entry and a bound does not care what the entry's step is.
    if (compares(layer)) {
        if (is_model_input && layer.kind == LayerKind::kMatMul && asks_single(layer))
            axes.back() = true;
        return axes;
    }
    if (is_model_input && layer.kind == LayerKind::kAffine && in == plan.shapes[layer.output])
        return through_affine(layer, in);
    switch (layer.kind) {
        case LayerKind::kConv:
            axes[1] = true;
            break;
        case LayerKind::kMatMul:
            axes.back() = !is_model_input || !centres(layer);
            break;
        case LayerKind::kMove:
            return through_move(plan, layer, in, out_varies);
        case LayerKind::kLinComb:
            if (layer.inputs.size() == 1 && is_piecewise_linear(layer) &&
                in == plan.shapes[layer.output]) {
                return out_varies;
            }
            break;
        case LayerKind::kSumPool:
            if (is_piecewise_linear(layer)) axes[1] = out_varies[1];
            break;
        case LayerKind::kMatMulDyn:
        case LayerKind::kMul:
        case LayerKind::kAffine:
        case LayerKind::kSoftmax:
        case LayerKind::kOneHot:
            break;
    }
    return axes;
}

}  // namespace

bool asks_single(const Layer& layer) {
    const std::size_t columns = layer.weight.shape.back();
    std::vector<std::uint8_t> entries(columns, 0);
    for (std::size_t w = 0; w < layer.weight.data.size(); ++w)
        if (layer.weight.data[w] != 0 && ++entries[w % columns] > 1) return false;
    return true;
}

Sensitivity analyse(const Plan& plan) {
    Sensitivity out;
    out.precise.assign(plan.shapes.size(), true);

    for (const Shape& shape : plan.shapes) out.varies.emplace_back(shape.size(), true);
    for (const ValueId id : plan.outputs) out.varies[id].assign(plan.shapes[id].size(), false);
    std::vector<bool> decided(plan.shapes.size(), false), computed(plan.shapes.size(), false);
    const auto compared = [&](ValueId id) { return decided[id] && !computed[id]; };
    for (std::size_t l = plan.layers.size(); l-- > 0;) {
        const Layer& layer = plan.layers[l];
        const bool is_copy =
            layer.kind == LayerKind::kMove && !std::holds_alternative<PoolOp>(layer.move);
        for (const ValueId id : layer.inputs) {
            const Axes accepted = accepted_axes(plan, layer, id, out.varies[layer.output]);
            for (std::size_t axis = 0; axis < accepted.size(); ++axis)
                out.varies[id][axis] = out.varies[id][axis] && accepted[axis];
            // Layers come last first: all readers of the output have been seen.
            const bool decides =
                decides_by_steps(layer) || (passes(layer) && compared(layer.output));
            if (decides) decided[id] = true;
            if (!decides && !picks(plan, layer, id)) computed[id] = true;
            if (!is_copy || !out.precise[layer.output]) out.precise[id] = false;
        }
    }
    for (ValueId id = 0; id < plan.shapes.size(); ++id) out.compared.push_back(compared(id));
    return out;
}

}  // namespace mintmark::model
