// Linear layers and element-wise arithmetic.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "mintmark/base/assert.hpp"
#include "mintmark/compiler/lowering.hpp"

namespace mintmark::compiler {
namespace {

std::uint8_t append_axes(Dims& dims, const Dims& more) {
    const auto first = static_cast<std::uint8_t>(dims.size());
    dims.insert(dims.end(), more.begin(), more.end());
    return first;
}

std::vector<Axis> axes_of(const Dims& dims) {
    std::vector<Axis> out;
    for (const std::uint32_t dim : dims) out.push_back({dim});
    return out;
}

/// Weights that may span several chunks are stored with the axes of the kernel outermost: 3 x 3
/// taps in a box of 4 x 4 leave padding at the end, in which other weights fit.
HiddenLayout kernel_first(const Dims& dims, std::size_t num_kernel_axes, std::uint8_t from_log) {
    const std::size_t others = dims.size() - num_kernel_axes;
    if (num_kernel_axes == 0 || num_vars(axes_of(dims)) < from_log) return {};
    HiddenLayout out{.order = {}, .num_summed = num_kernel_axes};
    for (std::size_t i = 0; i < dims.size(); ++i)
        out.order.push_back(static_cast<std::uint8_t>((others + i) % dims.size()));
    return out;
}

/// Maps that read every axis of a fresh view from env axes first, first + 1, ...
Operand read_in_order(const View& view, std::uint8_t first) {
    return OperandMaps(view).eq(view.order, first).build();
}

/// c of a weight c (n I - J): the deviations from a mean, c n times. Every model with a layer
/// normalisation has it, so it is no secret; nothing for other weights.
std::optional<std::int64_t> centring_factor(const model::Hidden& weight) {
    if (weight.shape.size() != 2) return std::nullopt;
    const std::size_t n = weight.shape[0];
    if (n < 2 || weight.shape[1] != n || weight.values[1] >= 0) return std::nullopt;
    const std::int64_t c = -weight.values[1];
    const std::int64_t diagonal = c * static_cast<std::int64_t>(n - 1);
    for (std::size_t i = 0; i < n * n; ++i)
        if (weight.values[i] != (i % (n + 1) == 0 ? diagonal : -c)) return std::nullopt;
    return c;
}

}  // namespace

Result<View> Lowering::lower_op(const model::QConv& op, const model::QNode& node) {
    const std::size_t spatial = op.strides.size();
    std::vector<std::size_t> whole;
    if (op.groups > 1) whole.push_back(1);
    for (std::size_t s = 0; s < spatial; ++s) whole.push_back(2 + s);
    MINTMARK_TRY(const Input x, input(node, 0, whole));
    const model::Shape& out_shape = graph_.tensors[node.output].shape;

    Dims out;
    append_axes(out, group_dims(x.view, x.groups[0]));
    const std::uint32_t per_group = out_shape[1] / op.groups;
    const bool has_group_axis = op.groups > 1;
    const auto group_axis = static_cast<std::uint8_t>(out.size());
    if (has_group_axis) out.push_back(op.groups);
    if (per_group > 1) out.push_back(per_group);
    const auto spatial_axis = static_cast<std::uint8_t>(out.size());
    for (std::size_t s = 0; s < spatial; ++s) out.push_back(out_shape[2 + s]);

    // Weight axes: [group] [filter] [channel axes] [kernel axes longer than 1].
    const std::uint32_t channels = op.weight.shape[1];
    Dims contract;
    if (!has_group_axis) append_axes(contract, group_dims(x.view, x.groups[1]));
    if (has_group_axis && channels > 1) contract.push_back(channels);
    const std::size_t num_channel_axes = contract.size();
    for (std::size_t s = 0; s < spatial; ++s) {
        if (op.weight.shape[2 + s] > 1) contract.push_back(op.weight.shape[2 + s]);
    }
    Dims weight_dims(out.begin() + group_axis, out.begin() + spatial_axis);
    append_axes(weight_dims, contract);
    const HiddenLayout layout = has_group_axis
                                    ? HiddenLayout{}
                                    : kernel_first(weight_dims, contract.size() - num_channel_axes,
                                                   builder_.kernel_first_log());
    const std::uint16_t weight_id = builder_.add_hidden(weight_dims, op.weight.values, layout);

    builder_.begin_step(out);
    const auto env = static_cast<std::uint8_t>(out.size());
    std::vector<AxisMap> read;  // of the weight's axes as they come
    for (std::uint8_t axis = group_axis; axis < spatial_axis; ++axis)
        read.push_back(AxisMap::eq(axis));
    for (std::size_t i = 0; i < contract.size(); ++i)
        read.push_back(AxisMap::eq(static_cast<std::uint8_t>(env + i)));
    Operand weight{.tensor = weight_id, .maps = read};
    for (std::size_t i = 0; i < layout.order.size(); ++i) weight.maps[i] = read[layout.order[i]];
    OperandMaps x_maps(x.view);
    x_maps.eq(x.groups[0], 0);
    if (!has_group_axis) {
        x_maps.eq(x.groups[1], env);
    } else if (channels > 1) {
        x_maps.set(x.groups[1][0],
                   AxisMap::win(group_axis, env, static_cast<std::uint16_t>(channels), 1, 0));
    } else {
        x_maps.set(x.groups[1][0], AxisMap::eq(group_axis));
    }
    std::size_t tap_axis = env + num_channel_axes;
    for (std::size_t s = 0; s < spatial; ++s) {
        const std::uint8_t stored = x.groups[2 + s][0];
        const auto p = static_cast<std::uint8_t>(spatial_axis + s);
        const auto offset = -static_cast<std::int32_t>(op.pads_begin[s]);
        if (op.weight.shape[2 + s] == 1) {
            x_maps.set(stored,
                       window(p, out[p], x.view.stored[stored], 1, op.strides[s], 1, offset));
        } else {
            x_maps.set(stored, AxisMap::win(p, static_cast<std::uint8_t>(tap_axis++),
                                            static_cast<std::uint16_t>(op.strides[s]),
                                            static_cast<std::uint16_t>(op.dilations[s]), offset));
        }
    }
    const std::uint8_t shared =
        has_group_axis ? static_cast<std::uint8_t>(1U << group_axis) : std::uint8_t{0};
    builder_.step().prods.push_back({.coef = 1,
                                     .contract = axes_of(contract),
                                     .shared_mask = shared,
                                     .a = std::move(weight),
                                     .b = x_maps.build()});
    if (op.bias) {
        const Dims bias_dims(out.begin() + group_axis, out.begin() + spatial_axis);
        const View bias = fresh_view(builder_.add_hidden(bias_dims, op.bias->values), bias_dims);
        builder_.step().lins.push_back({.coef = 1, .operand = read_in_order(bias, group_axis)});
    }
    return requantise(op.requant);
}

namespace {

/// Readers that each take one of n equal parts of the last dim: their length, else 0.
std::uint32_t part_of_last(const model::QSlice& op, const model::Shape& in,
                           const model::Shape& out) {
    const std::size_t last = in.size() - 1;
    for (std::size_t d = 0; d < last; ++d)
        if (in[d] != out[d]) return 0;
    const std::uint32_t length = out[last];
    const bool is_part = op.steps[last] == 1 && in[last] != length && in[last] % length == 0 &&
                         op.starts[last] % length == 0;
    return is_part ? length : 0;
}

}  // namespace

Dims Lowering::split_columns(const model::QNode& node, std::size_t rows, std::size_t summed) const {
    const model::Shape& shape = graph_.tensors[node.output].shape;
    const Dims split = split_last(node.output);
    const std::size_t before = std::max({without_ones(shape).size(), rows, summed});
    const bool fits = volume(split) == shape.back() && before + split.size() <= kMaxAxes;
    return fits ? split : without_ones({shape.back()});
}

Dims Lowering::split_last(model::TensorId tensor) const {
    const model::Shape& shape = graph_.tensors[tensor].shape;
    const Dims whole = without_ones({shape.back()});
    std::optional<Dims> split;
    for (const model::QNode& reader : graph_.nodes) {
        if (std::ranges::find(reader.inputs, tensor) == reader.inputs.end()) continue;
        const model::Shape& to = graph_.tensors[reader.output].shape;
        const auto kept = static_cast<std::ptrdiff_t>(shape.size()) - 1;
        Dims dims;
        if (std::holds_alternative<model::QReshape>(reader.op) && to.size() > shape.size() &&
            std::equal(shape.begin(), shape.begin() + kept, to.begin())) {
            dims = without_ones(Dims(to.begin() + kept, to.end()));
        } else if (const auto* slice = std::get_if<model::QSlice>(&reader.op);
                   slice != nullptr && slices_are_free_) {
            const std::uint32_t length = part_of_last(*slice, shape, to);
            if (length == 0) return whole;
            dims = {shape.back() / length};
            append_axes(dims, split_last(reader.output));
        }
        if (dims.empty() || (split && *split != dims)) return whole;
        split = dims;
    }
    return split.value_or(whole);
}

void Lowering::add_centring(const Input& x, std::int64_t factor) {
    Dims out;
    for (std::size_t d = 0; d < x.groups.size(); ++d)
        append_axes(out, group_dims(x.view, x.groups[d]));
    builder_.begin_step(out);
    OperandMaps own(x.view), row(x.view);
    std::uint8_t first = 0;
    for (std::size_t d = 0; d < x.groups.size(); ++d) {
        own.eq(x.groups[d], first);
        if (d + 1 < x.groups.size()) row.eq(x.groups[d], first);
        first = static_cast<std::uint8_t>(first + group_dims(x.view, x.groups[d]).size());
    }
    const std::uint64_t length = volume(group_dims(x.view, x.groups.back()));
    builder_.step().lins.push_back({.coef = Int128{factor} * length, .operand = own.build()});
    builder_.step().lins.push_back({.coef = -factor, .operand = row.build()});
}

Result<View> Lowering::lower_op(const model::QMatMul& op, const model::QNode& node) {
    MINTMARK_TRY(const Input x, input(node, 0));
    const auto factor = op.bias ? std::nullopt : centring_factor(op.weight);
    if (factor) {
        add_centring(x, *factor);
        return requantise(op.requant);
    }
    Dims out;
    for (std::size_t d = 0; d + 1 < x.groups.size(); ++d) {
        append_axes(out, group_dims(x.view, x.groups[d]));
    }
    const auto column_axis = static_cast<std::uint8_t>(out.size());
    const Dims contract = group_dims(x.view, x.groups.back());
    const Dims split = split_columns(node, out.size(), contract.size());
    append_axes(out, split);
    Dims weight_dims = contract;
    append_axes(weight_dims, split);
    const HiddenLayout layout{.order = {}, .num_summed = contract.size()};
    const View weight =
        fresh_view(builder_.add_hidden(weight_dims, op.weight.values, layout), weight_dims);

    builder_.begin_step(out);
    const auto env = static_cast<std::uint8_t>(out.size());
    OperandMaps weight_maps(weight);
    for (std::size_t i = 0; i < contract.size(); ++i) {
        weight_maps.set(static_cast<std::uint8_t>(i),
                        AxisMap::eq(static_cast<std::uint8_t>(env + i)));
    }
    for (std::size_t i = 0; i < split.size(); ++i) {
        weight_maps.set(static_cast<std::uint8_t>(contract.size() + i),
                        AxisMap::eq(static_cast<std::uint8_t>(column_axis + i)));
    }
    OperandMaps x_maps(x.view);
    std::uint8_t first = 0;
    for (std::size_t d = 0; d + 1 < x.groups.size(); ++d) {
        x_maps.eq(x.groups[d], first);
        first = static_cast<std::uint8_t>(first + group_dims(x.view, x.groups[d]).size());
    }
    x_maps.eq(x.groups.back(), env);
    builder_.step().prods.push_back({.coef = 1,
                                     .contract = axes_of(contract),
                                     .shared_mask = 0,
                                     .a = weight_maps.build(),
                                     .b = x_maps.build()});
    if (op.bias) {
        const View bias = fresh_view(builder_.add_hidden(split, op.bias->values), split);
        builder_.step().lins.push_back({.coef = 1, .operand = read_in_order(bias, column_axis)});
    }
    return requantise(op.requant);
}

Result<View> Lowering::lower_op(const model::QMatMulDyn& op, const model::QNode& node) {
    MINTMARK_TRY(Input a, input(node, 0));
    MINTMARK_TRY(Input b, input(node, 1));
    const std::size_t rank = a.groups.size();
    const auto same = [&](std::size_t dim_a, std::size_t dim_b) {
        return group_dims(a.view, a.groups[dim_a]) == group_dims(b.view, b.groups[dim_b]);
    };
    bool agree = same(rank - 1, rank - 2);
    for (std::size_t d = 0; d + 2 < rank; ++d) agree = agree && same(d, d);
    if (!agree) {
        std::vector<std::size_t> whole(rank);
        for (std::size_t d = 0; d < rank; ++d) whole[d] = d;
        MINTMARK_TRY(a, input(node, 0, whole));
        MINTMARK_TRY(b, input(node, 1, whole));
    }
    Dims out;
    for (std::size_t d = 0; d + 2 < rank; ++d) append_axes(out, group_dims(a.view, a.groups[d]));
    const std::size_t num_shared = out.size();
    const std::uint8_t row_axis = append_axes(out, group_dims(a.view, a.groups[rank - 2]));
    const std::uint8_t column_axis = append_axes(out, group_dims(b.view, b.groups[rank - 1]));
    const Dims contract = group_dims(a.view, a.groups[rank - 1]);
    builder_.begin_step(out);
    const auto env = static_cast<std::uint8_t>(out.size());
    OperandMaps a_maps(a.view);
    OperandMaps b_maps(b.view);
    std::uint8_t first = 0;
    for (std::size_t d = 0; d + 2 < rank; ++d) {
        a_maps.eq(a.groups[d], first);
        b_maps.eq(b.groups[d], first);
        first = static_cast<std::uint8_t>(first + group_dims(a.view, a.groups[d]).size());
    }
    a_maps.eq(a.groups[rank - 2], row_axis).eq(a.groups[rank - 1], env);
    b_maps.eq(b.groups[rank - 2], env).eq(b.groups[rank - 1], column_axis);
    builder_.step().prods.push_back(
        {.coef = 1,
         .contract = axes_of(contract),
         .shared_mask = static_cast<std::uint8_t>((1U << num_shared) - 1U),
         .a = a_maps.build(),
         .b = b_maps.build()});
    return requantise(op.requant);
}

Result<std::vector<Lowering::Input>> Lowering::aligned_inputs(const model::QNode& node) {
    const model::Shape& shape = graph_.tensors[node.output].shape;
    std::vector<Input> inputs;
    bool agree = true;
    std::vector<std::optional<Dims>> split(shape.size());
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        MINTMARK_TRY(Input x, input(node, i));
        for (std::size_t d = 0; d < shape.size(); ++d) {
            if (graph_.tensors[node.inputs[i]].shape[d] == 1) continue;
            Dims dims = group_dims(x.view, x.groups[d]);
            if (split[d] && *split[d] != dims) agree = false;
            split[d] = std::move(dims);
        }
        inputs.push_back(std::move(x));
    }
    if (agree) return inputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        std::vector<std::size_t> whole;
        const model::Shape& in_shape = graph_.tensors[node.inputs[i]].shape;
        for (std::size_t d = 0; d < shape.size(); ++d) {
            if (in_shape[d] != 1) whole.push_back(d);
        }
        MINTMARK_TRY(inputs[i], input(node, i, whole));
    }
    return inputs;
}

Lowering::OutBox Lowering::broadcast_box(const std::vector<Input>& inputs,
                                         const model::Shape& shape) const {
    OutBox box;
    const std::size_t rank = inputs.front().groups.size();
    for (std::size_t d = 0; d < rank; ++d) {
        Dims longest;
        for (const Input& x : inputs) {
            Dims dims = group_dims(x.view, x.groups[d]);
            if (!dims.empty()) longest = std::move(dims);
        }
        if (longest.empty()) longest = without_ones({shape[d]});  // every input is repeated
        box.first.push_back(append_axes(box.dims, longest));
    }
    return box;
}

Operand Lowering::read_broadcast(const Input& x, const OutBox& box) const {
    OperandMaps maps(x.view);
    for (std::size_t d = 0; d < x.groups.size(); ++d) maps.eq(x.groups[d], box.first[d]);
    return maps.build();
}

Result<View> Lowering::lower_op(const model::QLinComb& op, const model::QNode& node) {
    MINTMARK_TRY(const std::vector<Input> inputs, aligned_inputs(node));
    const OutBox box = broadcast_box(inputs, graph_.tensors[node.output].shape);
    builder_.begin_step(box.dims);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        builder_.step().lins.push_back(
            {.coef = op.coefs[i], .operand = read_broadcast(inputs[i], box)});
    }
    builder_.add_const(op.constant);
    return requantise(op.requant);
}

Result<View> Lowering::lower_op(const model::QMul& op, const model::QNode& node) {
    MINTMARK_TRY(const std::vector<Input> inputs, aligned_inputs(node));
    const OutBox box = broadcast_box(inputs, graph_.tensors[node.output].shape);
    builder_.begin_step(box.dims);
    std::uint8_t shared = 0;
    for (std::size_t d = 0; d < box.first.size(); ++d) {
        const std::size_t in_a = group_dims(inputs[0].view, inputs[0].groups[d]).size();
        const std::size_t in_b = group_dims(inputs[1].view, inputs[1].groups[d]).size();
        for (std::size_t i = 0; i < std::min(in_a, in_b); ++i) {
            shared = static_cast<std::uint8_t>(shared | (1U << (box.first[d] + i)));
        }
    }
    builder_.step().prods.push_back({.coef = op.coef,
                                     .contract = {},
                                     .shared_mask = shared,
                                     .a = read_broadcast(inputs[0], box),
                                     .b = read_broadcast(inputs[1], box)});
    return requantise(op.requant);
}

Lowering::HiddenOperand Lowering::hidden_operand(const model::Hidden& hidden, const OutBox& box) {
    Dims dims;
    std::vector<std::uint8_t> env;
    for (std::size_t d = 0; d < hidden.shape.size(); ++d) {
        if (hidden.shape[d] == 1) continue;
        const std::size_t end = d + 1 < box.first.size() ? box.first[d + 1] : box.dims.size();
        const Dims split(box.dims.begin() + box.first[d],
                         box.dims.begin() + static_cast<std::ptrdiff_t>(end));
        for (std::size_t i = 0; i < split.size(); ++i) {
            env.push_back(static_cast<std::uint8_t>(box.first[d] + i));
        }
        append_axes(dims, split);
    }
    HiddenOperand out;
    const View view = fresh_view(builder_.add_hidden(dims, hidden.values), dims);
    OperandMaps maps(view);
    for (std::size_t i = 0; i < env.size(); ++i) {
        maps.set(static_cast<std::uint8_t>(i), AxisMap::eq(env[i]));
        out.axes_mask = static_cast<std::uint8_t>(out.axes_mask | (1U << env[i]));
    }
    out.operand = maps.build();
    return out;
}

Result<View> Lowering::lower_op(const model::QAffine& op, const model::QNode& node) {
    MINTMARK_TRY(const std::vector<Input> inputs, aligned_inputs(node));
    const OutBox box = broadcast_box(inputs, graph_.tensors[node.output].shape);
    builder_.begin_step(box.dims);
    if (op.weight) {
        const HiddenOperand weight = hidden_operand(*op.weight, box);
        builder_.step().prods.push_back({.coef = 1,
                                         .contract = {},
                                         .shared_mask = weight.axes_mask,
                                         .a = weight.operand,
                                         .b = read_broadcast(inputs[0], box)});
    } else {
        builder_.step().lins.push_back(
            {.coef = op.coef, .operand = read_broadcast(inputs[0], box)});
    }
    if (op.bias) {
        const HiddenOperand bias = hidden_operand(*op.bias, box);
        builder_.step().lins.push_back({.coef = 1, .operand = bias.operand});
    }
    return requantise(op.requant);
}

}  // namespace mintmark::compiler
