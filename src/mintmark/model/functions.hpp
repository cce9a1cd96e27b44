// The real functions of pointwise operators and of look-ups. Internal.
#pragma once

#include <cstdint>

#include "mintmark/model/graph.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {

/// A parameter p of a look-up is kept as the integer 2048 p (docs/spec/quantisation.md,
/// "Functions").
inline constexpr double kParameterUnits = 2048;

/// The function of a pointwise operator that is a real function (not kRelu ... kClip).
[[nodiscard]] QFunction function_of(Pointwise kind) noexcept;
/// f(x) with parameter p (docs/spec/quantisation.md, "Functions"); infinite at a pole.
[[nodiscard]] long double evaluate_function(QFunction function, long double x, long double p);
/// lut_output before the clamp, for real functions.
[[nodiscard]] std::int64_t function_lut_output(const QLut& lut, std::int64_t u) noexcept;
/// Least and largest output of the look-up on [u_lo, u_hi] (at most 2^16 rows).
struct OutputBounds {
    std::int64_t lo = 0, hi = 0;
};
[[nodiscard]] OutputBounds lut_bounds(const QLut& lut, std::int64_t u_lo, std::int64_t u_hi);
/// Relu, leaky relu and clip keep the step of their argument; everything else is a curve.
[[nodiscard]] bool is_curve(Pointwise kind) noexcept;
/// The result is always an integer.
[[nodiscard]] bool gives_integers(Pointwise kind) noexcept;

}  // namespace mintmark::model
