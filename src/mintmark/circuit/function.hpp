// The real functions of look-up tables from code 7 on (docs/spec/quantisation.md, "Functions").
#pragma once

#include <cstdint>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark {

/// Units of a table's parameter: p = int16(alpha) / 2^11.
inline constexpr long double kParameterUnits = 2048;

/// f(x) of a function code >= kExp with parameter p. Not a number where f is not defined,
/// infinite at a pole; otherwise of relative error below 2^-58.
[[nodiscard]] long double real_function(TableFunction function, long double x, long double p);

/// R'(f(u * in_step) / out_step) before the clamp to the table's bounds; within +-2^62.
[[nodiscard]] std::int64_t function_output(const Table& table, std::int64_t u) noexcept;

}  // namespace mintmark
