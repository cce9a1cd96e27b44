// The verifier's program (protocol section 8a): the factors and terms into which the claims of a
// circuit fall apart, each distinct factor once. A function of the circuit; a key carries it so
// that a contract need not derive it again for every proof.
#pragma once

#include <cstddef>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark {

/// Longest program (section 9).
inline constexpr std::size_t kMaxProgramBytes = 1U << 22;

/// Bytes of the program of a circuit that obeys section 9. kOutOfRange: it would have more than
/// `max_bytes`, more than 65536 factors, or take more than 2^22 window taps to write down.
[[nodiscard]] Result<Bytes> verifier_program(const Circuit& circuit,
                                             std::size_t max_bytes = kMaxProgramBytes);

/// Gas that a contract spends on a program's records whose work grows with a box (DENSE, REGROUP):
/// what their length does not show.
[[nodiscard]] double gas_of_boxes(ByteSpan program);

}  // namespace mintmark
