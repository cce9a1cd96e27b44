// Quantised models against the float executor, and the integer executor's own invariants.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>

#include "mintmark/base/repeats.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class Quantised : public testing::TestWithParam<const char*> {};

TEST_P(Quantised, IsWithinHalfAPercentOfTheFloatRange) {
    const TestModel model = load_test_model(GetParam());
    const auto result = quantise_auto(model.graph, model.input.samples);
    ASSERT_TRUE(result) << result.error().message;
    // Its output has 140 levels: half a percent is less than one of them.
    const bool is_coarse = std::string_view(GetParam()) == "qlinear";
    EXPECT_LE(result->report.max_relative_error, is_coarse ? 0.0075 : 0.005);
    EXPECT_TRUE(result->reached || is_coarse);
    EXPECT_EQ(result->report.samples, model.input.samples.size());
}

TEST_P(Quantised, NeverLeavesItsTables) {
    const TestModel model = load_test_model(GetParam());
    SeededRng rng(1);
    for (const int width : {6, 8, 12, 14}) {
        const auto bits = static_cast<std::uint8_t>(width);
        const auto graph = quantise(model.graph, model.input.samples,
                                    {.activation_bits = bits, .weight_bits = bits});
        ASSERT_TRUE(graph) << graph.error().message;
        const QTensor& input = graph->tensors[graph->input];
        std::vector<std::int64_t> x(element_count(input.shape));
        for (int round = 0; round < 20; ++round) {
            // Corners of the input's box are the worst case of interval bounds.
            for (std::int64_t& v : x) v = rng.next() % 2 == 0 ? input.lo : input.hi;
            const auto all = execute_all(*graph, x);
            ASSERT_TRUE(all) << all.error().message;
            for (std::size_t t = 0; t < all->size(); ++t) {
                for (const std::int64_t v : (*all)[t]) {
                    ASSERT_GE(v, graph->tensors[t].lo) << graph->tensors[t].name;
                    ASSERT_LE(v, graph->tensors[t].hi) << graph->tensors[t].name;
                }
            }
        }
    }
}

TEST_P(Quantised, SurvivesTheFile) {
    const TestModel model = load_test_model(GetParam());
    const auto graph = quantise(model.graph, model.input.samples);
    ASSERT_TRUE(graph) << graph.error().message;
    const Bytes bytes = encode(*graph);
    const auto copy = decode_quant_graph(bytes);
    ASSERT_TRUE(copy) << copy.error().message;
    EXPECT_EQ(encode(*copy), bytes);
    const auto x = quantise_input(*graph, model.input.samples[0]).value();
    EXPECT_EQ(execute(*copy, x).value(), execute(*graph, x).value());
}

INSTANTIATE_TEST_SUITE_P(Models, Quantised, testing::ValuesIn(kTestModels),
                         [](const auto& test) { return std::string(test.param); });

/// The ezkl examples that the product must take; they are beside the checkout, not in it.
TEST(Examples, AreWithinOnePercent) {
    const char* folder = std::getenv("MINTMARK_MODELS");
    const std::filesystem::path root =
        std::filesystem::path(folder != nullptr ? folder : "../shared/models") / "ezkl-examples";
    for (const char* name : {"1l_mlp", "1l_relu", "1l_sigmoid", "1l_tanh", "1l_concat", "1l_slice",
                             "1l_pad", "1l_reshape", "1l_max_pool", "1l_batch_norm", "2l_relu_fc",
                             "2l_relu_sigmoid_conv", "4l_relu_conv_fc", "lenet_5"}) {
        if (!std::filesystem::exists(root / name)) continue;
        const auto graph = load_onnx(root / name / "network.onnx");
        ASSERT_TRUE(graph) << graph.error().message;
        const auto input = read_input_json(read_text(root / name / "input.json").value());
        ASSERT_TRUE(input) << input.error().message;
        const auto result = quantise_auto(*graph, input->samples);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_LE(result->report.max_relative_error, 0.01) << name;
    }
}

/// Indices, labels, bits and other integers are ONNX Runtime's, at 8 bits too.
TEST(WholeNumbers, AreExact) {
    const std::pair<const char*, std::size_t> cases[] = {
        {"integers", 12}, {"extremes", 4}, {"trees", 2}, {"classical", 1}};
    for (const auto& [name, outputs] : cases) {
        const TestModel model = load_test_model(name);
        const auto graph = quantise(model.graph, model.input.samples);
        ASSERT_TRUE(graph) << graph.error().message;
        for (std::size_t s = 0; s < model.input.samples.size(); ++s) {
            const auto x = quantise_input(*graph, model.input.samples[s]).value();
            const auto y = execute(*graph, x);
            ASSERT_TRUE(y) << y.error().message;
            const auto real = dequantise_output(*graph, *y);
            ASSERT_GE(real.size(), outputs);
            for (std::size_t o = 0; o < outputs; ++o)
                EXPECT_EQ(real[o], model.input.outputs[s][o]) << name << " " << s << " " << o;
        }
    }
}

/// Largest distance from ONNX Runtime's outputs, as a share of their range.
double distance(const TestModel& model, const QuantGraph& graph, std::size_t output) {
    double lo = 0, hi = 0, worst = 0;
    for (std::size_t s = 0; s < model.input.samples.size(); ++s) {
        const auto x = quantise_input(graph, model.input.samples[s]).value();
        const auto real = dequantise_output(graph, execute(graph, x).value())[output];
        const std::vector<double>& expected = model.input.outputs[s][output];
        for (std::size_t i = 0; i < expected.size(); ++i) {
            lo = std::min(lo, expected[i]);
            hi = std::max(hi, expected[i]);
            worst = std::max(worst, std::abs(real[i] - expected[i]));
        }
    }
    return worst / (hi - lo);
}

/// Networks of 8-bit integers, with their own steps and with those found as they run: within the
/// steps that they round to.
TEST(QuantisedNetworks, AgreeWithOnnxRuntime) {
    const std::pair<const char*, double> cases[] = {
        {"qdq", 0.01}, {"qlinear", 0.0075}, {"dynamic", 0.015}};
    for (const auto& [name, most] : cases) {
        const TestModel model = load_test_model(name);
        const auto result = quantise_auto(model.graph, model.input.samples);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_LE(distance(model, result->graph, 0), most) << name;
    }
}

/// The reals of a dynamically quantised tensor are kept where nothing else can tell, and only
/// there: as an output the tensor is what ONNX says.
TEST(QuantisedNetworks, DynamicOnesKeepTheirReals) {
    const TestModel model = load_test_model("dynamic");
    for (const Node& node : model.graph.nodes) EXPECT_NE(node.op_type, "DynamicQuantizeLinear");
}

/// Equal entries: the first wins, the last with select_last_index; ranks are an order all the same.
TEST(WholeNumbers, TiesHaveOneAnswer) {
    const TestModel model = load_test_model("extremes");
    const auto graph = quantise(model.graph, model.input.samples).value();
    const std::vector<std::int64_t> same(2 * 3 * 7, 5);
    const auto real = dequantise_output(graph, execute(graph, same).value());
    EXPECT_EQ(real[0], std::vector<double>(6, 0));   // ArgMax over 7: the first
    EXPECT_EQ(real[1], std::vector<double>(14, 2));  // ArgMin over 3, select_last_index
    for (std::size_t row = 0; row < 6; ++row)
        for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(real[2][4 * row + k], static_cast<double>(k));
}

/// What an index says that no sample did: the range is the axis', not the samples'.
TEST(WholeNumbers, IndicesReachTheWholeAxis) {
    const TestModel model = load_test_model("long_embedding");
    std::vector<Sample> low = {{{1, 2, 3}}};
    const auto graph = quantise(model.graph, low).value();
    EXPECT_EQ(graph.tensors[graph.input].lo, 0);
    EXPECT_EQ(graph.tensors[graph.input].hi, 699);
    const auto expected = run_float(model.graph, {{699, 0, 512}}).value()[0];
    const auto y = execute(graph, std::vector<std::int64_t>{699, 0, 512});
    ASSERT_TRUE(y) << y.error().message;
    const auto real = dequantise_output(graph, *y)[0];
    for (std::size_t i = 0; i < real.size(); ++i) EXPECT_NEAR(real[i], expected[i], 0.02) << i;
}

TEST(PerChannel, GivesEachChannelItsStep) {
    const TestModel model = load_test_model("deep");
    const auto channels_of = [&](Granularity granularity) {
        const auto graph =
            quantise(model.graph, model.input.samples, {.granularity = granularity}).value();
        std::size_t channels = 0;
        for (const QTensor& tensor : graph.tensors) channels += tensor.channel_steps.size();
        return channels;
    };
    EXPECT_EQ(channels_of(Granularity::kPerTensor), 0U);
    EXPECT_GE(channels_of(Granularity::kPerChannel), 4U + 4U + 6U + 6U);
}

TEST(Report, CountsAgreementAndAccuracy) {
    const TestModel model = load_test_model("mlp");
    const auto graph = quantise(model.graph, model.input.samples).value();
    std::vector<std::uint32_t> labels;
    for (const Sample& sample : model.input.samples) {
        const auto out = run_float(model.graph, sample).value()[0];
        labels.push_back(static_cast<std::uint32_t>(std::ranges::max_element(out) - out.begin()));
    }
    const auto report = compare(model.graph, graph, model.input.samples, labels).value();
    EXPECT_EQ(report.float_accuracy, 1.0);
    EXPECT_EQ(report.integer_accuracy, report.top1_agreement);
    EXPECT_EQ(report.outputs.size(), 8U);
    for (const OutputError& out : report.outputs) {
        EXPECT_LE(out.mean_error, out.max_error);
        EXPECT_LT(out.float_lo, out.float_hi);
    }
    labels.pop_back();
    EXPECT_EQ(compare(model.graph, graph, model.input.samples, labels).error().code,
              ErrorCode::kInvalidArgument);
}

TEST(Options, AreChecked) {
    const TestModel model = load_test_model("scalars");
    const auto refuses = [&](const QuantOptions& options) {
        const auto graph = quantise(model.graph, model.input.samples, options);
        return !graph && graph.error().code == ErrorCode::kInvalidArgument;
    };
    EXPECT_TRUE(refuses({.activation_bits = 15}));
    EXPECT_TRUE(refuses({.weight_bits = 3}));
    EXPECT_TRUE(refuses({.output_bits = 17}));
    EXPECT_TRUE(refuses({.input_range = std::pair{1.0, 2.0}}));
    EXPECT_TRUE(refuses({.input_margin = kNan}));
    EXPECT_EQ(quantise(model.graph, {}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(quantise(model.graph, {}, {.input_range = std::pair{-1.0, 1.0}}));
}

// Made-up inputs join a single sample: near a divisor of 0, which was never seen, they would decide
// about the quotient's range.
TEST(Calibration, OfADivisorThatIsNeverNearZero) {
    Graph graph;
    graph.values = {{"x", {1, 64}, false, {}},
                    {"y", {1, 64}, false, {}},
                    {"1/y", {1, 64}, false, {}},
                    {"z", {1, 64}, false, {}}};
    graph.nodes = {{"r", "Reciprocal", {1}, 2, PointwiseOp{Pointwise::kReciprocal}},
                   {"d", "Div", {0, 2}, 3, BinaryOp{Binary::kMul}}};
    graph.inputs = {0, 1};
    graph.outputs = {3};
    Sample sample(2);
    for (int i = 0; i < 64; ++i) {
        sample[0].push_back(std::sin(i));
        sample[1].push_back(1.5 + std::cos(i) / 2);
    }
    const std::vector<Sample> samples{sample};
    const auto quantised = quantise(graph, samples).value();
    EXPECT_LT(compare(graph, quantised, samples).value().max_relative_error, 0.005);
}

TEST(Numbers, BeyondReasonAreRefused) {
    for (const double factor : {1e300, 1e-300, 1e28, -1e-28}) {
        for (const Binary kind : {Binary::kMul, Binary::kAdd}) {
            Graph graph;
            graph.values = {{"x", {1, 2}, false, {}},
                            {"c", {2}, true, {factor, 2 * factor}},
                            {"s", {}, true, {factor}},
                            {"y", {1, 2}, false, {}},
                            {"z", {1, 2}, false, {}}};
            graph.nodes = {{"n", "Mul", {0, 1}, 3, BinaryOp{kind}},
                           {"r", "Relu", {3}, 4, PointwiseOp{}}};
            graph.inputs = {0};
            graph.outputs = {4};
            const std::vector<Sample> samples = {{{0.5, -1.0}}};
            const auto by_channel = quantise(graph, samples);
            if (!by_channel) {
                EXPECT_EQ(by_channel.error().code, ErrorCode::kUnsupported);
            }
            graph.nodes[0].inputs = {0, 2};
            const auto by_scalar = quantise(graph, samples);
            if (!by_scalar) {
                EXPECT_EQ(by_scalar.error().code, ErrorCode::kUnsupported);
            }
            EXPECT_EQ(std::abs(factor) < 1 && kind == Binary::kAdd, by_scalar.has_value());
        }
    }
}

TEST(Input, IsClampedAndChecked) {
    const TestModel model = load_test_model("scalars");
    const auto graph = quantise(model.graph, model.input.samples).value();
    const QTensor& input = graph.tensors[graph.input];
    const Sample far = {std::vector<double>(10, 1e30)};
    EXPECT_EQ(quantise_input(graph, far).value(), std::vector<std::int64_t>(10, input.hi));
    const Sample nan = {std::vector<double>(10, kNan)}, size = {{1.0}};
    EXPECT_EQ(quantise_input(graph, nan).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(quantise_input(graph, size).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(execute(graph, std::vector<std::int64_t>(10, input.hi + 1)).error().code,
              ErrorCode::kOutOfRange);
    EXPECT_EQ(execute(graph, std::vector<std::int64_t>(9, 0)).error().code,
              ErrorCode::kInvalidArgument);
}

TEST(File, TruncationsAreRefused) {
    const TestModel model = load_test_model("conv1d");
    const Bytes bytes = encode(quantise(model.graph, model.input.samples).value());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_FALSE(decode_quant_graph(ByteSpan(bytes).first(size))) << size;
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(decode_quant_graph(longer));
}

TEST_P(Quantised, DamagedFileIsRefusedOrRuns) {
    const TestModel model = load_test_model(GetParam());
    const Bytes bytes = encode(quantise(model.graph, model.input.samples).value());
    SeededRng rng(2);
    for (int round = 0; round < 400; ++round) {
        Bytes damaged = bytes;
        for (int i = 0; i < 1 + round % 2; ++i)
            damaged[rng.next() % damaged.size()] = static_cast<std::uint8_t>(rng.next());
        const auto graph = decode_quant_graph(damaged);
        if (!graph) continue;
        // Whatever is accepted can be run: a result or an error, never a crash.
        const QTensor& input = graph->tensors[graph->input];
        const auto out =
            execute(*graph, std::vector<std::int64_t>(element_count(input.shape), input.lo));
        if (!out) {
            EXPECT_EQ(out.error().code, ErrorCode::kOutOfRange);
        }
    }
}

// ---- look-ups and rounding --------------------------------------------------------------------

TEST(LookUp, RoundsHalvesUp) {
    EXPECT_EQ(shift_round(5, 0), 5);
    EXPECT_EQ(shift_round(3, 1), 2);
    EXPECT_EQ(shift_round(-3, 1), -1);
    EXPECT_EQ(shift_round(-4, 3), 0);
    EXPECT_EQ(shift_round(-5, 3), -1);
}

TEST(LookUp, PiecewiseLinear) {
    const QLut relu{.function = QFunction::kRelu, .out_lo = 0, .out_hi = 255};
    EXPECT_EQ(lut_output(relu, -7), 0);
    EXPECT_EQ(lut_output(relu, 7), 7);
    EXPECT_EQ(lut_output(relu, 300), 255);
    const QLut leaky{
        .function = QFunction::kLeakyRelu, .alpha = 0.25F, .out_lo = -50, .out_hi = 99};
    EXPECT_EQ(lut_output(leaky, -2), 0);  // -0.5 goes up
    EXPECT_EQ(lut_output(leaky, -3), -1);
    EXPECT_EQ(lut_output(leaky, -1000), -50);
    EXPECT_EQ(lut_output(leaky, 98), 98);
}

TEST(LookUp, CurvesAgreeWithTheLibrary) {
    for (const float step : {0x1p-12F, 0.013F, 0.25F, 3.0F}) {
        const QLut sigmoid{.function = QFunction::kSigmoid,
                           .in_step = step,
                           .out_step = 1.0F / 65535,
                           .out_lo = 0,
                           .out_hi = 65535};
        const QLut tanh{.function = QFunction::kTanh,
                        .in_step = step,
                        .out_step = 1.0F / 32767,
                        .out_lo = -32767,
                        .out_hi = 32767};
        for (std::int64_t u = -40000; u <= 40000; u += 37) {
            const double x = static_cast<double>(u) * static_cast<double>(step);
            ASSERT_NEAR(static_cast<double>(lut_output(sigmoid, u)), 65535 / (1 + std::exp(-x)),
                        0.51);
            ASSERT_NEAR(static_cast<double>(lut_output(tanh, u)), 32767 * std::tanh(x), 0.51);
        }
        EXPECT_EQ(lut_output(sigmoid, INT64_MAX), 65535);
        EXPECT_EQ(lut_output(tanh, INT64_MIN), -32767);
    }
}

// ---- the integer executor against the float one, which ONNX Runtime's outputs check -------------

/// Runs one node on random integers in both executors; sums are exact in both.
void expect_same(const Op& op, const QOp& integer_op, const Shape& in, const Shape& out,
                 const FloatTensor* weight = nullptr) {
    SeededRng rng(9);
    std::vector<double> x(element_count(in));
    std::vector<std::int64_t> integers(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        integers[i] = static_cast<std::int64_t>(rng.next() % 201) - 100;
        x[i] = static_cast<double>(integers[i]);
    }
    QuantGraph graph;
    graph.tensors = {{"x", in, -100, 100}, {"y", out, -32000, 32000}};
    graph.nodes = {{"node", {0}, 1, integer_op}};
    graph.output = 1;
    graph.input_ports = {{"x", in, 0}};
    graph.output_ports = {{"y", out, 0}};
    ASSERT_TRUE(validate(graph)) << validate(graph).error().message;
    std::vector<FloatTensor> operands = {{&in, x}};
    if (weight != nullptr) operands.push_back(*weight);
    const std::vector<double> expected = evaluate(op, operands, out);
    const auto result = execute(graph, integers);
    ASSERT_TRUE(result) << result.error().message;
    for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_EQ(static_cast<double>((*result)[i]), expected[i]) << i;
}

const Requant kExact{.shift = 0, .u_lo = -32000, .u_hi = 32000};

TEST(Executor, ConvolutionWithEverything) {
    const Window window{{3, 2}, {2, 1}, {1, 0}, {2, 1}, {1, 2}};
    Hidden weight{{4, 2, 3, 2}, {}};
    std::vector<double> reals;
    for (int i = 0; i < 48; ++i) {
        weight.values.push_back(i * 7 % 11 - 5);
        reals.push_back(static_cast<double>(weight.values.back()));
    }
    const FloatTensor constant{&weight.shape, reals};
    expect_same(ConvOp{window, 2}, QConv{weight, {}, {2, 1}, {1, 0}, {2, 1}, {1, 2}, 2, kExact},
                {2, 4, 6, 5}, {2, 4, 4, 4}, &constant);
}

TEST(Executor, Pools) {
    const Window window{{3, 2}, {2, 2}, {1, 1}, {1, 0}, {1, 1}};
    expect_same(PoolOp{PoolKind::kMax, window}, QMaxPool{{3, 2}, {2, 2}, {1, 1}, {1, 0}, {1, 1}},
                {1, 3, 7, 5}, {1, 3, 4, 3});
}

TEST(Executor, DataMovement) {
    expect_same(TransposeOp{{2, 0, 1}}, QTranspose{{2, 0, 1}}, {2, 3, 4}, {4, 2, 3});
    expect_same(SliceOp{{1, 0}, {2, 3}}, QSlice{{1, 0}, {2, 3}}, {6, 7}, {3, 3});
    expect_same(PadOp{{1, 2}, 9}, QPad{{1, 2}, 9}, {2, 3}, {4, 5});
    expect_same(ReshapeOp{}, QReshape{}, {2, 6}, {3, 4});
}

TEST(Validate, RefusesInconsistentGraphs) {
    QuantGraph good;
    good.tensors = {{"x", {2, 3}, -10, 10}, {"y", {2, 4}, -32000, 32000}};
    good.nodes = {{"n", {0}, 1, QMatMul{{{3, 4}, std::vector<std::int64_t>(12, 1)}, {}, kExact}}};
    good.output = 1;
    good.input_ports = {{"x", {2, 3}, 0}};
    good.output_ports = {{"y", {2, 4}, 0}};
    ASSERT_TRUE(validate(good));
    const auto refuses = [&](auto change) {
        QuantGraph bad = good;
        change(bad);
        return !validate(bad);
    };
    EXPECT_TRUE(refuses([](auto& g) { g.nodes.clear(); }));
    EXPECT_TRUE(refuses([](auto& g) { g.nodes[0].inputs = {1}; }));
    EXPECT_TRUE(refuses([](auto& g) { g.nodes[0].inputs = {7}; }));
    EXPECT_TRUE(refuses([](auto& g) { g.nodes[0].output = 0; }));
    EXPECT_TRUE(refuses([](auto& g) { g.output = 0; }));
    EXPECT_TRUE(refuses([](auto& g) { g.output = 9; }));
    EXPECT_TRUE(refuses([](auto& g) { g.tensors[1].shape = {2, 5}; }));
    EXPECT_TRUE(refuses([](auto& g) { g.tensors[1].hi = 31999; }));
    EXPECT_TRUE(refuses([](auto& g) { g.tensors[0].lo = -70000; }));
    EXPECT_TRUE(refuses([](auto& g) { g.tensors[0].shape = {2, 0}; }));
    EXPECT_TRUE(refuses([](auto& g) { g.tensors[0].step = kNan; }));
    EXPECT_TRUE(refuses([](auto& g) { g.input_ports[0].offset = 1; }));
    EXPECT_TRUE(refuses([](auto& g) { g.output_ports.clear(); }));
    EXPECT_TRUE(
        refuses([](auto& g) { std::get<QMatMul>(g.nodes[0].op).weight.values.pop_back(); }));
    EXPECT_TRUE(refuses([](auto& g) { std::get<QMatMul>(g.nodes[0].op).requant.shift = 41; }));
}

/// Everything about a node's requantisation that its look-ups follow from.
std::vector<std::uint32_t> requantisations(const QuantGraph& graph) {
    std::map<std::string, std::uint32_t> known;
    std::vector<std::uint32_t> out;
    for (const QNode& node : graph.nodes) {
        std::string text = fmt::format("{} {}", node.op.index(), graph.tensors[node.output].step);
        if (const Requant* requant = requant_of(node.op)) {
            text += fmt::format(" {}", requant->shift);
            if (requant->lut) {
                text += fmt::format(" {} {} {} {}", requant->lut->in_step, requant->lut->out_step,
                                    requant->lut->out_lo, requant->lut->out_hi);
            }
        }
        const auto next = static_cast<std::uint32_t>(known.size());
        out.push_back(known.try_emplace(text, next).first->second);
    }
    return out;
}

TEST(Agreement, BlocksOfADeepModelChooseTheSame) {
    for (const auto& [name, blocks] : {std::pair("stacked_decoder", 3U), {"stacked_encoder", 5U}}) {
        const TestModel m = load_test_model(name);
        for (const int bits : {8, 12}) {
            QuantOptions options;
            options.activation_bits = static_cast<std::uint8_t>(bits);
            const QuantGraph graph = quantise(m.graph, m.input.samples, options).value();
            const auto repeats = find_repeats(requantisations(graph), 8);
            ASSERT_EQ(repeats.size(), 1U) << name << " with " << bits << " bits";
            EXPECT_EQ(repeats.front().count(), blocks) << name << " with " << bits << " bits";
        }
    }
}

}  // namespace
}  // namespace mintmark::model
