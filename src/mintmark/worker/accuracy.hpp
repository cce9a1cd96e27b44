// Proofs of how many labelled samples a model gets right (docs/spec/accuracy.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mintmark/compiler/accuracy.hpp"
#include "mintmark/worker/labelled_data.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::worker {

/// The accuracy key of a model's key: anybody can make it, the weights are not needed. It carries
/// the model's weight commitments as they are. kUnsupported as accuracy_circuit, or when the SRS is
/// another or too short.
[[nodiscard]] Result<VerifyingKey> accuracy_key(const VerifyingKey& model,
                                                const compiler::AccuracyOptions& options,
                                                const Srs& srs);

/// Labelled samples as the accuracy circuit takes them.
struct TestSet {
    std::size_t num_samples = 0;
    std::vector<std::int64_t> input;
};
/// Rounds the samples as the model does its inputs. kInvalidArgument naming the sample or label
/// that does not fit.
[[nodiscard]] Result<TestSet> make_test_set(const PublicModel& model, const Circuit& circuit,
                                            const LabelledData& data);

/// Blinder of chunk c of a test set: keccak256("mintmark-test-set" | seed | u32 c) mod r. With a
/// public seed (all zero by convention) whoever has the samples can rebuild the commitment.
[[nodiscard]] Fr test_set_blinder(const Bytes32& seed, std::uint32_t chunk);
/// The commitment to a test set under an accuracy circuit: one point per chunk.
[[nodiscard]] std::vector<G1Affine> commit_test_set(const Circuit& accuracy, const Srs& srs,
                                                    const TestSet& set, const Bytes32& seed);

/// A proof file with what the accuracy key is derived from.
struct AccuracyProof {
    Bytes32 model_vk_digest = {};
    std::uint32_t num_samples = 0;
    std::uint8_t mu = 0;
    ProofFile proof;

    /// The public number; 0 when the instances are malformed (verification then fails).
    [[nodiscard]] std::uint64_t right() const;
    /// The words of the test set's commitment.
    [[nodiscard]] std::span<const Bytes32> test_set() const;
    /// A proof file with a member "accuracy": the other verbs read it too.
    [[nodiscard]] json::Json to_json() const;
    [[nodiscard]] static Result<AccuracyProof> from_json(const json::Json& value);
    [[nodiscard]] static Result<AccuracyProof> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;
};

/// Called at the begin of each part of the work.
using OnStage = std::function<void(std::string_view)>;

struct AccuracyJob {
    Bytes32 test_set_seed = {};
    Bytes32 context = {};
    VerifyingKey key;  ///< accuracy_key of the model's
};
/// Runs the model on all samples, proves, and checks the proof. kRejected when model and key are
/// not of one model, kOutOfRange when the machine has too little memory (before starting).
[[nodiscard]] Result<AccuracyProof> prove_accuracy(const CompiledModel& model, const KeyFile& key,
                                                   const Srs& srs, const TestSet& set,
                                                   const AccuracyJob& job, Rng& rng,
                                                   const OnStage& on_stage);

/// kRejected unless the proof is of the accuracy key of this model's key and holds.
[[nodiscard]] Status verify_accuracy(const VerifyingKey& model, const Srs& srs,
                                     const AccuracyProof& proof);

}  // namespace mintmark::worker
