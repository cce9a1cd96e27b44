#include "mintmark/model/onnx_whole.hpp"

#include <fmt/format.h>

#include <bit>

#include "mintmark/model/functions.hpp"

namespace mintmark::model {
namespace {

constexpr std::int64_t kMostDivisor = 32767;  ///< of a look-up's record

Result<ValueId> divide_by(const NodeView& node, Pointwise kind, ValueId x, std::int64_t m) {
    const Shape shape = node.shape(x);
    const double parameter = static_cast<double>(m) / kParameterUnits;
    MINTMARK_TRY(const ValueId y, node.emit(PointwiseOp{kind, parameter, 0}, {x}, shape));
    return as_integers(node, y);
}

}  // namespace

ValueId as_integers(const NodeView& node, ValueId x) {
    node.builder().set_type(x, ElementType::kInteger);
    return x;
}

ValueId as_booleans(const NodeView& node, ValueId x) {
    node.builder().set_type(x, ElementType::kBoolean);
    return x;
}

ValueId as_type_of(const NodeView& node, ValueId x, ValueId like) {
    GraphBuilder& builder = node.builder();
    builder.set_type(x, builder.type(like));
    if (builder.value(like).is_integral) builder.mark_integral(x);
    return x;
}

Result<ValueId> remainder(const NodeView& node, ValueId x, std::int64_t m) {
    if (m >= 1 && m <= kMostDivisor) return divide_by(node, Pointwise::kRemainder, x, m);
    return node.unsupported(fmt::format("a remainder of a division by {} (1 to 32767)", m));
}

Result<ValueId> quotient(const NodeView& node, ValueId x, std::int64_t m) {
    if (m >= 1 && m <= kMostDivisor) return divide_by(node, Pointwise::kQuotient, x, m);
    const bool is_power = m > 0 && std::has_single_bit(static_cast<std::uint64_t>(m));
    if (!is_power) return node.unsupported(fmt::format("an integer division by {}", m));
    MINTMARK_TRY(const ValueId part, quotient(node, x, 1 << 14));
    return quotient(node, part, m >> 14);
}

Result<ValueId> whole(const NodeView& node, Binary kind, ValueId a, ValueId b) {
    MINTMARK_TRY(const ValueId y, combined(node, kind, a, b));
    return as_integers(node, y);
}

Result<ValueId> times(const NodeView& node, ValueId x, double factor) {
    if (factor == 1) return x;
    return whole(node, Binary::kMul, x, node.scalar(factor));
}

Result<ValueId> plus(const NodeView& node, ValueId x, double addend) {
    if (addend == 0) return x;
    return whole(node, Binary::kAdd, x, node.scalar(addend));
}

Result<ValueId> is_at_least(const NodeView& node, ValueId a, ValueId b) {
    MINTMARK_TRY(const ValueId difference, combined(node, Binary::kSub, a, b));
    return is_not_negative(node, difference);
}

Result<ValueId> is_not_negative(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId sign, applied(node, Pointwise::kStep, x));
    return as_integers(node, sign);
}

Result<ValueId> is_zero(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId zero, applied(node, Pointwise::kIsZero, x));
    return as_integers(node, zero);
}

Result<ValueId> one_hot(const NodeView& node, ValueId x, std::uint32_t axis, std::uint32_t depth) {
    Shape out = node.shape(x);
    out[axis] = depth;
    const bool is_last = axis + 1 == out.size();
    MINTMARK_TRY(const ValueId y, node.emit(OneHotOp{axis}, {x}, out));
    if (is_last) node.builder().limit_rows(y, 1);
    return as_integers(node, y);
}

Result<ValueId> wrapped(const NodeView& node, ValueId index, std::uint32_t dim) {
    node.builder().limit_input(index, dim);
    if (dim > kMostDivisor) return index;
    return remainder(node, index, dim);
}

ValueId counting(const NodeView& node, const Shape& shape, double factor) {
    std::vector<double> data(element_count(shape));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = factor * static_cast<double>(i);
    return constant(node, shape, std::move(data));
}

}  // namespace mintmark::model
