// The accuracy circuit against the integer executor and a plain argmax; keys derived from the
// model's key alone (docs/spec/accuracy.md).
#include "mintmark/compiler/accuracy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/prover/mock.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/worker/pipeline.hpp"

namespace mintmark {
namespace {

namespace fs = std::filesystem;

struct Quantised {
    model::QuantGraph graph;
    std::vector<model::Sample> samples;
};

Quantised quantised(const std::string& name) {
    const fs::path onnx = fs::path(MINTMARK_TESTDATA) / (name + ".onnx");
    const model::Graph graph = model::load_onnx(onnx, {.batch = 1}).value();
    fs::path json = onnx;
    const auto file =
        model::read_input_json(read_text(json.replace_extension(".json")).value()).value();
    auto samples = model::bind_samples(graph, file.samples).value();
    auto made = model::quantise(graph, samples);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return {*std::move(made), std::move(samples)};
}

/// The lowest index among the largest.
std::int64_t argmax(const std::vector<std::int64_t>& scores) {
    std::size_t best = 0;
    for (std::size_t j = 1; j < scores.size(); ++j)
        if (scores[j] > scores[best]) best = j;
    return static_cast<std::int64_t>(best);
}

struct TestSet {
    std::vector<std::int64_t> input;  ///< of the accuracy circuit
    std::vector<std::vector<std::int64_t>> scores;
    std::vector<std::int64_t> labels;
    std::int64_t right = 0;
};

/// Random inputs of the model's range; every other label is the model's own answer.
TestSet random_set(const model::QuantGraph& graph, const compiler::SampleShape& shape,
                   std::size_t count, SeededRng& rng) {
    const model::QTensor& tensor = graph.tensors[graph.input];
    TestSet out;
    for (std::size_t n = 0; n < count; ++n) {
        std::vector<std::int64_t> values(shape.values);
        for (std::int64_t& v : values)
            v = tensor.lo + static_cast<std::int64_t>(
                                rng.next() % static_cast<std::uint64_t>(tensor.hi - tensor.lo + 1));
        out.scores.push_back(model::execute(graph, values).value());
        const std::int64_t answer = argmax(out.scores.back());
        const auto other = static_cast<std::int64_t>(rng.next() % shape.classes);
        out.labels.push_back(n % 2 == 0 ? answer : other);
        out.right += out.labels.back() == answer ? 1 : 0;
        values.resize(shape.row, 0);
        values[shape.values] = out.labels.back();
        out.input.insert(out.input.end(), values.begin(), values.end());
    }
    return out;
}

class AccuracyOf : public testing::TestWithParam<const char*> {};

TEST_P(AccuracyOf, CircuitCountsWhatExecutorAndArgmaxCount) {
    const Quantised q = quantised(GetParam());
    SeededRng rng(7);
    for (const std::uint8_t model_mu : {std::uint8_t{0}, std::uint8_t{9}}) {
        compiler::CompileOptions options;
        if (model_mu != 0) options.max_mu = model_mu;  // weights in many small chunks
        const auto model = compiler::compile(q.graph, options);
        if (!model && model_mu != 0) continue;
        ASSERT_TRUE(model) << model.error().message;
        const auto shape = compiler::sample_shape(model->circuit);
        ASSERT_TRUE(shape) << shape.error().message;
        for (const std::uint32_t count : {1U, 5U}) {
            const std::uint8_t own = model->circuit.mu;
            for (const int more : {0, 3}) {
                const auto accuracy = compiler::accuracy_circuit(
                    model->circuit,
                    {.num_samples = count, .mu = static_cast<std::uint8_t>(own + more)});
                ASSERT_TRUE(accuracy) << accuracy.error().message;
                const auto weights =
                    compiler::accuracy_weights(model->circuit, *accuracy, model->weights);
                const TestSet set = random_set(q.graph, *shape, count, rng);
                const auto trace = prover::fill_witness(*accuracy, weights, set.input);
                ASSERT_TRUE(trace) << trace.error().message;
                EXPECT_EQ(trace->output, std::vector<std::int64_t>{set.right});
                const Status checked = prover::mock(*accuracy, weights, *trace);
                EXPECT_TRUE(checked) << checked.error().message;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Models, AccuracyOf, testing::Values("mlp", "cnn", "deep"),
                         [](const auto& model) { return std::string(model.param); });

}  // namespace
}  // namespace mintmark
