// Honest proofs verify: visibilities, chunk sizes, chunk counts.
#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/proof/proof.hpp"
#include "session.hpp"
#include "visibility.hpp"

namespace mintmark::testing {
namespace {

Bytes prove_with(const ProvenModel& model, const prover::ProverTamper& tamper) {
    SeededRng rng(5);
    return *prover::prove(model.key, model.srs, model.statement, model.witness, rng, tamper);
}

/// H by row, as production has it, and H lane by lane, as liars do: the same proof.
void expect_one_proof(const ProvenModel& model) {
    prover::ProverTamper lane_by_lane;
    lane_by_lane.inverses = [](std::vector<Fr>& h, std::vector<Fr>&) { EXPECT_FALSE(h.empty()); };
    EXPECT_EQ(prove_with(model, {}), prove_with(model, lane_by_lane));
}

void expect_round_trip(const Sample& sample) {
    ASSERT_TRUE(check_circuit(sample.circuit).has_value())
        << check_circuit(sample.circuit).error().message;
    ProvenModel model(sample);
    const Status mocked = prover::mock(sample.circuit, sample.weights, model.witness);
    EXPECT_TRUE(mocked.has_value()) << mocked.error().message;
    const Bytes proof = model.prove();
    EXPECT_EQ(proof.size(), proof_size(sample.circuit));
    const Status status = model.check(proof);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    expect_one_proof(model);
}

TEST(RoundTrip, EveryChunkSize) {
    for (const auto mu : std::initializer_list<std::uint8_t>{7, 8, 9, 10, 11, 13}) {
        SCOPED_TRACE(int{mu});
        expect_round_trip(sample_net(kTinyNet, {.mu = mu}));
    }
}

TEST(RoundTrip, EveryVisibility) {
    for (const auto input : {Visibility::kPublic, Visibility::kCommitted})
        for (const auto output : {Visibility::kPublic, Visibility::kCommitted})
            for (const auto mu : std::initializer_list<std::uint8_t>{7, 8})
                expect_round_trip(
                    sample_net(kTinyNet, {.mu = mu, .input = input, .output = output}));
}

// The expected outputs come from plain loops that know nothing of circuits.
TEST(RoundTrip, TestCircuitsWithEveryVisibility) {
    for (const TestCircuit& test : all_circuits())
        for (const Sample& sample :
             with_every_visibility({test.circuit, test.weights, test.input})) {
            SCOPED_TRACE(test.name);
            const auto witness = prover::fill_witness(sample.circuit, sample.weights, sample.input);
            ASSERT_TRUE(witness.has_value()) << witness.error().message;
            EXPECT_EQ(witness->output, test.output);
            expect_round_trip(sample);
        }
}

}  // namespace
}  // namespace mintmark::testing
