// witness.json and proof.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/proof/instances.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::worker {

/// One run of a model: integers, what they mean, and the blinders of committed parts. Secret.
struct WitnessFile {
    std::vector<std::int64_t> input, output;
    model::Sample output_values;  ///< real values, for people
    /// Empty for a private part: its blinders are drawn by prove_file and kept nowhere.
    prover::Openings openings;
    bool private_input = false, private_output = false;

    [[nodiscard]] json::Json to_json() const;
    [[nodiscard]] static Result<WitnessFile> from_json(const json::Json& value);
    [[nodiscard]] static Result<WitnessFile> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;  ///< mode 0600
};

/// A proof and its statement: all that a verifier needs beside the key and the SRS.
struct ProofFile {
    std::string protocol = "mintmark-flat-v5";  ///< proof system whose proof it is
    Bytes32 vk_digest = {};
    Bytes32 context = {};
    std::vector<Bytes32> instances;
    Bytes proof;

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<ProofFile> from_json(const json::Json& value);
    [[nodiscard]] static Result<ProofFile> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;
};

/// Runs the model on real inputs. kInvalidArgument when sizes are off.
[[nodiscard]] Result<WitnessFile> run_model(const CompiledModel& model, const model::Sample& sample,
                                            Rng& rng);
/// As above on integers and with given openings (a buyer's input commitment).
[[nodiscard]] Result<WitnessFile> run_model(const CompiledModel& model,
                                            std::vector<std::int64_t> input,
                                            prover::Openings openings);

/// Fills the trace, proves, and checks the proof before returning it. Takes the model by value: a
/// caller who moves it in frees its weights before the proof begins.
[[nodiscard]] Result<ProofFile> prove_file(CompiledModel model, const KeyFile& key, const Srs& srs,
                                           const WitnessFile& witness, const Bytes32& context,
                                           Rng& rng);

/// kRejected naming the failing check, or that the proof is of another key; kUnsupported when it is
/// of another proof system: its contract checks it.
[[nodiscard]] Status verify_file(const VerifyingKey& vk, const Srs& srs, const ProofFile& file);

}  // namespace mintmark::worker
