#include "publish_inputs.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/service/push.hpp"

namespace mintmark::app {

void add_source_options(CLI::App& command, PublishArgs& args) {
    command.add_option("SOURCE", args.source, "a pushed model's name, or an ONNX file or folder")
        ->required();
    command.add_option("--name", args.name, "name of the model [the file's]");
    command.add_option("--card", args.card, "model card, when SOURCE is a file");
    command.add_option("-D,--data", args.data, "calibration samples (ezkl's input.json form)");
    command.add_option("--srs-path", args.srs, "SRS [the deployment's]");
    command.add_option("--input-visibility", args.input_visibility, "public or committed");
    command.add_option("--optimise", args.optimise, "prove, gas or balanced");
    command.add_option("--min-agreement", args.min_agreement,
                       "share of samples with the same top answer as in float [0.995]");
    command.add_option("--max-error", args.max_error, "instead: largest error, part of the range");
}

/// A name of a pushed model, or a file or folder, which is pushed now.
Result<service::PushedModel> pushed_model(const App& app, const PublishArgs& args,
                                          const service::ModelFolder& folder) {
    if (!std::filesystem::exists(args.source)) return folder.pushed();
    service::PushOptions options;
    options.source = args.source;
    options.card = args.card;
    MINTMARK_TRY(const market::ProofSystem system, market::find_proof_system(args.proof_system));
    const std::filesystem::path file = args.source;
    // The program of a foreign system is any file.
    if (system.is_foreign && !std::filesystem::is_directory(file)) options.onnx = file.filename();
    MINTMARK_TRY(service::Pushed pushed, service::push(app.home, folder, options));
    return std::move(pushed.model);
}

Result<service::PublishState> begin_state(const service::ModelFolder& folder,
                                          const service::PushedModel& pushed,
                                          const chain::Deployment& deployment,
                                          const PublishArgs& args) {
    MINTMARK_TRY(const Bytes onnx, read_file(pushed.onnx));
    MINTMARK_TRY(const Address registry, deployment.contract("ModelRegistry"));
    service::PublishState state;
    const Bytes32 weights_hash = sha256(onnx);
    auto old = folder.state();
    if (old && old->commitment.weights_hash == weights_hash) state = *std::move(old);
    const bool is_here = state.chain_id == deployment.chain_id && state.registry == registry;
    if (is_here && state.is_active && state.commitment.proof_system != args.proof_system) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("'{}' is published already, under {}", folder.name(),
                                state.commitment.proof_system),
                    "publish it under another --name");
    }
    if (!is_here || state.commitment.proof_system != args.proof_system) {
        // Another chain, or a new one, or another system: only the local files are of use.
        service::PublishState fresh;
        fresh.is_prepared = state.is_prepared;
        fresh.commitment.parameter_count = state.commitment.parameter_count;
        state = std::move(fresh);
    }
    state.name = folder.name();
    state.onnx = pushed.onnx.string();
    state.cid = pushed.cid;
    state.card_cid = pushed.card_cid;
    state.chain_id = deployment.chain_id;
    state.registry = registry;
    state.commitment.proof_system = args.proof_system;
    state.commitment.weights_hash = weights_hash;
    state.commitment.manifest_root = pushed.manifest_root;
    state.commitment.storage_uri = "ipfs://" + pushed.cid;
    return state;
}

Result<service::PublishOptions> source_options(const App& app, const PublishArgs& args,
                                               const service::PushedModel& pushed) {
    service::PublishOptions out;
    out.settings.model_path = pushed.onnx.string();
    MINTMARK_TRY(const auto input, worker::parse_visibility(args.input_visibility));
    if (input.is_private)
        return fail(ErrorCode::kInvalidArgument,
                    "a call is bound to its buyer's input, so nobody can sell a private one",
                    "use committed: it is hidden as well, and the buyer can show what he sent");
    if (!input.notice.empty()) notice(app, input.notice);
    out.settings.input = input.visibility;
    MINTMARK_TRY(out.settings.optimise, worker::parse_optimise(args.optimise));
    if (!args.data.empty()) {
        MINTMARK_TRY(const std::string data, read_text(args.data));
        MINTMARK_TRY(model::InputFile file, model::read_input_json(data));
        out.settings.samples = std::move(file.samples);
    }
    if (args.max_error > 0) {
        out.target.max_relative_error = args.max_error;
    } else {
        out.target.min_top1_agreement = args.min_agreement;
    }
    MINTMARK_TRY(out.srs, srs_path(app, args.srs));
    out.architecture = args.architecture.empty() ? pushed.name : args.architecture;
    return out;
}

}  // namespace mintmark::app
