// Every value has a name of its own, whatever its ONNX node became.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "mintmark/model/layer_report.hpp"
#include "mintmark/model/onnx_builder.hpp"
#include "mintmark/model/plan.hpp"
#include "mintmark/model/simplify.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

/// One node that became three values, and one more node.
Graph three_and_one(const std::string& other) {
    Graph graph;
    for (const std::string& name :
         {std::string("x"), std::string("n"), std::string("n"), std::string("n"), other})
        graph.values.push_back({name, {2}});
    for (ValueId id = 1; id < 5; ++id)
        graph.nodes.push_back({graph.values[id].name, "Relu", {id - 1}, id, PointwiseOp{}});
    graph.inputs = {0};
    graph.outputs = {4};
    return graph;
}

std::vector<std::string> names_of(const Graph& graph) {
    std::vector<std::string> out;
    for (const Value& value : graph.values) out.push_back(value.name);
    return out;
}

using Names = std::vector<std::string>;

TEST(Names, TheLastValueKeepsTheNodesName) {
    Graph graph = three_and_one("m");
    rename_apart(graph, Names{"y"});
    EXPECT_EQ(names_of(graph), (Names{"x", "n/1", "n/2", "n", "y"}));
    EXPECT_EQ(own_key(graph.values[3]), "n/3");
    for (const ValueId id : {1U, 2U, 3U}) EXPECT_EQ(node_key(graph.values[id]), "n");
    EXPECT_EQ(own_key(graph.values[4]), "y");
}

TEST(Names, OutputsKeepTheirs) {
    Graph graph = three_and_one("m");
    graph.outputs = {2, 3, 4};
    rename_apart(graph, Names{"n", "middle", "y"});
    // The second value is the output n: the first one is no n any more.
    EXPECT_EQ(names_of(graph), (Names{"x", "n/1", "n", "middle", "y"}));
    EXPECT_EQ(node_key(graph.values[1]), "n");
}

TEST(Names, AvoidThoseOfTheGraph) {
    Graph graph = three_and_one("n/2");
    graph.outputs = {3};
    rename_apart(graph, Names{"n"});
    EXPECT_EQ(names_of(graph), (Names{"x", "n//1", "n//2", "n", "n/2"}));
    Graph like_input = three_and_one("m");
    like_input.values[0].name = "n";
    rename_apart(like_input, Names{"y"});
    EXPECT_EQ(names_of(like_input), (Names{"n", "n/1", "n/2", "n/3", "y"}));
}

class NamesOf : public testing::TestWithParam<const char*> {};

TEST_P(NamesOf, AreDistinctAndTheSameAgain) {
    const Graph graph = load_test_model(GetParam()).graph;
    std::set<std::string> names, keys;
    const auto add = [&](ValueId id) {
        EXPECT_TRUE(names.insert(graph.values[id].name).second) << graph.values[id].name;
        EXPECT_TRUE(keys.insert(own_key(graph.values[id])).second) << own_key(graph.values[id]);
    };
    for (const ValueId id : graph.inputs) add(id);
    for (const Node& node : graph.nodes) add(node.output);
    EXPECT_EQ(names_of(load_test_model(GetParam()).graph), names_of(graph));
}

TEST_P(NamesOf, MeanOneValueOrAllOfANode) {
    const auto plan = make_plan(simplify(load_test_model(GetParam()).graph));
    ASSERT_TRUE(plan) << plan.error().message;
    std::map<std::string, std::size_t> own, node;
    for (const Layer& layer : plan->layers) {
        ++own[plan->own_keys[layer.output]];
        ++node[plan->node_keys[layer.output]];
    }
    for (const Layer& layer : plan->layers) {
        const std::string &alone = plan->own_keys[layer.output],
                          &all = plan->node_keys[layer.output];
        // Copies for operands of a lower rank have no bits to choose.
        if (layer.kind != LayerKind::kMove) {
            EXPECT_EQ(own[alone], 1U) << alone;
        }
        EXPECT_EQ(stated_bits(*plan, layer.output, {{alone, 12}}), 12);
        EXPECT_EQ(stated_bits(*plan, layer.output, {{all, 16}}), 16);
        EXPECT_EQ(stated_bits(*plan, layer.output, {{alone, 12}, {all, 16}}), 12);
        EXPECT_EQ(stated_bits(*plan, layer.output, {{"another", 12}}), std::nullopt);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, NamesOf, testing::ValuesIn(kTestModels),
                         [](const auto& test) { return std::string(test.param); });

double sqnr_of(const LayerError& layer) {
    return layer.sqnr_db.value_or(1000);
}

TEST(Names, BitsOfOneValueOfANodeLeaveThoseBeforeItAlone) {
    const TestModel model = load_test_model("norms");
    const QuantOptions fine{.activation_bits = 12, .weight_bits = 16};
    const QuantGraph even = quantise(model.graph, model.input.samples, fine).value();
    const auto rows = explain(model.graph, even, model.input.samples).value();
    std::size_t coarser = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].tensor.find('/') == std::string::npos) continue;
        QuantOptions coarse = fine;
        coarse.tensor_bits[rows[i].bits_key] = 6;
        const auto spoilt = quantise(model.graph, model.input.samples, coarse);
        ASSERT_TRUE(spoilt) << spoilt.error().message;
        const auto after = explain(model.graph, *spoilt, model.input.samples).value();
        if (sqnr_of(after[i]) < sqnr_of(rows[i]) - 6) ++coarser;
        for (std::size_t before = 0; before < i; ++before)
            EXPECT_NEAR(sqnr_of(after[before]), sqnr_of(rows[before]), 3) << rows[before].tensor;
    }
    EXPECT_GT(coarser, 3U);
}

}  // namespace
}  // namespace mintmark::model
