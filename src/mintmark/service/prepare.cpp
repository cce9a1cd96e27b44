#include <fmt/format.h>

#include <set>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/service/adapter_version.hpp"
#include "mintmark/service/publish.hpp"
#include "mintmark/worker/pipeline.hpp"

namespace mintmark::service {
namespace {

/// Numbers in the constants that nodes read: the weights.
std::uint64_t count_parameters(const model::Graph& graph) {
    std::set<model::ValueId> seen;
    std::uint64_t out = 0;
    for (const model::Node& node : graph.nodes) {
        for (const model::ValueId id : node.inputs) {
            const model::Value& value = graph.values[id];
            if (value.is_constant && seen.insert(id).second) out += value.data.size();
        }
    }
    return out;
}

Result<worker::CompiledModel> compile(const ModelFolder& folder, const PublishOptions& options) {
    worker::Settings settings = options.settings;
    if (!settings.samples.empty()) {
        MINTMARK_TRY(const model::Graph graph,
                     model::load_onnx(settings.model_path, worker::import_options(settings)));
        MINTMARK_TRY(settings.samples, model::bind_samples(graph, settings.samples));
        MINTMARK_TRY(const model::QuantResult result,
                     model::quantise_auto(graph, settings.samples, options.target, settings.quant));
        settings.quant = result.options;
        settings.report = result.report;
        if (settings.samples.size() > worker::Settings::kMaxSamples) {
            settings.samples.resize(worker::Settings::kMaxSamples);
        }
    }
    MINTMARK_TRY(worker::CompiledModel model, worker::compile_model(settings, settings.model_path));
    MINTMARK_CHECK(settings.write(folder.file("settings.json")));
    MINTMARK_CHECK(
        json::write(folder.file("public.json"), worker::PublicModel::of(model.graph).to_json()));
    MINTMARK_CHECK(model.write(folder.compiled()));
    return model;
}

Status make_keys(const ModelFolder& folder, const PublishOptions& options,
                 const worker::CompiledModel& model) {
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_TRY(const Srs srs, worker::load_srs(options.srs, compiled.circuit.mu));
    worker::KeyFile file;
    system_rng().fill(file.seed);
    MINTMARK_TRY(prover::ProvingKey key,
                 prover::setup(compiled.circuit, compiled.weights, srs, file.seed));
    file.vk = std::move(key.vk);
    MINTMARK_CHECK(file.write(folder.proving_key()));
    return write_file(folder.verifying_key(), encode(file.vk));
}

/// Do the files of an earlier run fit this SRS?
Result<bool> has_keys(const ModelFolder& folder, const PublishOptions& options,
                      const PublishState& state) {
    if (!state.is_prepared) return false;
    const auto vk = worker::read_verifying_key(folder.verifying_key());
    const auto key = worker::KeyFile::read(folder.proving_key());
    const auto model = worker::CompiledModel::read(folder.compiled());
    if (!vk || !key || !model || encode(key->vk) != encode(*vk)) return false;
    const auto srs = worker::load_verifier_srs(options.srs, vk->srs_digest);
    if (srs) return true;
    if (srs.error().code == ErrorCode::kRejected) return false;  // another SRS: commit again
    return std::unexpected(srs.error());
}

}  // namespace

Status prepare(const ModelFolder& folder, const PublishOptions& options, PublishState& state) {
    MINTMARK_TRY(const bool is_ready, has_keys(folder, options, state));
    if (!is_ready) {
        MINTMARK_TRY(const worker::CompiledModel model, compile(folder, options));
        MINTMARK_CHECK(make_keys(folder, options, model));
    }
    MINTMARK_TRY(const Bytes bytes, read_file(folder.verifying_key()));
    MINTMARK_TRY(const VerifyingKey vk, decode_verifying_key(bytes));
    market::VersionCommitment& v = state.commitment;
    v.circuit_hash = circuit_hash(vk, bytes);
    v.vk_hash = keccak256(bytes);
    v.architecture = options.architecture;
    if (!is_ready || v.parameter_count == 0) {
        MINTMARK_TRY(const model::Graph graph,
                     model::load_onnx(options.settings.model_path,
                                      worker::import_options(options.settings)));
        v.parameter_count = count_parameters(graph);
    }
    if (!is_ready) {
        state.is_key_deployed = false;
        state.expected_key.reset();
        state.version_id.reset();
    }
    state.is_prepared = true;
    return folder.write(state);
}

Status prepare_foreign(const ModelFolder& folder, const PublishOptions& options,
                       PublishState& state) {
    if (options.parameters == 0) {
        return fail(ErrorCode::kInvalidArgument,
                    "the number of parameters is needed: a model of this system is not read",
                    "give it with --parameters");
    }
    state.commitment.architecture = options.architecture;
    state.commitment.parameter_count = options.parameters;
    state.is_prepared = true;
    return folder.write(state);
}

}  // namespace mintmark::service
