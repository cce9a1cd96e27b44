// Prover's side of the merge sumcheck (docs/spec/protocol.md §5, step 7): many linear claims on
// many tables of one size become one evaluation of each at one point.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/sumcheck/fold_table.hpp"
#include "mintmark/sumcheck/merge_mask.hpp"
#include "mintmark/sumcheck/round_hook.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::sumcheck {

/// One table with the coefficients of all claims on it, already combined: 2^mu values each. The
/// values are the slot's own, or are read where `view` says (it outlives the sumcheck).
struct MergeSlot {
    std::vector<Fr> coef, value;
    TableView view{};

    [[nodiscard]] TableView values() const noexcept {
        return value.empty() ? view : TableView{.fields = value, .ints = {}};
    }
};

/// What the prover has said and learnt.
struct MergeResult {
    std::vector<std::array<Fr, 2>> messages;  ///< per round (c0, c2)
    std::vector<Fr> point;                    ///< z_0 .. z_{mu-1}
    std::vector<Fr> coef_evals, value_evals;  ///< per slot, at the point
};

/// Runs `num_rounds` = mu rounds on the sum over all slots of coef(x) value(x), plus the mask's,
/// absorbing each message under "merge" and drawing "z". Consumes the tables; binds the mask.
[[nodiscard]] MergeResult prove_merge(std::vector<MergeSlot> slots, MergeMask& mask,
                                      std::size_t num_rounds, Transcript& transcript,
                                      const RoundHook& hook = {});

}  // namespace mintmark::sumcheck
