// Prover's side of the batched product sumcheck (docs/spec/protocol.md §5, step 5).
//
// Instance i: sum over x in {0,1}^{n_i} of E_i(x) A_i(x) B_i(x), E_i = eq(eq_point, low variables).
// All instances are bound by the same challenges, aligned at the last round. Masks (section 5a)
// hide every message and the factors' final values.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/sumcheck/fold_table.hpp"
#include "mintmark/sumcheck/round_hook.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::sumcheck {

/// One instance. `a` and `b` have 2^n values each, index bit i = variable i.
struct ProductInstance {
    Fr weight;                 ///< factor of the instance's sum in the batch
    std::vector<Fr> eq_point;  ///< E = eq(eq_point, variables 0 .. eq_point.size()); empty: E = 1
    FrTable a, b;              ///< the factors' values
    Fr mask_a = Fr::zero();    ///< A becomes A + x_last (1 - x_last) mask_a
    Fr mask_b = Fr::zero();    ///< B likewise
    /// Instead of `a` and `b`, if not empty: read where they lie (they outlive the sumcheck) until
    /// the rounds have left at most `most_written` values.
    SharedRows shared = {};
    std::size_t most_written = std::size_t{1} << 24U;
};

/// The mask g(x) = constant + sum_i sum_e coefs_{i,e} x_i^e that is added to the batch. All zero:
/// no mask.
struct RoundMasks {
    Fr constant = Fr::zero();
    std::vector<std::array<Fr, 3>> coefs;  ///< per round but the last: of x, x^2, x^3
    std::array<Fr, 5> last{};              ///< of x ... x^5 in the last round
};
/// Sum of g over the cube of all rounds.
[[nodiscard]] Fr mask_sum(const RoundMasks& masks);

/// What the prover has said and learnt.
struct ProductResult {
    std::vector<std::array<Fr, 3>> messages;  ///< per round but the last (c0, c2, c3)
    std::array<Fr, 5> last_message{};         ///< (c0, c2, c3, c4, c5)
    std::vector<Fr> challenges;               ///< r_0 .. r_{N-1}, in round order
    std::vector<Fr> a_evals, b_evals;         ///< per instance, at the last n_i challenges, masked
};

/// Sum of E A B over the instance's cube.
[[nodiscard]] Fr product_sum(const ProductInstance& instance);

/// Runs `masks.coefs.size() + 1` rounds (>= every n_i), absorbing each message under "prod" and
/// drawing "r". Consumes the tables: peak extra memory is half of them. Cost: 8 multiplications a
/// pair; the masks cost nothing that grows with the tables.
[[nodiscard]] ProductResult prove_product(std::vector<ProductInstance> instances,
                                          const RoundMasks& masks, Transcript& transcript,
                                          const RoundHook& hook = {});

}  // namespace mintmark::sumcheck
