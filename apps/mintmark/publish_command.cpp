#include "publish_command.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/service/adapter_version.hpp"
#include "publish_inputs.hpp"

namespace mintmark::app {
namespace {

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

Result<service::PublishOptions> publish_options(const App& app, const PublishArgs& args,
                                                const service::PushedModel& pushed) {
    MINTMARK_TRY(service::PublishOptions out, source_options(app, args, pushed));
    MINTMARK_TRY(out.price, price_of(args));
    out.is_transferable = args.is_transferable;
    out.resale_ppm = args.resale_ppm;
    if (!args.payout.empty()) {
        MINTMARK_TRY(out.payout, parse_account(app, args.payout));
    }
    out.model_id = args.model_id;
    out.parameters = args.parameters;
    const bool is_ours = args.proof_system == market::kProofSystemName;
    if (is_ours != args.adapter_key.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "--key goes with --system: the key of another proof system",
                    "made with `mintmark challenge|audit|referee|tee|ezkl|risc-zero key`");
    }
    if (!is_ours) {
        MINTMARK_TRY(out.adapter_key, chain::parse_address(args.adapter_key));
    }
    return out;
}

json::Json commitment_json(const service::PublishState& state) {
    const market::VersionCommitment& v = state.commitment;
    return {{"name", state.name},
            {"weights_hash", to_hex(v.weights_hash)},
            {"manifest_root", to_hex(v.manifest_root)},
            {"circuit_hash", to_hex(v.circuit_hash)},
            {"vk_hash", to_hex(v.vk_hash)},
            {"proof_system", v.proof_system},
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
        .row("proof system", v.proof_system)
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
    MINTMARK_TRY(service::PublishState state,
                 begin_state(folder, pushed, market.deployment(), args));
    if (state.is_active) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("these files are published already, as model {} version {}",
                                *state.model_id, *state.version_id),
                    "look with `mintmark model show`");
    }
    const Stopwatch watch;
    MINTMARK_TRY(const market::ProofSystem system, market::find_proof_system(args.proof_system));
    MINTMARK_CHECK(system.is_foreign ? service::prepare_foreign(folder, options, state)
                                     : service::prepare(folder, options, state));
    if (options.adapter_key) {
        MINTMARK_CHECK(service::use_adapter_key(market, folder, *options.adapter_key, state));
    }
    const std::string text = commitment_text(state, options, watch.ms());
    MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
    MINTMARK_TRY(const auto steps, service::plan(market, folder, options, state, wallet.address));
    if (args.is_dry_run) return dry_run(app, market, text, state, steps);
    if (!app.is_json) fmt::print("{}\n", text);
    return send_all(app, market, folder, options, state);
}

/// The model's own circuit and key without a publication: what a bonded system, a referee or an
/// enclave refers to.
Status make_key(const App& app, const PublishArgs& args) {
    MINTMARK_TRY(const service::ModelFolder folder,
                 service::ModelFolder::of(app.home, model_name(args.name, args.source)));
    MINTMARK_TRY(const service::PushedModel pushed, pushed_model(app, args, folder));
    MINTMARK_TRY(const service::PublishOptions options, source_options(app, args, pushed));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(service::PublishState state,
                 begin_state(folder, pushed, market.deployment(), args));
    MINTMARK_CHECK(service::prepare(folder, options, state));
    json::Json value = {{"name", folder.name()},
                        {"vk_hash", to_hex(state.commitment.vk_hash)},
                        {"circuit_hash", to_hex(state.commitment.circuit_hash)}};
    Table table;
    table.row("model", folder.name()).row("circuit hash", to_hex(state.commitment.circuit_hash));
    if (!args.is_local) {
        MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
        MINTMARK_CHECK(service::deploy_circuit_key(
            market, key, folder, state,
            [&](const service::PublishStep& step) { value["tx"] = tx_json(*step.receipt); }));
        const Address& at = state.commitment.verifying_key;
        MINTMARK_TRY(const chain::U256 words,
                     market.read_number(
                         {"UniversalVerifier", "inputWords(address)", {chain::AbiValue(at)}}));
        value["key"] = chain::to_checksum(at);
        value["input_words"] = words.to_u64().value_or(0);
        table.row("key", chain::to_checksum(at)).row("input words", words.to_string());
    }
    emit(app, value, table.text());
    return {};
}

void add_key_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<PublishArgs>();
    CLI::App* sub = command(group, app, "key",
                            "compile, commit the weights, put the key on-chain; publish nothing",
                            [&app, args] { return make_key(app, *args); });
    add_source_options(*sub, *args);
    sub->add_flag("--local", args->is_local, "make the files only, send nothing");
}

}  // namespace

void add_publish_command(CLI::App& group, App& app) {
    add_key_command(group, app);
    const auto args = std::make_shared<PublishArgs>();
    CLI::App* sub =
        command(group, app, "publish", "compile, commit the weights, register and put on sale",
                [&app, args] { return publish(app, *args); });
    add_source_options(*sub, *args);
    sub->add_option("--price-per-call", args->per_call, "0.001ETH, 5gwei, …");
    sub->add_option("--price-per-day", args->per_day, "0.01ETH, 5gwei, …");
    sub->add_flag("--free", args->is_free, "calls cost nothing");
    sub->add_flag("--transferable", args->is_transferable, "passes may change hands");
    sub->add_option("--resale-ppm", args->resale_ppm, "your part of resales, in millionths");
    sub->add_option("--payout", args->payout, "where your money goes [your wallet]");
    sub->add_option("--architecture", args->architecture, "for people [the model's name]");
    sub->add_option("--model", args->model_id, "publish a further version of this model");
    sub->add_option("--system", args->proof_system,
                    "proof system: optimistic-v1, sampled-audit-v1, refereed-v1, tee-signer-v1, "
                    "ezkl-halo2-v1, risc-zero-v1 [Mintmark's own]");
    sub->add_option("--key", args->adapter_key, "with --system: its key for this model");
    sub->add_option("--parameters", args->parameters,
                    "number of parameters, for ezkl and RISC Zero");
    sub->add_flag("--dry-run", args->is_dry_run, "show everything and what it costs, send nothing");
}

}  // namespace mintmark::app
