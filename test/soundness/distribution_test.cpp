// What a proof shows does not depend on the witness: transcripts of two witnesses and of the
// simulator over F97, at fixed challenges, are all uniform by the same statistic, which notices
// each mask that is left out. (tiny_field_test.cpp shows the same without statistics.)
#include "distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/math/field.hpp"
#include "tiny_prover.hpp"

namespace mintmark::tiny {
namespace {

using testing::SmallSamples;
using Vector = std::vector<F97>;

// Under the hypothesis "uniform" a value is above the limit with probability below 4e-9 (96 degrees
// of freedom) and 1e-10 (9408): below 1e-5 for all the values of this file together.
constexpr double kLimit = 200, kPairLimit = 9408 + 6.5 * 137.2;
constexpr std::size_t kSamples = 2500, kFewSamples = 100, kRandomFunctionals = 300;

std::vector<std::uint8_t> to_small(const Vector& values) {
    std::vector<std::uint8_t> out;
    for (const F97& v : values) out.push_back(static_cast<std::uint8_t>(v.to_canonical()[0]));
    return out;
}

// The numbers that proofs show, and the coins that would give them if the witness were a certain
// one: the functionals by which somebody who knows the witness tells a missing mask.
struct Views {
    SmallSamples shown{kShown}, coins{kShown};
};

// Largest value of the statistic, divided by its limit: coordinates and random linear functionals.
double worst_functional(const SmallSamples& samples) {
    SeededRng rng(21);
    double worst = 0;
    for (std::size_t i = 0; i < samples.dimension(); ++i)
        worst = std::max(worst, samples.chi_square(i));
    for (std::size_t k = 0; k < kRandomFunctionals; ++k) {
        // Half of them are sparse: sums of at most three coordinates.
        Vector weights(samples.dimension());
        if (k % 2 == 0) weights = random_values<F97>(weights.size(), rng);
        for (int i = 0; i < 3; ++i)
            weights[rng.next() % weights.size()] = F97::from_u64(1 + rng.next() % 96);
        worst = std::max(worst, samples.chi_square(to_small(weights)));
    }
    return worst / kLimit;
}

double worst_pair(const SmallSamples& samples) {
    double worst = 0;
    for (std::size_t i = 0; i < samples.dimension(); ++i)
        for (std::size_t j = 0; j < i; ++j) worst = std::max(worst, samples.chi_square(i, j));
    return worst / kPairLimit;
}

void expect_uniform(const Views& views) {
    for (const SmallSamples* samples : {&views.shown, &views.coins}) {
        EXPECT_LT(worst_functional(*samples), 1.0);
        EXPECT_LT(worst_pair(*samples), 1.0);
    }
}

bool is_noticed(const Views& views) {
    return std::max(worst_functional(views.shown), worst_functional(views.coins)) > 1.0;
}

class Distribution : public ::testing::Test {
  protected:
    void SetUp() override {
        for (int tries = 0; tries < 100 && !decoder; ++tries) {
            ch = random_challenges<F97>(rng);
            decoder = Decoder<F97>::make(ch);
        }
        ASSERT_TRUE(decoder.has_value());
        zero = make_witness(ch, Vector(kLanes));
        other = make_witness(ch, random_values<F97>(kLanes, rng));
    }

    void add(Views& views, const Vector& shown, const Vector& guess) const {
        const Vector coins = decoder->decode(shown, guess);
        Vector needed(coins.begin() + kEvalCoin, coins.begin() + kZCoin);
        for (const std::size_t k : decoder->pivots()) needed.push_back(coins[k]);
        views.shown.add(to_small(shown));
        views.coins.add(to_small(needed));
    }
    // Proofs from w, seen by somebody who takes `guess` for the witness; without the coins of
    // [from, to).
    Views without(std::size_t from, std::size_t to, const Vector& w, const Vector& guess,
                  std::size_t count = kFewSamples) {
        Views views;
        for (std::size_t s = 0; s < count; ++s) {
            Vector coins = random_values<F97>(kCoins, rng);
            for (std::size_t k = from; k < to; ++k) coins[k] = F97::zero();
            add(views, prove(ch, w, coins).shown, guess);
        }
        return views;
    }
    Views honest(const Vector& w, const Vector& guess) { return without(0, 0, w, guess, kSamples); }

    SeededRng rng{22};
    Challenges<F97> ch;
    std::optional<Decoder<F97>> decoder;
    Vector zero, other;
};

TEST_F(Distribution, ProofsOfTwoWitnessesAreUniform) {
    expect_uniform(honest(zero, other));
    expect_uniform(honest(other, other));
}

TEST_F(Distribution, SimulatedProofsAreUniform) {
    Views views;
    for (std::size_t s = 0; s < kSamples; ++s)
        add(views, simulate(ch, random_values<F97>(kShown, rng)).shown, other);
    expect_uniform(views);
}

// Negative controls: each coin but a high coefficient (of which there are more than needed) left
// out alone; then all high coefficients but the one that every column has.
TEST_F(Distribution, EveryMaskThatIsLeftOutIsNoticed) {
    EXPECT_FALSE(is_noticed(without(0, 0, other, other)));
    for (std::size_t k = 0; k < kHighCoin; ++k)
        EXPECT_TRUE(is_noticed(without(k, k + 1, other, other))) << "coin " << k;
    EXPECT_TRUE(is_noticed(without(kHighCoin + 1, kCoins, other, other)));
}

// Some need no knowledge of the witness: a number of the proof is one of its constants.
TEST_F(Distribution, MissingMasksShowInSingleNumbers) {
    const auto is_constant = [&](std::size_t coin, std::size_t number) {
        const Views views = without(coin, coin + 1, other, zero);
        return views.shown.chi_square(number) > 96.0 * kFewSamples - 1;
    };
    EXPECT_TRUE(is_constant(0, 0)) << "blinder of W: C_W";
    EXPECT_TRUE(is_constant(kSlotCoin + 2, kProduct + 1)) << "g_{0,2}: c2 of the first round";
    EXPECT_TRUE(is_constant(kSlotCoin + 6, kProduct + 5)) << "g_{1,3}: c3 of the second";
    for (std::size_t e = 0; e < kEvals; ++e) EXPECT_TRUE(is_constant(kEvalCoin + e, kEval + e));
}

}  // namespace
}  // namespace mintmark::tiny
