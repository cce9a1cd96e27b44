#include "mintmark/sumcheck/product.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/sumcheck/fold_table.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kGrain = 4096;

struct Cubic {
    Fr c0 = Fr::zero(), c1 = Fr::zero(), c2 = Fr::zero(), c3 = Fr::zero();
};

// An instance on its way: tables shrink by half each round. The factor eq(eq_point, x) is split
// into the scalar of the bound variables, the linear factor of the current one, and `suffix`, the
// table over those that follow.
class Running {
  public:
    explicit Running(ProductInstance&& instance)
        : scale_(instance.weight),
          point_(std::move(instance.eq_point)),
          a_(std::move(instance.a)),
          b_(std::move(instance.b)) {
        MINTMARK_ASSERT(std::has_single_bit(a_.size()) && a_.size() == b_.size());
        num_vars_ = static_cast<std::size_t>(std::countr_zero(a_.size()));
        MINTMARK_ASSERT(point_.size() <= num_vars_);
        suffix_ = eq_table(point_);
    }

    [[nodiscard]] std::size_t num_vars() const { return num_vars_; }
    [[nodiscard]] const Fr& a_eval() const { return a_[0]; }
    [[nodiscard]] const Fr& b_eval() const { return b_[0]; }
    void rescale(const Fr& factor) { scale_ *= factor; }

    // Weighted sum over the whole cube; only before the first bind.
    [[nodiscard]] Fr total() const {
        const std::size_t mask = suffix_.size() - 1;
        Fr sum = Fr::zero();
        std::mutex lock;
        parallel_for(a_.size(), kGrain, [&](std::size_t begin, std::size_t end) {
            Fr part = Fr::zero();
            for (std::size_t x = begin; x < end; ++x) part += suffix_[x & mask] * (a_[x] * b_[x]);
            const std::scoped_lock hold(lock);
            sum += part;
        });
        return scale_ * sum;
    }

    // The round's polynomial, and `suffix` moves past the current variable.
    [[nodiscard]] Cubic round() {
        const bool has_eq = bound_ < point_.size();
        if (has_eq) {
            for (std::size_t i = 0; i < suffix_.size() / 2; ++i)
                suffix_[i] = suffix_[2 * i] + suffix_[2 * i + 1];
            suffix_.resize(suffix_.size() / 2);
        }
        const PairSums q = inner();
        const Fr q0 = scale_ * q.at0, q2 = scale_ * q.lead;
        const Fr q1 = scale_ * q.at1 - q0 - q2;
        if (!has_eq) return {q0, q1, q2, Fr::zero()};
        const Fr e0 = Fr::one() - point_[bound_], e1 = point_[bound_] - e0;  // e0 + e1 X
        return {e0 * q0, e0 * q1 + e1 * q0, e0 * q2 + e1 * q1, e1 * q2};
    }

    void bind(const Fr& r) {
        if (bound_ < point_.size()) {
            const Fr e0 = Fr::one() - point_[bound_];
            scale_ *= e0 + r * (point_[bound_] - e0);
        }
        ++bound_;
        fold_table(a_, r);
        fold_table(b_, r);
    }

  private:
    // The quadratic inner sum at 0, at 1, and its leading coefficient.
    [[nodiscard]] PairSums inner() const {
        const std::span<const Fr> weights =
            suffix_.size() > 1 ? std::span<const Fr>(suffix_) : std::span<const Fr>();
        PairSums sum;
        std::mutex lock;
        parallel_for(a_.size() / 2, kGrain, [&](std::size_t begin, std::size_t end) {
            const auto part = [&](const std::vector<Fr>& table) {
                return std::span(table).subspan(2 * begin, 2 * (end - begin));
            };
            const PairSums own = pair_sums(part(a_), part(b_), weights, begin);
            const std::scoped_lock hold(lock);
            sum.at0 += own.at0;
            sum.at1 += own.at1;
            sum.lead += own.lead;
        });
        return sum;
    }

    Fr scale_;
    std::vector<Fr> point_, suffix_, a_, b_;
    std::size_t num_vars_ = 0, bound_ = 0;
};

// Adds the instance's part of round `round` of `num_rounds`; `waiting` is its sum divided by
// 2^{rounds so far}, used until its own first round.
void add_round(Running& run, Fr& waiting, std::size_t rounds_left, Cubic& sum) {
    if (run.num_vars() < rounds_left) {
        waiting *= Fr::inv2();
        run.rescale(Fr::inv2());
        sum.c0 += waiting;
        return;
    }
    const Cubic own = run.round();
    sum.c0 += own.c0;
    sum.c1 += own.c1;
    sum.c2 += own.c2;
    sum.c3 += own.c3;
}

}  // namespace

Fr product_sum(const ProductInstance& instance) {
    ProductInstance copy = instance;
    copy.weight = Fr::one();
    return Running(std::move(copy)).total();
}

ProductResult prove_product(std::vector<ProductInstance> instances, std::size_t num_rounds,
                            Transcript& transcript, const RoundHook& hook) {
    std::vector<Running> runs;
    std::vector<Fr> waiting;
    for (auto& instance : instances) {
        runs.emplace_back(std::move(instance));
        MINTMARK_ASSERT(runs.back().num_vars() <= num_rounds);
        const bool waits = runs.back().num_vars() < num_rounds;
        waiting.push_back(waits ? runs.back().total() : Fr::zero());
    }
    ProductResult result;
    for (std::size_t j = 0; j < num_rounds; ++j) {
        const std::size_t left = num_rounds - j;
        Cubic sum;
        for (std::size_t i = 0; i < runs.size(); ++i) add_round(runs[i], waiting[i], left, sum);
        std::array<Fr, 3> message{sum.c0, sum.c2, sum.c3};
        if (hook) hook(j, message);
        transcript.absorb_fr("prod", message);
        const Fr r = transcript.challenge("r");
        for (auto& run : runs)
            if (run.num_vars() >= left) run.bind(r);
        result.messages.push_back(message);
        result.challenges.push_back(r);
    }
    for (const auto& run : runs) {
        result.a_evals.push_back(run.a_eval());
        result.b_evals.push_back(run.b_eval());
    }
    return result;
}

}  // namespace mintmark::sumcheck
