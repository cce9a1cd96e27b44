#include "mintmark/sumcheck/merge.hpp"

#include <mutex>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kSmall = std::size_t{1} << 13U;  // lanes that one thread takes whole

using Message = std::array<Fr, 2>;

void add(Message& message, const PairEnds& sums) {
    message[0] += sums.at0;
    message[1] += sums.lead;
}

/// Binds the current variable; the sums of the next round.
PairEnds bind(MergeSlot& slot, const Fr& z) {
    if (!slot.value.empty()) return fold_and_sum(slot.coef, slot.value, z, {});
    return fold_and_sum(slot.coef, std::exchange(slot.view, {}), slot.value, z);
}

Fr only_value(const MergeSlot& slot) {
    const TableView values = slot.values();
    return values.ints.empty() ? values.fields[0] : Fr::from_i64(values.ints[0]);
}

/// The tables of a stage. Many small ones are shared out among the threads, large ones one by one.
class Tables {
  public:
    explicit Tables(std::vector<MergeSlot> slots) : slots_(std::move(slots)) {}

    /// The first message of `num_vars` variables.
    Message begin(std::size_t num_vars) {
        for (const MergeSlot& slot : slots_)
            MINTMARK_ASSERT(slot.coef.size() == std::size_t{1} << num_vars &&
                            slot.values().size() == slot.coef.size());
        if (num_vars == 0) return {};
        return over_all([](MergeSlot& slot) { return sum_ends(slot.coef, slot.values(), {}); });
    }
    Message bind_all(const Fr& z) {
        return over_all([&](MergeSlot& slot) { return bind(slot, z); });
    }
    [[nodiscard]] std::vector<Fr> coefs() const {
        std::vector<Fr> out;
        for (const MergeSlot& slot : slots_) out.push_back(slot.coef[0]);
        return out;
    }
    [[nodiscard]] std::vector<Fr> values() const {
        std::vector<Fr> out;
        for (const MergeSlot& slot : slots_) out.push_back(only_value(slot));
        return out;
    }

  private:
    template <class Body>
    Message over_all(const Body& body) {
        Message message{};
        if (slots_.empty()) return message;
        if (slots_.front().coef.size() > kSmall) {
            for (MergeSlot& slot : slots_) add(message, body(slot));
            return message;
        }
        std::mutex lock;
        const std::size_t grain = 1 + kSmall / 4 / slots_.front().coef.size();
        parallel_for(slots_.size(), grain, [&](std::size_t begin, std::size_t end) {
            Message own{};
            for (std::size_t i = begin; i < end; ++i) add(own, body(slots_[i]));
            const std::scoped_lock hold(lock);
            for (std::size_t k = 0; k < own.size(); ++k) message[k] += own[k];
        });
        return message;
    }

    std::vector<MergeSlot> slots_;
};

}  // namespace

MergeResult prove_merge(MergeStages stages, MergeMask& mask, std::size_t num_rounds,
                        Transcript& transcript, const RoundHook& hook) {
    MINTMARK_ASSERT(stages.early_vars <= num_rounds &&
                    (stages.late || stages.early_vars == num_rounds));
    Tables tables(std::move(stages.early));
    Message message = tables.begin(stages.early_vars);
    MergeResult result;
    for (std::size_t j = 0;; ++j) {
        if (stages.late && j == stages.early_vars) {
            tables = Tables(stages.late(result.point, tables.coefs()));
            message = tables.begin(num_rounds - j);
        }
        if (j == num_rounds) break;
        mask.add_round(message);
        if (hook) hook(j, message);
        transcript.absorb_fr("merge", message);
        result.messages.push_back(message);
        const Fr z = transcript.challenge("z");
        result.point.push_back(z);
        message = tables.bind_all(z);
        mask.bind(z);
    }
    result.coef_evals = tables.coefs();
    result.value_evals = tables.values();
    return result;
}

MergeResult prove_merge(std::vector<MergeSlot> slots, MergeMask& mask, std::size_t num_rounds,
                        Transcript& transcript, const RoundHook& hook) {
    return prove_merge({.early = std::move(slots), .early_vars = num_rounds, .late = {}}, mask,
                       num_rounds, transcript, hook);
}

}  // namespace mintmark::sumcheck
