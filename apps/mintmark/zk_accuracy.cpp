// prove-accuracy, verify-accuracy.
#include <fmt/format.h>

#include <memory>

#include "mintmark/base/file.hpp"
#include "mintmark/base/memory.hpp"
#include "mintmark/base/progress.hpp"
#include "mintmark/prover/memory.hpp"
#include "mintmark/worker/accuracy.hpp"
#include "zk_registered.hpp"

namespace mintmark::app {
namespace {

struct AccuracyFlags {
    ZkFlags zk;
    KeyFlags key;
    std::string onnx;          ///< instead of a compiled model
    std::string public_model;  ///< verifier's side: how inputs are rounded
    worker::LabelledFiles files;
    std::string seed;      ///< of the test set's blinders, hex
    std::string expected;  ///< verifier's side: the commitment that a test set's publisher named
    std::string key_out = "accuracy-vk.key";
    int chunk_log = 0;
};

/// "973 of 1,000 right (97.3 %)".
std::string score_text(const worker::AccuracyProof& proof) {
    const double part =
        100.0 * static_cast<double>(proof.right()) / static_cast<double>(proof.num_samples);
    return fmt::format("{} of {} right ({:.1f} %)", grouped(proof.right()),
                       grouped(proof.num_samples), part);
}

/// The words of a commitment as one hex string.
std::string joined(std::span<const Bytes32> words) {
    Bytes all;
    for (const Bytes32& word : words) append(all, word);
    return to_hex(all);
}

json::Json result_json(const worker::AccuracyProof& proof) {
    return {{"right", proof.right()},
            {"samples", proof.num_samples},
            {"test_set", joined(proof.test_set())},
            {"model_vk_digest", to_hex(proof.model_vk_digest)},
            {"accuracy_vk_digest", to_hex(proof.proof.vk_digest)},
            {"context", to_hex(proof.proof.context)}};
}

Table result_table(const worker::AccuracyProof& proof) {
    Table table;
    table.row("result", score_text(proof))
        .row("test set", joined(proof.test_set()))
        .row("model key", to_hex(proof.model_vk_digest))
        .row("accuracy key", to_hex(proof.proof.vk_digest));
    return table;
}

std::vector<model::Shape> input_shapes(const worker::PublicModel& model) {
    std::vector<model::Shape> out;
    for (const worker::PublicPort& port : model.inputs) out.push_back(port.shape);
    return out;
}

Result<worker::TestSet> read_test_set(const worker::PublicModel& model, const Circuit& circuit,
                                      const worker::LabelledFiles& files) {
    MINTMARK_TRY(const worker::LabelledData data,
                 worker::read_labelled(files, input_shapes(model)));
    return worker::make_test_set(model, circuit, data);
}

/// A bar over the parts of the work; the label says which one runs.
class Stages {
  public:
    void operator()(std::string_view what) {
        ++done_;
        bar_ = std::make_unique<Progress>(std::string(what), kStages);
        bar_->advance(done_);
    }
    /// Clears the line.
    void end() { bar_.reset(); }

  private:
    static constexpr std::uint64_t kStages = 6;
    std::uint64_t done_ = 0;
    std::unique_ptr<Progress> bar_;
};

/// The largest chunks, up to 2^21, that an SRS file of this size may have points for (64 bytes
/// each).
std::uint8_t most_chunk_log(const std::string& srs, std::uint8_t least) {
    constexpr std::uint8_t kMost = 21;
    std::error_code error;
    const std::uint64_t bytes = std::filesystem::file_size(srs, error);
    std::uint8_t out = kMost;
    while (!error && out > least && 64 * srs_points_for_chunk(std::size_t{1} << out) > bytes) --out;
    return out;
}

Status prove(const App& app, const AccuracyFlags& flags) {
    const auto stages = std::make_shared<Stages>();
    (*stages)("reading samples");
    MINTMARK_TRY(const Bytes32 context, word_of(flags.zk.context));
    MINTMARK_TRY(const Bytes32 seed, word_of(flags.seed));
    MINTMARK_TRY(const worker::CompiledModel model, model_of(flags.zk, flags.onnx));
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(flags.zk.pk));
    MINTMARK_TRY(const worker::TestSet set,
                 read_test_set(worker::PublicModel::of(model.graph), key.vk.circuit, flags.files));
    const compiler::AccuracyOptions options{
        .num_samples = static_cast<std::uint32_t>(set.num_samples),
        .mu = static_cast<std::uint8_t>(flags.chunk_log),
        .max_mu = most_chunk_log(flags.zk.srs, key.vk.circuit.mu)};
    MINTMARK_TRY(const Circuit circuit, compiler::accuracy_circuit(key.vk.circuit, options));
    MINTMARK_CHECK(check_memory("this proof", prover::memory_needed(circuit)));
    (*stages)("reading the SRS");
    MINTMARK_TRY(const Srs srs, worker::load_srs(flags.zk.srs, circuit.mu));
    const Stopwatch watch;
    (*stages)("making the key");
    worker::AccuracyJob job{.test_set_seed = seed, .context = context, .key = {}};
    MINTMARK_TRY(job.key, worker::accuracy_key(key.vk, options, srs));
    MINTMARK_TRY(const worker::AccuracyProof proof,
                 worker::prove_accuracy(model, key, srs, set, job, system_rng(),
                                        [&](std::string_view what) { (*stages)(what); }));
    const double ms = watch.ms();
    const Bytes vk = encode(job.key);
    MINTMARK_CHECK(write_file(flags.key_out, vk));
    MINTMARK_CHECK(proof.write(flags.zk.proof));
    stages->end();
    json::Json value = result_json(proof);
    value["proof_path"] = flags.zk.proof;
    value["proof_bytes"] = proof.proof.proof.size();
    value["vk_path"] = flags.key_out;
    value["vk_bytes"] = vk.size();
    value["chunk_log"] = circuit.mu;
    value["prove_ms"] = ms;
    emit(
        app, value,
        result_table(proof)
            .row("proof",
                 fmt::format("{} ({})", flags.zk.proof, human_bytes(proof.proof.proof.size())))
            .row("accuracy key file", fmt::format("{} ({})", flags.key_out, human_bytes(vk.size())))
            .row("time", human_ms(ms) + " (key, witness, proof and check)")
            .text());
    return {};
}

Result<worker::PublicModel> public_model(const AccuracyFlags& flags) {
    if (!flags.public_model.empty()) {
        MINTMARK_TRY(const json::Json value, json::read(flags.public_model));
        return worker::PublicModel::from_json(value);
    }
    MINTMARK_TRY(const worker::CompiledModel model, model_of(flags.zk, flags.onnx));
    return worker::PublicModel::of(model.graph);
}

/// Does the proof's commitment hold these samples and labels?
Status check_test_set(const AccuracyFlags& flags, const VerifyingKey& vk, const Srs& srs,
                      const worker::AccuracyProof& proof) {
    MINTMARK_TRY(const Bytes32 seed, word_of(flags.seed));
    MINTMARK_TRY(const worker::PublicModel model, public_model(flags));
    worker::LabelledFiles files = flags.files;
    files.max_samples = proof.num_samples;
    MINTMARK_TRY(const worker::TestSet set, read_test_set(model, vk.circuit, files));
    MINTMARK_TRY(
        const Circuit circuit,
        compiler::accuracy_circuit(vk.circuit, {.num_samples = proof.num_samples, .mu = proof.mu}));
    const Instances instances{.input = {},
                              .output = {},
                              .input_commitments = worker::commit_test_set(circuit, srs, set, seed),
                              .output_commitments = {}};
    if (joined(to_words(instances)) == joined(proof.test_set())) return {};
    return fail(ErrorCode::kRejected, "the proof is about other samples, labels or another seed",
                "the samples' order counts; --test-set-seed is the publisher's");
}

Status verify(const App& app, const AccuracyFlags& flags) {
    MINTMARK_TRY(const worker::AccuracyProof proof, worker::AccuracyProof::read(flags.zk.proof));
    MINTMARK_TRY(const RegisteredKey key, registered_key(app, flags.key));
    MINTMARK_TRY(const Srs srs, worker::load_srs(flags.zk.srs, proof.mu));
    const Stopwatch watch;
    MINTMARK_CHECK(worker::verify_accuracy(key.vk, srs, proof));
    const double ms = watch.ms();
    bool is_set_known = false;
    if (!flags.expected.empty()) {
        MINTMARK_TRY(const Bytes expected, from_hex(flags.expected));
        if (to_hex(expected) != joined(proof.test_set()))
            return fail(ErrorCode::kRejected, "the proof is about another test set");
        is_set_known = true;
    }
    if (!flags.files.data.empty()) {
        MINTMARK_CHECK(check_test_set(flags, key.vk, srs, proof));
        is_set_known = true;
    }
    json::Json value = result_json(proof);
    value["verified"] = true;
    value["test_set_checked"] = is_set_known;
    value["weight_commitments"] = key.vk.w.size();
    value["verify_ms"] = ms;
    emit(app, value,
         result_table(proof)
             .row("weights", fmt::format("the model key's own {} commitments", key.vk.w.size()))
             .row("test set is", is_set_known ? "the one that you gave"
                                              : "not compared: pass --data or --test-set")
             .row("verified in", human_ms(ms) + " (making the accuracy key included)")
             .text());
    return {};
}

void add_data_flags(CLI::App& sub, AccuracyFlags& flags, const std::string& note) {
    sub.add_option("-D,--data", flags.files.data, "samples: JSON or IDX (.gz)" + note);
    sub.add_option("--labels", flags.files.labels,
                   "labels: IDX (.gz) or a JSON list [\"labels\" in the data]");
    sub.add_option("--pixel-scale", flags.files.pixel_scale, "IDX bytes are divided by it [255]")
        ->check(CLI::PositiveNumber);
    sub.add_option("--test-set-seed", flags.seed,
                   "32 bytes (hex) that blind the commitment [all zero: a public test set]");
    sub.add_option("--compiled-circuit", flags.zk.compiled, "compiled model");
    sub.add_option("-M,--onnx", flags.onnx, "instead: ONNX file, with --settings-path");
    sub.add_option("-S,--settings-path", flags.zk.settings, "settings of the ONNX file");
    sub.add_option("--srs-path", flags.zk.srs, "SRS file");
}

}  // namespace

void add_zk_accuracy_commands(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<AccuracyFlags>();
    flags->zk.proof = "accuracy.json";
    CLI::App* sub =
        command(zk, app, "prove-accuracy", "prove how many labelled samples the model gets right",
                [&app, flags] { return prove(app, *flags); });
    add_data_flags(*sub, *flags, "");
    sub->get_option("--data")->required();
    sub->add_option("--samples", flags->files.max_samples, "only the first N samples");
    sub->add_option("--pk-path", flags->zk.pk, "proving key of the model");
    sub->add_option("--proof-path", flags->zk.proof, "proof to write [accuracy.json]");
    sub->add_option("--accuracy-vk-path", flags->key_out,
                    "accuracy key to write, for deploy-evm [accuracy-vk.key]");
    sub->add_option("--context", flags->zk.context, "32 bytes (hex) that the proof is bound to");
    sub->add_option("--chunk-log", flags->chunk_log, "chunks of 2^N lanes [by cost]")
        ->check(CLI::Range(0, 24));

    const auto other = std::make_shared<AccuracyFlags>();
    other->zk.proof = "accuracy.json";
    sub = command(zk, app, "verify-accuracy", "check an accuracy proof against a model's key",
                  [&app, other] { return verify(app, *other); });
    sub->add_option("--proof-path", other->zk.proof, "proof [accuracy.json]");
    add_key_flags(*sub, other->key);
    add_data_flags(*sub, *other, ", to see that the proof is about them");
    sub->add_option("--public-model", other->public_model,
                    "how inputs are rounded: public.json [from the compiled model]");
    sub->add_option("--test-set", other->expected, "commitment (hex) that it must be about");
}

}  // namespace mintmark::app
