#include "mintmark/compiler/stacking.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

#include "mintmark/compiler/builder.hpp"

namespace mintmark::compiler {
namespace {

constexpr std::uint32_t kWidth = 4;
constexpr std::array<std::int64_t, kWidth> kWeights = {1, 2, 3, 4};

AxisMap eq(int axis) {
    return AxisMap::eq(static_cast<std::uint8_t>(axis));
}

/// Blocks of four sums, each of what the step before made, a hidden vector of its own and `also`.
class Blocks : public ::testing::Test {
  protected:
    using Also = std::function<std::uint16_t(std::uint32_t block)>;

    std::uint16_t sum(std::vector<std::uint16_t> tensors) {
        builder_.begin_step({kWidth});
        for (const std::uint16_t id : tensors)
            builder_.step().lins.push_back({.coef = 1, .operand = {id, {eq(0)}}});
        return builder_.add_limb(0, value_range(-500, 500));
    }

    /// The output of each block; the model's input is the first entry.
    std::vector<std::uint16_t> build(std::uint32_t blocks, const Also& also = {}) {
        std::vector<std::uint16_t> outputs;
        const std::uint16_t in = builder_.add_port(Column::kIn, {kWidth});
        outputs.push_back(sum({in}));
        for (std::uint32_t b = 0; b < blocks; ++b) {
            std::uint16_t last = outputs.back();
            for (int i = 0; i < 4; ++i) {
                std::vector<std::uint16_t> read = {last, builder_.add_hidden({kWidth}, kWeights)};
                if (also && i == 0) read.push_back(also(b));
                last = sum(read);
            }
            outputs.push_back(last);
        }
        return outputs;
    }

    Result<Compiled> finish(std::uint16_t output) {
        const std::uint16_t out = builder_.add_port(Column::kOut, {kWidth});
        builder_.begin_step({kWidth});
        builder_.step().lins.push_back({.coef = 1, .operand = {output, {eq(0)}}});
        builder_.step().lins.push_back({.coef = -1, .operand = {out, {eq(0)}}});
        is_stacked_ = builder_.stack(rule_);
        return builder_.finish({});
    }

    CircuitBuilder builder_;
    StackRule rule_ = StackRule::kWhole;
    bool is_stacked_ = false;
};

TEST_F(Blocks, BecomeOneStepEach) {
    const auto compiled = finish(build(6).back());
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_TRUE(is_stacked_);
    // Input, its copy for the first block, four sums, output.
    EXPECT_EQ(compiled->circuit.steps.size(), 1U + 1 + 4 + 1);
    EXPECT_EQ(compiled->circuit.steps[2].out, (std::vector<Axis>{{6}, {kWidth}}));
    EXPECT_EQ(std::ranges::count(compiled->weights, 4), 24);
}

TEST_F(Blocks, InPowersOfTwo) {
    rule_ = StackRule::kPowers;
    const auto compiled = finish(build(6).back());
    ASSERT_TRUE(compiled) << compiled.error().message;
    // The second stack reads the last entry of the first where it lies.
    EXPECT_EQ(compiled->circuit.steps.size(), 1U + 1 + 4 + 4 + 1);
    for (const Step& step : compiled->circuit.steps)
        for (const Axis& axis : step.out) EXPECT_EQ(1U << axis.log(), axis.dim);
}

TEST_F(Blocks, ReadWhatAllReadAlike) {
    std::uint16_t common = 0;
    const auto also = [&](std::uint32_t block) {
        if (block == 0) common = builder_.add_hidden({kWidth}, kWeights);
        return common;
    };
    const auto compiled = finish(build(4, also).back());
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_EQ(compiled->circuit.steps.size(), 1U + 1 + 4 + 1);
}

TEST_F(Blocks, ThatAreNotAlikeStayApart) {
    const std::uint16_t output = build(1).back();
    ASSERT_TRUE(finish(output));
    EXPECT_FALSE(is_stacked_);
}

TEST_F(Blocks, ThatReadTooManyTensorsOfOthersStayApart) {
    // Every block also reads a tensor that a step outside of the blocks has made.
    const std::uint16_t in = builder_.add_port(Column::kIn, {kWidth});
    const std::uint16_t copy = sum({in});
    std::vector<std::uint16_t> made;
    for (int i = 0; i < 5; ++i) {
        const auto bits = static_cast<std::uint8_t>(12 + i);
        builder_.begin_step({kWidth});
        builder_.step().lins.push_back({.coef = 1, .operand = {copy, {eq(0)}}});
        made.push_back(builder_.add_limb(0, value_range(-(1 << bits), 1 << bits)));
        builder_.add_const(i);
    }
    std::uint16_t last = copy;
    for (int block = 0; block < 5; ++block)
        for (int i = 0; i < 4; ++i)
            last = i == 0 ? sum({last, made[static_cast<std::size_t>(block)]}) : sum({last, copy});
    const auto compiled = finish(last);
    ASSERT_TRUE(compiled) << compiled.error().message;
    EXPECT_FALSE(is_stacked_);
}

}  // namespace
}  // namespace mintmark::compiler
