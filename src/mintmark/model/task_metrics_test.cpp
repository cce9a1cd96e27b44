// Metrics by hand, and targets in them.
#include "mintmark/model/task_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mintmark/model/probabilities.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

/// A graph of an input and an output; nothing computes it.
Graph ports(const Shape& in, bool is_integral, const Shape& out) {
    Graph graph;
    graph.values.push_back({.name = "ids", .shape = in, .is_integral = is_integral});
    graph.values.push_back({.name = "scores", .shape = out});
    graph.inputs = {0};
    graph.outputs = {1};
    return graph;
}

TEST(TaskMetrics, PerplexityIsOfTheNextIds) {
    TaskMetrics metrics(ports({1, 3}, true, {1, 3, 2}));
    // Scores ln 3 : 0 are shares of 3/4 and 1/4; what follows the last id is not known.
    const double high = std::log(3);
    const std::vector<double> exact = {high, 0, high, 0, 0, 9}, integer = {0, 0, high, 0, 9, 0};
    metrics.add({{1, 0, 1}}, exact, integer);
    QuantReport report;
    metrics.write(report);
    ASSERT_TRUE(report.float_perplexity && report.integer_perplexity);
    EXPECT_NEAR(*report.float_perplexity, std::sqrt(4.0 / 3 * 4), 1e-12);
    EXPECT_NEAR(*report.integer_perplexity, std::sqrt(2.0 * 4), 1e-12);
    EXPECT_NEAR(report.row_top1_agreement, 2.0 / 3, 1e-12);
    const double length = std::sqrt((2 * high * high + 81) * (high * high + 81));
    EXPECT_NEAR(report.min_cosine, high * high / length, 1e-12);
}

TEST(TaskMetrics, NoPerplexityWithoutIds) {
    QuantReport report;
    for (const Graph& graph : {ports({1, 3}, false, {1, 3, 2}), ports({1, 4}, true, {1, 3, 2})}) {
        TaskMetrics metrics(graph);
        metrics.add({{1, 0, 1, 0}}, std::vector<double>(6, 1), std::vector<double>(6, 2));
        metrics.write(report);
        EXPECT_FALSE(report.float_perplexity);
        EXPECT_NEAR(report.min_cosine, 1, 1e-12);
    }
    // An id that is no class.
    TaskMetrics metrics(ports({1, 3}, true, {1, 3, 2}));
    metrics.add({{1, 2, 1}}, std::vector<double>(6, 1), std::vector<double>(6, 2));
    metrics.write(report);
    EXPECT_FALSE(report.float_perplexity);
}

TEST(TaskMetrics, ZeroVectors) {
    QuantReport report;
    TaskMetrics both(ports({2}, false, {2}));
    both.add({{0, 0}}, std::vector<double>{0, 0}, std::vector<double>{0, 0});
    both.write(report);
    EXPECT_EQ(report.min_cosine, 1);
    both.add({{0, 0}}, std::vector<double>{0, 1}, std::vector<double>{0, 0});
    both.write(report);
    EXPECT_EQ(report.min_cosine, 0);
}

TEST(Targets, CosineAndPerplexityAreReachedOrSaidNotToBe) {
    const TestModel encoder = load_test_model("encoder");
    AccuracyTarget target;
    target.min_cosine = 0.9999;
    const auto result = quantise_auto(encoder.graph, encoder.input.samples, target).value();
    EXPECT_TRUE(result.reached);
    EXPECT_GE(compare(encoder.graph, result.graph, encoder.input.samples)->min_cosine, 0.9999);
    // A model without ids has no perplexity to keep.
    target = {};
    target.max_perplexity_change = 0.5;
    EXPECT_FALSE(quantise_auto(encoder.graph, encoder.input.samples, target)->reached);
}

TEST(Probabilities, AreWhatSoftmaxesAndSigmoidsGive) {
    const TestModel model = load_test_model("moments");
    EXPECT_EQ(are_probabilities(model.graph), (std::vector<bool>{false, false, true, false}));
}

TEST(Probabilities, ErrorsOfScoresCountAtOneHalf) {
    EXPECT_NEAR(error_at_half(0.5, 0.51, 0), 0.01, 1e-5);
    // The same error of the score, far from one half.
    EXPECT_NEAR(error_at_half(0.98, 0.98 + 0.01 * 4 * 0.98 * 0.02, 0), 0.01, 1e-3);
    EXPECT_EQ(error_at_half(0.999, 0.9, 0), 0);
    EXPECT_EQ(error_at_half(0.001, 0, 0), 0);
    EXPECT_GT(error_at_half(0.02, 0, 0), 0.2);
    EXPECT_EQ(error_at_half(0.02, 0.0204, 0.001), 0);
}

}  // namespace
}  // namespace mintmark::model
