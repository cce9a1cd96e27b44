#include "mintmark/circuit/function.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mintmark {
namespace {

using Real = long double;

constexpr Real kSqrt2 = std::numbers::sqrt2_v<Real>;
constexpr Real kTie = 0x1p-32L;  // R': exact halves go up whatever the last bit of f is

/// 1 / (1 + e^-x).
Real logistic(Real x) {
    return 1 / (1 + std::exp(-x));
}

Real softplus(Real x) {
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

/// To the nearest integer, halves to the even one.
Real round_half_even(Real x) {
    const Real below = std::floor(x), rest = x - below;
    if (rest != 0.5L) return std::floor(x + 0.5L);
    return std::fmod(below, 2) == 0 ? below : below + 1;
}

/// (v mod 2^p) AND floor(v / 2^p): two unsigned numbers of p bits side by side.
Real and_of_halves(Real x, Real p) {
    if (!(x >= 0 && x < 0x1p31L && p >= 1 && p <= 15)) return 0;
    const auto v = static_cast<std::uint32_t>(x);
    const auto bits = static_cast<std::uint32_t>(p);
    return (v & ((1U << bits) - 1)) & (v >> bits);
}

/// x mod m for m = 2048 p >= 1, in [0, m).
Real remainder(Real x, Real p) {
    const Real m = p * kParameterUnits;
    if (!(m >= 1)) return 0;
    const Real rest = std::fmod(x, m);
    return rest < 0 ? rest + m : rest;
}

/// (x - x mod m) / m.
Real quotient(Real x, Real p) {
    const Real m = p * kParameterUnits;
    return m >= 1 ? std::round((x - remainder(x, p)) / m) : 0;
}

Real power(Real x, Real p) {
    return x == 0 && p == 0 ? 1 : std::pow(x, p);
}

Real elu(Real x, Real p) {
    return x >= 0 ? x : p * std::expm1(x);
}

Real selu(Real x) {
    constexpr Real kAlpha = 1.6732631921768188L, kGamma = 1.0507010221481323L;
    return x >= 0 ? kGamma * x : kGamma * kAlpha * std::expm1(x);
}

Real gelu_tanh(Real x) {
    const Real z = std::sqrt(2 / std::numbers::pi_v<Real>) * (x + 0.044715L * x * x * x);
    return x * logistic(2 * z);
}

}  // namespace

Real real_function(TableFunction function, Real x, Real p) {
    switch (function) {
        case TableFunction::kExp:
            return std::exp(x);
        case TableFunction::kLog:
            return std::log(std::max<Real>(x, 0));
        case TableFunction::kSqrt:
            return std::sqrt(std::max<Real>(x, 0));
        case TableFunction::kRsqrt:
            return 1 / std::sqrt(std::max<Real>(x, 0));
        case TableFunction::kReciprocal:
            return 1 / (x == 0 ? Real{0} : x);
        case TableFunction::kErf:
            return std::erf(x);
        case TableFunction::kGelu:
            return x * std::erfc(-x / kSqrt2) / 2;
        case TableFunction::kGeluTanh:
            return gelu_tanh(x);
        case TableFunction::kSoftplus:
            return softplus(x);
        case TableFunction::kSoftsign:
            return x / (1 + std::abs(x));
        case TableFunction::kSilu:
            return x * logistic(x);
        case TableFunction::kHardSwish:
            return x * std::clamp<Real>((x + 3) / 6, 0, 1);
        case TableFunction::kMish:
            return x * std::tanh(softplus(x));
        case TableFunction::kElu:
            return elu(x, p);
        case TableFunction::kCelu:
            return x >= 0 ? x : p * std::expm1(x / p);
        case TableFunction::kSelu:
            return selu(x);
        case TableFunction::kThresholdedRelu:
            return x > p ? x : 0;
        case TableFunction::kSin:
            return std::sin(x);
        case TableFunction::kCos:
            return std::cos(x);
        case TableFunction::kTan:
            return std::tan(x);
        case TableFunction::kAsin:
            return std::asin(std::clamp<Real>(x, -1, 1));
        case TableFunction::kAcos:
            return std::acos(std::clamp<Real>(x, -1, 1));
        case TableFunction::kAtan:
            return std::atan(x);
        case TableFunction::kSinh:
            return std::sinh(x);
        case TableFunction::kCosh:
            return std::cosh(x);
        case TableFunction::kAsinh:
            return std::asinh(x);
        case TableFunction::kAcosh:
            return std::acosh(std::max<Real>(x, 1));
        case TableFunction::kAtanh:
            return std::atanh(std::clamp<Real>(x, -1, 1));
        case TableFunction::kAbs:
            return std::abs(x);
        case TableFunction::kSign:
            return x > 0 ? 1 : x < 0 ? -1 : 0;
        case TableFunction::kSquare:
            return x * x;
        case TableFunction::kPow:
            return power(x, p);
        case TableFunction::kRound:
            return round_half_even(x);
        case TableFunction::kFloor:
            return std::floor(x);
        case TableFunction::kCeil:
            return std::ceil(x);
        case TableFunction::kStep:
            return x >= 0 ? 1 : 0;
        case TableFunction::kIsZero:
            return x == 0 ? 1 : 0;
        case TableFunction::kAndOfHalves:
            return and_of_halves(x, p);
        case TableFunction::kRemainder:
            return remainder(x, p);
        case TableFunction::kQuotient:
            return quotient(x, p);
        default:
            return 0;
    }
}

std::int64_t function_output(const Table& table, std::int64_t u) noexcept {
    constexpr std::int64_t kMost = std::int64_t{1} << 40;
    const Real x =
        static_cast<Real>(std::clamp(u, -kMost, kMost)) * static_cast<Real>(table.in_step);
    const Real p = static_cast<Real>(static_cast<std::int16_t>(table.alpha)) / kParameterUnits;
    const Real y = real_function(table.function, x, p) / static_cast<Real>(table.out_step);
    if (std::isnan(y)) return 0;
    const Real rounded = std::floor(y + 0.5L + kTie);
    return static_cast<std::int64_t>(std::clamp(rounded, -0x1p62L, 0x1p62L));
}

}  // namespace mintmark
