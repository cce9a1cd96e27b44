// Numbers far apart: what counts is kept although the tensors' ranges are wide.
#include <gtest/gtest.h>
#include <onnx.pb.h>

#include <cmath>
#include <numeric>

#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

/// An ONNX model under construction; every input is of floats.
class File {
  public:
    explicit File(std::int64_t opset = 17) {
        model_.set_ir_version(8);
        model_.add_opset_import()->set_version(opset);
    }
    File& input(const std::string& name, const Shape& shape) {
        auto& value = *model_.mutable_graph()->add_input();
        value.set_name(name);
        auto& tensor = *value.mutable_type()->mutable_tensor_type();
        tensor.set_elem_type(onnx::TensorProto::FLOAT);
        for (const std::uint32_t dim : shape) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
        return *this;
    }
    File& output(const std::string& name) {
        model_.mutable_graph()->add_output()->set_name(name);
        return *this;
    }
    File& node(const std::string& op, const std::vector<std::string>& inputs,
               const std::vector<std::string>& outputs) {
        onnx::NodeProto& node = *model_.mutable_graph()->add_node();
        node.set_op_type(op);
        for (const std::string& name : inputs) node.add_input(name);
        for (const std::string& name : outputs) node.add_output(name);
        return *this;
    }
    File& axes(std::int64_t axis) {
        auto& last = *model_.mutable_graph()->mutable_node()->rbegin();
        onnx::AttributeProto& attribute = *last.add_attribute();
        attribute.set_name("axes");
        attribute.set_type(onnx::AttributeProto::INTS);
        attribute.add_ints(axis);
        return *this;
    }
    File& bits(const std::string& name, const std::vector<int>& values) {
        onnx::TensorProto& tensor = *model_.mutable_graph()->add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(onnx::TensorProto::BOOL);
        tensor.add_dims(static_cast<std::int64_t>(values.size()));
        for (const int value : values) tensor.add_int32_data(value);
        return *this;
    }
    [[nodiscard]] Result<Graph> load() const {
        const std::string bytes = model_.SerializeAsString();
        return load_onnx(as_bytes(bytes));
    }

  private:
    onnx::ModelProto model_;
};

/// Rows that softmax does not tell apart, 10,000 apart.
const std::vector<Sample> kFarRows = {{{0, 1, 2, 3, 10000, 10001, 10002, 10003}}};

/// Softmax written out, over the last axis; LogSoftmax likewise.
File written_out(bool is_log) {
    File file(11);
    file.input("x", {2, 4}).output("y");
    file.node("ReduceMax", {"x"}, {"most"}).axes(-1).node("Sub", {"x", "most"}, {"z"});
    file.node("Exp", {"z"}, {"e"}).node("ReduceSum", {"e"}, {"s"}).axes(-1);
    if (!is_log) return file.node("Div", {"e", "s"}, {"y"});
    return file.node("Log", {"s"}, {"l"}).node("Sub", {"z", "l"}, {"y"});
}

double error_of(const Graph& graph, std::span<const Sample> samples) {
    const auto result = quantise_auto(graph, samples);
    EXPECT_TRUE(result) << result.error().message;
    return result ? result->report.max_relative_error : 1;
}

TEST(Stability, SoftmaxOfNumbersFarApart) {
    for (const char* op : {"Softmax", "LogSoftmax"}) {
        const auto graph = File().input("x", {2, 4}).output("y").node(op, {"x"}, {"y"}).load();
        ASSERT_TRUE(graph) << graph.error().message;
        EXPECT_LT(error_of(*graph, kFarRows), 0.002) << op;
    }
}

TEST(Stability, WhatIsFarBelowStaysFarBelow) {
    const auto graph =
        File().input("x", {1, 3}).output("y").node("LogSoftmax", {"x"}, {"y"}).load();
    ASSERT_TRUE(graph) << graph.error().message;
    EXPECT_LT(error_of(*graph, std::vector<Sample>{{{0, 5000, 9000}}}), 0.002);
}

TEST(Stability, SoftmaxWrittenOutIsOneOperator) {
    for (const bool is_log : {false, true}) {
        const auto graph = written_out(is_log).load();
        ASSERT_TRUE(graph) << graph.error().message;
        ASSERT_EQ(graph->nodes.size(), 1U);
        EXPECT_EQ(graph->nodes[0].op_type, is_log ? "LogSoftmax" : "Softmax");
        EXPECT_LT(error_of(*graph, kFarRows), 0.002);
        const auto y = run_float(*graph, kFarRows[0]).value()[0];
        const double last = is_log ? std::exp(y[7]) : y[7];
        EXPECT_NEAR(last, 0.6439142598879724, 1e-9);
    }
}

TEST(Stability, OtherQuotientsAreNoSoftmax) {
    File file(11);
    file.input("x", {2, 4}).output("y").node("Exp", {"x"}, {"e"});
    file.node("ReduceSum", {"e"}, {"s"}).axes(0).node("Div", {"e", "s"}, {"y"});
    const auto graph = file.load();
    ASSERT_TRUE(graph) << graph.error().message;
    for (const Node& node : graph->nodes) EXPECT_NE(node.op_type, "Softmax");
}

TEST(Stability, NodesWithoutInputsAreNoSoftmax) {
    for (const char* op : {"Exp", "ReduceSum", "Log", "ReduceMax", "Sub"}) {
        File file(11);
        file.input("x", {2, 4}).output("y").node(op, {}, {"e"}).node("Div", {"e", "e"}, {"y"});
        EXPECT_FALSE(file.load()) << op;
    }
    File file(11);
    file.input("x", {2, 4}).output("y").node("ReduceSum", {}, {"s"}).node("Exp", {}, {"e"});
    EXPECT_FALSE(file.node("Log", {"s"}, {"l"}).node("Sub", {"x", "l"}, {"y"}).load());
}

TEST(Stability, ProductsOfManyNumbers) {
    File file(11);
    const auto graph = file.input("x", {12}).output("y").node("ReduceProd", {"x"}, {"y"}).load();
    ASSERT_TRUE(graph) << graph.error().message;
    Sample counting(1, std::vector<double>(12)), signs = {{-1, 2, 3, 1, 1, 2, 1, -3, -1, 2, 1, 1}};
    std::iota(counting[0].begin(), counting[0].end(), 1);
    EXPECT_LT(error_of(*graph, std::vector<Sample>{counting}), 0.005);
    const std::vector<Sample> both = {signs, {{0, 2, 3, 1, 1, 2, 1, 3, 1, 2, 1, 1}}};
    const auto result = quantise_auto(*graph, both).value();
    std::vector<double> products;
    for (const Sample& sample : both) {
        const auto out = execute(result.graph, quantise_input(result.graph, sample).value());
        products.push_back(dequantise_output(result.graph, *out)[0][0]);
    }
    EXPECT_NEAR(products[0], -72, 1);
    EXPECT_EQ(products[1], 0);
}

TEST(Stability, SumsThatCancelGetTheOutputsBits) {
    File file;
    file.input("a", {1, 5}).input("b", {5, 1}).output("y").node("MatMul", {"a", "b"}, {"y"});
    const auto graph = file.load();
    ASSERT_TRUE(graph) << graph.error().message;
    const std::vector<Sample> samples = {
        {{1.7640524, 0.4001572, 0.978738, 2.2408932, 1.867558},
         {-0.9772779, 0.95008844, -0.1513572, -0.10321885, 0.4105985}}};
    const auto result = quantise_auto(*graph, samples);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->reached);
}

TEST(Stability, InputsOnAGridStayOnIt) {
    const auto graph = File().input("x", {4}).output("y").node("Relu", {"x"}, {"y"}).load();
    ASSERT_TRUE(graph) << graph.error().message;
    const QuantOptions options{.activation_bits = 14};
    const std::vector<Sample> halves = {{{0.5, 1000, -321.5, 2}}}, others = {{{0.3, 1000, -3, 2}}};
    const double step = quantise(*graph, halves, options)->input_ports[0].step;
    EXPECT_EQ(step, 0.125);
    EXPECT_NE(quantise(*graph, others, options)->input_ports[0].step, 0.125);
}

TEST(ConstantOutputs, AreAllowedBesideComputedOnes) {
    File file;
    file.input("x", {2, 3}).output("y").output("mask").output("shape");
    file.node("Dropout", {"x"}, {"y", "mask"}).node("Shape", {"x"}, {"shape"});
    const auto graph = file.load();
    ASSERT_TRUE(graph) << graph.error().message;
    const std::vector<Sample> samples = {{{-1, 2, 0.5, 0, 1, 3}}};
    const auto exact = run_float(*graph, samples[0]).value();
    EXPECT_EQ(exact[1], std::vector<double>(6, 1));
    EXPECT_EQ(exact[2], (std::vector<double>{2, 3}));
    const QuantGraph integers = quantise(*graph, samples).value();
    const auto out = execute(integers, quantise_input(integers, samples[0]).value()).value();
    const auto real = dequantise_output(integers, out);
    EXPECT_EQ(real[1], exact[1]);
    EXPECT_EQ(real[2], exact[2]);
}

/// Flattening makes a value; the condition must not move with it.
TEST(Compress, OfTheFlatTensor) {
    File file;
    file.input("x", {3, 2}).output("y").bits("keep", {0, 1, 0, 0, 1});
    const auto graph = file.node("Compress", {"x", "keep"}, {"y"}).load();
    ASSERT_TRUE(graph) << graph.error().message;
    EXPECT_EQ(run_float(*graph, {{1, 2, 3, 4, 5, 6}}).value()[0], (std::vector<double>{2, 5}));
}

TEST(ConstantOutputs, AloneAreRefused) {
    const auto graph = File().input("x", {2, 3}).output("y").node("Shape", {"x"}, {"y"}).load();
    ASSERT_FALSE(graph);
    EXPECT_EQ(graph.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mintmark::model
