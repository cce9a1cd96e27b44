// Places where a test makes the prover lie. The transcript goes on honestly with the lie in it, as
// a cheating prover's would. Production code passes none.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "mintmark/pcs/mercury.hpp"
#include "mintmark/prover/columns.hpp"
#include "mintmark/prover/masks.hpp"
#include "mintmark/sumcheck/round_hook.hpp"

namespace mintmark::prover {

/// Each callback may alter its arguments in place; empty ones are skipped.
struct ProverTamper {
    /// All columns but H and HT, before anything is committed.
    std::function<void(Columns&)> columns;
    /// H and HT, before they are committed.
    std::function<void(std::vector<Fr>& h, std::vector<Fr>& ht)> inverses;
    /// The masks, before they are committed.
    std::function<void(Masks&)> masks;
    /// The points of message "trace" (F, G, M, Z, R) or "inv" (H, HT), before they are absorbed.
    std::function<void(std::string_view label, std::vector<G1Affine>& points)> commitments;
    /// The claim c.
    std::function<void(Fr& sum)> sum;
    sumcheck::RoundHook product_round;  ///< (c0, c2, c3), in the last round c4 and c5 too
    /// h q ht t a_1 b_1 ...; `residual` says how far w is from the committed g(r).
    std::function<void(std::span<Fr> evals, const std::function<Fr(std::span<const Fr>)>& residual)>
        evals;
    sumcheck::RoundHook merge_round;  ///< (c0, c2)
    std::function<void(MercuryProof&)> opening;
};

}  // namespace mintmark::prover
