// An operand of a product as a table over the sumcheck's variables.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/sumcheck/fold_table.hpp"

namespace mintmark::prover {

/// The values A(x) for x in {0,1}^{n_x}: contraction and shared axes at Boolean points, free out
/// axes folded at their slices of `rho` (docs/spec/protocol.md §3). `lanes`: the tensor's lanes,
/// padding included. The tensor's axes are folded one map at a time, so this shares nothing with
/// the closed forms that the verifier evaluates. Cost: one multiplication per lane and tap.
[[nodiscard]] sumcheck::FrTable operand_table(const Circuit& circuit, const Step& step,
                                              const ProdTerm& term, const Operand& operand,
                                              std::span<const Fr> rho,
                                              std::span<const std::int64_t> lanes);

}  // namespace mintmark::prover
