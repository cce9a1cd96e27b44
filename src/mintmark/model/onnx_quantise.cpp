// Importers of QuantizeLinear and DequantizeLinear: scales and zero points for the whole tensor or
// along one axis.
#include "mintmark/model/onnx_quantise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

using Proto = onnx::TensorProto;

struct Bounds {
    double least, most;
};

/// What an integer type holds; nothing for other types.
std::optional<Bounds> bounds_of(std::int32_t type) {
    switch (type) {
        case Proto::UINT8:
            return Bounds{0, 255};
        case Proto::INT8:
            return Bounds{-128, 127};
        case Proto::UINT16:
            return Bounds{0, 65535};
        case Proto::INT16:
            return Bounds{-32768, 32767};
        default:
            return std::nullopt;
    }
}

/// Input i, one number or one for each entry of the axis, in a shape that broadcasts to x's.
Result<ValueId> parameter(const NodeView& node, std::size_t i, ValueId x) {
    MINTMARK_TRY(const ValueId id, node.input(i));
    const Shape shape = node.shape(id);
    if (element_count(shape) == 1) return reshaped(node, id, Shape(node.shape(x).size(), 1));
    MINTMARK_TRY(const std::int64_t block, node.int_attribute("block_size", 0));
    if (shape.size() != 1 || block != 0) return node.unsupported("a scale for each block");
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", 1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, node.shape(x).size()));
    if (shape[0] != node.shape(x)[axis])
        return node.malformed(fmt::format("{} scales for {} entries of axis {}", shape[0],
                                          node.shape(x)[axis], axis));
    Shape broadcast(node.shape(x).size(), 1);
    broadcast[axis] = shape[0];
    return reshaped(node, id, broadcast);
}

Result<ValueId> scale_of(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId scale, parameter(node, 1, x));
    const auto& data = node.builder().value(scale).data;  // none where it is computed
    if (!std::ranges::all_of(data, [](double s) { return s > 0 && std::isfinite(s); }))
        return node.malformed("a scale that is not positive");
    return scale;
}

/// The zero point, or 0 where there is none.
Result<ValueId> zero_point(const NodeView& node, ValueId x) {
    if (!node.has_input(2)) return node.scalar(0);
    return parameter(node, 2, x);
}

/// saturate(round(x / scale) + zero point).
Result<ValueId> import_quantize(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const ValueId scale, scale_of(node, x));
    MINTMARK_TRY(const ValueId zero, zero_point(node, x));
    MINTMARK_TRY(const std::int64_t wanted, node.int_attribute("output_dtype", 0));
    std::int32_t type = wanted == 0 ? Proto::UINT8 : static_cast<std::int32_t>(wanted);
    if (node.has_input(2)) {
        MINTMARK_TRY(const ValueId given, node.input(2));
        type = node.builder().onnx_type(given);
    }
    MINTMARK_TRY(const ValueId ratio, combined(node, Binary::kDiv, x, scale));
    return saturated(node, ratio, zero, type);
}

/// (x - zero point) scale.
Result<ValueId> import_dequantize(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    if (node.builder().type(x) != ElementType::kInteger)
        return node.malformed("its input holds no integers");
    MINTMARK_TRY(const ValueId scale, scale_of(node, x));
    MINTMARK_TRY(const ValueId zero, zero_point(node, x));
    MINTMARK_TRY(const ValueId difference, off_zero(node, x, zero));
    return combined(node, Binary::kMul, difference, scale);
}

}  // namespace

Result<ValueId> off_zero(const NodeView& node, ValueId x, ValueId zero) {
    GraphBuilder& builder = node.builder();
    const bool is_whole = builder.value(x).is_integral;
    // Whole numbers as reals: products of integers are cut.
    const auto as_real = [&](ValueId id) -> Result<ValueId> {
        const Value& value = builder.value(id);
        if (builder.type(id) == ElementType::kReal) return id;
        if (value.is_constant) return constant(node, value.shape, value.data);
        MINTMARK_TRY(const ValueId copy, node.emit(ReshapeOp{}, {id}, node.shape(id)));
        builder.set_type(copy, ElementType::kReal);
        builder.mark_integral(copy);
        return copy;
    };
    MINTMARK_TRY(x, as_real(x));
    MINTMARK_TRY(zero, as_real(zero));
    const Value& offset = builder.value(zero);
    if (offset.is_constant && std::ranges::all_of(offset.data, [](double z) { return z == 0; }))
        return x;
    MINTMARK_TRY(const ValueId y, combined(node, Binary::kSub, x, zero));
    if (is_whole) builder.mark_integral(y);
    return y;
}

Result<ValueId> saturated(const NodeView& node, ValueId ratio, ValueId zero, std::int32_t type) {
    const auto bounds = bounds_of(type);
    if (!bounds) return node.unsupported("a type of other than 8 or 16 bits");
    const std::vector<double> zeros = node.builder().value(zero).data;
    const bool is_one = !zeros.empty() && std::ranges::count(zeros, zeros[0]) == std::ssize(zeros);
    double after = 0;
    if (is_one) {
        after = zeros[0];
    } else {
        MINTMARK_TRY(const ValueId whole_zero, off_zero(node, zero, node.scalar(0)));
        MINTMARK_TRY(ratio, combined(node, Binary::kAdd, ratio, whole_zero));
    }
    const PointwiseOp clip{Pointwise::kClip, bounds->least - after, bounds->most - after};
    const Shape shape = node.shape(ratio);
    MINTMARK_TRY(const ValueId clipped, node.emit(clip, {ratio}, shape));
    MINTMARK_TRY(const ValueId rounded, applied(node, Pointwise::kRound, clipped));
    MINTMARK_TRY(const ValueId y, plus(node, as_integers(node, rounded), after));
    node.builder().set_onnx_type(y, type);
    return y;
}

void add_quantise_importers(ImporterMap& map) {
    map["DequantizeLinear"] = import_dequantize;
    map["QuantizeLinear"] = import_quantize;
}

}  // namespace mintmark::model
