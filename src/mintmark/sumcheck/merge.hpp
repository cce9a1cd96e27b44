// Prover's side of the merge sumcheck (docs/spec/protocol.md §5, step 7): many linear claims on
// many tables become one evaluation of each at one point.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/sumcheck/fold_table.hpp"
#include "mintmark/sumcheck/merge_mask.hpp"
#include "mintmark/sumcheck/round_hook.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::sumcheck {

/// One table with the coefficients of all claims on it, already combined: as many values each. The
/// values are the slot's own, or are read where `view` says (it outlives the sumcheck).
struct MergeSlot {
    std::vector<Fr> coef, value;
    TableView view{};

    [[nodiscard]] TableView values() const noexcept {
        return value.empty() ? view : TableView{.fields = value, .ints = {}};
    }
};

/// The sumcheck's input in two stages. The first one's tables have `early_vars` variables, the
/// lowest. When these are bound, `late` is told their point and the first tables' coefficients
/// there and makes tables of the others, whose sum must be what is left of the first ones'. Without
/// it the first tables have all variables.
struct MergeStages {
    std::vector<MergeSlot> early;
    std::size_t early_vars = 0;
    std::function<std::vector<MergeSlot>(std::span<const Fr> point, std::span<const Fr> coefs)>
        late = {};
};

/// What the prover has said and learnt.
struct MergeResult {
    std::vector<std::array<Fr, 2>> messages;  ///< per round (c0, c2)
    std::vector<Fr> point;                    ///< z_0 .. z_{mu-1}
    std::vector<Fr> coef_evals, value_evals;  ///< per slot of the last stage, at the point
};

/// Runs `num_rounds` = mu rounds on the sum over all slots of coef(x) value(x), plus the mask's,
/// absorbing each message under "merge" and drawing "z". Consumes the tables; binds the mask.
[[nodiscard]] MergeResult prove_merge(MergeStages stages, MergeMask& mask, std::size_t num_rounds,
                                      Transcript& transcript, const RoundHook& hook = {});
/// The same in one stage.
[[nodiscard]] MergeResult prove_merge(std::vector<MergeSlot> slots, MergeMask& mask,
                                      std::size_t num_rounds, Transcript& transcript,
                                      const RoundHook& hook = {});

}  // namespace mintmark::sumcheck
