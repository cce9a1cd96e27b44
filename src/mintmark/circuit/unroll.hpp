// Steps that are proven for all blocks of a deep network at once, taken apart again (protocol.md
// section 9a, docs/adr/0240).
#pragma once

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark {

/// The same constraints over the same lanes, in an order in which every step reads what earlier
/// steps have bound. A *loop* is a run of steps that read each other's results of earlier indices
/// of their first out axis, which all have in common; it becomes one step per index and step.
/// Circuits without loops are returned as they are. Tensors keep their ids; slices follow them.
/// kMalformed when steps read later ones in any other way. `circuit` satisfies all other rules of
/// section 9.
[[nodiscard]] Result<Circuit> unroll(const Circuit& circuit);

}  // namespace mintmark
