#include "publish_command.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/service/publish.hpp"
#include "mintmark/service/push.hpp"

namespace mintmark::app {
namespace {

struct PublishArgs {
    std::string source, name, card, data, srs, architecture, payout;
    std::string per_call, per_day;
    std::string input_visibility = "committed";
    std::string optimise = "balanced";
    double min_agreement = 0.995;
    double max_error = 0;
    std::uint64_t resale_ppm = 0;
    std::optional<std::uint64_t> model_id;
    bool is_free = false, is_transferable = false, is_dry_run = false;
};

Result<market::Price> price_of(const PublishArgs& args) {
    market::Price out;
    if (args.is_free) {
        if (args.per_call.empty() && args.per_day.empty()) return out;
        return fail(ErrorCode::kInvalidArgument, "either --free or a price");
    }
    if (args.per_call.empty() && args.per_day.empty()) {
        return fail(ErrorCode::kInvalidArgument, "a price is needed",
                    "--price-per-call 0.001ETH, --price-per-day 0.01ETH, or --free");
    }
    if (!args.per_call.empty()) {
        MINTMARK_TRY(out.per_call, market::parse_price(args.per_call));
    }
    if (!args.per_day.empty()) {
        MINTMARK_TRY(out.per_day, market::parse_price(args.per_day));
    }
    return out;
}

/// A name of a pushed model, or a file or folder, which is pushed now.
Result<service::PushedModel> pushed_model(const App& app, const PublishArgs& args,
                                          const service::ModelFolder& folder) {
    if (!std::filesystem::exists(args.source)) return folder.pushed();
    service::PushOptions options;
    options.source = args.source;
    options.card = args.card;
    MINTMARK_TRY(service::Pushed pushed, service::push(app.home, folder, options));
    return std::move(pushed.model);
}

/// The state of an earlier run if it is of these very files; else a new one.
Result<service::PublishState> begin_state(const service::ModelFolder& folder,
                                          const service::PushedModel& pushed,
                                          const chain::Deployment& deployment) {
    MINTMARK_TRY(const Bytes onnx, read_file(pushed.onnx));
    MINTMARK_TRY(const Address registry, deployment.contract("ModelRegistry"));
    service::PublishState state;
    const Bytes32 weights_hash = sha256(onnx);
    auto old = folder.state();
    if (old && old->commitment.weights_hash == weights_hash) state = *std::move(old);
    if (state.chain_id != deployment.chain_id || state.registry != registry) {
        // Another chain, or a new one: only the local files are of use.
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
    state.commitment.weights_hash = weights_hash;
    state.commitment.manifest_root = pushed.manifest_root;
    state.commitment.storage_uri = "ipfs://" + pushed.cid;
    return state;
}

Result<service::PublishOptions> publish_options(const App& app, const PublishArgs& args,
                                                const service::PushedModel& pushed) {
    service::PublishOptions out;
    std::string text;
    out.settings.model_path = pushed.onnx.string();
    MINTMARK_TRY(out.settings.input, worker::parse_visibility(args.input_visibility, text));
    if (!text.empty()) notice(app, text);
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
    MINTMARK_TRY(out.price, price_of(args));
    out.is_transferable = args.is_transferable;
    out.resale_ppm = args.resale_ppm;
    if (!args.payout.empty()) {
        MINTMARK_TRY(out.payout, parse_account(app, args.payout));
    }
    out.model_id = args.model_id;
    return out;
}

json::Json commitment_json(const service::PublishState& state) {
    const market::VersionCommitment& v = state.commitment;
    return {{"name", state.name},
            {"weights_hash", to_hex(v.weights_hash)},
            {"manifest_root", to_hex(v.manifest_root)},
            {"circuit_hash", to_hex(v.circuit_hash)},
            {"vk_hash", to_hex(v.vk_hash)},
            {"parameter_count", v.parameter_count},
            {"architecture", v.architecture},
            {"storage_uri", v.storage_uri}};
}

std::string commitment_text(const service::PublishState& state,
                            const service::PublishOptions& options, double ms) {
    const market::VersionCommitment& v = state.commitment;
    return Table()
        .row("model", state.name)
        .row("architecture",
             fmt::format("{}, {} parameters", v.architecture, grouped(v.parameter_count)))
        .row("weights", "sha256 " + to_hex(v.weights_hash))
        .row("manifest root", to_hex(v.manifest_root))
        .row("circuit hash", to_hex(v.circuit_hash))
        .row("verifying key", to_hex(v.vk_hash))
        .row("files", v.storage_uri)
        .row("price",
             fmt::format("{} a call, {} a day", market::format_price(options.price.per_call),
                         market::format_price(options.price.per_day)))
        .row("passes", options.is_transferable
                           ? fmt::format("transferable, {} % of resales",
                                         static_cast<double>(options.resale_ppm) / 1e4)
                           : "bound to their buyer")
        .row("compile, commit", human_ms(ms))
        .text();
}

Status dry_run(const App& app, market::Market& market, const std::string& text,
               const service::PublishState& state, const std::vector<service::PublishStep>& steps) {
    MINTMARK_TRY(const chain::Fees fees, market.client().suggest_fees());
    MINTMARK_TRY(const chain::BlockHeader block, market.client().latest_block());
    const chain::U256 price =
        fees.dynamic ? block.base_fee.checked_add(fees.max_priority_fee).value_or(fees.max_fee)
                     : fees.max_fee;
    std::uint64_t total = 0;
    json::Json rows = json::Json::array();
    std::string lines = text + "\n\nwhat it would cost";
    for (const service::PublishStep& step : steps) {
        total += step.gas;
        rows.push_back({{"what", step.what}, {"gas", step.gas}});
        lines += fmt::format("\n  {:<44} gas {:>10}", step.what, grouped(step.gas));
    }
    const chain::U256 cost = price.checked_mul(total).value_or(chain::U256());
    lines += fmt::format("\n  {:<44} gas {:>10}, about {}\nnothing was sent", "together",
                         grouped(total), market::format_amount(cost));
    json::Json value = commitment_json(state);
    value["dry_run"] = true;
    value["steps"] = rows;
    value["gas"] = total;
    value["cost"] = cost.to_string();
    emit(app, value, lines);
    return {};
}

Status send_all(const App& app, market::Market& market, const service::ModelFolder& folder,
                const service::PublishOptions& options, service::PublishState& state) {
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    std::uint64_t gas = 0;
    chain::U256 fees;
    json::Json steps = json::Json::array();
    MINTMARK_CHECK(service::publish(
        market, key, folder, options, state, [&](const service::PublishStep& step) {
            gas += step.gas;
            fees = fees.checked_add(step.receipt->fee()).value_or(fees);
            steps.push_back({{"what", step.what}, {"tx", tx_json(*step.receipt)}});
            if (!app.is_json) fmt::print("{:<44} gas {:>10}\n", step.what, grouped(step.gas));
        }));
    json::Json value = commitment_json(state);
    value["model"] = *state.model_id;
    value["version"] = *state.version_id;
    value["verifying_key"] = chain::to_checksum(state.commitment.verifying_key);
    value["steps"] = steps;
    value["gas"] = gas;
    value["fees"] = fees.to_string();
    emit(app, value,
         fmt::format("published as model {}, version {} (gas {}, {})", *state.model_id,
                     *state.version_id, grouped(gas), market::format_amount(fees)));
    return {};
}

Status publish(const App& app, const PublishArgs& args) {
    MINTMARK_TRY(const service::ModelFolder folder,
                 service::ModelFolder::of(app.home, model_name(args.name, args.source)));
    MINTMARK_TRY(const service::PushedModel pushed, pushed_model(app, args, folder));
    MINTMARK_TRY(const service::PublishOptions options, publish_options(app, args, pushed));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(service::PublishState state, begin_state(folder, pushed, market.deployment()));
    if (state.is_active) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("these files are published already, as model {} version {}",
                                *state.model_id, *state.version_id),
                    "look with `mintmark model show`");
    }
    const Stopwatch watch;
    MINTMARK_CHECK(service::prepare(folder, options, state));
    const std::string text = commitment_text(state, options, watch.ms());
    MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
    MINTMARK_TRY(const auto steps, service::plan(market, folder, options, state, wallet.address));
    if (args.is_dry_run) return dry_run(app, market, text, state, steps);
    if (!app.is_json) fmt::print("{}\n", text);
    return send_all(app, market, folder, options, state);
}

}  // namespace

void add_publish_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<PublishArgs>();
    CLI::App* sub =
        command(group, app, "publish", "compile, commit the weights, register and put on sale",
                [&app, args] { return publish(app, *args); });
    sub->add_option("SOURCE", args->source, "a pushed model's name, or an ONNX file or folder")
        ->required();
    sub->add_option("--name", args->name, "name of the model [the file's]");
    sub->add_option("--card", args->card, "model card, when SOURCE is a file");
    sub->add_option("-D,--data", args->data, "calibration samples (ezkl's input.json form)");
    sub->add_option("--price-per-call", args->per_call, "0.001ETH, 5gwei, …");
    sub->add_option("--price-per-day", args->per_day, "0.01ETH, 5gwei, …");
    sub->add_flag("--free", args->is_free, "calls cost nothing");
    sub->add_flag("--transferable", args->is_transferable, "passes may change hands");
    sub->add_option("--resale-ppm", args->resale_ppm, "your part of resales, in millionths");
    sub->add_option("--payout", args->payout, "where your money goes [your wallet]");
    sub->add_option("--architecture", args->architecture, "for people [the model's name]");
    sub->add_option("--model", args->model_id, "publish a further version of this model");
    sub->add_option("--srs-path", args->srs, "SRS [the deployment's]");
    sub->add_option("--input-visibility", args->input_visibility, "public or committed");
    sub->add_option("--optimise", args->optimise, "prove, gas or balanced");
    sub->add_option("--min-agreement", args->min_agreement,
                    "share of samples with the same top answer as in float [0.995]");
    sub->add_option("--max-error", args->max_error, "instead: largest error, part of the range");
    sub->add_flag("--dry-run", args->is_dry_run, "show everything and what it costs, send nothing");
}

}  // namespace mintmark::app
