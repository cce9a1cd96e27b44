// Checks an execution trace against the circuit in plain integers, without any cryptography.
#pragma once

#include <cstdint>
#include <span>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/prover/witness.hpp"

namespace mintmark::prover {

/// Checks every look-up lane (tables, padding) and every step's relation at every index, padding
/// included, straight from the definitions in docs/spec/protocol.md §2-§3 (shares no code with
/// fill_witness). kRejected naming the lane, or the step and index, of the first mismatch.
/// Cost: proportional to the padded multiply-accumulates of the model.
[[nodiscard]] Status mock(const Circuit& circuit, std::span<const std::int64_t> weights,
                          const Witness& witness);

}  // namespace mintmark::prover
