// Importers of the operators on quantised tensors: QLinearConv, QLinearMatMul, ConvInteger,
// MatMulInteger, DynamicQuantizeLinear.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mintmark/model/onnx_quantise.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

enum class Side : std::uint8_t { kRows, kColumns, kFilters };

/// A scale or zero point in a shape that broadcasts: one number, or one for each row or column of a
/// matrix, or for each filter (of the weight's rank).
Result<ValueId> spread(const NodeView& node, ValueId parameter, Side side, std::size_t rank) {
    const Shape shape = node.shape(parameter);
    const auto count = static_cast<std::uint32_t>(element_count(shape));
    if (count == 1) return reshaped(node, parameter, {});
    if (shape.size() > 1) return parameter;
    if (side == Side::kColumns) return parameter;
    if (side == Side::kRows) return reshaped(node, parameter, {count, 1});
    Shape filters(rank, 1);
    filters[0] = count;
    return reshaped(node, parameter, filters);
}

/// Input i without its zero point (input `zero`, absent: 0), as reals.
Result<ValueId> operand(const NodeView& node, std::size_t i, std::size_t zero, Side side) {
    MINTMARK_TRY(const ValueId x, node.input(i));
    if (!node.has_input(zero)) return off_zero(node, x, node.scalar(0));
    MINTMARK_TRY(ValueId point, node.input(zero));
    if (!node.builder().value(point).is_constant) return node.unsupported("a computed zero point");
    MINTMARK_TRY(point, spread(node, point, side, node.shape(x).size()));
    return off_zero(node, x, point);
}

Result<ValueId> scale_input(const NodeView& node, std::size_t i, Side side, std::size_t rank) {
    MINTMARK_TRY(const ValueId scale, node.constant_input(i));
    for (const double s : node.builder().value(scale).data)
        if (!(s > 0) || !std::isfinite(s)) return node.malformed("a scale that is not positive");
    return spread(node, scale, side, rank);
}

/// sum · scale_a · scale_b / scale_y, rounded to the type of the zero point (input `zero`).
Result<ValueId> requantised(const NodeView& node, ValueId sum, ValueId scales, std::size_t scale_y,
                            std::size_t zero) {
    MINTMARK_TRY(const ValueId out, scale_input(node, scale_y, Side::kColumns, 0));
    if (element_count(node.shape(out)) != 1) return node.unsupported("several output scales");
    MINTMARK_TRY(const ValueId factor, combined(node, Binary::kDiv, scales, out));
    MINTMARK_TRY(const ValueId ratio, combined(node, Binary::kMul, sum, factor));
    MINTMARK_TRY(const ValueId point, node.input(zero));
    return saturated(node, ratio, point, node.builder().onnx_type(point));
}

/// An exact sum of products of integers; what it came from may be real (see dynamic networks).
ValueId accumulated(const NodeView& node, ValueId sum, std::size_t i) {
    GraphBuilder& builder = node.builder();
    const auto x = node.input(i);
    if (builder.type(*x) == ElementType::kReal) return sum;
    builder.set_type(sum, ElementType::kInteger);
    builder.set_onnx_type(sum, onnx::TensorProto::INT32);
    return sum;
}

Result<ValueId> import_matmul_integer(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, operand(node, 0, 2, Side::kRows));
    MINTMARK_TRY(const ValueId b, operand(node, 1, 3, Side::kColumns));
    MINTMARK_TRY(const ValueId sum, matrix_product(node, a, b));
    return accumulated(node, sum, 0);
}

Result<ValueId> import_qlinear_matmul(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, operand(node, 0, 2, Side::kRows));
    MINTMARK_TRY(const ValueId b, operand(node, 3, 5, Side::kColumns));
    MINTMARK_TRY(const ValueId scale_a, scale_input(node, 1, Side::kRows, 0));
    MINTMARK_TRY(const ValueId scale_b, scale_input(node, 4, Side::kColumns, 0));
    MINTMARK_TRY(const ValueId sum, matrix_product(node, a, b));
    MINTMARK_TRY(const ValueId scales, combined(node, Binary::kMul, scale_a, scale_b));
    return requantised(node, sum, scales, 6, 7);
}

Result<ValueId> import_conv_integer(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, operand(node, 0, 2, Side::kColumns));
    MINTMARK_TRY(const ValueId w, operand(node, 1, 3, Side::kFilters));
    if (!node.builder().value(w).is_constant) return node.unsupported("computed weights");
    MINTMARK_TRY(const ValueId sum, convolution(node, x, w, std::nullopt));
    return accumulated(node, sum, 0);
}

Result<ValueId> import_qlinear_conv(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, operand(node, 0, 2, Side::kColumns));
    MINTMARK_TRY(const ValueId w, operand(node, 3, 5, Side::kFilters));
    if (!node.builder().value(w).is_constant) return node.unsupported("computed weights");
    std::optional<ValueId> bias;
    if (node.has_input(8)) {
        MINTMARK_TRY(const ValueId given, node.input(8));
        if (!node.builder().value(given).is_constant) return node.unsupported("a computed bias");
        MINTMARK_TRY(bias, off_zero(node, given, node.scalar(0)));
    }
    MINTMARK_TRY(const ValueId sum, convolution(node, x, w, bias));
    MINTMARK_TRY(const ValueId scale_x, scale_input(node, 1, Side::kColumns, 0));
    const std::size_t rank = node.shape(sum).size();
    MINTMARK_TRY(ValueId scale_w, scale_input(node, 4, Side::kFilters, rank - 1));
    if (element_count(node.shape(scale_x)) != 1) return node.unsupported("several input scales");
    MINTMARK_TRY(const ValueId scales, combined(node, Binary::kMul, scale_w, scale_x));
    return requantised(node, sum, scales, 6, 7);
}

/// y = saturate(round(x / s) + z), s = (max(x, 0) - min(x, 0)) / 255, z = round(-min(x, 0) / s).
Result<ValueId> import_dynamic_quantize(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    GraphBuilder& builder = node.builder();
    if (builder.keeps_reals(node.proto().output(0))) {
        // Products of (y - z), times s: those of x.
        MINTMARK_CHECK(node.bind_output(1, node.scalar(1)));
        MINTMARK_CHECK(node.bind_output(
            2, builder.add_constant(node.name() + "/zero", {{}, ElementType::kInteger, {0}})));
        return x;
    }
    std::vector<std::uint32_t> axes(node.shape(x).size());
    std::iota(axes.begin(), axes.end(), 0U);
    const auto extreme = [&](double sign) -> Result<ValueId> {
        MINTMARK_TRY(const ValueId turned, scaled(node, x, sign));
        MINTMARK_TRY(const ValueId most, reduced(node, turned, axes, Reduction::kMax));
        MINTMARK_TRY(const ValueId bounded, applied(node, Pointwise::kRelu, most));
        return reshaped(node, bounded, {});
    };
    MINTMARK_TRY(const ValueId above, extreme(1));
    MINTMARK_TRY(const ValueId below, extreme(-1));
    MINTMARK_TRY(const ValueId width, combined(node, Binary::kAdd, above, below));
    const auto per_step = [&](ValueId v) -> Result<ValueId> {
        MINTMARK_TRY(const ValueId share, divided(node, v, width));
        return scaled(node, share, 255);
    };
    MINTMARK_TRY(const ValueId start, per_step(below));
    const ValueId none = node.scalar(0);
    MINTMARK_TRY(const ValueId zero, saturated(node, start, none, onnx::TensorProto::UINT8));
    MINTMARK_TRY(const ValueId scale, scaled(node, width, 1.0 / 255));
    MINTMARK_CHECK(node.bind_output(1, scale));
    MINTMARK_CHECK(node.bind_output(2, zero));
    MINTMARK_TRY(const ValueId steps, per_step(x));
    return saturated(node, steps, zero, onnx::TensorProto::UINT8);
}

}  // namespace

void add_quantised_importers(ImporterMap& map) {
    map["ConvInteger"] = import_conv_integer;
    map["DynamicQuantizeLinear"] = import_dynamic_quantize;
    map["MatMulInteger"] = import_matmul_integer;
    map["QLinearConv"] = import_qlinear_conv;
    map["QLinearMatMul"] = import_qlinear_matmul;
}

}  // namespace mintmark::model
