// Prover, simulator and decoder of tiny_proof.hpp.
#pragma once

#include "linear_algebra.hpp"
#include "tiny_proof.hpp"

namespace mintmark::tiny {

/// What a proof shows, kShown numbers, and the four that the verifier's equations give.
template <class F>
struct Transcript {
    std::vector<F> shown, implied;
    friend bool operator==(const Transcript&, const Transcript&) = default;
};

template <class F>
void append_opening(Transcript<F>& out, const Opening<F>& o) {
    for (const F& x : {o.h, o.g, o.s, o.d, o.g_z, o.g_zi, o.h_z, o.h_zi, o.s_z, o.s_zi})
        out.shown.push_back(x);
    out.implied = {o.q, o.w, o.w_y};
}

/// The factors' values at r, masks included.
template <class F>
std::vector<F> masked_evals(const Challenges<F>& ch, const std::vector<ProductTerm<F>>& terms) {
    const F theta = ch.r.back() * (F::one() - ch.r.back());
    std::vector<F> evals(kEvals);
    for (std::size_t i = 0; i < kTerms.size(); ++i) {
        const auto r = std::span<const F>(ch.r).last(kTerms[i].vars);
        evals[kTerms[i].a.eval] = mle(terms[i].a, r) + theta * terms[i].mask_a;
        if (kTerms[i].b.lane != kPublic)
            evals[kTerms[i].b.eval] = mle(terms[i].b, r) + theta * terms[i].mask_b;
    }
    return evals;
}

/// The honest prover.
template <class F>
Transcript<F> prove(const Challenges<F>& ch, const std::vector<F>& w, const std::vector<F>& coins) {
    const Forms<F> polys = columns<F>(w, coins);
    Transcript<F> out;
    for (const auto* p : {&polys.w, &polys.z, &polys.r})
        out.shown.push_back(eval(*p, ch.opening.tau));
    const std::span<const F> all(coins);
    const auto masks = all.subspan(kEvalCoin, kEvals);
    const auto terms = product_terms<F>(ch, w, masks);
    const auto rounds = product_rounds<F>(terms, round_mask(all.subspan(kSlotCoin)), ch.r);
    out.shown.push_back(eval(rounds[0], F::zero()) + eval(rounds[0], F::one()));
    for (const auto& round : rounds) append_sent(out.shown, round);
    const auto evals = masked_evals(ch, terms);
    out.shown.insert(out.shown.end(), evals.begin(), evals.end());

    const Forms<F> forms = merge_forms(ch);
    std::vector<FormedColumn<F>> merged{{forms.w, polys.w}, {forms.z, polys.z}, {forms.r, polys.r}};
    for (auto& column : merged) column.lanes.resize(kLanes);
    for (const auto& round : merge_rounds<F>(merged, ch.z)) append_sent(out.shown, round);
    Poly<F> f(polys.w.size());
    const std::array all_polys = {&polys.w, &polys.z, &polys.r};
    for (std::size_t c = 0; c < merged.size(); ++c)
        for (std::size_t x = 0; x < f.size(); ++x) f[x] += merged[c].form[0] * (*all_polys[c])[x];
    append_opening(out, open<F>(f, ch.z, ch.opening));
    return out;
}

/// The claim after a round, of which all coefficients but that of X are given.
template <class F>
F next_claim(const F& claim, std::span<const F> sent, const F& x) {
    Poly<F> round{sent[0], claim - sent[0]};
    for (const F& c : sent) round[1] -= c;
    round.insert(round.end(), sent.begin() + 1, sent.end());
    return eval(round, x);
}

/// The simulator, given the uniform numbers `shown`: what the verifier's equations make of them.
template <class F>
Transcript<F> simulate(const Challenges<F>& ch, const std::vector<F>& shown) {
    const std::span<const F> all(shown);
    F e = shown[kSum];
    for (std::size_t i = 0; i < kRounds; ++i)
        e = next_claim(e, all.subspan(kProduct + 3 * i, i + 1 == kRounds ? 5 : 3), ch.r[i]);
    for (std::size_t i = 0; i < kTerms.size(); ++i) {
        const Term& term = kTerms[i];
        const auto r = std::span<const F>(ch.r).last(term.vars);
        F scale = ch.weights[i] *
                  eq(std::span<const F>(ch.eq_point).first(term.eq_vars), r.first(term.eq_vars));
        for (std::size_t k = term.vars; k < kRounds; ++k) scale *= F::inv2();
        const F b = term.b.lane == kPublic ? mle(ch.public_table, r) : shown[kEval + term.b.eval];
        e -= scale * shown[kEval + term.a.eval] * b;
    }
    F claim = shown[kSum] + ch.lambda * e, weight = ch.lambda;
    for (std::size_t i = 0; i < kEvals; ++i) claim += (weight *= ch.lambda) * shown[kEval + i];
    for (std::size_t i = 0; i < kMu; ++i)
        claim = next_claim(claim, all.subspan(kMerge + 2 * i, 2), ch.z[i]);
    const Forms<F> forms = merge_forms(ch);
    const std::span<const F> z(ch.z);
    const F combined =
        mle(forms.w, z) * shown[0] + mle(forms.z, z) * shown[1] + mle(forms.r, z) * shown[2];
    Opening<F> o{};
    std::size_t next = kOpening;
    for (F* x : {&o.h, &o.g, &o.s, &o.d, &o.g_z, &o.g_zi, &o.h_z, &o.h_zi, &o.s_z, &o.s_zi})
        *x = shown[next++];
    complete(o, combined, z, claim, ch.opening);
    Transcript<F> out{{shown.begin(), shown.begin() + kOpening}, {}};
    append_opening(out, o);
    return out;
}

/// Finds, for a transcript and a witness, coins with which the prover shows just that: they exist
/// for every transcript and every witness. The evaluations fix their masks; given these the rest is
/// affine in the other coins, with a linear part that knows nothing of the witness.
template <class F>
class Decoder {
  public:
    /// nullopt at challenges where the masks do not reach everything (rare: the lemmas).
    static std::optional<Decoder> make(const Challenges<F>& ch) {
        const F theta = ch.r.back() * (F::one() - ch.r.back());
        if (theta.is_zero() || !is_proper(ch.opening)) return std::nullopt;
        Decoder out(ch, theta.inverse());
        const std::vector<F> none(kLanes);
        testing::Matrix<F> columns;
        for (std::size_t k = 0; k < kCoins; ++k) {
            std::vector<F> coins(kCoins);
            coins[k] = F::one();
            if (k < kEvalCoin || k >= kZCoin)
                columns.push_back(out.without_evals(prove(ch, none, coins).shown));
            else
                columns.emplace_back(kShown - kEvals);
        }
        auto reduced = testing::transposed(columns);
        out.pivots_ = testing::eliminate(reduced);
        testing::Matrix<F> square;
        for (const std::size_t k : out.pivots_) square.push_back(columns[k]);
        auto inverse = testing::inverted(testing::transposed(square));
        if (out.pivots_.size() != kShown - kEvals || !inverse) return std::nullopt;
        out.inverse_ = *std::move(inverse);
        return out;
    }

    /// kCoins values, zero for the high coefficients that are not needed.
    [[nodiscard]] std::vector<F> decode(const std::vector<F>& shown,
                                        const std::vector<F>& w) const {
        std::vector<F> coins(kCoins);
        const std::vector<F> no_masks(kEvals);
        const auto bare = masked_evals(ch_, product_terms<F>(ch_, w, no_masks));
        for (std::size_t i = 0; i < kEvals; ++i)
            coins[kEvalCoin + i] = theta_inverse_ * (shown[kEval + i] - bare[i]);
        auto rest = without_evals(shown);
        const auto base = without_evals(prove(ch_, w, coins).shown);
        for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= base[i];
        const auto solved = testing::times(inverse_, rest);
        for (std::size_t i = 0; i < solved.size(); ++i) coins[pivots_[i]] = solved[i];
        return coins;
    }
    /// The coins that decode() chooses, evaluation masks not among them.
    [[nodiscard]] const std::vector<std::size_t>& pivots() const { return pivots_; }

  private:
    Decoder(const Challenges<F>& ch, const F& theta_inverse)
        : ch_(ch), theta_inverse_(theta_inverse) {}

    // No division by zero in an opening.
    [[nodiscard]] static bool is_proper(const OpeningChallenges<F>& o) {
        const F zi = o.zeta.inverse();
        return !(o.zeta * (o.tau - o.zeta) * (o.tau - zi) * (o.tau - o.a) * (o.tau - o.y) *
                 (o.zeta - zi) * (o.a - o.zeta) * (o.a - zi) * (power(o.tau, kBase) - o.a))
                    .is_zero();
    }
    [[nodiscard]] static std::vector<F> without_evals(const std::vector<F>& shown) {
        std::vector<F> out;
        for (std::size_t i = 0; i < shown.size(); ++i)
            if (i < kEval || i >= kMerge) out.push_back(shown[i]);
        return out;
    }

    Challenges<F> ch_;
    F theta_inverse_;
    std::vector<std::size_t> pivots_;
    testing::Matrix<F> inverse_;
};

}  // namespace mintmark::tiny
