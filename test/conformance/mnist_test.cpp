// LeNet-5 on MNIST (examples/mnist): quantised against float on the test images.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/prover/prover.hpp"
#include "mintmark/verifier/verifier.hpp"
#include "mintmark/worker/pipeline.hpp"

namespace mintmark {
namespace {

namespace fs = std::filesystem;
const fs::path kMnist = MINTMARK_MNIST;

// All images where code is optimised; a part under the sanitizers, which are ten times slower.
#ifdef NDEBUG
constexpr std::size_t kImages = 2000;
#else
constexpr std::size_t kImages = 100;
#endif

Bytes gunzip(const fs::path& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    EXPECT_NE(file, nullptr);
    Bytes out(2000 * 784 + 16);
    const int n = gzread(file, out.data(), static_cast<unsigned>(out.size()));
    gzclose(file);
    out.resize(static_cast<std::size_t>(std::max(n, 0)));
    return out;
}

std::size_t argmax(const std::vector<double>& v) {
    return static_cast<std::size_t>(std::ranges::max_element(v) - v.begin());
}

TEST(Mnist, QuantisedAgreesWithFloat) {
    const model::Graph graph = model::load_onnx(kMnist / "lenet5.onnx").value();
    const auto file = model::read_input_json(read_text(kMnist / "samples.json").value()).value();
    const auto samples = model::bind_samples(graph, file.samples).value();
    const auto result = model::quantise_auto(graph, samples).value();
    EXPECT_TRUE(result.reached);

    const Bytes images = gunzip(kMnist / "test-images.idx3.gz");
    const Bytes labels = gunzip(kMnist / "test-labels.idx1.gz");
    ASSERT_EQ(images.size(), 16U + 2000U * 784U);
    ASSERT_EQ(labels.size(), 2008U);
    std::size_t agree = 0;
    std::size_t right = 0;
    for (std::size_t i = 0; i < kImages; ++i) {
        std::vector<double> pixels(784);
        for (std::size_t k = 0; k < 784; ++k) pixels[k] = images[16 + 784 * i + k] / 255.0;
        const model::Sample sample = {pixels};
        const std::size_t real = argmax(model::run_float(graph, sample).value()[0]);
        const auto integers = model::quantise_input(result.graph, sample).value();
        const auto output = model::execute(result.graph, integers).value();
        const std::size_t quantised = argmax(model::dequantise_output(result.graph, output)[0]);
        if (real == quantised) ++agree;
        if (real == labels[8 + i]) ++right;
    }
    RecordProperty("agreement_permille", static_cast<int>(1000 * agree / kImages));
    RecordProperty("float_accuracy_permille", static_cast<int>(1000 * right / kImages));
    std::printf("agreement %zu/%zu, float accuracy %zu/%zu\n", agree, kImages, right, kImages);
    EXPECT_GE(agree * 1000, kImages * 995);
    EXPECT_GE(right * 100, kImages * 97);
}

/// LeNet-5 in chunks of 2^10 lanes: weights of several chunks begin in the padding of others, with
/// kernels outermost. The proof holds, and the key reads back.
TEST(Mnist, ProvesWithWeightsInEachOthersPadding) {
    const model::Graph graph = model::load_onnx(kMnist / "lenet5.onnx").value();
    const auto file = model::read_input_json(read_text(kMnist / "samples.json").value()).value();
    const auto samples = model::bind_samples(graph, file.samples).value();
    const model::QuantGraph quantised = model::quantise_auto(graph, samples).value().graph;
    const compiler::Compiled compiled =
        compiler::compile(quantised, {.max_mu = 10, .kernel_first_log = 0}).value();
    const Circuit& circuit = compiled.circuit;
    std::uint64_t boxes = 0;
    for (const Tensor& tensor : circuit.tensors)
        if (tensor.column == Column::kW) boxes += std::uint64_t{1} << tensor.num_vars();
    EXPECT_LT(std::uint64_t{circuit.n_w} << circuit.mu, boxes) << "nothing overlaps";

    SeededRng rng(8);
    const Srs srs = generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << circuit.mu), rng);
    const auto key = prover::setup(circuit, compiled.weights, srs, Bytes32{1}).value();
    const auto input = model::quantise_input(quantised, samples.front()).value();
    const auto witness = prover::fill_witness(circuit, compiled.weights, input).value();
    prover::Statement statement;
    statement.openings = prover::random_openings(circuit, rng);
    statement.instances = prover::make_instances(circuit, srs, witness, statement.openings);
    const Bytes proof = prover::prove(key, srs, statement, witness, rng).value();
    EXPECT_TRUE(verify(key.vk, srs.tau, statement.context, statement.instances, proof));
    EXPECT_EQ(encode(decode_verifying_key(encode(key.vk)).value()), encode(key.vk));
}

}  // namespace
}  // namespace mintmark
