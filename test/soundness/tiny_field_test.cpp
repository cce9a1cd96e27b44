// Zero-knowledge as a bijection (security-proofs.md, section 7), on tiny statements over F97 and
// Fr: whatever a simulator shows, some coins make the prover show for any given witness. And the
// tiny prover is the real one: its messages are those of src/mintmark for the same masks.
#include <gtest/gtest.h>

#include "mintmark/pcs/mercury_shape.hpp"
#include "mintmark/sumcheck/merge.hpp"
#include "mintmark/sumcheck/product.hpp"
#include "session.hpp"
#include "tiny_prover.hpp"

namespace mintmark::tiny {
namespace {

template <class F>
class TinyField : public ::testing::Test {
  protected:
    // Challenges at which the lemmas hold, drawn until they do.
    void SetUp() override {
        for (int tries = 0; tries < 100 && !decoder; ++tries) {
            ch = random_challenges<F>(rng);
            decoder = Decoder<F>::make(ch);
        }
        ASSERT_TRUE(decoder.has_value());
        witnesses = {make_witness(ch, std::vector<F>(kLanes)),
                     make_witness(ch, std::vector<F>(kLanes, F::one())),
                     make_witness(ch, random_values<F>(kLanes, rng))};
    }

    SeededRng rng{11};
    Challenges<F> ch;
    std::optional<Decoder<F>> decoder;
    std::vector<std::vector<F>> witnesses;
};

using Fields = ::testing::Types<F97, Fr>;
TYPED_TEST_SUITE(TinyField, Fields);

TYPED_TEST(TinyField, HonestProofsSatisfyTheVerifiersEquations) {
    for (int i = 0; i < 20; ++i)
        for (const auto& w : this->witnesses) {
            const auto proof = prove(this->ch, w, random_values<TypeParam>(kCoins, this->rng));
            ASSERT_EQ(proof.shown.size(), kShown);
            EXPECT_EQ(proof, simulate(this->ch, proof.shown));
        }
}

TYPED_TEST(TinyField, FalseStatementsDoNot) {
    auto w = this->witnesses[2];
    w[40] += TypeParam::one();
    const auto proof = prove(this->ch, w, random_values<TypeParam>(kCoins, this->rng));
    EXPECT_NE(proof, simulate(this->ch, proof.shown));
}

TYPED_TEST(TinyField, EverySimulatedProofIsAProofFromEveryWitness) {
    for (int i = 0; i < 20; ++i) {
        const auto simulated = simulate(this->ch, random_values<TypeParam>(kShown, this->rng));
        for (const auto& w : this->witnesses)
            EXPECT_EQ(prove(this->ch, w, this->decoder->decode(simulated.shown, w)), simulated);
    }
}

TYPED_TEST(TinyField, EveryProofIsOneFromEveryOtherWitness) {
    const auto& own = this->witnesses[2];
    for (int i = 0; i < 20; ++i) {
        const auto coins = random_values<TypeParam>(kCoins, this->rng);
        const auto proof = prove(this->ch, own, coins);
        for (const auto& w : this->witnesses) {
            const auto decoded = this->decoder->decode(proof.shown, w);
            EXPECT_EQ(prove(this->ch, w, decoded), proof);
            const std::vector<TypeParam> low(coins.begin(), coins.begin() + kHighCoin);
            const std::vector<TypeParam> got(decoded.begin(), decoded.begin() + kHighCoin);
            EXPECT_EQ(low == got, w == own);
        }
    }
}

// All 26 + 8 coins below X^m and the blinders have a part of the proof to themselves; of the 64
// high coefficients eleven are needed.
TYPED_TEST(TinyField, CoinsThatAreNeeded) {
    const auto& pivots = this->decoder->pivots();
    EXPECT_EQ(pivots.size() + kEvals, kShown);
    EXPECT_EQ(kShown - kHighCoin, 11U);
    for (std::size_t k = 0; k < kHighCoin - kEvals; ++k)
        EXPECT_EQ(pivots[k], k < kEvalCoin ? k : k + kEvals);
}

class AsProduction : public ::testing::Test {
  protected:
    template <std::size_t N>
    static std::vector<Fr> sent(const std::array<Fr, N>& message) {
        return {message.begin(), message.end()};
    }
    static sumcheck::SparseColumn sparse(const std::vector<Fr>& lanes) {
        sumcheck::SparseColumn out;
        for (std::size_t x = 0; x < kLanes; ++x)
            if (!lanes[x].is_zero()) out.emplace_back(x, lanes[x]);
        return out;
    }

    SeededRng rng{12};
    Challenges<Fr> ch = random_challenges<Fr>(rng);
    std::vector<Fr> w = make_witness(ch, random_values<Fr>(kLanes, rng));
    std::vector<Fr> coins = random_values<Fr>(kCoins, rng);
    mintmark::Transcript transcript;
};

TEST_F(AsProduction, ProductSumcheck) {
    const std::span<const Fr> all(coins);
    const auto terms = product_terms<Fr>(ch, w, all.subspan(kEvalCoin, kEvals));
    const auto mask = round_mask(all.subspan(kSlotCoin));
    std::vector<sumcheck::ProductInstance> instances;
    for (const auto& t : terms)
        instances.push_back({t.weight,
                             t.eq_point,
                             {t.a.begin(), t.a.end()},
                             {t.b.begin(), t.b.end()},
                             t.mask_a,
                             t.mask_b});
    sumcheck::RoundMasks masks;
    masks.constant = mask.constant;
    masks.coefs.resize(kRounds - 1);
    for (std::size_t i = 0; i < masks.coefs.size(); ++i)
        std::ranges::copy(mask.rounds[i], masks.coefs[i].begin());
    std::ranges::copy(mask.rounds.back(), masks.last.begin());
    const auto got = sumcheck::prove_product(std::move(instances), masks, transcript);
    ch.r = got.challenges;
    const auto proof = prove(ch, w, coins);
    std::vector<Fr> messages;
    for (const auto& message : got.messages) std::ranges::copy(message, back_inserter(messages));
    std::ranges::copy(got.last_message, back_inserter(messages));
    const auto part = [&](std::size_t from, std::size_t to) {
        return std::vector<Fr>(proof.shown.begin() + static_cast<std::ptrdiff_t>(from),
                               proof.shown.begin() + static_cast<std::ptrdiff_t>(to));
    };
    EXPECT_EQ(messages, part(kProduct, kEval));
    std::vector<Fr> evals(kEvals);
    for (std::size_t i = 0; i < kTerms.size(); ++i) {
        evals[kTerms[i].a.eval] = got.a_evals[i];
        if (kTerms[i].b.lane != kPublic) evals[kTerms[i].b.eval] = got.b_evals[i];
    }
    EXPECT_EQ(evals, part(kEval, kMerge));
}

TEST_F(AsProduction, MergeSumcheck) {
    const auto forms = merge_forms(ch);
    const auto polys = columns<Fr>(w, coins);
    const Fr all = power(ch.lambda, 2 + kEvals);
    std::vector<Fr> slots(forms.z.begin(), forms.z.begin() + kMaskSlots + kEvals);
    for (Fr& slot : slots) slot -= all;
    sumcheck::MergeMask mask(slots, all, sparse(polys.z), sparse(polys.r));
    const auto got = sumcheck::prove_merge({{forms.w, w}}, mask, kMu, transcript);
    ch.z = got.point;
    const auto proof = prove(ch, w, coins);
    for (std::size_t i = 0; i < kMu; ++i)
        for (std::size_t k = 0; k < 2; ++k)
            EXPECT_EQ(got.messages[i][k], proof.shown[kMerge + 2 * i + k]);
    EXPECT_EQ(mask.coef_z(), mle<Fr>(forms.z, ch.z));
    EXPECT_EQ(mask.coef_r(), mle<Fr>(forms.r, ch.z));
}

TEST_F(AsProduction, Opening) {
    SeededRng tau_rng(1000U + kMu);
    ch.opening.tau = Fr::random(tau_rng);
    const auto forms = merge_forms(ch);
    const auto polys = columns<Fr>(w, coins);
    std::vector<Fr> f(polys.w.size());
    for (std::size_t x = 0; x < f.size(); ++x)
        f[x] = mle<Fr>(forms.w, ch.z) * polys.w[x] + mle<Fr>(forms.z, ch.z) * polys.z[x] +
               mle<Fr>(forms.r, ch.z) * polys.r[x];
    const MercuryProof got = mercury_open(mintmark::testing::test_srs(kMu), f, ch.z, transcript);
    mintmark::Transcript again;
    ch.opening.a = mercury::after_h(again, got);
    ch.opening.gamma = mercury::after_qg(again, got);
    ch.opening.zeta = mercury::after_sd(again, got);
    ch.opening.nu = mercury::after_evals(again, got);
    ch.opening.y = mercury::after_w(again, got);
    const auto want = open<Fr>(f, ch.z, ch.opening);
    const auto point = [](const Fr& log) { return G1::generator().mul(log).to_affine(); };
    const MercuryProof expected{
        point(want.h), point(want.q), point(want.g),   point(want.s),
        point(want.d), point(want.w), point(want.w_y), ch.opening.zeta.inverse(),
        want.g_z,      want.g_zi,     want.h_z,        want.h_zi,
        want.s_z,      want.s_zi};
    EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace mintmark::tiny
