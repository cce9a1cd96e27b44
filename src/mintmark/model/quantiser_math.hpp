// Small arithmetic that the quantiser's files share. Internal to the module.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/model/functions.hpp"
#include "mintmark/model/plan.hpp"

namespace mintmark::model {

[[nodiscard]] inline double as_float(double x) {
    return static_cast<double>(static_cast<float>(x));
}

/// The next coarser step on a grid of four to an octave: layers that need nearly the same step take
/// the same, and so share look-up tables.
[[nodiscard]] inline double on_grid(double step) {
    return as_float(std::exp2(std::ceil(4 * std::log2(step) - 1e-4) / 4));
}

/// What names a table: steps that differ by rounding errors only are one.
[[nodiscard]] inline float table_step(double step) {
    int exponent = 0;
    const double fraction = std::frexp(step, &exponent);
    const double quarter = std::round(4 * std::log2(step));
    if (std::abs(4 * std::log2(step) - quarter) < 1e-5)
        return static_cast<float>(std::exp2(quarter / 4));
    return static_cast<float>(std::ldexp(std::round(std::ldexp(fraction, 20)), exponent - 20));
}

[[nodiscard]] inline double round_half_up(double x) {
    return std::floor(x + 0.5);
}

/// shift <= 62.
[[nodiscard]] inline double shift_right(double acc, int shift) {
    if (shift == 0) return acc;
    const auto unit = static_cast<double>(std::uint64_t{1} << shift);
    return std::floor((acc + unit / 2) / unit);
}

[[nodiscard]] inline double largest_magnitude(std::span<const double> values) {
    double largest = 0;
    for (const double v : values) largest = std::max(largest, std::abs(v));
    return largest;
}

[[nodiscard]] inline double min_of(std::span<const double> v) {
    return *std::ranges::min_element(v);
}
[[nodiscard]] inline double max_of(std::span<const double> v) {
    return *std::ranges::max_element(v);
}

[[nodiscard]] inline double activate(const std::optional<PointwiseOp>& op, double x) {
    if (!op) return x;
    if (op->kind == Pointwise::kRelu) return std::max(x, 0.0);
    if (op->kind == Pointwise::kLeakyRelu) return x >= 0 ? x : x * op->alpha;
    if (op->kind == Pointwise::kClip) return std::clamp(x, op->alpha, op->beta);
    return op->kind == Pointwise::kSigmoid ? 1 / (1 + std::exp(-x)) : std::tanh(x);
}

[[nodiscard]] inline bool is_curve(const std::optional<PointwiseOp>& op) {
    return op && is_curve(op->kind);
}

[[nodiscard]] inline bool is_clip(const std::optional<PointwiseOp>& op) {
    return op && op->kind == Pointwise::kClip;
}

/// A look-up that is defined by a real function.
[[nodiscard]] inline bool is_function(const std::optional<PointwiseOp>& op) {
    return op && op->kind >= Pointwise::kExp;
}

[[nodiscard]] inline std::vector<double> permute(const std::vector<double>& data,
                                                 const std::vector<std::size_t>& at) {
    std::vector<double> out;
    out.reserve(at.size());
    for (const std::size_t i : at) out.push_back(data[i]);
    return out;
}

}  // namespace mintmark::model
