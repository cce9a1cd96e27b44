// Public, committed, private: what a proof's statement shows of inputs, outputs and weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/worker/key_check.hpp"
#include "mintmark/worker/pipeline.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark {
namespace {

namespace fs = std::filesystem;

class VisibilityTest : public ::testing::Test {
  protected:
    /// The small perceptron with input and output committed.
    VisibilityTest() {
        const fs::path folder = MINTMARK_TESTDATA;
        const model::Graph graph = model::load_onnx(folder / "mlp.onnx", {.batch = 1}).value();
        const std::string text = read_text(folder / "mlp.json").value();
        samples_ = model::bind_samples(graph, model::read_input_json(text)->samples).value();
        model_.graph = model::quantise(graph, samples_).value();
        model_.options = {.input = Visibility::kCommitted, .output = Visibility::kCommitted};
    }

    void set_up(const Bytes32& seed) {
        const auto compiled = compiler::compile(model_.graph, model_.options).value();
        const std::size_t chunk = std::size_t{1} << compiled.circuit.mu;
        srs_ = generate_insecure_srs(srs_points_for_chunk(chunk), rng_);
        auto made = prover::setup(compiled.circuit, compiled.weights, srs_, seed);
        ASSERT_TRUE(made) << made.error().message;
        key_ = {.seed = seed, .vk = made->vk};
    }

    /// Two proofs of one witness.
    std::vector<worker::ProofFile> prove_twice(const worker::WitnessFile& witness) {
        std::vector<worker::ProofFile> out;
        for (int i = 0; i < 2; ++i) {
            auto proof = worker::prove_file(model_, key_, srs_, witness, Bytes32{7}, rng_);
            EXPECT_TRUE(proof) << proof.error().message;
            EXPECT_TRUE(worker::verify_file(key_.vk, srs_, *proof));
            out.push_back(std::move(*proof));
        }
        return out;
    }

    SeededRng rng_{11};
    worker::CompiledModel model_;
    std::vector<model::Sample> samples_;
    Srs srs_;
    worker::KeyFile key_;
};

TEST_F(VisibilityTest, CommittedPartsAreTheSameInEveryProofOfAWitness) {
    set_up(Bytes32{1});
    const auto witness = worker::run_model(model_, samples_.front(), rng_).value();
    ASSERT_FALSE(witness.openings.input.empty());
    const auto proofs = prove_twice(witness);
    EXPECT_EQ(proofs[0].instances, proofs[1].instances) << "so that a contract can compare them";
}

TEST_F(VisibilityTest, ProofsOfOnePrivateValueShareNothing) {
    model_.exposure = {.private_input = true, .private_output = true};
    set_up(Bytes32{1});
    const auto witness = worker::run_model(model_, samples_.front(), rng_).value();
    const auto proofs = prove_twice(witness);
    ASSERT_EQ(proofs[0].instances.size(), proofs[1].instances.size());
    for (const Bytes32& word : proofs[0].instances)
        EXPECT_EQ(std::ranges::count(proofs[1].instances, word), 0) << "they can be linked";
}

TEST_F(VisibilityTest, NobodyKeepsTheOpeningOfAPrivateValue) {
    model_.exposure = {.private_input = true};
    const auto witness = worker::run_model(model_, samples_.front(), rng_).value();
    EXPECT_TRUE(witness.openings.input.empty());
    EXPECT_FALSE(witness.openings.output.empty()) << "which is only committed";
    const auto back = worker::WitnessFile::from_json(witness.to_json());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_TRUE(back->private_input);
    EXPECT_FALSE(back->private_output);
}

/// Who takes the blinders out of a committed witness must not get a proof whose commitment is
/// another one than the buyer's; who adds some to a private one must not fix it.
TEST_F(VisibilityTest, BlindersThatDoNotFitAreRefused) {
    set_up(Bytes32{1});
    worker::WitnessFile committed = worker::run_model(model_, samples_.front(), rng_).value();
    worker::WitnessFile fixed = committed;
    committed.openings.input.clear();
    fixed.private_input = true;
    for (const worker::WitnessFile& each : {committed, fixed}) {
        const auto proof = worker::prove_file(model_, key_, srs_, each, Bytes32{7}, rng_);
        ASSERT_FALSE(proof);
        EXPECT_EQ(proof.error().code, ErrorCode::kInvalidArgument);
    }
}

TEST_F(VisibilityTest, FilesKeepWhatWasChosen) {
    for (const bool is_input : {false, true}) {
        for (const bool is_output : {false, true}) {
            for (const bool is_weights : {false, true}) {
                model_.exposure = {is_input, is_output, is_weights};
                const auto model = worker::CompiledModel::decode(model_.encode());
                ASSERT_TRUE(model) << model.error().message;
                EXPECT_EQ(model->exposure, model_.exposure);
                EXPECT_EQ(model->options.input, Visibility::kCommitted);
                worker::Settings settings;
                settings.output = Visibility::kCommitted;
                settings.exposure = model_.exposure;
                const auto back = worker::Settings::from_json(settings.to_json());
                ASSERT_TRUE(back) << back.error().message;
                EXPECT_EQ(back->exposure, model_.exposure);
            }
        }
    }
}

/// Public weights: the key is rebuilt by whoever has them. Committed ones: not without the seed.
TEST_F(VisibilityTest, AKeyOfPublicWeightsNeedsNoSeed) {
    model_.exposure.public_weights = true;
    set_up(Bytes32{});
    const auto agrees = [&] {
        const auto parts = worker::check_key(key_.vk, model_, Bytes32{}, srs_).value();
        return std::ranges::all_of(parts, &worker::KeyPart::agrees);
    };
    EXPECT_TRUE(agrees());
    set_up(Bytes32{5});
    EXPECT_FALSE(agrees());
}

TEST(VisibilityNames, AreThoseOfTheGuide) {
    EXPECT_EQ(worker::parse_visibility("public")->visibility, Visibility::kPublic);
    EXPECT_TRUE(worker::parse_visibility("private")->is_private);
    EXPECT_TRUE(worker::parse_visibility("private")->notice.empty());
    for (const char* alias : {"hashed", "polycommit", "encrypted", "fixed"}) {
        const auto chosen = worker::parse_visibility(alias);
        ASSERT_TRUE(chosen) << alias;
        EXPECT_EQ(chosen->visibility, Visibility::kCommitted);
        EXPECT_FALSE(chosen->is_private || chosen->notice.empty()) << alias;
    }
    EXPECT_EQ(worker::parse_visibility("secret").error().code, ErrorCode::kInvalidArgument);
    const auto weights = worker::parse_weight_visibility("private");
    ASSERT_TRUE(weights);
    EXPECT_FALSE(weights->is_private || weights->notice.empty());
}

}  // namespace
}  // namespace mintmark
