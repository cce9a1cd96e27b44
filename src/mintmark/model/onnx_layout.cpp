// Importers of the operators that only move data, and of those that exist as constants.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

Shape to_shape(const Ints& dims) {
    Shape shape;
    for (const std::int64_t d : dims) shape.push_back(static_cast<std::uint32_t>(d));
    return shape;
}

Result<ValueId> import_identity(const NodeView& node) {
    return node.input(0);
}

/// Whether an input is there and may be another number than 0.
Result<bool> may_be_set(const NodeView& node, std::size_t input) {
    if (!node.has_input(input)) return false;
    MINTMARK_TRY(const ValueId id, node.input(input));
    const Value& value = node.builder().value(id);
    return !value.is_constant || std::ranges::any_of(value.data, [](double x) { return x != 0; });
}

Result<ValueId> import_dropout(const NodeView& node) {
    MINTMARK_TRY(const bool trains, may_be_set(node, 2));
    MINTMARK_TRY(const bool drops, may_be_set(node, 1));
    if (trains && (drops || !node.has_input(1))) return node.unsupported("training_mode is on");
    MINTMARK_TRY(const ValueId x, node.input(0));
    if (node.has_output(1)) {
        // Nothing is dropped; the mask holds booleans since opset 10.
        const ElementType type = node.opset() < 10 ? ElementType::kReal : ElementType::kBoolean;
        const std::vector<double> ones(element_count(node.shape(x)), 1);
        MINTMARK_CHECK(node.bind_output(
            1, node.builder().add_constant(node.name() + "/mask", {node.shape(x), type, ones})));
    }
    return x;
}

/// Towards zero: floor x above zero, ceil x below.
Result<ValueId> truncated(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId above, applied(node, Pointwise::kRelu, x));
    MINTMARK_TRY(const ValueId minus, scaled(node, x, -1));
    MINTMARK_TRY(const ValueId below, applied(node, Pointwise::kRelu, minus));
    MINTMARK_TRY(const ValueId up, applied(node, Pointwise::kFloor, above));
    MINTMARK_TRY(const ValueId down, applied(node, Pointwise::kFloor, below));
    node.builder().mark_integral(up);
    node.builder().mark_integral(down);
    return combined(node, Binary::kSub, up, down);
}

/// A computed value under another type.
Result<ValueId> cast_computed(const NodeView& node, ValueId x, ElementType type) {
    GraphBuilder& builder = node.builder();
    const bool is_whole = builder.value(x).is_integral;
    std::optional<ValueId> y;
    if (type == ElementType::kBoolean) {
        MINTMARK_TRY(const ValueId zero, applied(node, Pointwise::kIsZero, x));
        builder.mark_integral(zero);
        MINTMARK_TRY(y, combined(node, Binary::kSub, node.scalar(1), zero));
    } else if (type == ElementType::kInteger && !is_whole) {
        MINTMARK_TRY(y, truncated(node, x));
    } else {
        MINTMARK_TRY(y, node.emit(ReshapeOp{}, {x}, node.shape(x)));
    }
    builder.set_type(*y, type);
    if (is_whole) builder.mark_integral(*y);
    return *y;
}

Result<ValueId> cast_to(const NodeView& node, ValueId x, ElementType type) {
    GraphBuilder& builder = node.builder();
    if (builder.type(x) == type) return x;
    if (!builder.value(x).is_constant) return cast_computed(node, x, type);
    Constant constant{node.shape(x), type, builder.value(x).data};
    for (double& v : constant.data) {
        if (type == ElementType::kInteger) v = std::trunc(v);
        if (type == ElementType::kBoolean) v = v != 0 ? 1 : 0;
    }
    return builder.add_constant(node.name(), std::move(constant));
}

Result<ValueId> import_cast(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const std::int64_t to, node.int_attribute("to", 0));
    MINTMARK_TRY(const ElementType type, element_type(static_cast<std::int32_t>(to), node.name()));
    MINTMARK_TRY(const ValueId y, cast_to(node, x, type));
    if (y != x) node.builder().set_onnx_type(y, static_cast<std::int32_t>(to));
    return y;
}

Result<ValueId> import_cast_like(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId like, node.input(1));
    return cast_to(node, x, node.builder().type(like));
}

/// Reshape's target with 0 (copy) and -1 (infer) resolved.
Result<Shape> resolve_target(const NodeView& node, const Shape& in, Ints target, bool allow_zero) {
    if (target.size() > 8) return node.unsupported("more than 8 axes");
    const auto total = static_cast<std::int64_t>(element_count(in));
    std::int64_t known = 1, unknown = -1;
    for (std::size_t i = 0; i < target.size(); ++i) {
        if (target[i] == 0 && !allow_zero) {
            if (i >= in.size()) return node.malformed("copies a dim that the input lacks");
            target[i] = in[i];
        }
        if (target[i] == -1 && unknown < 0) {
            unknown = static_cast<std::int64_t>(i);
        } else if (target[i] < 0 || target[i] > std::max<std::int64_t>(total, 1)) {
            return node.malformed("the target shape is invalid");
        } else {
            known *= std::max<std::int64_t>(target[i], 1);
            if (known > std::max<std::int64_t>(total, 1))
                return node.malformed("the target shape has more elements than the input");
        }
    }
    if (unknown >= 0) target[static_cast<std::size_t>(unknown)] = total / known;
    const Shape out = to_shape(target);
    if (element_count(out) != element_count(in)) {
        return node.malformed(fmt::format("cannot reshape [{}] to [{}]", fmt::join(in, ", "),
                                          fmt::join(target, ", ")));
    }
    return out;
}

Result<ValueId> reshape(const NodeView& node, ValueId x, const Shape& out) {
    if (node.shape(x) == out) return x;
    return node.emit(ReshapeOp{}, {x}, out);
}

Result<ValueId> import_reshape(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const Ints target, node.ints_input(1));
    MINTMARK_TRY(const std::int64_t allow_zero, node.int_attribute("allowzero", 0));
    MINTMARK_TRY(const Shape out, resolve_target(node, node.shape(x), target, allow_zero != 0));
    return reshape(node, x, out);
}

Result<ValueId> import_flatten(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(std::int64_t axis, node.int_attribute("axis", 1));
    const auto rank = static_cast<std::int64_t>(in.size());
    if (axis < 0) axis += rank;
    if (axis < 0 || axis > rank) return node.malformed("axis is out of range");
    const Shape head(in.begin(), in.begin() + axis), tail(in.begin() + axis, in.end());
    return reshape(node, x,
                   {static_cast<std::uint32_t>(element_count(head)),
                    static_cast<std::uint32_t>(element_count(tail))});
}

Result<std::set<std::uint32_t>> axis_set(const NodeView& node, const Ints& axes, std::size_t rank) {
    std::set<std::uint32_t> out;
    for (const std::int64_t axis : axes) {
        MINTMARK_TRY(const std::uint32_t normalised, normalise_axis(node, axis, rank));
        if (!out.insert(normalised).second) return node.malformed("an axis is named twice");
    }
    return out;
}

Result<ValueId> import_squeeze(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const std::optional<Ints> axes, node.ints_either("axes", 1, 13));
    MINTMARK_TRY(const auto squeezed, axis_set(node, axes.value_or(Ints{}), in.size()));
    Shape out;
    for (std::uint32_t i = 0; i < in.size(); ++i) {
        const bool drop = axes ? squeezed.contains(i) : in[i] == 1;
        if (drop && in[i] != 1)
            return node.malformed(fmt::format("axis {} has dim {}, not 1", i, in[i]));
        if (!drop) out.push_back(in[i]);
    }
    return reshape(node, x, out);
}

Result<ValueId> import_unsqueeze(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const std::optional<Ints> axes, node.ints_either("axes", 1, 13));
    if (!axes) return node.malformed("axes are missing");
    const std::size_t rank = in.size() + axes->size();
    if (rank > 8) return node.unsupported("more than 8 axes");
    MINTMARK_TRY(const auto added, axis_set(node, *axes, rank));
    Shape out;
    std::size_t next = 0;
    for (std::uint32_t i = 0; i < rank; ++i) out.push_back(added.contains(i) ? 1 : in[next++]);
    return reshape(node, x, out);
}

Result<ValueId> import_transpose(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape in = node.shape(x);
    Ints reversed;
    for (std::size_t i = in.size(); i-- > 0;) reversed.push_back(static_cast<std::int64_t>(i));
    MINTMARK_TRY(const Ints perm, node.ints_attribute("perm", reversed));
    MINTMARK_TRY(const auto seen, axis_set(node, perm, in.size()));
    if (seen.size() != in.size()) return node.malformed("perm is not a permutation");
    TransposeOp op;
    Shape out;
    for (const std::int64_t axis : perm) {
        MINTMARK_TRY(const std::uint32_t a, normalise_axis(node, axis, in.size()));
        op.perm.push_back(a);
        out.push_back(in[a]);
    }
    return node.emit(std::move(op), {x}, out);
}

Result<ValueId> import_concat(const NodeView& node) {
    if (!node.has_attribute("axis")) return node.malformed("axis is missing");
    MINTMARK_TRY(const std::int64_t attribute, node.int_attribute("axis", 0));
    MINTMARK_TRY(const ValueId first, node.input(0));
    Shape out = node.shape(first);
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, attribute, out.size()));
    std::vector<ValueId> inputs = {first};
    for (std::size_t i = 1; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId id, node.input(i));
        Shape expected = out;
        const Shape& shape = node.shape(id);
        if (shape.size() == out.size()) expected[axis] = shape[axis];
        if (shape != expected || node.builder().type(id) != node.builder().type(first))
            return node.malformed(fmt::format("input {} does not fit the others", i));
        if (std::uint64_t{out[axis]} + shape[axis] > node.builder().options().max_elements)
            return node.unsupported("the result is too large");
        out[axis] += shape[axis];
        inputs.push_back(id);
    }
    return joined(node, inputs, axis);
}

// ---- Slice and Pad ----------------------------------------------------------------------------

struct SliceArguments {
    Ints starts, ends, axes, steps;
};

Result<SliceArguments> slice_arguments(const NodeView& node, std::size_t rank) {
    MINTMARK_TRY(const auto starts, node.ints_either("starts", 1, 10));
    MINTMARK_TRY(const auto ends, node.ints_either("ends", 2, 10));
    MINTMARK_TRY(const auto axes, node.ints_either("axes", 3, 10));
    std::optional<Ints> steps;
    if (node.opset() >= 10) {
        MINTMARK_TRY(steps, node.ints_either("steps", 4, 10));
    }
    if (!starts || !ends) return node.malformed("starts or ends are missing");
    SliceArguments out{*starts, *ends, axes.value_or(Ints{}), steps.value_or(Ints{})};
    const std::size_t count = out.starts.size();
    if (!axes)
        for (std::size_t i = 0; i < count; ++i) out.axes.push_back(static_cast<std::int64_t>(i));
    if (!steps) out.steps.assign(count, 1);
    if (out.ends.size() != count || out.axes.size() != count || out.steps.size() != count ||
        count > rank) {
        return node.malformed("starts, ends, axes and steps differ in length");
    }
    return out;
}

struct BackwardSlice {
    std::uint32_t axis;
    std::int64_t start, end, step;  ///< step < 0
};

Result<ValueId> slice_backward(const NodeView& node, ValueId x, const BackwardSlice& slice) {
    const std::int64_t dim = node.shape(x)[slice.axis];
    const auto from_front = [dim](std::int64_t at) { return at < 0 ? at + dim : at; };
    const std::int64_t start = std::clamp<std::int64_t>(from_front(slice.start), -1, dim - 1);
    const std::int64_t end = std::clamp<std::int64_t>(from_front(slice.end), -1, dim - 1);
    Ints indices;
    for (std::int64_t at = start; at > end; at += std::max(slice.step, -dim)) indices.push_back(at);
    if (indices.empty()) return node.malformed("the result has no elements");
    return selected(node, x, slice.axis, indices);
}

Result<ValueId> import_slice(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    Shape out = node.shape(x);
    MINTMARK_TRY(const SliceArguments arguments, slice_arguments(node, out.size()));
    MINTMARK_TRY(const auto distinct, axis_set(node, arguments.axes, out.size()));
    SliceOp op{std::vector<std::uint32_t>(out.size(), 0),
               std::vector<std::uint32_t>(out.size(), 1)};
    std::vector<BackwardSlice> backward;
    for (std::size_t i = 0; i < arguments.starts.size(); ++i) {
        MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, arguments.axes[i], out.size()));
        const std::int64_t dim = out[axis], step = arguments.steps[i];
        if (step == 0) return node.malformed("a step is 0");
        if (step < 0) {
            backward.push_back({axis, arguments.starts[i], arguments.ends[i], step});
            continue;
        }
        const auto clip = [dim](std::int64_t at) {
            return std::clamp<std::int64_t>(at < 0 ? at + dim : at, 0, dim);
        };
        const std::int64_t start = clip(arguments.starts[i]), end = clip(arguments.ends[i]);
        const std::int64_t count = end > start ? (end - start - 1) / step + 1 : 0;
        op.starts[axis] = static_cast<std::uint32_t>(start);
        op.steps[axis] = static_cast<std::uint32_t>(std::min<std::int64_t>(step, 1 << 30));
        out[axis] = static_cast<std::uint32_t>(count);
    }
    ValueId y = x;
    if (out != node.shape(x)) {
        MINTMARK_TRY(y, node.emit(std::move(op), {x}, out));
    }
    for (const BackwardSlice& slice : backward) {
        MINTMARK_TRY(y, slice_backward(node, y, slice));
    }
    return y;
}

/// Pads for all axes, begins then ends, from the operator's three historic forms.
Result<Ints> pad_amounts(const NodeView& node, std::size_t rank) {
    MINTMARK_TRY(const std::optional<Ints> given, node.ints_either("pads", 1, 11));
    if (!given) return node.malformed("pads are missing");
    if (!node.has_input(3)) {
        if (given->size() != 2 * rank) return node.malformed("pads need two entries for each axis");
        return *given;
    }
    MINTMARK_TRY(const Ints axes, node.ints_input(3));
    MINTMARK_TRY(const auto distinct, axis_set(node, axes, rank));
    if (given->size() != 2 * axes.size()) return node.malformed("pads and axes differ in length");
    Ints out(2 * rank, 0);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, axes[i], rank));
        out[axis] = (*given)[i];
        out[rank + axis] = (*given)[axes.size() + i];
    }
    return out;
}

Result<double> pad_value(const NodeView& node) {
    if (node.opset() < 11) return node.float_attribute("value", 0);
    if (!node.has_input(2)) return 0.0;
    MINTMARK_TRY(const ValueId id, node.constant_input(2));
    if (node.builder().value(id).data.size() != 1)
        return node.malformed("the padding value is not a scalar");
    return node.builder().value(id).data[0];
}

/// Entry of the input (dim `dim`) that stands at position `at` beyond its ends; -1: a constant.
std::int64_t pad_source(const std::string& mode, std::int64_t at, std::int64_t dim) {
    if (at >= 0 && at < dim) return at;
    if (mode == "constant") return -1;
    if (mode == "edge") return std::clamp<std::int64_t>(at, 0, dim - 1);
    const std::int64_t period = mode == "wrap" ? dim : std::max<std::int64_t>(2 * dim - 2, 1);
    const std::int64_t folded = (at % period + period) % period;
    return folded < dim ? folded : period - folded;
}

/// Copies of the input's entries around it, or (negative pads) fewer of them.
Result<ValueId> pad_axis(const NodeView& node, ValueId x, const std::string& mode,
                         std::uint32_t axis, std::pair<std::int64_t, std::int64_t> pads) {
    const std::int64_t dim = node.shape(x)[axis];
    if (dim == 0) return node.malformed("pads an axis without entries");
    Ints from;
    for (std::int64_t at = -pads.first; at < dim + pads.second; ++at)
        from.push_back(pad_source(mode, at, dim));
    if (from.empty()) return node.malformed("the result has no elements");
    return selected(node, x, axis, from);
}

Result<ValueId> import_pad(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const std::string mode, node.string_attribute("mode", "constant"));
    if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
        return node.malformed(fmt::format("mode '{}'", mode));
    const std::size_t rank = node.shape(x).size();
    MINTMARK_TRY(const Ints pads, pad_amounts(node, rank));
    PadOp op;
    MINTMARK_TRY(op.value, pad_value(node));
    for (std::size_t i = 0; i < rank; ++i) {
        std::int64_t before = pads[i], after = pads[rank + i];
        if (std::max(std::abs(before), std::abs(after)) > 65535)
            return node.unsupported("a pad is too large");
        const bool copies = mode != "constant";
        const std::pair around =
            copies ? std::pair{before, after}
                   : std::pair{std::min<std::int64_t>(before, 0), std::min<std::int64_t>(after, 0)};
        if (around != std::pair<std::int64_t, std::int64_t>{0, 0}) {
            MINTMARK_TRY(x, pad_axis(node, x, mode, static_cast<std::uint32_t>(i), around));
        }
    }
    if (mode != "constant") return x;
    Shape out = node.shape(x);
    for (std::size_t i = 0; i < rank; ++i) {
        const std::int64_t before = std::max<std::int64_t>(pads[i], 0);
        op.begin.push_back(static_cast<std::uint32_t>(before));
        out[i] += static_cast<std::uint32_t>(before + std::max<std::int64_t>(pads[rank + i], 0));
    }
    if (out == node.shape(x)) return x;
    return node.emit(std::move(op), {x}, out);
}

}  // namespace

void add_layout_importers(ImporterMap& map) {
    map["Identity"] = import_identity;
    map["Dropout"] = import_dropout;
    map["Cast"] = import_cast;
    map["CastLike"] = import_cast_like;
    map["Reshape"] = import_reshape;
    map["Flatten"] = import_flatten;
    map["Squeeze"] = import_squeeze;
    map["Unsqueeze"] = import_unsqueeze;
    map["Transpose"] = import_transpose;
    map["Concat"] = import_concat;
    map["Slice"] = import_slice;
    map["Pad"] = import_pad;
}

}  // namespace mintmark::model
