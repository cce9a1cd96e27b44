// A whole masked proof of a tiny statement over any field, at given challenges and in the exponent:
// every number that a proof shows, as a function of witness, coins and challenges.
//
// The statement: one column W of m = 64 lanes with sum_l d_l W_l = the sum of five products of
// tables that lie in W, of 3, 2, 2, 1 and 0 variables; one factor is public, as in the look-up
// argument, and two share a factor, which the protocol no longer needs. Masks, claims, rounds and
// opening are those of protocol.md.
#pragma once

#include <optional>

#include "mintmark/base/rng.hpp"
#include "tiny_opening.hpp"
#include "tiny_sumcheck.hpp"

namespace mintmark::tiny {

inline constexpr std::size_t kRounds = 3, kMu = 6, kLanes = 64, kBase = 8, kHigh = 8;
inline constexpr std::size_t kMaskSlots = 3 * kRounds + 3;  ///< of g

/// One factor: lanes from `lane` (or a public table) under the evaluation mask `eval`.
struct Factor {
    std::size_t lane, eval;
};
inline constexpr std::size_t kPublic = 99;
struct Term {
    std::size_t vars, eq_vars;
    Factor a, b;
};
inline constexpr std::array<Term, 5> kTerms{{{3, 3, {0, 0}, {8, 1}},
                                             {2, 2, {16, 2}, {kPublic, kPublic}},
                                             {2, 0, {20, 3}, {16, 2}},
                                             {1, 0, {24, 4}, {26, 5}},
                                             {0, 0, {28, 6}, {29, 7}}}};
inline constexpr std::size_t kEvals = 8, kFirstFree = 30;  ///< d_l is zero below this lane

// Coins: the blinder of W; the slots of Z (g, then evaluations); lanes m-1-2^i of Z, then of R; R's
// blinder; the high coefficients of Z.
inline constexpr std::size_t kSlotCoin = 1, kEvalCoin = kSlotCoin + kMaskSlots,
                             kZCoin = kEvalCoin + kEvals, kRCoin = kZCoin + kMu,
                             kRBlinderCoin = kRCoin + kMu, kHighCoin = kRBlinderCoin + 1,
                             kCoins = kHighCoin + kHigh * kHigh;
// What a proof shows: C_W, C_Z, C_R, c; product rounds; evaluations; merge rounds; of the opening
// h, g, S, d and the six evaluations. C_q and the quotients follow from these.
inline constexpr std::size_t kSum = 3, kProduct = 4, kEval = kProduct + 3 * kRounds + 2,
                             kMerge = kEval + kEvals, kOpening = kMerge + 2 * kMu,
                             kShown = kOpening + 10;

template <class F>
std::vector<F> random_values(std::size_t count, Rng& rng) {
    std::vector<F> out(count);
    for (F& value : out) value = F::random(rng);
    return out;
}

template <class F>
struct Challenges {
    std::vector<F> weights, eq_point, public_table, form;  ///< form: d, on lanes from kFirstFree
    std::vector<F> r, z;
    F lambda;
    OpeningChallenges<F> opening;
};

template <class F>
Challenges<F> random_challenges(Rng& rng) {
    Challenges<F> ch;
    ch.weights = random_values<F>(kTerms.size(), rng);
    ch.eq_point = random_values<F>(kRounds, rng);
    ch.public_table = random_values<F>(4, rng);
    ch.form = random_values<F>(kLanes - kFirstFree, rng);
    ch.form.back() = F::one();
    ch.r = random_values<F>(kRounds, rng);
    ch.z = random_values<F>(kMu, rng);
    ch.lambda = F::random(rng);
    for (F* x : {&ch.opening.a, &ch.opening.gamma, &ch.opening.zeta, &ch.opening.nu, &ch.opening.y,
                 &ch.opening.tau})
        *x = F::random(rng);
    return ch;
}

/// The instances of the product sumcheck; `masks` are the evaluation masks.
template <class F>
std::vector<ProductTerm<F>> product_terms(const Challenges<F>& ch, const std::vector<F>& w,
                                          std::span<const F> masks) {
    std::vector<ProductTerm<F>> out;
    for (std::size_t i = 0; i < kTerms.size(); ++i) {
        const Term& term = kTerms[i];
        const auto table = [&](const Factor& factor) {
            if (factor.lane == kPublic) return ch.public_table;
            const auto begin = w.begin() + static_cast<std::ptrdiff_t>(factor.lane);
            return std::vector<F>(begin, begin + (std::ptrdiff_t{1} << term.vars));
        };
        const auto mask = [&](const Factor& factor) {
            return factor.lane == kPublic ? F::zero() : masks[factor.eval];
        };
        const auto eq_end = ch.eq_point.begin() + static_cast<std::ptrdiff_t>(term.eq_vars);
        out.push_back({ch.weights[i], std::vector<F>(ch.eq_point.begin(), eq_end), table(term.a),
                       table(term.b), mask(term.a), mask(term.b)});
    }
    return out;
}

template <class F>
RoundMask<F> round_mask(std::span<const F> slots) {
    RoundMask<F> mask{slots[0], {}};
    for (std::size_t i = 0; i < kRounds; ++i) {
        const auto part = slots.subspan(1 + 3 * i, i + 1 == kRounds ? 5 : 3);
        mask.rounds.emplace_back(part.begin(), part.end());
    }
    return mask;
}

/// Random but for the last lane, which makes the statement true; `zeros`: all lanes are zero.
template <class F>
std::vector<F> make_witness(const Challenges<F>& ch, std::vector<F> w) {
    F sum = F::zero();
    const std::vector<F> none(kEvals);
    for (const auto& term : product_terms<F>(ch, w, none))
        for (std::size_t x = 0; x < term.a.size(); ++x) {
            std::vector<F> bits;
            for (std::size_t k = 0; k < term.eq_point.size(); ++k)
                bits.push_back(F::from_u64(x >> k & 1U));
            sum += term.weight * eq<F>(term.eq_point, bits) * term.a[x] * term.b[x];
        }
    for (std::size_t l = kFirstFree; l + 1 < kLanes; ++l) sum -= ch.form[l - kFirstFree] * w[l];
    w.back() = sum;
    return w;
}

/// The combined forms on W, Z and R: claim j has weight lambda^j.
template <class F>
struct Forms {
    std::vector<F> w, z, r;
};
template <class F>
Forms<F> merge_forms(const Challenges<F>& ch) {
    Forms<F> out{std::vector<F>(kLanes), std::vector<F>(kLanes), std::vector<F>(kLanes)};
    for (std::size_t l = kFirstFree; l < kLanes; ++l) out.w[l] = ch.form[l - kFirstFree];
    const F cube = F::from_u64(1U << kRounds);
    std::size_t slot = 0;
    out.z[slot++] = cube + ch.lambda;
    for (std::size_t i = 0; i < kRounds; ++i)
        for (std::size_t e = 1; e <= (i + 1 == kRounds ? 5 : 3); ++e)
            out.z[slot++] = cube * F::inv2() + ch.lambda * power(ch.r[i], e);
    const F theta = ch.r.back() * (F::one() - ch.r.back());
    for (const Term& term : kTerms)
        for (const Factor& factor : {term.a, term.b}) {
            if (factor.lane == kPublic) continue;
            const F weight = power(ch.lambda, 2 + factor.eval);
            out.z[kMaskSlots + factor.eval] = weight * theta;
            const auto eq = eq_coefficients(std::span<const F>(ch.r).last(term.vars));
            for (std::size_t x = 0; x < eq.size(); ++x) out.w[factor.lane + x] = weight * eq[x];
        }
    const F all = power(ch.lambda, 2 + kEvals);
    for (std::size_t x = 0; x < kLanes; ++x) {
        out.z[x] += all;
        for (std::size_t k = 0; k < kMu; ++k) out.r[x] += (x >> k & 1U) != 0 ? all : F::zero();
    }
    return out;
}

/// Coefficients of W, Z and R, blinders and high ones included.
template <class F>
Forms<F> columns(const std::vector<F>& w, std::span<const F> coins) {
    constexpr std::size_t kLength = kLanes + (kHigh - 1) * (kBase + 1) + 1;
    Forms<F> out{w, std::vector<F>(kLanes), std::vector<F>(kLanes)};
    for (auto* column : {&out.w, &out.z, &out.r}) column->resize(kLength);
    out.w[kLanes] = coins[0];
    for (std::size_t s = 0; s < kMaskSlots + kEvals; ++s) out.z[s] = coins[kSlotCoin + s];
    for (std::size_t i = 0; i < kMu; ++i) {
        out.z[kLanes - 1 - (1U << i)] = coins[kZCoin + i];
        out.r[kLanes - 1 - (1U << i)] = coins[kRCoin + i];
    }
    F sum = F::zero();
    for (std::size_t x = 0; x < kLanes; ++x)
        for (std::size_t k = 0; k < kMu; ++k) sum += (x >> k & 1U) != 0 ? out.r[x] : F::zero();
    for (std::size_t x = 0; x < kLanes; ++x) sum += out.z[x];
    out.z[kLanes - 1] = -sum;
    out.r[kLanes] = coins[kRBlinderCoin];
    for (std::size_t k = 0; k < kHigh * kHigh; ++k)
        out.z[kLanes + k % kHigh + kBase * (k / kHigh)] = coins[kHighCoin + k];
    return out;
}

}  // namespace mintmark::tiny
