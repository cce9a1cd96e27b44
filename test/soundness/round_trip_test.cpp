// Honest proofs verify: visibilities, chunk sizes, chunk counts.
#include <gtest/gtest.h>

#include "mintmark/proof/proof.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

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
}

TEST(RoundTrip, EveryChunkSize) {
    for (const auto mu : std::initializer_list<std::uint8_t>{2, 4, 5, 6, 7, 8, 9, 10, 11, 13}) {
        SCOPED_TRACE(int{mu});
        expect_round_trip(sample_net(kTinyNet, {.mu = mu}));
    }
}

TEST(RoundTrip, EveryVisibility) {
    for (const auto input : {Visibility::kPublic, Visibility::kCommitted})
        for (const auto output : {Visibility::kPublic, Visibility::kCommitted})
            for (const auto mu : std::initializer_list<std::uint8_t>{4, 8})
                expect_round_trip(
                    sample_net(kTinyNet, {.mu = mu, .input = input, .output = output}));
}

}  // namespace
}  // namespace mintmark::testing
