#include "mintmark/circuit/table.hpp"

#include <algorithm>
#include <bit>

#include "mintmark/circuit/function.hpp"
#include "mintmark/circuit/layout.hpp"

namespace mintmark {
namespace {

constexpr std::uint64_t kOne62 = std::uint64_t{1} << 62;
constexpr std::uint64_t kMaxX = (std::uint64_t{1} << 45) - 1;

/// A positive normal binary32 as mantissa * 2^exponent, 2^23 <= mantissa < 2^24.
struct Step32 {
    std::uint32_t mantissa;
    int exponent;
};

Step32 split(float step) noexcept {
    const auto bits = std::bit_cast<std::uint32_t>(step);
    return {(bits & 0x7fffffU) | 0x800000U, static_cast<int>((bits >> 23) & 0xffU) - 150};
}

int bit_length(Int128 v) noexcept {
    const auto u = static_cast<Uint128>(v < 0 ? -v : v);
    const auto hi = static_cast<std::uint64_t>(u >> 64);
    const auto lo = static_cast<std::uint64_t>(u);
    return static_cast<int>(hi != 0 ? 64 + std::bit_width(hi) : std::bit_width(lo));
}

/// floor(num * 2^exp2 / den + 1/2) for |num| < 2^105, 2^23 <= den < 2^24 (or 1 when exp2 >= -100);
/// beyond +-2^62 the result is +-2^62, which every caller clamps to less.
Int128 round_scaled(Int128 num, int exp2, std::uint32_t den) noexcept {
    if (num == 0) return 0;
    Int128 d = den;
    if (exp2 >= 0) {
        if (bit_length(num) + exp2 > 120) return num < 0 ? -Int128{kOne62} : Int128{kOne62};
        num *= Int128{1} << exp2;
    } else {
        // Then |num| * 2^exp2 / den < 2^105 / 2^123: rounds to zero.
        if (exp2 < -100) return 0;
        d <<= -exp2;
    }
    const Int128 n = 2 * num + d;
    d *= 2;
    const Int128 q = n / d - ((n % d) < 0 ? 1 : 0);
    return std::clamp<Int128>(q, -Int128{kOne62}, Int128{kOne62});
}

std::uint64_t mul62(std::uint64_t a, std::uint64_t b) noexcept {
    return static_cast<std::uint64_t>((Uint128{a} * b) >> 62);
}

/// About 2^62 * exp(-x / 2^40), x < 2^45.
std::uint64_t exp62(std::uint64_t x) noexcept {
    const std::uint64_t t = x << 10;
    std::uint64_t e = kOne62;
    for (std::uint64_t n = 6; n >= 1; --n) e = kOne62 - mul62(t, e) / n;
    for (int i = 0; i < 12; ++i) e = mul62(e, e);
    return e;
}

/// min(R(|in| * step * 2^log_scale), 2^45 - 1).
std::uint64_t fixed_magnitude(std::int64_t in, float step, int log_scale) noexcept {
    const Step32 s = split(step);
    const Int128 magnitude = in < 0 ? -Int128{in} : Int128{in};
    // A denominator of 2^23 keeps round_scaled's lower bound on it.
    const Int128 x =
        round_scaled(magnitude * s.mantissa, s.exponent + log_scale + 23, std::uint32_t{1} << 23);
    return static_cast<std::uint64_t>(std::min<Int128>(x, kMaxX));
}

Int128 sigmoid62(const Table& table, std::int64_t in) noexcept {
    const std::uint64_t e = exp62(fixed_magnitude(in, table.in_step, 40));
    const std::uint64_t top = in >= 0 ? kOne62 : e;
    return static_cast<Int128>((Uint128{top} << 62) / (kOne62 + e));
}

Int128 tanh62(const Table& table, std::int64_t in) noexcept {
    const std::uint64_t e = exp62(fixed_magnitude(in, table.in_step, 41));
    const auto value = static_cast<Int128>((Uint128{kOne62 - e} << 62) / (kOne62 + e));
    return in < 0 ? -value : value;
}

/// R(in * slope * in_step / out_step), slope = alpha / 2^16 below zero when `leaky`.
Int128 rescale(const Table& table, std::int64_t in) noexcept {
    const Step32 a = split(table.in_step);
    const Step32 b = split(table.out_step);
    Int128 num = Int128{in} * a.mantissa;
    int exp2 = a.exponent - b.exponent;
    if (table.function == TableFunction::kLeakyRelu && in < 0) {
        num *= table.alpha;
        exp2 -= 16;
    }
    return round_scaled(num, exp2, b.mantissa);
}

Int128 unclamped(const Table& table, std::int64_t in) noexcept {
    switch (table.function) {
        case TableFunction::kRange:
        case TableFunction::kNegative:
            return 0;
        case TableFunction::kClamp:
        case TableFunction::kLeakyRelu:
            return rescale(table, in);
        case TableFunction::kRelu:
            return rescale(table, std::max<std::int64_t>(in, 0));
        case TableFunction::kSigmoid:
        case TableFunction::kTanh: {
            const Step32 out = split(table.out_step);
            const Int128 value = table.function == TableFunction::kSigmoid ? sigmoid62(table, in)
                                                                           : tanh62(table, in);
            return round_scaled(value, -62 - out.exponent, out.mantissa);
        }
        default:
            return function_output(table, in);
    }
}

/// Calls body(row, table index from 0, input) for every row of every table.
template <class Body>
void for_each_row(const Circuit& circuit, const Body& body) {
    for (std::size_t k = 0; k < circuit.tables.size(); ++k) {
        const Table& table = circuit.tables[k];
        const std::uint64_t size = std::uint64_t{1} << table.log_size;
        for (std::uint64_t j = 0; j < size; ++j)
            body(table.row_offset + j, k, table.lo + static_cast<std::int64_t>(j));
    }
}

}  // namespace

std::int64_t table_output(const Table& table, std::int64_t in) noexcept {
    if (table.function == TableFunction::kRange) return 0;
    if (table.function == TableFunction::kNegative) return in < 0 ? 1 : 0;
    const Int128 y = unclamped(table, in);
    return static_cast<std::int64_t>(std::clamp<Int128>(y, table.out_lo, table.out_hi));
}

std::vector<std::int64_t> table_output_column(const Circuit& circuit) {
    std::vector<std::int64_t> column(circuit.num_rows(), 0);
    for_each_row(circuit, [&](std::uint64_t row, std::size_t k, std::int64_t in) {
        column[row] = table_output(circuit.tables[k], in);
    });
    return column;
}

std::vector<std::int64_t> table_input_column(const Circuit& circuit) {
    std::vector<std::int64_t> column(circuit.num_rows(), 0);
    for_each_row(circuit,
                 [&](std::uint64_t row, std::size_t, std::int64_t in) { column[row] = in; });
    return column;
}

std::vector<std::uint8_t> table_id_column(const Circuit& circuit) {
    std::vector<std::uint8_t> column(circuit.num_rows(), 0);
    for_each_row(circuit, [&](std::uint64_t row, std::size_t k, std::int64_t) {
        column[row] = static_cast<std::uint8_t>(k + 1);
    });
    return column;
}

std::vector<std::uint8_t> lane_id_column(const Circuit& circuit) {
    std::vector<std::uint8_t> column(circuit.num_lanes(), 0);
    for (const Step& step : circuit.steps) {
        for (const Limb& limb : step.limbs) {
            const Tensor& tensor = circuit.tensors[limb.tensor];
            const std::uint64_t entries = num_entries(tensor.axes);
            const std::uint64_t run = tensor.axes.empty() ? 1 : tensor.axes.back().dim;
            for (std::uint64_t i = 0; i < entries; i += run)
                std::fill_n(&column[tensor.offset + padded_index(tensor.axes, i)], run, limb.table);
        }
    }
    return column;
}

}  // namespace mintmark
