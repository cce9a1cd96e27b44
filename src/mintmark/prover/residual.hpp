// How far off a set of evaluations is after the product sumcheck: what a lying prover would want to
// know. For tests; written from docs/spec/protocol.md §5 apart from the verifier.
#pragma once

#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/proof/proof.hpp"

namespace mintmark::prover {

/// The challenges drawn up to the end of the product sumcheck.
struct Challenges {
    Fr alpha, beta, gamma, delta;
    std::vector<Fr> rho, r;
};

/// The last claim of the product sumcheck, from the messages in the proof.
[[nodiscard]] Fr product_claim(const Challenges& at, const Proof& proof);
/// What the evaluations h q ht t a_1 b_1 ... make of it; the claim less g(r) when honest.
[[nodiscard]] Fr combine_evals(const Circuit& circuit, const Challenges& at,
                               std::span<const Fr> evals);

}  // namespace mintmark::prover
