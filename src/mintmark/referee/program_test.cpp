#include "mintmark/referee/program.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/referee/testing.hpp"
#include "mintmark/referee/trace.hpp"

namespace mintmark::referee {
namespace {

using mintmark::testing::all_circuits;
using mintmark::testing::TestCircuit;

Commitments commitments(const TestCircuit& test) {
    return commit(test.circuit, test.weights, Bytes32{7}).value();
}

/// Term by term, in the referee's order, and the proof system's own executor: the same trace.
void expect_same_traces(const TestCircuit& test) {
    const Commitments model = commitments(test);
    const Trace fast = run_trace(model, test.input).value();
    Trace slow{.input = test.input, .output = {}, .words = {}};
    continue_trace(model, slow);
    ASSERT_EQ(fast.defined, model.program.elements) << test.name;
    EXPECT_EQ(slow.defined, fast.defined);
    EXPECT_EQ(slow.words, fast.words) << test.name;
    EXPECT_EQ(slow.output, fast.output) << test.name;
    if (!test.output.empty()) {
        EXPECT_EQ(fast.output, test.output) << test.name;
    }
}

TEST(Program, TermsAddUpToTheCircuitsTrace) {
    for (const TestCircuit& test : all_circuits()) expect_same_traces(test);
    SeededRng rng(1);
    for (int i = 0; i < 12; ++i) expect_same_traces(testing::RandomNet(rng).make());
}

TEST(Program, StepsAreFoundByTheirElements) {
    const Program program = make_program(mintmark::testing::mixed_circuit().circuit).value();
    std::uint64_t position = 0;
    for (std::size_t k = 0; k + 1 < program.steps.size(); ++k)
        for (std::uint64_t i = 0; i < program.steps[k].num_elements(); ++i)
            EXPECT_EQ(program.step_of(position++), k);
    EXPECT_EQ(position, program.elements);
}

TEST(Program, AnInputBeyondTheTablesEndsTheTrace) {
    TestCircuit test = mintmark::testing::gemm_circuit();
    test.input[2] = 1000;
    const Commitments model = commitments(test);
    const Trace trace = run_trace(model, test.input).value();
    EXPECT_EQ(trace.defined, 2U);
    EXPECT_TRUE(trace.output.empty());
}

TEST(Program, NegativeWordsAreTwosComplement) {
    const std::vector<std::int64_t> minus = {-1}, plus = {1};
    EXPECT_NE(leaf_of({}, minus), leaf_of({}, plus));
    Bytes32 salt = {};
    salt[31] = 1;
    EXPECT_NE(leaf_of(salt, plus), leaf_of({}, plus));
}

TEST(Program, SaltsHideEqualWeights) {
    const Commitments model = commitments(mintmark::testing::gemm_circuit());
    EXPECT_NE(model.weight_salt(0), model.weight_salt(1));
    EXPECT_NE(model.weight_salt(0), model.element_salt(0));
    const Commitments other = commit(model.circuit, model.column, Bytes32{8}).value();
    EXPECT_NE(model.weights_tree.root(), other.weights_tree.root());
    EXPECT_EQ(model.program_tree.root(), other.program_tree.root());
    EXPECT_EQ(model.tables_tree.root(), other.tables_tree.root());
}

TEST(Program, WrongNumberOfWeightsIsRefused) {
    const TestCircuit test = mintmark::testing::gemm_circuit();
    EXPECT_FALSE(commit(test.circuit, {1, 2, 3}, {}).has_value());
    const Commitments model = commitments(test);
    EXPECT_FALSE(run_trace(model, std::vector<std::int64_t>(3, 0)).has_value());
}

}  // namespace
}  // namespace mintmark::referee
