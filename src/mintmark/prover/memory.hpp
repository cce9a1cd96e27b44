// What a proof will take, said before it starts.
#pragma once

#include <cstdint>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark::prover {

/// Upper estimate of the bytes that witness, columns and the phases of `prove` take beside the
/// loaded key and SRS. From the sizes of its tables; within a factor of a few of what is measured.
[[nodiscard]] std::uint64_t memory_needed(const Circuit& circuit);

}  // namespace mintmark::prover
