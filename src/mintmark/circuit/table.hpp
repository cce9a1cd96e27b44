// What the look-up tables contain: exact integer functions (docs/spec/quantisation.md, "Tables").
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark {

/// Output for input `in`; defined for every int64 (not only the table's domain). Integer arithmetic
/// only, so it is the same on every compiler and machine. kRange gives 0, kNegative 1 below zero
/// and else 0.
/// Needs a table that check_circuit accepts (positive normal steps, out_lo <= out_hi).
[[nodiscard]] std::int64_t table_output(const Table& table, std::int64_t in) noexcept;

/// Column T: n_t * 2^mu values, zero outside of the tables.
[[nodiscard]] std::vector<std::int64_t> table_output_column(const Circuit& circuit);
/// The rows' inputs and ids in the same layout (prover side; verifiers use table_in_mle).
[[nodiscard]] std::vector<std::int64_t> table_input_column(const Circuit& circuit);
[[nodiscard]] std::vector<std::uint8_t> table_id_column(const Circuit& circuit);
/// id(x) for every lane of F: the table that the lane looks up, 0 for padding.
[[nodiscard]] std::vector<std::uint8_t> lane_id_column(const Circuit& circuit);

}  // namespace mintmark
