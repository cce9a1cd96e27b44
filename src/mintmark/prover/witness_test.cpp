// fill_witness and mock on the test circuits; the circuits' expected outputs are plain loops.
#include "mintmark/prover/witness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/prover/mock.hpp"

namespace mintmark::prover {
namespace {

using mintmark::testing::all_circuits;
using mintmark::testing::TestCircuit;
using ::testing::HasSubstr;

Witness filled(const TestCircuit& test) {
    auto made = fill_witness(test.circuit, test.weights, test.input);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
}

TEST(FillWitness, ReluByHand) {
    const Witness witness = filled(mintmark::testing::relu_circuit());
    EXPECT_EQ(witness.output, (std::vector<std::int64_t>{0, 0, 11}));
    EXPECT_EQ((std::vector<std::int64_t>(witness.f.begin(), witness.f.begin() + 4)),
              (std::vector<std::int64_t>{-5, 0, 11, 0}));
    EXPECT_EQ((std::vector<std::int64_t>(witness.g.begin(), witness.g.begin() + 4)),
              (std::vector<std::int64_t>{0, 0, 11, 0}));
}

TEST(FillWitness, GivesTheOutputsOfPlainLoops) {
    for (const TestCircuit& test : all_circuits()) {
        SCOPED_TRACE(test.name);
        EXPECT_EQ(filled(test).output, test.output);
    }
}

TEST(FillWitness, NamesTheStepThatLeavesItsTables) {
    TestCircuit test = mintmark::testing::relu_circuit();
    test.input[1] = 64;  // the table holds -64 .. 63
    const auto made = fill_witness(test.circuit, test.weights, test.input);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::kOutOfRange);
    EXPECT_THAT(made.error().message, HasSubstr("step 0: value 64 at index 1"));
    test.input[1] = -65;
    EXPECT_FALSE(fill_witness(test.circuit, test.weights, test.input).has_value());
    test.input[1] = INT64_MIN;
    EXPECT_FALSE(fill_witness(test.circuit, test.weights, test.input).has_value());
}

TEST(FillWitness, RefusesWrongLengths) {
    for (const TestCircuit& test : all_circuits()) {
        auto input = test.input;
        input.push_back(0);
        const auto long_input = fill_witness(test.circuit, test.weights, input);
        ASSERT_FALSE(long_input.has_value());
        EXPECT_EQ(long_input.error().code, ErrorCode::kInvalidArgument);
        auto weights = test.weights;
        weights.push_back(0);
        const auto long_weights = fill_witness(test.circuit, weights, test.input);
        ASSERT_FALSE(long_weights.has_value());
        EXPECT_EQ(long_weights.error().code, ErrorCode::kInvalidArgument);
    }
}

TEST(FillWitness, RefusesSumsThatCouldOverflow) {
    TestCircuit test = mintmark::testing::gemm_circuit();
    std::ranges::fill(test.weights, INT64_MAX);
    const auto made = fill_witness(test.circuit, test.weights, test.input);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::kOutOfRange);
}

TEST(Mock, AcceptsHonestWitnesses) {
    for (const TestCircuit& test : all_circuits()) {
        const Status status = mock(test.circuit, test.weights, filled(test));
        EXPECT_TRUE(status.has_value()) << test.name << ": " << status.error().message;
    }
}

TEST(Mock, CatchesEveryWrongCell) {
    for (const TestCircuit& test : all_circuits()) {
        const Witness honest = filled(test);
        const auto expect_caught = [&](std::vector<std::int64_t> Witness::* column) {
            for (std::size_t i = 0; i < (honest.*column).size(); ++i) {
                Witness wrong = honest;
                (wrong.*column)[i] += 1;
                const Status status = mock(test.circuit, test.weights, wrong);
                ASSERT_FALSE(status.has_value()) << test.name << ", cell " << i;
                EXPECT_EQ(status.error().code, ErrorCode::kRejected);
            }
        };
        expect_caught(&Witness::f);
        expect_caught(&Witness::g);
        expect_caught(&Witness::input);
        expect_caught(&Witness::output);
    }
}

TEST(Mock, NamesLaneAndStep) {
    const TestCircuit test = mintmark::testing::relu_circuit();
    Witness wrong = filled(test);
    wrong.g[2] = 12;
    EXPECT_THAT(mock(test.circuit, test.weights, wrong).error().message,
                HasSubstr("lane 2: table 1 maps 11 to 11, not to 12"));
    wrong = filled(test);
    wrong.f[3] = 1;  // the box has three values in four lanes
    EXPECT_THAT(mock(test.circuit, test.weights, wrong).error().message,
                HasSubstr("lane 3: padding holds (1, 0)"));
    wrong = filled(test);
    wrong.output[0] = 1;
    EXPECT_THAT(mock(test.circuit, test.weights, wrong).error().message,
                HasSubstr("step 1: the relation fails at lane 0"));
}

TEST(Mock, CatchesWrongWeights) {
    const TestCircuit test = mintmark::testing::gemm_circuit();
    auto weights = test.weights;
    weights[0] += 1;
    EXPECT_FALSE(mock(test.circuit, weights, filled(test)).has_value());
}

}  // namespace
}  // namespace mintmark::prover
