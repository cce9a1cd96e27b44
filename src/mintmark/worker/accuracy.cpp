#include "mintmark/worker/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/memory.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/prover/memory.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/worker/hint.hpp"

namespace mintmark::worker {
namespace {

/// Instances: two words per point of the test set, then the number.
constexpr std::size_t kOutputWords = 1;

Status add_row(const PublicModel& model, const compiler::SampleShape& shape,
               const model::Sample& sample, std::uint32_t label, std::vector<std::int64_t>& out) {
    MINTMARK_TRY(std::vector<std::int64_t> row, model.quantise(sample));
    if (row.size() != shape.values)
        return fail(ErrorCode::kInvalidArgument, "the sample is not of this model");
    if (label >= shape.classes)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("its label {} is no class of 0 to {}", label, shape.classes - 1));
    row.push_back(label);
    row.resize(shape.row, 0);
    out.insert(out.end(), row.begin(), row.end());
    return {};
}

}  // namespace

Result<VerifyingKey> accuracy_key(const VerifyingKey& model,
                                  const compiler::AccuracyOptions& options, const Srs& srs) {
    if (srs.digest() != model.srs_digest)
        return fail(ErrorCode::kUnsupported, "the SRS is not the one of the model's key",
                    "pass the SRS of the setup with --srs-path");
    VerifyingKey out{.circuit = {}, .srs_digest = model.srs_digest, .w = model.w, .t = {}};
    MINTMARK_TRY(out.circuit, compiler::accuracy_circuit(model.circuit, options));
    const std::size_t points = masked_length(out.circuit.mu);
    if (srs.g1.size() < points)
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("the SRS has {} points, this many samples need {}", srs.g1.size(), points),
            fmt::format("take one for chunks of 2^{}, or fewer samples", out.circuit.mu));
    out.t = prover::commit_tables(out.circuit, srs);
    return out;
}

Result<TestSet> make_test_set(const PublicModel& model, const Circuit& circuit,
                              const LabelledData& data) {
    MINTMARK_TRY(const compiler::SampleShape shape, compiler::sample_shape(circuit));
    TestSet out;
    for (std::size_t n = 0; n < data.samples.size(); ++n) {
        Status status = add_row(model, shape, data.samples[n], data.labels.at(n), out.input);
        if (!status) {
            status.error().message = fmt::format("sample {}: {}", n, status.error().message);
            return std::unexpected(std::move(status).error());
        }
    }
    out.num_samples = data.samples.size();
    return out;
}

Fr test_set_blinder(const Bytes32& seed, std::uint32_t chunk) {
    Bytes data;
    append(data, as_bytes("mintmark-test-set"));
    append(data, seed);
    for (int shift = 24; shift >= 0; shift -= 8)
        data.push_back(static_cast<std::uint8_t>(chunk >> shift));
    return Fr::from_bytes_reduce(keccak256(data));
}

namespace {

prover::Openings openings_of(const Circuit& accuracy, const Bytes32& seed) {
    prover::Openings out;
    for (std::uint32_t c = 0; c < accuracy.n_in; ++c)
        out.input.push_back(test_set_blinder(seed, c));
    return out;
}

}  // namespace

std::vector<G1Affine> commit_test_set(const Circuit& accuracy, const Srs& srs, const TestSet& set,
                                      const Bytes32& seed) {
    const prover::Openings openings = openings_of(accuracy, seed);
    return prover::commit_box(accuracy, srs, accuracy.input_tensor(), set.input, openings.input);
}

std::uint64_t AccuracyProof::right() const {
    if (proof.instances.size() < kOutputWords) return 0;
    std::uint64_t out = 0;
    for (const std::uint8_t byte : std::span(proof.instances.back()).last(8))
        out = out << 8U | byte;
    return out;
}

std::span<const Bytes32> AccuracyProof::test_set() const {
    const std::size_t count = proof.instances.size();
    return std::span(proof.instances).first(count - std::min(count, kOutputWords));
}

json::Json AccuracyProof::to_json() const {
    json::Json out = proof.to_json();
    json::Json points = json::Json::array();
    for (const Bytes32& word : test_set()) points.push_back(to_hex(word));
    out["accuracy"] = {{"right", right()},
                       {"samples", num_samples},
                       {"chunk_log", mu},
                       {"model_vk_digest", to_hex(model_vk_digest)},
                       {"test_set", std::move(points)}};
    return out;
}

Result<AccuracyProof> AccuracyProof::from_json(const json::Json& value) {
    AccuracyProof out;
    MINTMARK_TRY(out.proof, ProofFile::from_json(value));
    if (json::find(value, "accuracy") == nullptr)
        return fail(ErrorCode::kMalformed, "this is no accuracy proof",
                    "make one with: mintmark zk prove-accuracy");
    MINTMARK_TRY(const json::Json accuracy, json::get_object(value, "accuracy"));
    MINTMARK_TRY(const std::uint64_t samples, json::get_u64(accuracy, "samples"));
    MINTMARK_TRY(const std::uint64_t mu, json::get_u64(accuracy, "chunk_log"));
    MINTMARK_TRY(const std::string digest_text, json::get_string(accuracy, "model_vk_digest"));
    MINTMARK_TRY(out.model_vk_digest, bytes32_from_hex(digest_text));
    if (samples < 1 || samples > 0xffffffffU || mu < kMinMu || mu > kMaxMu)
        return fail(ErrorCode::kMalformed, "accuracy proof: a number is out of range");
    out.num_samples = static_cast<std::uint32_t>(samples);
    out.mu = static_cast<std::uint8_t>(mu);
    return out;
}

Result<AccuracyProof> AccuracyProof::read(const std::filesystem::path& path) {
    const Result<json::Json> value = json::read(path, std::uint64_t{1} << 26U);
    if (!value) return made_by(value.error(), "mintmark zk prove-accuracy");
    return from_json(*value);
}

Status AccuracyProof::write(const std::filesystem::path& path) const {
    return json::write(path, to_json());
}

Result<AccuracyProof> prove_accuracy(const CompiledModel& model, const KeyFile& key, const Srs& srs,
                                     const TestSet& set, const AccuracyJob& job, Rng& rng,
                                     const OnStage& on_stage) {
    const Circuit& circuit = job.key.circuit;
    MINTMARK_CHECK(check_memory("this proof", prover::memory_needed(circuit)));
    MINTMARK_TRY(prover::ProvingKey pk, proving_key(model, key));
    pk.weights = compiler::accuracy_weights(key.vk.circuit, circuit, pk.weights);
    pk.vk = job.key;
    on_stage("running the model");
    MINTMARK_TRY(prover::Witness trace, prover::fill_witness(circuit, pk.weights, set.input));
    const prover::Openings openings = openings_of(circuit, job.test_set_seed);
    const prover::Statement statement{
        .context = job.context,
        .instances = prover::make_instances(circuit, srs, trace, openings),
        .openings = openings};
    AccuracyProof out{.model_vk_digest = digest(key.vk),
                      .num_samples = static_cast<std::uint32_t>(set.num_samples),
                      .mu = circuit.mu,
                      .proof = {.vk_digest = digest(pk.vk),
                                .context = job.context,
                                .instances = to_words(statement.instances),
                                .proof = {}}};
    on_stage("proving");
    MINTMARK_TRY(out.proof.proof, prover::prove(pk, srs, statement, std::move(trace), rng));
    on_stage("checking");
    MINTMARK_CHECK(verify_file(pk.vk, srs, out.proof));
    return out;
}

Status verify_accuracy(const VerifyingKey& model, const Srs& srs, const AccuracyProof& proof) {
    if (proof.model_vk_digest != digest(model))
        return fail(ErrorCode::kRejected, "the proof is of another model's key");
    MINTMARK_TRY(const VerifyingKey key,
                 accuracy_key(model, {.num_samples = proof.num_samples, .mu = proof.mu}, srs));
    if (digest(key) != proof.proof.vk_digest)
        return fail(ErrorCode::kRejected,
                    "the proof is not of the accuracy key that this model's key gives");
    return verify_file(key, srs, proof.proof);
}

}  // namespace mintmark::worker
