// Unknown models: random graphs through every implementation there is. The float executor, the
// integer executor and the circuit share no code; what one of them reads differently shows here.
#include "random_graph.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "mintmark/compiler/compile.hpp"
#include "mintmark/prover/mock.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/worker/pipeline.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark {
namespace {

/// How many graphs, from the environment for long runs.
std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string describe(const model::Graph& graph) {
    static constexpr std::array kOps = {"Conv",    "MatMul",    "Pointwise", "Binary", "Pool",
                                        "Reshape", "Transpose", "Slice",     "Pad",    "Concat",
                                        "Expand",  "Select",    "OneHot",    "Softmax"};
    std::string text;
    const auto put = [&](model::ValueId id) {
        text += " " + graph.values[id].name + "[";
        for (const std::uint32_t dim : graph.values[id].shape) text += std::to_string(dim) + ",";
        text.back() = ']';
    };
    for (const model::Node& node : graph.nodes) {
        text += kOps[node.op.index()];
        if (const auto* op = std::get_if<model::BinaryOp>(&node.op))
            text += "+-*/"[static_cast<int>(op->kind)];
        if (const auto* op = std::get_if<model::PointwiseOp>(&node.op))
            text += std::to_string(static_cast<int>(op->kind));
        for (const model::ValueId id : node.inputs) put(id);
        text += " ->";
        put(node.output);
        text += '\n';
    }
    return text;
}

/// Precise enough that what is left is no rounding.
model::QuantOptions precise() {
    model::QuantOptions options;
    options.activation_bits = 14;
    options.weight_bits = 18;
    return options;
}

constexpr double kLargestError = 0.02;  ///< of an output's range, at 14 bits

/// Corners and random points of the input's range.
std::vector<std::vector<std::int64_t>> integer_inputs(const model::QuantGraph& graph,
                                                      std::uint64_t seed) {
    const model::QTensor& input = graph.tensors[graph.input];
    const std::size_t size = model::element_count(input.shape);
    SeededRng rng(seed);
    std::vector<std::vector<std::int64_t>> out = {std::vector<std::int64_t>(size, input.lo),
                                                  std::vector<std::int64_t>(size, input.hi)};
    const auto span = static_cast<std::uint64_t>(input.hi - input.lo + 1);
    for (int i = 0; i < 4; ++i) {
        std::vector<std::int64_t> values(size);
        for (std::int64_t& v : values) {
            v = i % 2 == 0 ? input.lo + static_cast<std::int64_t>(rng.next() % span)
                           : (rng.next() % 2 == 0 ? input.lo : input.hi);
        }
        out.push_back(std::move(values));
    }
    return out;
}

void check_circuit(const model::QuantGraph& graph, std::uint64_t seed) {
    const auto compiled = compiler::compile(graph, {});
    ASSERT_TRUE(compiled) << compiled.error().message;
    std::size_t at = 0;
    for (const auto& input : integer_inputs(graph, seed)) {
        const auto expected = model::execute(graph, input);
        ASSERT_TRUE(expected) << expected.error().message;
        const auto trace = prover::fill_witness(compiled->circuit, compiled->weights, input);
        ASSERT_TRUE(trace) << trace.error().message;
        ASSERT_EQ(trace->output, *expected);
        if (at++ % 3 != 0) continue;
        const Status checked = prover::mock(compiled->circuit, compiled->weights, *trace);
        ASSERT_TRUE(checked) << checked.error().message;
    }
}

/// The proof of one run is accepted, with another output it is not.
void check_proof(const model::QuantGraph& graph, const model::Sample& sample, std::uint64_t seed) {
    worker::CompiledModel model;
    model.graph = graph;
    model.options.output = Visibility::kPublic;
    const compiler::Compiled compiled = compiler::compile(graph, model.options).value();
    SeededRng rng(seed);
    const Srs srs =
        generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << compiled.circuit.mu), rng);
    const Bytes32 key_seed = {7};
    auto key = prover::setup(compiled.circuit, compiled.weights, srs, key_seed);
    ASSERT_TRUE(key) << key.error().message;
    const auto witness = worker::run_model(model, sample, rng);
    ASSERT_TRUE(witness) << witness.error().message;
    auto proof = worker::prove_file(model, {.seed = key_seed, .vk = key->vk}, srs, *witness,
                                    Bytes32{9}, rng);
    ASSERT_TRUE(proof) << proof.error().message;
    EXPECT_TRUE(worker::verify_file(key->vk, srs, *proof));
    proof->instances.back()[31] ^= 1U;
    EXPECT_EQ(worker::verify_file(key->vk, srs, *proof).error().code, ErrorCode::kRejected);
}

struct Tally {
    std::uint64_t accepted = 0, refused = 0;
};

void check_graph(std::uint64_t seed, bool proves, Tally& tally) {
    const model::Graph graph = random_graph(seed);
    const auto samples = random_samples(graph, seed, 16);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + describe(graph));
    const auto quantised = model::quantise(graph, samples, precise());
    if (!quantised) {
        EXPECT_EQ(quantised.error().code, ErrorCode::kUnsupported) << quantised.error().message;
        ++tally.refused;
        if (std::getenv("MINTMARK_FUZZ_VERBOSE") != nullptr)
            std::printf("seed %lu: %s\n", seed, quantised.error().message.c_str());
        return;
    }
    ++tally.accepted;
    ASSERT_TRUE(model::validate(*quantised)) << model::validate(*quantised).error().message;
    const auto report = model::compare(graph, *quantised, samples);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_LE(report->max_relative_error, kLargestError);
    check_circuit(*quantised, seed);
    const auto coarse = model::quantise(graph, samples, {});
    ASSERT_TRUE(coarse) << coarse.error().message;
    check_circuit(*coarse, seed);
    if (proves) check_proof(*coarse, samples[0], seed);
}

TEST(RandomGraph, AllImplementationsAgree) {
    const std::uint64_t first = setting("MINTMARK_FUZZ_FIRST", 1);
    const std::uint64_t count = setting("MINTMARK_FUZZ_GRAPHS", 60);
    Tally tally;
    for (std::uint64_t seed = first; seed < first + count; ++seed)
        check_graph(seed, seed % 10 == 0, tally);
    std::printf("%lu graphs accepted, %lu refused\n", tally.accepted, tally.refused);
    EXPECT_GE(tally.accepted * 10, count * 9);
}

/// A clip beyond its input's range, padding beyond its input's steps, joined outputs too wide.
TEST(RandomGraph, SeedsThatOnceFailed) {
    Tally tally;
    for (const std::uint64_t seed : {7U, 33U, 121U, 356U}) check_graph(seed, true, tally);
    EXPECT_EQ(tally.accepted, 4U);
}

/// A quotient that no layer could say otherwise would be read as a sum.
TEST(RandomGraph, ADivisionByAComputedValueIsRefused) {
    model::Graph graph;
    graph.values = {{"x", {4}, false, {}}, {"y", {4}, false, {}}, {"z", {4}, false, {}}};
    graph.nodes = {{"ratio", "Div", {0, 1}, 2, model::BinaryOp{model::Binary::kDiv}}};
    graph.inputs = {0, 1};
    graph.outputs = {2};
    const auto quantised = model::quantise(graph, random_samples(graph, 1, 4), {});
    ASSERT_FALSE(quantised);
    EXPECT_EQ(quantised.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(quantised.error().message.find("'ratio'"), std::string::npos);
}

/// A constant over a computed value is not the computed value over the constant.
TEST(RandomGraph, AConstantDividedByAComputedValueIsRefused) {
    model::Graph graph;
    graph.values = {{"one", {1}, true, {1}}, {"y", {4}, false, {}}, {"z", {4}, false, {}}};
    graph.nodes = {{"ratio", "Div", {0, 1}, 2, model::BinaryOp{model::Binary::kDiv}}};
    graph.inputs = {1};
    graph.outputs = {2};
    EXPECT_FALSE(model::quantise(graph, random_samples(graph, 1, 4), {}));
}

}  // namespace
}  // namespace mintmark
