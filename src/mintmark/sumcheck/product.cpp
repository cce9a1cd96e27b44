#include "mintmark/sumcheck/product.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/sumcheck/fold_table.hpp"

namespace mintmark::sumcheck {
namespace {

struct Cubic {
    Fr c0 = Fr::zero(), c1 = Fr::zero(), c2 = Fr::zero(), c3 = Fr::zero();
};
using LastRound = std::array<Fr, 6>;  // coefficients, lowest first

// An instance on its way: tables shrink by half each round. The factor eq(eq_point, x) is split
// into the scalar of the bound variables, the linear factor of the current one, and `suffix`, the
// table over those that follow. A round's sum at 1 follows from the claim that the round before
// left, so only the first round computes it.
class Running {
  public:
    explicit Running(ProductInstance&& instance)
        : scale_(instance.weight),
          point_(std::move(instance.eq_point)),
          a_(std::move(instance.a)),
          b_(std::move(instance.b)),
          shared_(std::move(instance.shared)),
          most_written_(instance.most_written),
          mask_a_(instance.mask_a),
          mask_b_(instance.mask_b) {
        // What is not folded before the last round has to be there.
        constexpr std::size_t kLeastShared = 4;
        if (is_shared() && shared_.size() < kLeastShared) {
            a_.resize(shared_.size());
            b_.resize(shared_.size());
            std::exchange(shared_, {}).read(0, a_, b_);
        }
        const std::size_t size = is_shared() ? shared_.size() : b_.size();
        MINTMARK_ASSERT(std::has_single_bit(size) && (is_shared() || a_.size() == size));
        num_vars_ = static_cast<std::size_t>(std::countr_zero(size));
        used_ = size;
        if (is_shared()) padding_ = padding_of(shared_);
        MINTMARK_ASSERT(point_.size() <= num_vars_);
        inverse_point_ = point_;
        batch_inverse(std::span<Fr>(inverse_point_));
        if (num_vars_ == 0) return;
        // Over the variables that follow the first one.
        suffix_ = EqWeights(std::span(point_).subspan(std::min<std::size_t>(1, point_.size())));
        sums_ = all_sums();
    }

    [[nodiscard]] std::size_t num_vars() const { return num_vars_; }
    // After the last round.
    [[nodiscard]] Fr a_eval(const Fr& mask_factor) const { return a_[0] + mask_factor * mask_a_; }
    [[nodiscard]] Fr b_eval(const Fr& mask_factor) const { return b_[0] + mask_factor * mask_b_; }
    void rescale(const Fr& factor) { scale_ *= factor; }

    // Weighted sum over the whole cube; only before the first bind.
    [[nodiscard]] Fr total() const {
        if (num_vars_ == 0) return scale_ * a_[0] * b_[0];
        const auto [e0, e1] = linear_factor();
        return scale_ * (has_eq() ? e0 * sums_.at0 + (e0 + e1) * sums_.at1 : sums_.at0 + sums_.at1);
    }

    // The round's polynomial.
    [[nodiscard]] Cubic round() const {
        const Fr q0 = scale_ * sums_.at0, q2 = scale_ * sums_.lead;
        const Fr q1 = scale_ * sums_.at1 - q0 - q2;
        if (!has_eq()) return {q0, q1, q2, Fr::zero()};
        const auto [e0, e1] = linear_factor();
        return {e0 * q0, e0 * q1 + e1 * q0, e0 * q2 + e1 * q1, e1 * q2};
    }

    // The last round, masks and all. An instance of no variables has constant factors before them.
    [[nodiscard]] LastRound last_round() const {
        const auto [e0, e1] = has_eq() ? linear_factor() : std::pair{Fr::one(), Fr::zero()};
        const auto a = masked(a_, mask_a_), b = masked(b_, mask_b_);
        LastRound product{};
        for (std::size_t i = 0; i < a.size(); ++i)
            for (std::size_t k = 0; k < b.size(); ++k) {
                const Fr term = scale_ * a[i] * b[k];
                product[i + k] += e0 * term;
                product[i + k + 1] += e1 * term;
            }
        return product;
    }

    void bind(const Fr& r) {
        if (has_eq()) {
            const auto [e0, e1] = linear_factor();
            scale_ *= e0 + r * e1;
        }
        const Fr claim = sums_.at0 + r * (sums_.at1 - sums_.at0 - sums_.lead + r * sums_.lead);
        ++bound_;
        suffix_.drop_lowest();
        const PairEnds ends = fold(r);
        sums_ = {ends.at0, Fr::zero(), ends.lead};
        if (is_shared() || a_.size() > 1) sums_.at1 = sum_at_one(claim);
    }

  private:
    // Fixes the current variable of both factors. To read shared ones and fold them once more costs
    // a quarter of a round, and saves half of the memory.
    PairEnds fold(const Fr& r) {
        if (!is_shared()) return fold_written(r);
        if (shared_.size() / 2 > most_written_) {
            shared_.fixed.push_back(r);
            return sum_ends(shared_, suffix_);
        }
        used_ = shared_.size_to_read() / 2;
        return fold_and_sum(std::exchange(shared_, {}), a_, b_, r, suffix_);
    }
    // Lanes after the used ones are padding and unset, but for those that the next round reads.
    PairEnds fold_written(const Fr& r) {
        const std::size_t lanes = lanes_to_read(used_, a_.size());
        const PairEnds sum =
            fold_to_half(std::span(a_).first(lanes), std::span(b_).first(lanes), r, suffix_);
        a_.resize(a_.size() / 2);
        b_.resize(a_.size());
        used_ = lanes / 2;
        fill_padding(a_, b_, used_, padding_);
        return sum;
    }

    [[nodiscard]] bool is_shared() const { return shared_.size() > 0; }

    // The one or two values left as a polynomial, plus mask (X - X^2).
    static std::array<Fr, 3> masked(std::span<const Fr> values, const Fr& mask) {
        return {values[0], values.back() - values[0] + mask, -mask};
    }

    [[nodiscard]] bool has_eq() const { return bound_ < point_.size(); }
    // (e0, e1): eq of the current variable X is e0 + e1 X.
    [[nodiscard]] std::pair<Fr, Fr> linear_factor() const {
        if (!has_eq()) return {Fr::one(), Fr::zero()};
        const Fr e0 = Fr::one() - point_[bound_];
        return {e0, point_[bound_] - e0};
    }

    // The inner sum at 1 from what the inner sums come to with the eq of the current variable.
    [[nodiscard]] Fr sum_at_one(const Fr& claim) const {
        if (!has_eq()) return claim - sums_.at0;
        const Fr& p = point_[bound_];
        if (p.is_zero()) return all_sums().at1;
        return (claim - (Fr::one() - p) * sums_.at0) * inverse_point_[bound_];
    }

    // The quadratic inner sum at 0, at 1, and its leading coefficient.
    [[nodiscard]] PairSums all_sums() const {
        if (is_shared()) return sum_pairs(shared_, suffix_);
        const std::size_t lanes = lanes_to_read(used_, a_.size());
        return sum_pairs(std::span(a_).first(lanes), std::span(b_).first(lanes), suffix_);
    }

    Fr scale_;
    std::vector<Fr> point_, inverse_point_;
    EqWeights suffix_;  // eq over the variables of the point that follow the current one
    FrTable a_, b_;
    SharedRows shared_;     // both as long as they are empty
    std::size_t used_ = 0;  // lanes of a_ and b_ before padding
    Fr padding_;            // b there
    std::size_t most_written_;
    PairSums sums_;  // of the current round, without the current variable's eq
    Fr mask_a_, mask_b_;
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

Fr sum_of(std::span<const Fr> values) {
    Fr sum = Fr::zero();
    for (const Fr& value : values) sum += value;
    return sum;
}

// The sum of g over the variables that are not bound yet, as a polynomial in the current one.
class MaskRounds {
  public:
    explicit MaskRounds(const RoundMasks& masks)
        : masks_(masks),
          prefix_(masks.constant),
          cube_(Fr::from_u64(2).pow(std::uint64_t{masks.coefs.size()})) {
        for (const auto& coefs : masks.coefs) later_ += sum_of(coefs);
        later_ += sum_of(masks.last);
    }

    void add_round(std::size_t round, Cubic& sum) {
        const auto& own = masks_.coefs[round];
        later_ -= sum_of(own);
        sum.c0 += cube_ * (prefix_ + Fr::inv2() * later_);
        sum.c1 += cube_ * own[0];
        sum.c2 += cube_ * own[1];
        sum.c3 += cube_ * own[2];
        cube_ *= Fr::inv2();
    }
    void bind(std::size_t round, const Fr& r) { prefix_ += r * horner(masks_.coefs[round], r); }
    void add_last(LastRound& sum) const {
        sum[0] += prefix_;
        for (std::size_t e = 0; e < masks_.last.size(); ++e) sum[e + 1] += masks_.last[e];
    }
    // Over the whole cube; only before the first round.
    [[nodiscard]] Fr total() const { return cube_ * (prefix_.double_() + later_); }

  private:
    const RoundMasks& masks_;
    Fr prefix_;              // constant and bound variables
    Fr cube_;                // 2^{variables after the current one}
    Fr later_ = Fr::zero();  // the current and later variables' polynomials at 1
};

// What the rounds share.
class Batch {
  public:
    Batch(std::vector<ProductInstance> instances, const RoundMasks& masks)
        : rounds_(masks.coefs.size() + 1), masks_(masks) {
        for (auto& instance : instances) {
            runs_.emplace_back(std::move(instance));
            MINTMARK_ASSERT(runs_.back().num_vars() <= rounds_);
            const bool waits = runs_.back().num_vars() < rounds_;
            waiting_.push_back(waits ? runs_.back().total() : Fr::zero());
        }
    }

    [[nodiscard]] std::array<Fr, 3> message(std::size_t round) {
        Cubic sum;
        for (std::size_t i = 0; i < runs_.size(); ++i)
            mintmark::sumcheck::add_round(runs_[i], waiting_[i], rounds_ - round, sum);
        masks_.add_round(round, sum);
        return {sum.c0, sum.c2, sum.c3};
    }
    void bind(std::size_t round, const Fr& r) {
        for (auto& run : runs_)
            if (run.num_vars() >= rounds_ - round) run.bind(r);
        if (round + 1 < rounds_) masks_.bind(round, r);
    }
    [[nodiscard]] std::array<Fr, 5> last_message() {
        LastRound sum{};
        for (auto& run : runs_) {
            if (run.num_vars() == 0) run.rescale(Fr::inv2());
            const LastRound own = run.last_round();
            for (std::size_t e = 0; e < own.size(); ++e) sum[e] += own[e];
        }
        masks_.add_last(sum);
        return {sum[0], sum[2], sum[3], sum[4], sum[5]};
    }
    void take_evals(const Fr& mask_factor, ProductResult& result) const {
        for (const auto& run : runs_) {
            result.a_evals.push_back(run.a_eval(mask_factor));
            result.b_evals.push_back(run.b_eval(mask_factor));
        }
    }

  private:
    std::size_t rounds_;
    std::vector<Running> runs_;
    std::vector<Fr> waiting_;
    MaskRounds masks_;
};

}  // namespace

Fr mask_sum(const RoundMasks& masks) {
    return MaskRounds(masks).total();
}

Fr product_sum(const ProductInstance& instance) {
    ProductInstance copy = instance;
    copy.weight = Fr::one();
    return Running(std::move(copy)).total();
}

ProductResult prove_product(std::vector<ProductInstance> instances, const RoundMasks& masks,
                            Transcript& transcript, const RoundHook& hook) {
    Batch batch(std::move(instances), masks);
    ProductResult result;
    const std::size_t last = masks.coefs.size();
    const auto say = [&](std::size_t round, std::span<Fr> message) {
        if (hook) hook(round, message);
        transcript.absorb_fr("prod", message);
        result.challenges.push_back(transcript.challenge("r"));
        batch.bind(round, result.challenges.back());
    };
    for (std::size_t j = 0; j < last; ++j) {
        std::array<Fr, 3> message = batch.message(j);
        say(j, message);
        result.messages.push_back(message);
    }
    result.last_message = batch.last_message();
    say(last, result.last_message);
    const Fr& r = result.challenges.back();
    batch.take_evals(r * (Fr::one() - r), result);
    return result;
}

}  // namespace mintmark::sumcheck
