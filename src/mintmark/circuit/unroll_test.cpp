#include "mintmark/circuit/unroll.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "mintmark/circuit/testing.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kProduct = 2, kSum = 3;  // the two steps of the loop

TEST(Unroll, CircuitsWithoutLoopsAreThemselves) {
    for (const testing::TestCircuit& t :
         {testing::relu_circuit(), testing::gemm_circuit(), testing::mixed_circuit()})
        EXPECT_EQ(unroll(t.circuit).value(), t.circuit) << t.name;
}

TEST(Unroll, ALoopBecomesAStepPerIndex) {
    const Circuit circuit = testing::loop_circuit().circuit;
    const Circuit flat = unroll(circuit).value();
    ASSERT_EQ(flat.steps.size(), circuit.steps.size() - 2 + 3 * 2);
    // The first block reads the copy alone, the others the block before alone.
    EXPECT_EQ(flat.steps[2].prods.size(), 1U);
    EXPECT_EQ(flat.steps[2].lins.size(), 0U);
    EXPECT_EQ(flat.steps[3].lins.size(), 3U);
    for (std::size_t block = 0; block < 3; ++block) {
        const Step& step = flat.steps[kProduct + 2 * block];
        ASSERT_EQ(step.prods.size(), 1U);
        EXPECT_EQ(step.out, std::vector<Axis>{{4}});
        EXPECT_EQ(step.prods[0].shared_mask, 0U);
        EXPECT_EQ(step.prods[0].a.maps[0],
                  AxisMap::sum_win(kNoAxis, 1, 0, 1, static_cast<std::int32_t>(block)));
        EXPECT_EQ(flat.tensors[step.limbs[1].tensor].offset,
                  circuit.tensors[circuit.steps[kProduct].limbs[1].tensor].offset + 4 * block);
    }
    EXPECT_EQ(unroll(flat).value(), flat);
}

/// Keys whose loops leave the prover a choice: what a value is would depend on itself.
class BrokenLoop : public ::testing::Test {
  protected:
    static void refused(const std::function<void(Circuit&)>& change) {
        Circuit circuit = testing::loop_circuit().circuit;
        ASSERT_TRUE(check_circuit(circuit));
        change(circuit);
        const Status status = check_circuit(circuit);
        ASSERT_FALSE(status);
        EXPECT_NE(status.error().message.find("not a limb or result of an earlier step"),
                  std::string::npos)
            << status.error().message;
    }
    static AxisMap& reads_sum(Circuit& c) { return c.steps[kSum].lins[1].operand.maps[0]; }
};

TEST_F(BrokenLoop, ReadsItself) {
    refused([](Circuit& c) { reads_sum(c) = AxisMap::eq(0); });
    refused([](Circuit& c) { reads_sum(c) = AxisMap::sum_win(0, 1, 1, 1, 0); });
}

TEST_F(BrokenLoop, ReadsABlockThatComesLater) {
    refused([](Circuit& c) { reads_sum(c) = AxisMap::sum_win(0, 1, 1, 1, 1); });
    refused([](Circuit& c) { reads_sum(c) = AxisMap::sum_win(kNoAxis, 1, 0, 1, 2); });
}

TEST_F(BrokenLoop, ReadsAStepThatComesLaterInItsBlock) {
    refused([](Circuit& c) { c.steps[kProduct].prods[0].b.maps[0] = AxisMap::eq(0); });
}

TEST_F(BrokenLoop, AddsUpAllBlocks) {
    refused([](Circuit& c) { reads_sum(c) = AxisMap::all(); });
    refused([](Circuit& c) { reads_sum(c) = AxisMap::sum_win(0, 2, 1, 1, -1); });
}

TEST_F(BrokenLoop, RunsBackwards) {
    // Entry 2 - a: block 0 would read block 2, which reads block 0.
    refused([](Circuit& c) {
        c.steps[kSum].lins[1].operand.maps = {AxisMap::win(0, 1, 1, 1, 0), AxisMap::all()};
    });
}

TEST_F(BrokenLoop, TheBlocksOfItsStepsAreNotAsMany) {
    refused([](Circuit& c) {
        // The sum's box gets a fourth block; the step before it has three.
        for (Tensor& tensor : c.tensors)
            if (tensor == c.tensors[c.steps[kSum].limbs[0].tensor]) tensor.axes[0].dim = 4;
        c.steps[kSum].out[0].dim = 4;
    });
}

TEST_F(BrokenLoop, IsTooLongToBeReadApart) {
    Circuit circuit = testing::loop_circuit().circuit;
    for (Tensor& tensor : circuit.tensors)
        if (tensor.axes[0].dim == 3) tensor.axes[0].dim = 70'000;
    for (Step& step : circuit.steps)
        if (step.out[0].dim == 3) step.out[0].dim = 70'000;
    // A step of the loop that binds nothing costs its key's reader a step per index all the same.
    const Step asserts{.out = circuit.steps[kSum].out};
    circuit.steps.insert(circuit.steps.begin() + kSum, 40, asserts);
    const auto flat = unroll(circuit);
    ASSERT_FALSE(flat);
    EXPECT_EQ(flat.error().code, ErrorCode::kMalformed);
    EXPECT_NE(flat.error().message.find("too many"), std::string::npos) << flat.error().message;
}

TEST_F(BrokenLoop, AnotherStepReadsAllBlocks) {
    refused([](Circuit& c) { c.steps[4].lins[0].operand.maps = {AxisMap::all(), AxisMap::eq(0)}; });
}

}  // namespace
}  // namespace mintmark
