#include "mintmark/runner/executors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/file.hpp"
#include "mintmark/base/memory.hpp"
#include "mintmark/jobs/shelf.hpp"
#include "mintmark/prover/memory.hpp"
#include "mintmark/worker/accuracy.hpp"
#include "mintmark/worker/pipeline.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::runner {
namespace {

using json::Json;

constexpr std::size_t kMaxInline = 65'536;  ///< bytes of an answer in a job's result

Result<model::Sample> sample_of(const Environment& environment, const worker::CompiledModel& model,
                                const jobs::Input& input) {
    if (!input.cid) return input.values;
    const auto file = environment.folder / "input";
    MINTMARK_CHECK(jobs::Shelf(environment.config.store)
                       .get(*input.cid, file, environment.config.limits.file_bytes));
    MINTMARK_TRY(const std::string text, read_text(file));
    MINTMARK_TRY(const model::InputFile samples, model::read_input_json(text));
    return worker::first_sample(model, samples);
}

struct Loaded {
    worker::CompiledModel model;
    worker::KeyFile key;
};

Result<Loaded> load(const Environment& environment, const std::string& name) {
    MINTMARK_TRY(const jobs::LocalModel* local, local_model(environment.config, name));
    if (local->proving_key.empty()) {
        return fail(ErrorCode::kUnsupported, fmt::format("model {} has no proving key here", name),
                    "name it in the worker's file: proving_key");
    }
    environment.on_progress("loading", 0);
    Loaded out;
    MINTMARK_TRY(out.model, worker::CompiledModel::read(local->compiled));
    MINTMARK_TRY(out.key, worker::KeyFile::read(local->proving_key));
    return out;
}

Json answer_json(const worker::WitnessFile& run) {
    return {{"output", run.output_values}, {"integers", run.output}};
}

/// The answer in the store, and in the result too when it is small.
Status add_answer(const jobs::Shelf& shelf, const worker::WitnessFile& run, Json& out) {
    const Json answer = answer_json(run);
    const std::string text = json::compact(answer);
    MINTMARK_TRY(const wire::Cid cid, shelf.put(text));
    out["answer_cid"] = cid.to_string();
    if (text.size() <= kMaxInline) out.update(answer);
    return {};
}

}  // namespace

bool is_final(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kIo:
        case ErrorCode::kNetwork:
        case ErrorCode::kChain:
        case ErrorCode::kInterrupted:
        case ErrorCode::kInternal:
            return false;
        default:
            return true;
    }
}

Result<const jobs::LocalModel*> local_model(const jobs::Config& config, const std::string& name) {
    const auto found = config.models.find(name);
    if (found != config.models.end()) return &found->second;
    return fail(ErrorCode::kNotFound, fmt::format("there is no model {} here", name));
}

Result<Json> run_inference(const Environment& environment, const jobs::InferenceJob& job) {
    MINTMARK_TRY(const jobs::LocalModel* local, local_model(environment.config, job.model));
    environment.on_progress("loading", 0);
    MINTMARK_TRY(const worker::CompiledModel model, worker::CompiledModel::read(local->compiled));
    MINTMARK_TRY(const model::Sample sample, sample_of(environment, model, job.input));
    MINTMARK_TRY(std::vector<std::int64_t> input, model::quantise_input(model.graph, sample));
    environment.on_progress("running", 0.5);
    MINTMARK_TRY(const worker::WitnessFile run, worker::run_model(model, std::move(input), {}));
    Json out = {{"model", job.model}};
    MINTMARK_CHECK(add_answer(jobs::Shelf(environment.config.store), run, out));
    return out;
}

/// A worker waits for its next job without the memory of the last one.
struct ReleasesPages {
    ReleasesPages() = default;
    ReleasesPages(const ReleasesPages&) = delete;
    ReleasesPages& operator=(const ReleasesPages&) = delete;
    ~ReleasesPages() { release_kept_pages(); }
};

Result<Json> run_proof(const Environment& environment, const std::string& id,
                       const jobs::ProofJob& job) {
    const ReleasesPages at_end;
    MINTMARK_TRY(Loaded loaded, load(environment, job.model));
    MINTMARK_TRY(const model::Sample sample, sample_of(environment, loaded.model, job.input));
    MINTMARK_TRY(const Srs srs, worker::load_srs(environment.config.srs, loaded.key.vk.circuit.mu));
    environment.on_progress("running", 0.2);
    MINTMARK_TRY(const worker::WitnessFile witness,
                 worker::run_model(loaded.model, sample, system_rng()));
    environment.on_progress("proving", 0.3);
    const Bytes32 context = job.context.value_or(jobs::default_context(id));
    MINTMARK_TRY(const worker::ProofFile proof,
                 worker::prove_file(std::move(loaded.model), loaded.key, srs, witness, context,
                                    system_rng()));
    environment.on_progress("storing", 0.95);
    const jobs::Shelf shelf(environment.config.store);
    MINTMARK_TRY(const wire::Cid cid, shelf.put(json::pretty(proof.to_json())));
    // Input and blinders open the proof's commitments: who asked can show what it is about.
    MINTMARK_TRY(const wire::Cid opening, shelf.put(json::compact(witness.to_json())));
    Json out = {{"model", job.model},
                {"proof_cid", cid.to_string()},
                {"proof_bytes", proof.proof.size()},
                {"vk_digest", to_hex(proof.vk_digest)},
                {"context", to_hex(context)},
                {"opening_cid", opening.to_string()}};
    MINTMARK_CHECK(add_answer(shelf, witness, out));
    return out;
}

Result<Json> run_accuracy(const Environment& environment, const std::string& id,
                          const jobs::AccuracyJob& job) {
    MINTMARK_TRY(const Loaded loaded, load(environment, job.model));
    const jobs::Shelf shelf(environment.config.store);
    const std::uint64_t most = environment.config.limits.file_bytes;
    worker::LabelledFiles files;
    files.data = environment.folder / "data";
    files.max_samples = job.num_samples;
    MINTMARK_CHECK(shelf.get(job.data, files.data, most));
    if (job.labels) {
        files.labels = environment.folder / "labels";
        MINTMARK_CHECK(shelf.get(*job.labels, files.labels, most));
    }
    const auto& circuit = loaded.key.vk.circuit;
    const worker::PublicModel open = worker::PublicModel::of(loaded.model.graph);
    std::vector<model::Shape> shapes;
    for (const worker::PublicPort& port : open.inputs) shapes.push_back(port.shape);
    MINTMARK_TRY(const worker::LabelledData data, worker::read_labelled(files, shapes));
    MINTMARK_TRY(const worker::TestSet set, worker::make_test_set(open, circuit, data));
    std::error_code ec;
    const std::uint64_t srs_bytes = std::filesystem::file_size(environment.config.srs, ec);
    compiler::AccuracyOptions options;
    options.num_samples = static_cast<std::uint32_t>(set.num_samples);
    // The largest chunks that the SRS file has points for (64 bytes each).
    options.max_mu = 21;
    while (!ec && options.max_mu > circuit.mu &&
           64 * srs_points_for_chunk(std::size_t{1} << options.max_mu) > srs_bytes) {
        --options.max_mu;
    }
    MINTMARK_TRY(const Circuit accuracy, compiler::accuracy_circuit(circuit, options));
    MINTMARK_CHECK(check_memory("this proof", prover::memory_needed(accuracy)));
    MINTMARK_TRY(const Srs srs, worker::load_srs(environment.config.srs, accuracy.mu));
    worker::AccuracyJob what;
    what.test_set_seed = job.seed;
    what.context = job.context.value_or(jobs::default_context(id));
    environment.on_progress("making the key", 0.1);
    MINTMARK_TRY(what.key, worker::accuracy_key(loaded.key.vk, options, srs));
    double part = 0.1;
    const auto on_stage = [&](std::string_view stage) {
        part = std::min(part + 0.2, 0.9);
        environment.on_progress(stage, part);
    };
    MINTMARK_TRY(
        const worker::AccuracyProof proof,
        worker::prove_accuracy(loaded.model, loaded.key, srs, set, what, system_rng(), on_stage));
    MINTMARK_TRY(const wire::Cid cid, shelf.put(json::pretty(proof.to_json())));
    const Bytes vk = encode(what.key);
    MINTMARK_TRY(const wire::Cid key_cid, shelf.put(std::string(vk.begin(), vk.end())));
    return Json{{"model", job.model},
                {"right", proof.right()},
                {"samples", proof.num_samples},
                {"proof_cid", cid.to_string()},
                {"proof_bytes", proof.proof.proof.size()},
                {"model_vk_digest", to_hex(proof.model_vk_digest)},
                {"accuracy_vk_cid", key_cid.to_string()},
                {"context", to_hex(what.context)}};
}

Result<Json> execute(const Environment& environment, const JobRun& run) {
    if (const auto* job = std::get_if<jobs::InferenceJob>(&run.data)) {
        return run_inference(environment, *job);
    }
    if (const auto* job = std::get_if<jobs::ProofJob>(&run.data)) {
        return run_proof(environment, run.id, *job);
    }
    if (const auto* job = std::get_if<jobs::AccuracyJob>(&run.data)) {
        return run_accuracy(environment, run.id, *job);
    }
    return run_fine_tune(environment, run.id, std::get<jobs::FineTuneJob>(run.data));
}

}  // namespace mintmark::runner
