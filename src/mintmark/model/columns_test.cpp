// Inputs whose columns differ in size: steps of their own, where the samples say so.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "mintmark/base/rng.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint32_t kColumns = 3;
constexpr std::array<double, kColumns> kSizes = {1, 1000, 0.01};

double uniform(SeededRng& rng) {
    return static_cast<double>(rng.next() >> 11U) * 0x1p-52 - 1;
}

std::vector<Sample> table(std::size_t rows) {
    SeededRng rng(7);
    std::vector<Sample> out;
    for (std::size_t r = 0; r < rows; ++r) {
        std::vector<double> row;
        for (const double size : kSizes) row.push_back(size * uniform(rng));
        out.push_back({std::move(row)});
    }
    return out;
}

Value constant(Shape shape, std::vector<double> data) {
    return {"w", std::move(shape), true, std::move(data)};
}

/// x · weight, [1, 3] · [3, columns]; then what `more` adds.
Graph product(std::vector<double> weight) {
    const auto columns = static_cast<std::uint32_t>(weight.size()) / kColumns;
    Graph graph;
    graph.values = {{"x", {1, kColumns}},
                    constant({kColumns, columns}, std::move(weight)),
                    {"y", {1, columns}}};
    graph.nodes = {{"product", "MatMul", {0, 1}, 2, MatMulOp{}}};
    graph.inputs = {0};
    graph.outputs = {2};
    return graph;
}

/// [x_c + bound_c >= 0] for each column.
Graph questions(std::vector<double> bounds) {
    Graph graph = product({1, 0, 0, 0, 1, 0, 0, 0, 1});
    graph.values.push_back(constant({kColumns}, std::move(bounds)));
    graph.values.push_back({"moved", {1, kColumns}});
    graph.values.push_back({"bits", {1, kColumns}});
    graph.values.back().is_integral = true;
    graph.nodes.push_back({"moved", "Add", {2, 3}, 4, BinaryOp{Binary::kAdd}});
    graph.nodes.push_back({"bits", "Less", {4}, 5, PointwiseOp{Pointwise::kStep}});
    graph.outputs = {5};
    return graph;
}

TEST(Columns, OfDifferentSizesCountAlike) {
    const Graph graph = product({1, 0.001, 100});
    const std::vector<Sample> samples = table(200);
    const auto quantised = quantise(graph, samples);
    ASSERT_TRUE(quantised) << quantised.error().message;
    const QTensor& input = quantised->tensors[quantised->input];
    ASSERT_EQ(input.channel_steps.size(), kColumns);
    EXPECT_EQ(input.channel_axis, 1U);
    EXPECT_LT(input.channel_steps[2], input.channel_steps[0] / 50);
    EXPECT_LT(input.channel_steps[0], input.channel_steps[1] / 500);
    EXPECT_LE(compare(graph, *quantised, samples)->max_relative_error, 0.005);
    // With one step for all, two of three columns are lost.
    const auto common = quantise(graph, samples, {.granularity = Granularity::kPerTensor});
    ASSERT_TRUE(common) << common.error().message;
    EXPECT_TRUE(common->tensors[common->input].channel_steps.empty());
    EXPECT_GE(compare(graph, *common, samples)->max_relative_error, 0.1);
}

TEST(Columns, ScaledElementWiseCountAlike) {
    Graph graph = product({1, 1, 1});
    graph.values.push_back(constant({1, kColumns}, {1, 0.001, 100}));
    graph.values.push_back({"scaled", {1, kColumns}});
    graph.nodes.insert(graph.nodes.begin(), {"scaled", "Mul", {0, 3}, 4, BinaryOp{Binary::kMul}});
    graph.nodes.back().inputs[0] = 4;
    const std::vector<Sample> samples = table(200);
    const auto quantised = quantise(graph, samples);
    ASSERT_TRUE(quantised) << quantised.error().message;
    EXPECT_EQ(quantised->tensors[quantised->input].channel_steps.size(), kColumns);
    EXPECT_LE(compare(graph, *quantised, samples)->max_relative_error, 0.01);
}

TEST(Columns, AreAskedInTheirOwnSteps) {
    // Bounds that one step for all would put at 0.
    const std::vector<double> bounds = {0.25, -300, 0.0025};
    const Graph graph = questions(bounds);
    const std::vector<Sample> samples = table(200);
    const auto quantised = quantise(graph, samples);
    ASSERT_TRUE(quantised) << quantised.error().message;
    ASSERT_EQ(quantised->tensors[quantised->input].channel_steps.size(), kColumns);
    for (const Sample& sample : samples) {
        const auto bits = dequantise_output(
            *quantised, execute(*quantised, quantise_input(*quantised, sample).value()).value());
        for (std::size_t c = 0; c < kColumns; ++c) {
            const double sum = sample[0][c] + bounds[c];
            if (std::abs(sum) <= kSizes[c] / 1000) continue;
            EXPECT_EQ(bits[0][c], sum >= 0 ? 1 : 0) << c;
        }
    }
}

TEST(Columns, ThatTheSamplesHardlyShowKeepTheCommonStep) {
    std::vector<Sample> samples = table(200);
    // A pixel at the border: blank but for one sample.
    for (Sample& sample : samples) sample[0][2] = 0;
    samples[17][0][2] = 0.5;
    const auto quantised = quantise(product({1, 0.001, 100}), samples);
    ASSERT_TRUE(quantised) << quantised.error().message;
    const QTensor& input = quantised->tensors[quantised->input];
    ASSERT_EQ(input.channel_steps.size(), kColumns);
    EXPECT_EQ(input.channel_steps[2], input.step);
    const auto few = quantise(product({1, 0.001, 100}), table(20));
    ASSERT_TRUE(few) << few.error().message;
    EXPECT_TRUE(few->tensors[few->input].channel_steps.empty());
}

/// What was not scaled must not be cut: a log softmax has more bits than activations.
TEST(WideValues, AreNotCutByANegation) {
    Graph graph;
    graph.values = {{"x", {1, kColumns}},
                    {"log", {1, kColumns}},
                    constant({}, {-1}),
                    {"minus", {1, kColumns}},
                    constant({kColumns, 1}, {0.5, 1, 0.25}),
                    {"y", {1, 1}}};
    graph.nodes = {{"log", "LogSoftmax", {0}, 1, SoftmaxOp{SoftmaxKind::kLogShare}},
                   {"minus", "Mul", {1, 2}, 3, BinaryOp{Binary::kMul}},
                   {"y", "MatMul", {3, 4}, 5, MatMulOp{}}};
    graph.inputs = {0};
    graph.outputs = {5};
    std::vector<Sample> samples = table(64);
    for (Sample& sample : samples)
        for (std::size_t c = 0; c < kColumns; ++c) sample[0][c] *= 5 / kSizes[c];
    const auto quantised = quantise(graph, samples);
    ASSERT_TRUE(quantised) << quantised.error().message;
    EXPECT_LE(compare(graph, *quantised, samples)->max_relative_error, 0.03);
}

}  // namespace
}  // namespace mintmark::model
