#include "mintmark/model/functions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mintmark::model {
namespace {

using Real = long double;

constexpr Real kPi = 3.14159265358979323846264338327950288L;
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

Real sigmoid(Real x) {
    const Real e = std::exp(-std::abs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

Real soft_plus(Real x) {
    return std::max<Real>(x, 0) + std::log1p(std::exp(-std::abs(x)));
}

/// scale * (e^(x / width) - 1) below zero.
Real exponential_unit(Real x, Real scale, Real width) {
    return x < 0 ? scale * std::expm1(x / width) : x;
}

Real half_even(Real x) {
    Real whole = 0;
    const Real rest = std::modf(x, &whole);
    if (std::abs(rest) > 0.5L) return whole + std::copysign(1.0L, x);
    if (std::abs(rest) < 0.5L || std::fmod(whole, 2) == 0) return whole;
    return whole + std::copysign(1.0L, x);
}

Real bits_in_common(Real x, Real p) {
    if (!(x >= 0) || x >= 2147483648.0L || p < 1 || p > 15) return 0;
    const auto v = static_cast<std::uint64_t>(x);
    const std::uint64_t radix = std::uint64_t{1} << static_cast<unsigned>(p);
    return static_cast<Real>((v % radix) & (v / radix));
}

Real positive(Real x) {
    return x > 0 ? x : 0;
}

Real within_one(Real x) {
    return x > 1 ? 1 : x < -1 ? -1 : x;
}

/// Functions of elementary calculus.
Real elementary(QFunction function, Real x, Real p) {
    switch (function) {
        case QFunction::kExp:
            return std::exp(x);
        case QFunction::kLog:
            return x > 0 ? std::log(x) : -kInfinity;
        case QFunction::kSqrt:
            return std::sqrt(positive(x));
        case QFunction::kRsqrt:
            return x > 0 ? 1 / std::sqrt(x) : kInfinity;
        case QFunction::kReciprocal:
            return x == 0 ? kInfinity : 1 / x;
        case QFunction::kErf:
            return std::erf(x);
        case QFunction::kSin:
            return std::sin(x);
        case QFunction::kCos:
            return std::cos(x);
        case QFunction::kTan:
            return std::tan(x);
        case QFunction::kAsin:
            return std::asin(within_one(x));
        case QFunction::kAcos:
            return std::acos(within_one(x));
        case QFunction::kAtan:
            return std::atan(x);
        case QFunction::kSinh:
            return std::sinh(x);
        case QFunction::kCosh:
            return std::cosh(x);
        case QFunction::kAsinh:
            return std::asinh(x);
        case QFunction::kAcosh:
            return x > 1 ? std::acosh(x) : 0;
        case QFunction::kAtanh:
            return std::atanh(within_one(x));
        case QFunction::kPow:
            return p == 0 ? 1 : std::pow(x, p);
        default:
            return 0;
    }
}

/// Activations.
Real activation(QFunction function, Real x, Real p) {
    switch (function) {
        case QFunction::kGelu:
            return x / 2 * std::erfc(-x / std::sqrt(2.0L));
        case QFunction::kGeluTanh:
            return x * sigmoid(std::sqrt(8 / kPi) * x * (1 + 0.044715L * x * x));
        case QFunction::kSoftplus:
            return soft_plus(x);
        case QFunction::kSoftsign:
            return x >= 0 ? x / (1 + x) : x / (1 - x);
        case QFunction::kSilu:
            return x * sigmoid(x);
        case QFunction::kHardSwish:
            return x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6;
        case QFunction::kMish:
            return x * std::tanh(soft_plus(x));
        case QFunction::kElu:
            return exponential_unit(x, p, 1);
        case QFunction::kCelu:
            return exponential_unit(x, p, p);
        case QFunction::kSelu:
            return 1.0507010221481323L * exponential_unit(x, 1.6732631921768188L, 1);
        case QFunction::kThresholdedRelu:
            return x > p ? x : 0;
        default:
            return elementary(function, x, p);
    }
}

}  // namespace

QFunction function_of(Pointwise kind) noexcept {
    const int offset = static_cast<int>(QFunction::kExp) - static_cast<int>(Pointwise::kExp);
    return static_cast<QFunction>(static_cast<int>(kind) + offset);
}

Real evaluate_function(QFunction function, Real x, Real p) {
    switch (function) {
        case QFunction::kAbs:
            return std::abs(x);
        case QFunction::kSign:
            return static_cast<Real>((x > 0) - (x < 0));
        case QFunction::kSquare:
            return x * x;
        case QFunction::kRound:
            return half_even(x);
        case QFunction::kFloor:
            return std::floor(x);
        case QFunction::kCeil:
            return std::ceil(x);
        case QFunction::kStep:
            return x >= 0;
        case QFunction::kIsZero:
            return x == 0;
        case QFunction::kAndOfHalves:
            return bits_in_common(x, p);
        case QFunction::kRemainder:
            return p * 2048 < 1 ? 0 : x - p * 2048 * std::floor(x / (p * 2048));
        case QFunction::kQuotient:
            return p * 2048 < 1 ? 0 : std::floor(x / (p * 2048));
        default:
            return activation(function, x, p);
    }
}

std::int64_t function_lut_output(const QLut& lut, std::int64_t u) noexcept {
    constexpr std::int64_t kMost = std::int64_t{1} << 40U;
    const Real x = static_cast<Real>(std::clamp(u, -kMost, kMost)) * static_cast<Real>(lut.in_step);
    const Real f = evaluate_function(lut.function, x, static_cast<Real>(lut.alpha));
    if (std::isnan(f)) return 0;
    const Real y = std::floor(f / static_cast<Real>(lut.out_step) + (0.5L + 0x1p-32L));
    if (y >= 0x1p62L) return std::int64_t{1} << 62U;
    return y <= -0x1p62L ? -(std::int64_t{1} << 62U) : static_cast<std::int64_t>(y);
}

OutputBounds lut_bounds(const QLut& lut, std::int64_t u_lo, std::int64_t u_hi) {
    OutputBounds out{lut_output(lut, u_lo), lut_output(lut, u_hi)};
    if (out.lo > out.hi) std::swap(out.lo, out.hi);
    if (!is_real_function(lut.function)) return out;  // monotone
    for (std::int64_t u = u_lo; u <= u_hi; ++u) {
        const std::int64_t y = lut_output(lut, u);
        out.lo = std::min(out.lo, y);
        out.hi = std::max(out.hi, y);
    }
    return out;
}

bool is_curve(Pointwise kind) noexcept {
    return kind != Pointwise::kRelu && kind != Pointwise::kLeakyRelu && kind != Pointwise::kClip;
}

bool gives_integers(Pointwise kind) noexcept {
    return kind == Pointwise::kSign || kind == Pointwise::kRound || kind == Pointwise::kFloor ||
           kind == Pointwise::kCeil || kind == Pointwise::kStep || kind == Pointwise::kIsZero ||
           kind >= Pointwise::kAndOfHalves;
}

}  // namespace mintmark::model
