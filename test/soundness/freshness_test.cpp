// Randomness of real proofs: nothing in them is ever seen again, and a proof without masks is
// refused where that can be seen.
#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "opened_proof.hpp"

namespace mintmark::testing {
namespace {

using prover::Masks;
using ::testing::HasSubstr;

Bytes prove_with(ProvenModel& model, std::uint64_t seed) {
    SeededRng rng(seed);
    return *prover::prove(model.key, model.srs, model.statement, model.witness, rng);
}

// Of three proofs of one statement. Nothing is fixed by key and statement but t = T(r), and that
// only where T is constant.
TEST(Freshness, NoWordOfAProofIsEverSeenAgain) {
    for (const Sample& sample : zk_samples()) {
        ProvenModel model(sample);
        std::set<Bytes32> seen;
        std::size_t count = 0;
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const Bytes proof = prove_with(model, seed);
            ASSERT_TRUE(model.check(proof).has_value());
            const Bytes32 t = decode_proof(model.vk, proof)->evals.t.to_bytes();
            for (const Bytes32& word : words_of(proof)) {
                if (word == t) continue;
                seen.insert(word);
                ++count;
            }
        }
        EXPECT_EQ(seen.size(), count);
    }
}

// Uniform numbers are not small: the first 16 bytes are never all zero.
TEST(Freshness, NoWordIsSmall) {
    for (const Sample& sample : zk_samples()) {
        ProvenModel model(sample);
        const Proof proof = *decode_proof(model.vk, model.prove());
        for (const Bytes32& word : words_of(encode(proof))) {
            if (word == proof.evals.t.to_bytes()) continue;  // public: T may be zero at r
            EXPECT_TRUE(std::any_of(word.begin(), word.begin() + 16, [](auto b) { return b; }));
        }
    }
}

// The operating system's generator, as production uses it: fresh in every call.
TEST(Freshness, SystemRandomnessWorksAsWell) {
    ProvenModel model(sample_net(kTinyNet, {.mu = 8}));
    const auto prove = [&] {
        return *prover::prove(model.key, model.srs, model.statement, model.witness, system_rng());
    };
    const Bytes first = prove(), second = prove();
    EXPECT_TRUE(model.check(first).has_value());
    EXPECT_TRUE(model.check(second).has_value());
    const auto words = words_of(first), others = words_of(second);
    for (std::size_t i = 0; i < words.size(); ++i) EXPECT_NE(words[i], others[i]);
}

Status check_with(ProvenModel& model, const std::function<void(Masks&)>& change) {
    prover::ProverTamper tamper;
    tamper.masks = change;
    return model.check(model.prove(tamper));
}

void clear_z(Masks& masks) {
    std::ranges::fill(masks.slots, Fr::zero());
    std::ranges::fill(masks.z_rounds, Fr::zero());
    std::ranges::fill(masks.high, Fr::zero());
}
void clear_r(Masks& masks) {
    std::ranges::fill(masks.r_rounds, Fr::zero());
    masks.r_blinder = Fr::zero();
}

TEST(MissingMasks, AreRefused) {
    for (const Sample& sample : zk_samples()) {
        ProvenModel model(sample);
        const auto refused = [&](const std::function<void(Masks&)>& change) {
            const Status status = check_with(model, change);
            ASSERT_FALSE(status.has_value());
            EXPECT_THAT(status.error().message, HasSubstr("no masks"));
        };
        refused([](Masks& masks) {
            clear_z(masks);
            clear_r(masks);
            balance(masks);
        });
        refused([](Masks& masks) {
            clear_r(masks);
            balance(masks);
        });
        refused([](Masks& masks) {  // R balances itself, so that only the missing Z is wrong
            clear_z(masks);
            masks.r_rounds[0] = Fr::zero();
            masks.r_rounds[0] =
                -std::accumulate(masks.r_rounds.begin(), masks.r_rounds.end(), Fr::zero());
            balance(masks);
            EXPECT_TRUE(masks.z_top.is_zero());
        });
    }
}

// Who leaves out some of them is believed: the proof is sound, and only its maker is hurt. So it is
// the rule above that refused, not another check.
TEST(MissingMasks, SomeCannotBeSeen) {
    ProvenModel model(sample_net(kTinyNet, {.mu = 8}));
    EXPECT_TRUE(check_with(model, [](Masks& masks) {
                    clear_z(masks);
                    masks.high[0] = Fr::one();
                    clear_r(masks);
                    masks.r_blinder = Fr::one();
                    balance(masks);
                }).has_value());
}

// The sum over Z and R is a claim like any other: masks that do not balance are rejected.
TEST(MissingMasks, UnbalancedOnesAreRejected) {
    ProvenModel model(sample_net(kTinyNet, {.mu = 8}));
    const Status status = check_with(model, [](Masks& masks) { masks.z_top += Fr::one(); });
    ASSERT_FALSE(status.has_value());
    EXPECT_THAT(status.error().message, HasSubstr("opening"));
}

}  // namespace
}  // namespace mintmark::testing
