#include "mintmark/sumcheck/merge.hpp"

#include <utility>

#include "mintmark/base/assert.hpp"

namespace mintmark::sumcheck {
namespace {

/// Binds the current variable; the sums of the next round.
PairEnds bind(MergeSlot& slot, const Fr& z) {
    if (!slot.value.empty()) return fold_and_sum(slot.coef, slot.value, z, {});
    return fold_and_sum(slot.coef, std::exchange(slot.view, {}), slot.value, z);
}

void add(std::array<Fr, 2>& message, const PairEnds& sums) {
    message[0] += sums.at0;
    message[1] += sums.lead;
}

}  // namespace

MergeResult prove_merge(std::vector<MergeSlot> slots, MergeMask& mask, std::size_t num_rounds,
                        Transcript& transcript, const RoundHook& hook) {
    std::array<Fr, 2> message{};
    for (const auto& slot : slots) {
        MINTMARK_ASSERT(slot.coef.size() == std::size_t{1} << num_rounds &&
                        slot.values().size() == slot.coef.size());
        if (num_rounds > 0) add(message, sum_ends(slot.coef, slot.values(), {}));
    }
    MergeResult result;
    for (std::size_t j = 0; j < num_rounds; ++j) {
        mask.add_round(message);
        if (hook) hook(j, message);
        transcript.absorb_fr("merge", message);
        result.messages.push_back(message);
        const Fr z = transcript.challenge("z");
        result.point.push_back(z);
        message = {};
        for (auto& slot : slots) add(message, bind(slot, z));
        mask.bind(z);
    }
    for (const auto& slot : slots) {
        const TableView values = slot.values();
        result.coef_evals.push_back(slot.coef[0]);
        result.value_evals.push_back(values.ints.empty() ? values.fields[0]
                                                         : Fr::from_i64(values.ints[0]));
    }
    return result;
}

}  // namespace mintmark::sumcheck
