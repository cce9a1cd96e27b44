// Importers of comparisons, logic, choice and variadic sums: combinations of exact signs, products
// and sums. Results of comparisons are booleans, 0 or 1.
#include "mintmark/model/onnx_logic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"
#include "mintmark/model/onnx_rows.hpp"

namespace mintmark::model {
namespace {

Result<ValueId> combine(const NodeView& node, Binary kind, ValueId a, ValueId b) {
    MINTMARK_TRY(const Shape shape, broadcast_shape(node, node.shape(a), node.shape(b)));
    return node.emit(BinaryOp{kind}, {a, b}, shape);
}

Result<ValueId> apply(const NodeView& node, Pointwise kind, ValueId x) {
    return node.emit(PointwiseOp{kind, 0, 0}, {x}, node.shape(x));
}

ValueId as_boolean(const NodeView& node, ValueId x) {
    node.builder().set_type(x, ElementType::kBoolean);
    return x;
}

/// 1 - x, a boolean.
Result<ValueId> negated(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId y, combine(node, Binary::kSub, node.scalar(1), x));
    return as_boolean(node, y);
}

/// [a >= b].
Result<ValueId> at_least(const NodeView& node, ValueId a, ValueId b) {
    MINTMARK_TRY(const ValueId difference, combine(node, Binary::kSub, a, b));
    MINTMARK_TRY(const ValueId sign, apply(node, Pointwise::kStep, difference));
    return as_boolean(node, sign);
}

struct Pair {
    ValueId a, b;
};

Result<Pair> operands(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, node.input(0));
    MINTMARK_TRY(const ValueId b, node.input(1));
    return Pair{a, b};
}

Result<ValueId> import_greater_or_equal(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    return at_least(node, in.a, in.b);
}
Result<ValueId> import_less_or_equal(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    return at_least(node, in.b, in.a);
}
Result<ValueId> import_less(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    MINTMARK_TRY(const ValueId other, at_least(node, in.a, in.b));
    return negated(node, other);
}
Result<ValueId> import_greater(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    MINTMARK_TRY(const ValueId other, at_least(node, in.b, in.a));
    return negated(node, other);
}

/// [a >= b] [b >= a].
Result<ValueId> import_equal(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    MINTMARK_TRY(const ValueId up, at_least(node, in.a, in.b));
    MINTMARK_TRY(const ValueId down, at_least(node, in.b, in.a));
    MINTMARK_TRY(const ValueId both, combine(node, Binary::kMul, up, down));
    return as_boolean(node, both);
}

Result<ValueId> import_not(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    return negated(node, x);
}

/// a b + c (a + b) for booleans: and (a b), or (a + b - a b), xor (a + b - 2 a b).
template <Gate Kind>
Result<ValueId> import_gate(const NodeView& node) {
    MINTMARK_TRY(const Pair in, operands(node));
    MINTMARK_TRY(ValueId both, combine(node, Binary::kMul, in.a, in.b));
    if (Kind == Gate::kAnd) return as_boolean(node, both);
    if (Kind == Gate::kXor) {
        MINTMARK_TRY(both, combine(node, Binary::kAdd, both, both));
    }
    MINTMARK_TRY(const ValueId sum, combine(node, Binary::kAdd, in.a, in.b));
    MINTMARK_TRY(const ValueId out, combine(node, Binary::kSub, sum, both));
    return as_boolean(node, out);
}

/// A constant so low that it only masks.
bool is_far(const NodeView& node, ValueId id) {
    const Value& value = node.builder().value(id);
    return value.is_constant && node.builder().type(id) == ElementType::kReal &&
           std::ranges::all_of(value.data, [](double v) { return v <= -kMasking; });
}

/// c ? -infinity : b, or c ? a : -infinity. Computed conditions subtract a large number.
Result<ValueId> where_masked(const NodeView& node, ValueId c, ValueId a, ValueId b) {
    const bool keeps_a = !is_far(node, a);
    const ValueId x = keeps_a ? a : b;
    if (node.builder().value(x).is_constant && node.builder().value(c).is_constant) {
        MINTMARK_TRY(const ValueId kept, combine(node, Binary::kSub, x, node.scalar(-kFar)));
        MINTMARK_TRY(const ValueId other, negated(node, c));
        MINTMARK_TRY(const ValueId chosen, combine(node, Binary::kMul, kept, keeps_a ? c : other));
        return combine(node, Binary::kAdd, chosen, node.scalar(-kFar));
    }
    MINTMARK_TRY(const ValueId other, negated(node, c));
    const ValueId keep = keeps_a ? c : other, drop = keeps_a ? other : c;
    if (node.builder().value(c).is_constant) return masked(node, x, keep);
    MINTMARK_TRY(const ValueId low, combine(node, Binary::kMul, drop, node.scalar(-kFar)));
    return combine(node, Binary::kAdd, x, low);
}

/// c ? a : b = b + c (a - b).
Result<ValueId> import_where(const NodeView& node) {
    MINTMARK_TRY(const ValueId c, node.input(0));
    MINTMARK_TRY(const ValueId a, node.input(1));
    MINTMARK_TRY(const ValueId b, node.input(2));
    if (is_far(node, a) || is_far(node, b)) return where_masked(node, c, a, b);
    MINTMARK_TRY(const ValueId difference, combine(node, Binary::kSub, a, b));
    MINTMARK_TRY(const ValueId chosen, combine(node, Binary::kMul, difference, c));
    return combine(node, Binary::kAdd, chosen, b);
}

enum class Extreme : std::uint8_t { kMax, kMin };

/// Of reals and one number: one look-up, or nothing where it is no bound.
template <Extreme Kind>
Result<std::optional<ValueId>> extreme_of_number(const NodeView& node, ValueId a, ValueId b) {
    if (node.builder().value(a).is_constant) std::swap(a, b);
    const Value& number = node.builder().value(b);
    const bool fits =
        number.is_constant && number.data.size() == 1 && !node.builder().value(a).is_constant &&
        node.builder().type(a) == ElementType::kReal && number.shape.size() <= node.shape(a).size();
    if (!fits) return std::nullopt;
    constexpr double kGuard = 1e-6;  // of a divisor
    const double bound = number.data[0];
    const bool max = Kind == Extreme::kMax;
    const bool is_idle =
        max ? bound <= -kFar || (bound <= 0 && is_never_negative(node, a)) : bound >= kFar;
    if (is_idle) return a;
    if (!max || bound < 0 || bound > kGuard) return std::nullopt;
    const PointwiseOp above = bound == 0 ? PointwiseOp{Pointwise::kRelu, 0, 0}
                                         : PointwiseOp{Pointwise::kClip, bound, 3e38};
    const Shape shape = node.shape(a);
    MINTMARK_TRY(const ValueId held, node.emit(above, {a}, shape));
    return held;
}

/// max(a, b) = b + relu(a - b), min(a, b) = b - relu(b - a).
template <Extreme Kind>
Result<ValueId> import_extreme(const NodeView& node) {
    MINTMARK_TRY(ValueId so_far, node.input(0));
    for (std::size_t i = 1; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId next, node.input(i));
        MINTMARK_TRY(const auto known, extreme_of_number<Kind>(node, so_far, next));
        if (known) {
            so_far = *known;
            continue;
        }
        const bool max = Kind == Extreme::kMax;
        MINTMARK_TRY(const ValueId difference,
                     combine(node, Binary::kSub, max ? so_far : next, max ? next : so_far));
        MINTMARK_TRY(const ValueId over, apply(node, Pointwise::kRelu, difference));
        MINTMARK_TRY(so_far, combine(node, max ? Binary::kAdd : Binary::kSub, next, over));
    }
    return so_far;
}

enum class Total : std::uint8_t { kSum, kMean };
template <Total Kind>
Result<ValueId> import_total(const NodeView& node) {
    MINTMARK_TRY(ValueId sum, node.real_input(0));
    for (std::size_t i = 1; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId next, node.real_input(i));
        MINTMARK_TRY(sum, combine(node, Binary::kAdd, sum, next));
    }
    if (Kind == Total::kSum || node.num_inputs() == 1) return sum;
    const double share = 1 / static_cast<double>(node.num_inputs());
    return combine(node, Binary::kMul, sum, node.scalar(share));
}

/// relu(x) - slope relu(-x).
Result<ValueId> import_prelu(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const ValueId slope, node.real_input(1));
    MINTMARK_TRY(const ValueId above, apply(node, Pointwise::kRelu, x));
    MINTMARK_TRY(const ValueId minus, combine(node, Binary::kMul, x, node.scalar(-1)));
    MINTMARK_TRY(const ValueId below, apply(node, Pointwise::kRelu, minus));
    MINTMARK_TRY(const ValueId scaled, combine(node, Binary::kMul, below, slope));
    return combine(node, Binary::kSub, above, scaled);
}

/// 0 in [-l, l], x - b above, x + b below; with [x > l] = 1 - [l - x >= 0] that is
/// relu(x - l) - relu(-x - l) + (l - b)([x > l] - [-x > l]).
Result<ValueId> import_shrink(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const double lambda, node.float_attribute("lambd", 0.5));
    MINTMARK_TRY(const double bias, node.float_attribute("bias", 0));
    MINTMARK_TRY(const ValueId minus, combine(node, Binary::kMul, x, node.scalar(-1)));
    std::optional<ValueId> sides[2];
    for (int side = 0; side < 2; ++side) {
        const ValueId source = side == 0 ? x : minus;
        MINTMARK_TRY(const ValueId over, combine(node, Binary::kSub, source, node.scalar(lambda)));
        MINTMARK_TRY(ValueId y, apply(node, Pointwise::kRelu, over));
        if (lambda != bias) {
            MINTMARK_TRY(const ValueId room,
                         combine(node, Binary::kSub, node.scalar(lambda), source));
            MINTMARK_TRY(const ValueId within, apply(node, Pointwise::kStep, room));
            MINTMARK_TRY(const ValueId outside,
                         combine(node, Binary::kSub, node.scalar(1), within));
            MINTMARK_TRY(const ValueId jump,
                         combine(node, Binary::kMul, outside, node.scalar(lambda - bias)));
            MINTMARK_TRY(y, combine(node, Binary::kAdd, y, jump));
        }
        sides[side] = y;
    }
    return combine(node, Binary::kSub, *sides[0], *sides[1]);
}

/// Nothing that is computed is NaN or infinite: integers stand for all values.
Result<ValueId> import_never(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape shape = node.shape(x);
    return node.builder().add_constant(
        node.name(), {shape, ElementType::kBoolean, std::vector<double>(element_count(shape), 0)});
}

}  // namespace

void add_logic_importers(ImporterMap& map) {
    map["And"] = import_gate<Gate::kAnd>;
    map["Equal"] = import_equal;
    map["Greater"] = import_greater;
    map["GreaterOrEqual"] = import_greater_or_equal;
    map["IsInf"] = import_never;
    map["IsNaN"] = import_never;
    map["Less"] = import_less;
    map["LessOrEqual"] = import_less_or_equal;
    map["Max"] = import_extreme<Extreme::kMax>;
    map["Mean"] = import_total<Total::kMean>;
    map["Min"] = import_extreme<Extreme::kMin>;
    map["Not"] = import_not;
    map["Or"] = import_gate<Gate::kOr>;
    map["PRelu"] = import_prelu;
    map["Shrink"] = import_shrink;
    map["Sum"] = import_total<Total::kSum>;
    map["Where"] = import_where;
    map["Xor"] = import_gate<Gate::kXor>;
}

}  // namespace mintmark::model
