#include "mintmark/sumcheck/merge.hpp"

#include <mutex>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/sumcheck/fold_table.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kGrain = 4096;

// Adds the slot's part of c0 and c2.
void add_round(const MergeSlot& slot, std::array<Fr, 2>& message) {
    std::mutex lock;
    parallel_for(slot.coef.size() / 2, kGrain, [&](std::size_t begin, std::size_t end) {
        const auto part = [&](const std::vector<Fr>& table) {
            return std::span(table).subspan(2 * begin, 2 * (end - begin));
        };
        const PairSums own = pair_sums(part(slot.coef), part(slot.value), {}, 0);
        const std::scoped_lock hold(lock);
        message[0] += own.at0;
        message[1] += own.lead;
    });
}

}  // namespace

MergeResult prove_merge(std::vector<MergeSlot> slots, MergeMask& mask, std::size_t num_rounds,
                        Transcript& transcript, const RoundHook& hook) {
    for (const auto& slot : slots)
        MINTMARK_ASSERT(slot.coef.size() == std::size_t{1} << num_rounds &&
                        slot.value.size() == slot.coef.size());
    MergeResult result;
    for (std::size_t j = 0; j < num_rounds; ++j) {
        std::array<Fr, 2> message{Fr::zero(), Fr::zero()};
        for (const auto& slot : slots) add_round(slot, message);
        mask.add_round(message);
        if (hook) hook(j, message);
        transcript.absorb_fr("merge", message);
        const Fr z = transcript.challenge("z");
        for (auto& slot : slots) {
            fold_table(slot.coef, z);
            fold_table(slot.value, z);
        }
        mask.bind(z);
        result.messages.push_back(message);
        result.point.push_back(z);
    }
    for (const auto& slot : slots) {
        result.coef_evals.push_back(slot.coef[0]);
        result.value_evals.push_back(slot.value[0]);
    }
    return result;
}

}  // namespace mintmark::sumcheck
