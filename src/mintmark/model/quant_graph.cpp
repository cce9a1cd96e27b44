#include "mintmark/model/quant_graph.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "mintmark/model/functions.hpp"

namespace mintmark::model {
namespace {

__extension__ using Int128 = __int128;

template <class T>
concept HasRequant = requires(const T& op) { op.requant; };

constexpr std::array<const char*, std::variant_size_v<QOp>> kOpNames = {
    "conv",     "matmul",    "matmul_dyn", "lin_comb", "mul",    "affine", "sum_pool",
    "max_pool", "transpose", "slice",      "pad",      "concat", "reshape"};

/// step = mantissa * 2^exponent, 2^23 <= mantissa < 2^24.
struct ExactStep {
    std::int64_t mantissa;
    int exponent;
};

ExactStep exact(float step) noexcept {
    int exponent = 0;
    const float fraction = std::frexp(step, &exponent);
    return {static_cast<std::int64_t>(std::ldexp(fraction, 24)), exponent - 24};
}

/// floor(a / b), b > 0.
Int128 floor_div(Int128 a, Int128 b) noexcept {
    return a / b - static_cast<Int128>(a % b < 0 ? 1 : 0);
}

/// floor(x * y / 2^62) for x, y in [0, 2^62] (docs/spec/quantisation.md).
Int128 mul62(Int128 x, Int128 y) noexcept {
    return (x * y) >> 62U;
}

/// exp62 of the specification: 2^62 * exp(-x / 2^40).
Int128 exp62(std::int64_t x) noexcept {
    constexpr Int128 kOne = Int128{1} << 62U;
    const Int128 t = Int128{x} << 10U;
    Int128 e = kOne;
    for (int n = 6; n >= 1; --n) e = kOne - mul62(t, e) / n;
    for (int i = 0; i < 12; ++i) e = mul62(e, e);
    return e;
}

/// min(R(|u| * in_step * 2^fraction_bits), 2^45 - 1).
std::int64_t scaled_input(std::int64_t u, float in_step, int fraction_bits) noexcept {
    constexpr std::int64_t kMax = (std::int64_t{1} << 45U) - 1;
    const ExactStep step = exact(in_step);
    const Int128 magnitude = u < 0 ? -Int128{u} : Int128{u};
    const Int128 product = magnitude * step.mantissa;  // < 2^88
    const int shift = -(step.exponent + fraction_bits);
    if (shift > 100) return 0;
    Int128 scaled = 0;
    if (shift > 0) {
        scaled = (product + (Int128{1} << (shift - 1))) >> shift;
    } else {
        scaled = product > kMax || shift < -38 ? (product > 0 ? Int128{kMax} : Int128{0})
                                               : product << -shift;
    }
    return static_cast<std::int64_t>(std::min<Int128>(scaled, kMax));
}

/// R(value / (2^62 * out_step)).
std::int64_t to_output(Int128 value, float out_step) noexcept {
    const ExactStep step = exact(out_step);
    const int shift = 62 + step.exponent;  // divide by mantissa * 2^shift
    Int128 numerator = value, denominator = step.mantissa;
    if (shift >= 0) {
        denominator <<= std::min(shift, 100);
    } else {
        numerator <<= std::min(-shift, 60);
    }
    return static_cast<std::int64_t>(floor_div(2 * numerator + denominator, 2 * denominator));
}

std::int64_t sigmoid_output(const QLut& lut, std::int64_t u) noexcept {
    constexpr Int128 kOne = Int128{1} << 62U;
    const Int128 e = exp62(scaled_input(u, lut.in_step, 40));
    const Int128 value = u >= 0 ? (kOne << 62U) / (kOne + e) : (e << 62U) / (kOne + e);
    return to_output(value, lut.out_step);
}

std::int64_t tanh_output(const QLut& lut, std::int64_t u) noexcept {
    constexpr Int128 kOne = Int128{1} << 62U;
    const Int128 e = exp62(scaled_input(u, lut.in_step, 41));
    const Int128 value = ((kOne - e) << 62U) / (kOne + e);
    return to_output(u < 0 ? -value : value, lut.out_step);
}

std::int64_t leaky(const QLut& lut, std::int64_t u) noexcept {
    if (u >= 0) return u;
    const auto alpha = static_cast<std::int64_t>(std::lround(lut.alpha * 65536.0F));
    return static_cast<std::int64_t>((Int128{u} * alpha + 32768) >> 16U);
}

}  // namespace

std::int64_t lut_output(const QLut& lut, std::int64_t u) noexcept {
    std::int64_t y = u;
    switch (lut.function) {
        case QFunction::kClamp:
            break;
        case QFunction::kRelu:
            y = std::max<std::int64_t>(u, 0);
            break;
        case QFunction::kLeakyRelu:
            y = leaky(lut, u);
            break;
        case QFunction::kSigmoid:
            y = sigmoid_output(lut, u);
            break;
        case QFunction::kTanh:
            y = tanh_output(lut, u);
            break;
        default:
            y = function_lut_output(lut, u);
            break;
    }
    return std::clamp<std::int64_t>(y, lut.out_lo, lut.out_hi);
}

std::int64_t shift_round(std::int64_t acc, std::uint8_t shift) noexcept {
    if (shift == 0) return acc;
    return static_cast<std::int64_t>((Int128{acc} + (Int128{1} << (shift - 1))) >> shift);
}

const Requant* requant_of(const QOp& op) noexcept {
    return std::visit(
        [](const auto& kind) -> const Requant* {
            if constexpr (HasRequant<std::decay_t<decltype(kind)>>) {
                return &kind.requant;
            } else {
                return nullptr;
            }
        },
        op);
}

const char* op_name(const QOp& op) noexcept {
    return kOpNames[op.index()];
}

}  // namespace mintmark::model
