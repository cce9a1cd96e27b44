// Importers of the operators of whole numbers: Mod, BitShift, Bitwise*, Range, and Div of integers.
// Divisors and shifts that are known are look-ups; numbers are below 2^16.
#include "mintmark/model/onnx_integer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "mintmark/model/onnx_logic.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

constexpr std::size_t kMostDistinct = 32;  ///< different divisors or shifts in one node
constexpr int kMostShift = 16;

using Proto = onnx::TensorProto;

struct Width {
    int bits = 64;
    bool is_signed = true;
};

Width width_of(const NodeView& node, ValueId x) {
    switch (node.builder().onnx_type(x)) {
        case Proto::UINT8:
            return {8, false};
        case Proto::INT8:
            return {8, true};
        case Proto::UINT16:
            return {16, false};
        case Proto::INT16:
            return {16, true};
        case Proto::UINT32:
            return {32, false};
        case Proto::INT32:
            return {32, true};
        case Proto::UINT64:
            return {64, false};
        default:
            return {64, true};
    }
}

using Part = std::function<Result<ValueId>(ValueId x, std::int64_t number)>;

/// part(x, c) with a constant c that may differ from entry to entry: the sum over its values of
/// part(x, value) where it has that value.
Result<ValueId> by_constant(const NodeView& node, ValueId x, ValueId c, const Part& part) {
    const Value& value = node.builder().value(c);
    const std::vector<double> data = value.data;
    const Shape shape = value.shape;
    const std::set<double> distinct(data.begin(), data.end());
    if (distinct.size() > kMostDistinct)
        return node.unsupported(fmt::format("{} different constants", distinct.size()));
    MINTMARK_TRY(const Shape out, broadcast_shape(node, node.shape(x), shape));
    MINTMARK_TRY(x, expanded(node, x, out));
    std::optional<ValueId> sum;
    for (const double number : distinct) {
        const double held = std::clamp(number, -0x1p53, 0x1p53);
        MINTMARK_TRY(ValueId one, part(x, static_cast<std::int64_t>(held)));
        if (distinct.size() > 1) {
            std::vector<double> here;
            for (const double v : data) here.push_back(v == number ? 1 : 0);
            MINTMARK_TRY(one,
                         whole(node, Binary::kMul, one, constant(node, shape, std::move(here))));
        }
        if (sum) {
            MINTMARK_TRY(one, whole(node, Binary::kAdd, *sum, one));
        }
        sum = one;
    }
    return *sum;
}

Result<ValueId> magnitude_part(const NodeView& node, ValueId x, double sign) {
    MINTMARK_TRY(const ValueId turned, times(node, x, sign));
    MINTMARK_TRY(const ValueId part, applied(node, Pointwise::kRelu, turned));
    return as_integers(node, part);
}

/// f(x) for x >= 0, -f(-x) below.
Result<ValueId> odd(const NodeView& node, ValueId x, const Part& f, std::int64_t number) {
    MINTMARK_TRY(ValueId above, magnitude_part(node, x, 1));
    MINTMARK_TRY(ValueId below, magnitude_part(node, x, -1));
    MINTMARK_TRY(above, f(above, number));
    MINTMARK_TRY(below, f(below, number));
    return whole(node, Binary::kSub, above, below);
}

bool is_constant(const NodeView& node, ValueId id) {
    return node.builder().value(id).is_constant;
}

/// The remainder has the divisor's sign; with fmod the dividend's.
Result<ValueId> import_mod(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId y, node.input(1));
    MINTMARK_TRY(const std::int64_t fmod, node.int_attribute("fmod", 0));
    if (!is_constant(node, y)) return node.unsupported("a computed divisor");
    if (std::ranges::count(node.builder().value(y).data, 0.0) > 0)
        return node.malformed("divides by zero");
    if (node.builder().type(x) == ElementType::kReal)
        return node.unsupported("a remainder of floating-point numbers");
    const Part plain = [&](ValueId v, std::int64_t m) { return remainder(node, v, m); };
    return by_constant(node, x, y, [&](ValueId v, std::int64_t m) -> Result<ValueId> {
        if (fmod != 0) return odd(node, v, plain, std::abs(m));
        if (m > 0) return remainder(node, v, m);
        MINTMARK_TRY(const ValueId turned, times(node, v, -1));
        MINTMARK_TRY(const ValueId rest, remainder(node, turned, -m));
        return times(node, rest, -1);
    });
}

Result<ValueId> shifted(const NodeView& node, ValueId x, std::int64_t by, bool left) {
    const Width width = width_of(node, x);
    if (by < 0 || by >= width.bits) return times(node, x, 0);
    if (!left)
        return by == 0 ? x : quotient(node, x, std::int64_t{1} << std::min<std::int64_t>(by, 28));
    if (width.bits <= 16) {
        MINTMARK_TRY(x, remainder(node, x, std::max<std::int64_t>(1, 1LL << (width.bits - by))));
    }
    if (by > kMostShift) return node.unsupported(fmt::format("a shift by {}", by));
    return times(node, x, std::ldexp(1, static_cast<int>(by)));
}

Result<ValueId> import_bit_shift(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId y, node.input(1));
    MINTMARK_TRY(const std::string direction, node.string_attribute("direction", ""));
    if (direction != "LEFT" && direction != "RIGHT")
        return node.malformed(fmt::format("direction '{}'", direction));
    const bool left = direction == "LEFT";
    if (is_constant(node, y)) {
        return by_constant(node, x, y,
                           [&](ValueId v, std::int64_t by) { return shifted(node, v, by, left); });
    }
    // A computed shift: each possible one, where it is that.
    const int most =
        left ? std::min(width_of(node, x).bits, 8) : std::min(width_of(node, x).bits, 16);
    MINTMARK_TRY(const Shape out, broadcast_shape(node, node.shape(x), node.shape(y)));
    std::optional<ValueId> sum;
    for (int by = 0; by < most; ++by) {
        MINTMARK_TRY(const ValueId moved, shifted(node, x, by, left));
        MINTMARK_TRY(const ValueId gap, plus(node, y, -by));
        MINTMARK_TRY(const ValueId here, is_zero(node, gap));
        MINTMARK_TRY(ValueId one, whole(node, Binary::kMul, moved, here));
        if (sum) {
            MINTMARK_TRY(one, whole(node, Binary::kAdd, *sum, one));
        }
        sum = one;
    }
    return *sum;
}

// ---- bits -------------------------------------------------------------------------------------

constexpr std::int64_t kByte = 256;

/// The bits that two bytes share.
Result<ValueId> common_bits(const NodeView& node, ValueId a, ValueId b) {
    MINTMARK_TRY(const ValueId high, times(node, b, kByte));
    MINTMARK_TRY(const ValueId both, whole(node, Binary::kAdd, a, high));
    const Shape shape = node.shape(both);
    MINTMARK_TRY(const ValueId y,
                 node.emit(PointwiseOp{Pointwise::kAndOfHalves, 8, 0}, {both}, shape));
    return as_integers(node, y);
}

/// Of two bytes: a OR b is the complement of what the complements share, a XOR b is a + b without
/// twice what they share (the remainder changes nothing but the bounds).
Result<ValueId> byte_gate(const NodeView& node, Gate gate, ValueId a, ValueId b) {
    const auto complement = [&](ValueId x) -> Result<ValueId> {
        MINTMARK_TRY(const ValueId minus, times(node, x, -1));
        return plus(node, minus, kByte - 1);
    };
    if (gate == Gate::kAnd) return common_bits(node, a, b);
    if (gate == Gate::kOr) {
        MINTMARK_TRY(a, complement(a));
        MINTMARK_TRY(b, complement(b));
        MINTMARK_TRY(const ValueId neither, common_bits(node, a, b));
        return complement(neither);
    }
    MINTMARK_TRY(const ValueId shared, common_bits(node, a, b));
    MINTMARK_TRY(const ValueId twice, times(node, shared, 2));
    MINTMARK_TRY(const ValueId sum, whole(node, Binary::kAdd, a, b));
    MINTMARK_TRY(const ValueId rest, whole(node, Binary::kSub, sum, twice));
    return remainder(node, rest, kByte);
}

/// Two's complements of at most 16 bits, byte by byte.
template <Gate Kind>
Result<ValueId> import_bitwise(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, node.input(0));
    MINTMARK_TRY(const ValueId b, node.input(1));
    const Width width = width_of(node, a);
    MINTMARK_TRY(const ValueId low_a, remainder(node, a, kByte));
    MINTMARK_TRY(const ValueId low_b, remainder(node, b, kByte));
    MINTMARK_TRY(const ValueId low, byte_gate(node, Kind, low_a, low_b));
    if (width.bits == 8 && !width.is_signed) return low;
    MINTMARK_TRY(const ValueId up_a, quotient(node, a, kByte));
    MINTMARK_TRY(const ValueId up_b, quotient(node, b, kByte));
    MINTMARK_TRY(const ValueId high_a, remainder(node, up_a, kByte));
    MINTMARK_TRY(const ValueId high_b, remainder(node, up_b, kByte));
    MINTMARK_TRY(ValueId high, byte_gate(node, Kind, high_a, high_b));
    if (width.is_signed) {
        // 128 to 255 stand for -128 to -1.
        MINTMARK_TRY(const ValueId moved, plus(node, high, 128));
        MINTMARK_TRY(const ValueId turned, remainder(node, moved, kByte));
        MINTMARK_TRY(high, plus(node, turned, -128));
    }
    MINTMARK_TRY(const ValueId upper, times(node, high, kByte));
    return whole(node, Binary::kAdd, low, upper);
}

Result<ValueId> import_bitwise_not(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Width width = width_of(node, x);
    if (!width.is_signed && width.bits > 16)
        return node.unsupported("the complement of an unsigned number of more than 16 bits");
    MINTMARK_TRY(const ValueId minus, times(node, x, -1));
    return plus(node, minus, width.is_signed ? -1 : std::ldexp(1, width.bits) - 1);
}

Result<ValueId> import_range(const NodeView& node) {
    double part[3] = {};
    ElementType type = ElementType::kReal;
    for (std::size_t i = 0; i < 3; ++i) {
        MINTMARK_TRY(const ValueId id, node.input(i));
        const Value& value = node.builder().value(id);
        if (!value.is_constant || value.data.size() != 1)
            return node.unsupported("start, limit and delta must be constants");
        part[i] = value.data[0];
        type = node.builder().type(id);
    }
    const double count = std::ceil((part[1] - part[0]) / part[2]);
    if (part[2] == 0 || !(count <= static_cast<double>(node.builder().options().max_elements)))
        return node.malformed("the range does not end");
    Constant out{{static_cast<std::uint32_t>(std::max(count, 0.0))}, type, {}};
    for (std::uint32_t i = 0; i < out.shape[0]; ++i) out.data.push_back(part[0] + i * part[2]);
    return node.builder().add_constant(node.name(), std::move(out));
}

}  // namespace

Result<ValueId> integer_quotient(const NodeView& node, ValueId a, ValueId b) {
    if (!is_constant(node, b))
        return node.unsupported("a division of integers by a computed value");
    if (std::ranges::count(node.builder().value(b).data, 0.0) > 0)
        return node.malformed("divides by zero");
    const Part plain = [&](ValueId v, std::int64_t m) { return quotient(node, v, m); };
    const Width width = width_of(node, a);
    return by_constant(node, a, b, [&](ValueId v, std::int64_t m) -> Result<ValueId> {
        if (!width.is_signed && m > 0) return quotient(node, v, m);
        MINTMARK_TRY(const ValueId q, odd(node, v, plain, std::abs(m)));
        return times(node, q, m < 0 ? -1 : 1);
    });
}

void add_integer_importers(ImporterMap& map) {
    map["BitShift"] = import_bit_shift;
    map["BitwiseAnd"] = import_bitwise<Gate::kAnd>;
    map["BitwiseNot"] = import_bitwise_not;
    map["BitwiseOr"] = import_bitwise<Gate::kOr>;
    map["BitwiseXor"] = import_bitwise<Gate::kXor>;
    map["Mod"] = import_mod;
    map["Range"] = import_range;
}

}  // namespace mintmark::model
