// Every lie is rejected, and for the lie's own sake: the same session without it verifies.
#include "lies.hpp"

#include <gtest/gtest.h>

namespace mintmark::testing {
namespace {

void expect_rejected(const Sample& sample, const std::vector<Lie>& all) {
    ProvenModel honest(sample);
    ASSERT_TRUE(honest.check(honest.prove()).has_value());
    for (const Lie& lie : all) {
        const LyingProof told = lie.tell(sample);
        const Status status =
            verify(told.vk, honest.srs.tau, told.context, told.instances, told.proof);
        EXPECT_FALSE(status.has_value()) << "accepted: " << lie.name;
        if (status.has_value()) continue;
        EXPECT_EQ(status.error().code, ErrorCode::kRejected) << lie.name;
    }
}

TEST(LyingProver, IsRejectedWithPublicInputAndOutput) {
    for (const auto mu : std::initializer_list<std::uint8_t>{7, 9}) {
        const Sample sample = sample_net(kTinyNet, {.mu = mu});
        expect_rejected(sample, lies(sample));
    }
}

TEST(LyingProver, IsRejectedWithCommittedInputAndOutput) {
    for (const auto mu : std::initializer_list<std::uint8_t>{7, 10}) {
        const Sample sample = sample_net(
            kTinyNet,
            {.mu = mu, .input = Visibility::kCommitted, .output = Visibility::kCommitted});
        expect_rejected(sample, lies(sample));
    }
}

TEST(LyingProver, CannotAlterAnyMessage) {
    const Sample sample = sample_net(kTinyNet, {.mu = 8});
    expect_rejected(sample, altered_messages(sample));
}

}  // namespace
}  // namespace mintmark::testing
