// The circuit against the integer executor: two implementations of docs/spec/quantisation.md and
// docs/spec/protocol.md section 3 that share no code, on models of every supported kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/prover/mock.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/worker/pipeline.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> model_files() {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(MINTMARK_TESTDATA)) {
        if (entry.path().extension() == ".onnx") out.push_back(entry.path());
    }
    std::ranges::sort(out);
    return out;
}

struct Prepared {
    model::Graph graph;
    std::vector<model::Sample> samples;
};

Prepared prepare(const fs::path& onnx) {
    Prepared out;
    const model::ImportOptions dims = {// of testdata/make_attention.py
                                       .batch = 2,
                                       .dims = {{"sequence", 5}, {"past", 3}, {"total", 8}}};
    out.graph = model::load_onnx(onnx, dims).value();
    fs::path json = onnx;
    const std::string text = read_text(json.replace_extension(".json")).value();
    out.samples = model::read_input_json(text).value().samples;
    return out;
}

/// Random inputs, and the corners of the input's range where interval bounds are tight.
std::vector<std::vector<std::int64_t>> hostile_inputs(const model::QuantGraph& graph) {
    const model::QTensor& input = graph.tensors[graph.input];
    const std::size_t size = model::element_count(input.shape);
    SeededRng rng(5);
    std::vector<std::vector<std::int64_t>> out = {std::vector<std::int64_t>(size, input.lo),
                                                  std::vector<std::int64_t>(size, input.hi),
                                                  std::vector<std::int64_t>(size, 0)};
    for (int i = 0; i < 6; ++i) {
        std::vector<std::int64_t> values(size);
        for (std::int64_t& v : values) {
            const auto span = static_cast<std::uint64_t>(input.hi - input.lo + 1);
            v = i < 3 ? input.lo + static_cast<std::int64_t>(rng.next() % span)
                      : (rng.next() % 2 == 0 ? input.lo : input.hi);
        }
        out.push_back(std::move(values));
    }
    return out;
}

class Models : public testing::TestWithParam<fs::path> {};

TEST_P(Models, CircuitComputesWhatTheExecutorComputes) {
    const Prepared p = prepare(GetParam());
    for (const auto granularity :
         {model::Granularity::kPerTensor, model::Granularity::kPerChannel}) {
        model::QuantOptions options;
        options.granularity = granularity;
        const auto quantised = model::quantise(p.graph, p.samples, options);
        ASSERT_TRUE(quantised) << quantised.error().message;
        const auto compiled = compiler::compile(*quantised, {});
        ASSERT_TRUE(compiled) << compiled.error().message;
        std::vector<std::vector<std::int64_t>> inputs = hostile_inputs(*quantised);
        for (const model::Sample& sample : p.samples) {
            inputs.push_back(model::quantise_input(*quantised, sample).value());
        }
        for (const auto& input : inputs) {
            const auto expected = model::execute(*quantised, input);
            ASSERT_TRUE(expected) << expected.error().message;
            const auto trace = prover::fill_witness(compiled->circuit, compiled->weights, input);
            ASSERT_TRUE(trace) << trace.error().message;
            ASSERT_EQ(trace->output, *expected);
        }
        const auto trace = prover::fill_witness(compiled->circuit, compiled->weights, inputs[3]);
        const Status checked = prover::mock(compiled->circuit, compiled->weights, *trace);
        ASSERT_TRUE(checked) << checked.error().message;
    }
}

/// Small chunks: most weights span several, convolutions' kernels come first, and tensors lie in
/// each other's padding.
TEST_P(Models, WeightsInManyChunksComputeTheSame) {
    const Prepared p = prepare(GetParam());
    const model::QuantGraph graph = model::quantise(p.graph, p.samples).value();
    const auto compiled = compiler::compile(graph, {.max_mu = 10, .kernel_first_log = 0});
    ASSERT_TRUE(compiled) << compiled.error().message;
    for (const auto& input : hostile_inputs(graph)) {
        const auto trace = prover::fill_witness(compiled->circuit, compiled->weights, input);
        ASSERT_TRUE(trace) << trace.error().message;
        ASSERT_EQ(trace->output, model::execute(graph, input).value());
        const Status checked = prover::mock(compiled->circuit, compiled->weights, *trace);
        ASSERT_TRUE(checked) << checked.error().message;
    }
}

/// Blocks that are proven together: the same answers from fewer steps, whatever the rule.
TEST(Stacks, ComputeWhatTheBlocksCompute) {
    for (const char* name : {"stacked_decoder", "stacked_encoder"}) {
        const Prepared p = prepare(fs::path(MINTMARK_TESTDATA) / (std::string(name) + ".onnx"));
        const model::QuantGraph graph = model::quantise(p.graph, p.samples).value();
        const auto plain = compiler::compile(graph, {.rule = compiler::StackRule::kNone}).value();
        for (const auto rule : {compiler::StackRule::kPowers, compiler::StackRule::kWhole}) {
            const auto stacked = compiler::compile(graph, {.rule = rule});
            ASSERT_TRUE(stacked) << name << stacked.error().message;
            const std::size_t steps = stacked->circuit.steps.size();
            EXPECT_LT(3 * steps, 2 * plain.circuit.steps.size() + 30) << name;
            const auto weights = compiler::weights_of(graph, {.rule = rule}, stacked->circuit);
            EXPECT_EQ(weights.value(), stacked->weights);
            for (const auto& input : hostile_inputs(graph)) {
                const auto trace = prover::fill_witness(stacked->circuit, stacked->weights, input);
                ASSERT_TRUE(trace) << trace.error().message;
                ASSERT_EQ(trace->output, model::execute(graph, input).value());
                const Status checked = prover::mock(stacked->circuit, stacked->weights, *trace);
                ASSERT_TRUE(checked) << checked.error().message;
            }
        }
    }
}

/// What a prover does with its key's circuit, for every way in which that may have been chosen.
TEST_P(Models, WeightsOfAKnownCircuit) {
    const Prepared p = prepare(GetParam());
    const model::QuantGraph graph = model::quantise(p.graph, p.samples).value();
    for (const auto goal : {compiler::Optimise::kBalanced, compiler::Optimise::kProve}) {
        for (const std::uint8_t max_mu : {std::uint8_t{11}, std::uint8_t{21}}) {
            const compiler::CompileOptions options{.optimise = goal, .max_mu = max_mu};
            const auto compiled = compiler::compile(graph, options);
            ASSERT_TRUE(compiled) << compiled.error().message;
            EXPECT_EQ(compiler::weights_of(graph, options, compiled->circuit).value(),
                      compiled->weights);
            Circuit other = compiled->circuit;
            ++other.steps.back().lins.front().coef;
            const auto refused = compiler::weights_of(graph, options, other);
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
        }
    }
}

TEST_P(Models, ProofIsAcceptedAndAnotherOutputIsNot) {
    const Prepared p = prepare(GetParam());
    worker::CompiledModel model;
    model.graph = model::quantise(p.graph, p.samples).value();
    model.options.output = Visibility::kPublic;
    const compiler::Compiled compiled = compiler::compile(model.graph, model.options).value();
    SeededRng rng(6);
    const Srs srs =
        generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << compiled.circuit.mu), rng);
    const Bytes32 seed = {1, 2, 3};
    auto key = prover::setup(compiled.circuit, compiled.weights, srs, seed);
    ASSERT_TRUE(key) << key.error().message;
    const worker::KeyFile file{.seed = seed, .vk = key->vk};
    const auto witness = worker::run_model(model, p.samples.front(), rng).value();
    auto proof = worker::prove_file(model, file, srs, witness, Bytes32{9}, rng);
    ASSERT_TRUE(proof) << proof.error().message;
    proof->instances.back()[31] ^= 1U;
    EXPECT_EQ(worker::verify_file(key->vk, srs, *proof).error().code, ErrorCode::kRejected);
}

INSTANTIATE_TEST_SUITE_P(All, Models, testing::ValuesIn(model_files()),
                         [](const auto& model) { return model.param.stem().string(); });

TEST(Artifacts, RoundTripAndRejectDamage) {
    const Prepared p = prepare(model_files().front());
    worker::CompiledModel model;
    model.graph = model::quantise(p.graph, p.samples).value();
    const Bytes bytes = model.encode();
    const auto back = worker::CompiledModel::decode(bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->encode(), bytes);
    for (std::size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 97 + 1) {
        EXPECT_FALSE(worker::CompiledModel::decode(ByteSpan(bytes).first(cut)));
        Bytes changed = bytes;
        changed[cut] ^= 0x40U;
        EXPECT_FALSE(worker::CompiledModel::decode(changed));
    }
}

TEST(Settings, RoundTrip) {
    worker::Settings settings;
    settings.dims["seq"] = 7;
    settings.quant.input_range = {-1.0, 2.0};
    settings.quant.tensor_bits = {{"norm/2", 12}, {"norm", 16}};
    settings.quant.least_output_bits = 16;
    settings.samples = {{{0.5, 1.5}}};
    const auto back = worker::Settings::from_json(settings.to_json());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->to_json(), settings.to_json());
    EXPECT_EQ(back->quant.tensor_bits, settings.quant.tensor_bits);
    EXPECT_EQ(back->quant.least_output_bits, 16);
    // Files from before the field.
    json::Json older = settings.to_json();
    older["run_args"].erase("least_output_bits");
    EXPECT_EQ(worker::Settings::from_json(older)->quant.least_output_bits, 13);
    EXPECT_EQ(worker::Settings::from_json(json::Json::object()).error().code,
              ErrorCode::kMalformed);
}

/// y = x W / 2^3 for two rows of four.
model::QuantGraph product_graph(std::vector<std::int64_t> weights) {
    model::QuantGraph graph;
    graph.tensors = {{.name = "x", .shape = {2, 4}, .lo = -100, .hi = 100},
                     {.name = "y", .shape = {2, 4}, .lo = -1000, .hi = 1000}};
    graph.nodes = {{.name = "product",
                    .inputs = {0},
                    .output = 1,
                    .op = model::QMatMul{{{4, 4}, std::move(weights)}, {}, {3, -1000, 1000, {}}}}};
    graph.output = 1;
    graph.input_ports = {{.name = "x", .shape = {2, 4}}};
    graph.output_ports = {{.name = "y", .shape = {2, 4}}};
    return graph;
}

/// The deviations from a row's mean need no committed weights. One who hopes that secret weights
/// are taken for them finds that a difference of 1 in any entry keeps all of them hidden.
TEST(Centring, OnlyExactDeviationsFromTheMeanArePublic) {
    const std::vector<std::int64_t> centring = {9,  -3, -3, -3, -3, 9,  -3, -3,
                                                -3, -3, 9,  -3, -3, -3, -3, 9};
    for (std::size_t changed = 0; changed <= centring.size(); ++changed) {
        std::vector<std::int64_t> weights = centring;
        if (changed < centring.size()) ++weights[changed];
        const model::QuantGraph graph = product_graph(std::move(weights));
        const Status valid = model::validate(graph);
        ASSERT_TRUE(valid) << valid.error().message;
        const auto compiled = compiler::compile(graph, {}).value();
        const auto hidden =
            std::ranges::count(compiled.circuit.tensors, Column::kW, &Tensor::column);
        EXPECT_EQ(hidden, changed == centring.size() ? 0 : 1) << changed;
        for (const auto& input : hostile_inputs(graph)) {
            const auto trace = prover::fill_witness(compiled.circuit, compiled.weights, input);
            ASSERT_TRUE(trace) << trace.error().message;
            EXPECT_EQ(trace->output, model::execute(graph, input).value());
            EXPECT_TRUE(prover::mock(compiled.circuit, compiled.weights, *trace));
        }
    }
}

}  // namespace
}  // namespace mintmark
