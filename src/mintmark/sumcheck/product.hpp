// Prover's side of the batched product sumcheck (docs/spec/protocol.md §5, step 5).
//
// Instance i: sum over x in {0,1}^{n_i} of E_i(x) A_i(x) B_i(x), E_i = eq(eq_point, low variables).
// All instances are bound by the same challenges, aligned at the last round.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/sumcheck/round_hook.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::sumcheck {

/// One instance. `a` and `b` have 2^n values each, index bit i = variable i.
struct ProductInstance {
    Fr weight;                 ///< factor of the instance's sum in the batch
    std::vector<Fr> eq_point;  ///< E = eq(eq_point, variables 0 .. eq_point.size()); empty: E = 1
    std::vector<Fr> a, b;      ///< the factors' values
};

/// What the prover has said and learnt.
struct ProductResult {
    std::vector<std::array<Fr, 3>> messages;  ///< per round (c0, c2, c3)
    std::vector<Fr> challenges;               ///< r_0 .. r_{N-1}, in round order
    std::vector<Fr> a_evals, b_evals;         ///< per instance, at the last n_i challenges
};

/// Sum of E A B over the instance's cube.
[[nodiscard]] Fr product_sum(const ProductInstance& instance);

/// Runs `num_rounds` rounds (>= every n_i), absorbing each message under "prod" and drawing "r".
/// Consumes the tables: peak extra memory is half of them. Cost: 8 multiplications a pair.
[[nodiscard]] ProductResult prove_product(std::vector<ProductInstance> instances,
                                          std::size_t num_rounds, Transcript& transcript,
                                          const RoundHook& hook = {});

}  // namespace mintmark::sumcheck
