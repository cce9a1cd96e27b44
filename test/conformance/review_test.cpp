// What a reviewer does: labelled data from files, accuracy keys, keys rebuilt from weights and
// seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/worker/accuracy.hpp"
#include "mintmark/worker/artifacts.hpp"
#include "mintmark/worker/key_check.hpp"
#include "mintmark/worker/pipeline.hpp"

namespace mintmark {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Bytes idx(std::uint8_t type, std::initializer_list<std::uint8_t> dims, const Bytes& values) {
    Bytes out = {0, 0, type, static_cast<std::uint8_t>(dims.size())};
    for (const std::uint8_t dim : dims) append(out, Bytes{0, 0, 0, dim});
    append(out, values);
    return out;
}

/// The stamp of a check for small chunks must not vouch for powers that only large ones need: who
/// swaps one of those proves anything to a reviewer.
TEST(CheckedSrs, AStampCoversOnlyWhatWasRead) {
    const fs::path folder = fs::temp_directory_path() / "mintmark_checked_srs";
    fs::remove_all(folder);
    SeededRng rng(7);
    Srs srs = generate_insecure_srs(srs_points_for_chunk(std::size_t{1} << 14U), rng);
    ASSERT_TRUE(write_srs(folder / "good.srs", srs));
    ASSERT_TRUE(worker::load_srs(folder / "good.srs", 14));
    const auto stamped = fs::last_write_time(folder / "good.srs.checked");
    EXPECT_TRUE(worker::load_srs(folder / "good.srs", 6));
    EXPECT_EQ(fs::last_write_time(folder / "good.srs.checked"), stamped) << "checked for more";

    srs.tau.g2.back() = (G2(srs.tau.g2.back()) + G2::generator()).to_affine();
    ASSERT_TRUE(write_srs(folder / "bad.srs", srs));
    ASSERT_TRUE(worker::load_srs(folder / "bad.srs", 6)) << "which does not read that power";
    EXPECT_EQ(worker::load_srs(folder / "bad.srs", 14).error().code, ErrorCode::kRejected);
    for (const char* stamp : {"", "14", " 14"}) {  // of another program or another file
        ASSERT_TRUE(write_text(folder / "bad.srs.checked", stamp));
        EXPECT_FALSE(worker::load_srs(folder / "bad.srs", 14).has_value());
    }
    fs::remove_all(folder);
}

TEST(Idx, Types) {
    const auto bytes = worker::decode_idx(idx(0x08, {2, 2}, {0, 1, 128, 255}));
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(bytes->is_bytes);
    EXPECT_EQ(bytes->values, (std::vector<double>{0, 1, 128, 255}));
    EXPECT_EQ(worker::decode_idx(idx(0x09, {1}, {0xff}))->values[0], -1);
    EXPECT_EQ(worker::decode_idx(idx(0x0B, {1}, {0xff, 0xfe}))->values[0], -2);
    EXPECT_EQ(worker::decode_idx(idx(0x0C, {1}, {0, 0, 1, 0}))->values[0], 256);
    EXPECT_EQ(worker::decode_idx(idx(0x0D, {1}, {0x3f, 0x80, 0, 0}))->values[0], 1.0);
    EXPECT_EQ(worker::decode_idx(idx(0x0E, {1}, {0xbf, 0xf0, 0, 0, 0, 0, 0, 0}))->values[0], -1.0);
}

TEST(Idx, RefusesDamage) {
    const Bytes whole = idx(0x08, {2, 2}, {1, 2, 3, 4});
    for (std::size_t cut = 0; cut < whole.size(); ++cut)
        EXPECT_FALSE(worker::decode_idx(ByteSpan(whole).first(cut))) << cut;
    Bytes more = whole;
    more.push_back(0);
    EXPECT_FALSE(worker::decode_idx(more));
    EXPECT_FALSE(worker::decode_idx(idx(0x0A, {1}, {1})));
    EXPECT_FALSE(worker::decode_idx(idx(0x08, {0}, {})));
    EXPECT_FALSE(worker::decode_idx(idx(0x08, {}, {})));
    EXPECT_EQ(worker::decode_idx(idx(0x08, {255, 255, 255, 255}, {})).error().code,
              ErrorCode::kOutOfRange);
}

/// A small model with keys in a folder of its own.
class Review : public ::testing::Test {
  protected:
    Review() {
        const fs::path onnx = fs::path(MINTMARK_TESTDATA) / "mlp.onnx";
        const model::Graph graph = model::load_onnx(onnx, {.batch = 1}).value();
        const auto file =
            model::read_input_json(read_text(fs::path(MINTMARK_TESTDATA) / "mlp.json").value())
                .value();
        samples_ = model::bind_samples(graph, file.samples).value();
        model_.graph = model::quantise(graph, samples_).value();
        // Small chunks, so that the weights take several.
        model_.options.max_mu = 8;
        compiled_ = compiler::compile(model_.graph, model_.options).value();
        SeededRng rng(4);
        srs_ = generate_insecure_srs(srs_points_for_chunk(1U << 12U), rng);
        auto made = prover::setup(compiled_.circuit, compiled_.weights, srs_, key_.seed);
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        key_.vk = made->vk;
    }

    worker::CompiledModel model_;
    compiler::Compiled compiled_;
    std::vector<model::Sample> samples_;
    Srs srs_;
    worker::KeyFile key_{.seed = {1, 2, 3}, .vk = {}};
};

const worker::KeyPart& part(const std::vector<worker::KeyPart>& parts, const std::string& name) {
    return *std::ranges::find(parts, name, &worker::KeyPart::name);
}

TEST_F(Review, KeyIsRebuilt) {
    const auto parts = worker::check_key(key_.vk, model_, key_.seed, srs_);
    ASSERT_TRUE(parts);
    for (const worker::KeyPart& p : *parts) EXPECT_TRUE(p.agrees) << p.name << ": " << p.detail;
}

TEST_F(Review, AnotherSeedIsNamed) {
    const auto parts = worker::check_key(key_.vk, model_, Bytes32{9}, srs_).value();
    EXPECT_FALSE(part(parts, "weights").agrees);
    EXPECT_THAT(part(parts, "weights").detail, HasSubstr("seed"));
    EXPECT_FALSE(part(parts, "key").agrees);
    EXPECT_TRUE(part(parts, "steps").agrees);
}

TEST_F(Review, AChangedWeightIsNamed) {
    ASSERT_GT(key_.vk.w.size(), 1U);
    auto weights = compiled_.weights;
    weights[0] += 1;
    const auto other = prover::setup(compiled_.circuit, weights, srs_, key_.seed).value();
    const auto parts = worker::check_key(other.vk, model_, key_.seed, srs_).value();
    EXPECT_THAT(part(parts, "weights").detail, HasSubstr("chunk 0 of"));
    EXPECT_FALSE(part(parts, "key").agrees);
}

TEST_F(Review, AnotherCircuitOrTableIsNamed) {
    VerifyingKey vk = key_.vk;
    vk.circuit.tables[0].lo -= 1;
    vk.t[0] = G1Affine::generator();
    vk.srs_digest[0] ^= 1U;
    const auto parts = worker::check_key(vk, model_, key_.seed, srs_).value();
    for (const char* name : {"tables", "table contents", "SRS", "key"})
        EXPECT_FALSE(part(parts, name).agrees) << name;
    EXPECT_TRUE(part(parts, "weights").agrees);
}

TEST_F(Review, AccuracyIsProvenAndBoundToTheModelsKey) {
    const auto shape = compiler::sample_shape(key_.vk.circuit);
    ASSERT_TRUE(shape) << shape.error().message;
    worker::LabelledData data;
    for (std::size_t n = 0; n < 3; ++n) {
        data.samples.push_back(samples_[n % samples_.size()]);
        data.labels.push_back(static_cast<std::uint32_t>(n % shape->classes));
    }
    const auto set =
        worker::make_test_set(worker::PublicModel::of(model_.graph), key_.vk.circuit, data).value();
    SeededRng rng(8);
    const compiler::AccuracyOptions options{.num_samples = 3, .max_mu = 12};
    const worker::AccuracyJob job{.key = worker::accuracy_key(key_.vk, options, srs_).value()};
    EXPECT_EQ(job.key.w, key_.vk.w);
    auto proof = worker::prove_accuracy(model_, key_, srs_, set, job, rng, [](std::string_view) {});
    ASSERT_TRUE(proof) << proof.error().message;
    std::uint64_t right = 0;
    for (std::size_t n = 0; n < 3; ++n) {
        const auto values = model::quantise_input(model_.graph, data.samples[n]).value();
        const auto scores = model::execute(model_.graph, values).value();
        const auto best = std::ranges::max_element(scores) - scores.begin();
        right += static_cast<std::uint64_t>(best) == data.labels[n] ? 1U : 0U;
    }
    EXPECT_EQ(proof->right(), right);
    const auto back = worker::AccuracyProof::from_json(proof->to_json());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(worker::verify_accuracy(key_.vk, srs_, *back));

    worker::AccuracyProof other = *proof;
    other.num_samples = 4;
    EXPECT_FALSE(worker::verify_accuracy(key_.vk, srs_, other));
    other = *proof;
    other.proof.instances.back()[31] ^= 1U;
    EXPECT_EQ(worker::verify_accuracy(key_.vk, srs_, other).error().code, ErrorCode::kRejected);
    // Better weights under the same circuit: their key is another one.
    auto weights = compiled_.weights;
    weights[0] += 1;
    const auto made = prover::setup(compiled_.circuit, weights, srs_, key_.seed).value();
    EXPECT_EQ(worker::verify_accuracy(made.vk, srs_, *proof).error().code, ErrorCode::kRejected);
    // The same, and the proof says that it is of the registered key.
    other = *proof;
    other.model_vk_digest = digest(made.vk);
    EXPECT_EQ(worker::verify_accuracy(made.vk, srs_, other).error().code, ErrorCode::kRejected);
}

TEST_F(Review, LabelsMustBeClasses) {
    worker::LabelledData data{.samples = {samples_[0]}, .labels = {1'000}};
    const auto set =
        worker::make_test_set(worker::PublicModel::of(model_.graph), key_.vk.circuit, data);
    ASSERT_FALSE(set);
    EXPECT_THAT(set.error().message, HasSubstr("sample 0"));
}

}  // namespace
}  // namespace mintmark
