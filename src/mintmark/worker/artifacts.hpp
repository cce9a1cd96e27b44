// The files that a prover keeps: the compiled model (secret: it holds the weights), the proving
// key's file (secret: the seed), the public description that a buyer gets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/prover/prover.hpp"

namespace mintmark::worker {

/// What the circuit does not know of its visibilities (docs/spec/protocol.md, "Visibility").
/// Private: committed under blinders that are drawn for each proof and kept nowhere, so that nobody
/// can ever open them, nor tell whether two proofs are of one value.
struct Exposure {
    bool private_input = false;
    bool private_output = false;
    /// The key's commitments are blinded from the seed zero: whoever has the weights checks the
    /// key.
    bool public_weights = false;

    friend bool operator==(const Exposure&, const Exposure&) = default;
};

/// model.compiled: the quantised model and how its circuit is made (which is deterministic).
struct CompiledModel {
    model::QuantGraph graph;
    compiler::CompileOptions options;
    Exposure exposure = {};

    [[nodiscard]] Bytes encode() const;
    /// Total: kMalformed (also on a wrong checksum), kUnsupported for a newer format.
    [[nodiscard]] static Result<CompiledModel> decode(ByteSpan bytes);
    [[nodiscard]] static Result<CompiledModel> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;  ///< mode 0600
};

/// pk.key: the verifying key and the seed of the weight blinders; the weights are in the model.
struct KeyFile {
    Bytes32 seed = {};
    VerifyingKey vk;

    [[nodiscard]] Bytes encode() const;
    [[nodiscard]] static Result<KeyFile> decode(ByteSpan bytes);
    [[nodiscard]] static Result<KeyFile> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;  ///< mode 0600
};

/// The prover's key from the two files; kRejected when they are not of one model.
[[nodiscard]] Result<prover::ProvingKey> proving_key(const CompiledModel& model,
                                                     const KeyFile& key);

[[nodiscard]] Result<VerifyingKey> read_verifying_key(const std::filesystem::path& path);

/// One input or output of the model as a user sees it.
struct PublicPort {
    std::string name;
    model::Shape shape;
    double step = 1;  ///< real value = step * integer
    /// Inputs: one step for each index of axis `channel_axis`; empty: one step for all.
    std::vector<double> channel_steps = {};
    std::uint32_t channel_axis = 0;
};

/// What anybody may know of a compiled model: enough to quantise an input and to read an output.
struct PublicModel {
    std::vector<PublicPort> inputs, outputs;
    std::int64_t input_lo = 0, input_hi = 0;

    [[nodiscard]] static PublicModel of(const model::QuantGraph& graph);
    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<PublicModel> from_json(const json::Json& value);
    /// Integers of one sample, flat in port order: round(x / step) clamped to the input's range;
    /// kInvalidArgument for a wrong number of values or a NaN.
    [[nodiscard]] Result<std::vector<std::int64_t>> quantise(const model::Sample& sample) const;
    /// Real values per output port; kMalformed for a wrong number of integers.
    [[nodiscard]] Result<model::Sample> dequantise(std::span<const std::int64_t> output) const;
};

/// Reads an SRS for chunks of 2^mu coefficients. The expensive consistency check runs once for a
/// file and the largest mu so far: its SHA-256 and mu are kept in "<path>.checked". kOutOfRange
/// when the file is too short, naming the size that is needed.
[[nodiscard]] Result<Srs> load_srs(const std::filesystem::path& path, std::uint8_t mu);
/// Only what a verifier needs (kVerifierPoints); kRejected if `digest` is another SRS's.
[[nodiscard]] Result<Srs> load_verifier_srs(const std::filesystem::path& path,
                                            const Bytes32& digest);

}  // namespace mintmark::worker
