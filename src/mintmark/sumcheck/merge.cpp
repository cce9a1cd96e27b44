#include "mintmark/sumcheck/merge.hpp"

#include <mutex>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kGrain = 1024;

struct Ends {
    Fr c0 = Fr::zero(), c2 = Fr::zero();
};

Ends round_ends(const MergeSlot& slot) {
    Ends sum;
    std::mutex lock;
    parallel_for(slot.coef.size() / 2, kGrain, [&](std::size_t begin, std::size_t end) {
        Ends part;
        for (std::size_t y = begin; y < end; ++y) {
            const Fr &k0 = slot.coef[2 * y], &v0 = slot.value[2 * y];
            part.c0 += k0 * v0;
            part.c2 += (slot.coef[2 * y + 1] - k0) * (slot.value[2 * y + 1] - v0);
        }
        const std::scoped_lock hold(lock);
        sum.c0 += part.c0;
        sum.c2 += part.c2;
    });
    return sum;
}

void fold(std::vector<Fr>& table, const Fr& r) {
    std::vector<Fr> half(table.size() / 2);
    parallel_for(half.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i)
            half[i] = table[2 * i] + r * (table[2 * i + 1] - table[2 * i]);
    });
    table = std::move(half);
}

}  // namespace

MergeResult prove_merge(std::vector<MergeSlot> slots, std::size_t num_rounds,
                        Transcript& transcript, const RoundHook& hook) {
    for (const auto& slot : slots)
        MINTMARK_ASSERT(slot.coef.size() == std::size_t{1} << num_rounds &&
                        slot.value.size() == slot.coef.size());
    MergeResult result;
    for (std::size_t j = 0; j < num_rounds; ++j) {
        std::array<Fr, 2> message{Fr::zero(), Fr::zero()};
        for (const auto& slot : slots) {
            const Ends ends = round_ends(slot);
            message[0] += ends.c0;
            message[1] += ends.c2;
        }
        if (hook) hook(j, message);
        transcript.absorb_fr("merge", message);
        const Fr z = transcript.challenge("z");
        for (auto& slot : slots) {
            fold(slot.coef, z);
            fold(slot.value, z);
        }
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
