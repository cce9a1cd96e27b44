// `mintmark revenue`: what models have earned, and pulling it.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/licensing.hpp"
#include "mintmark/market/registry.hpp"
#include "mintmark/market/revenue.hpp"

namespace mintmark::app {
namespace {

struct RevenueArgs {
    std::vector<std::uint64_t> models;
    bool is_platform = false, is_node = false;
    std::uint64_t ppm = 0;
    std::string token;  ///< empty: native
};

Result<Address> token_of(const RevenueArgs& args) {
    if (args.token.empty()) return market::kNative;
    return chain::parse_address(args.token);
}

/// Native amounts in ETH, a token's in its smallest units.
std::string amount_text(const RevenueArgs& args, const chain::U256& amount) {
    return args.token.empty() ? market::format_amount(amount) : amount.to_string() + " units";
}

/// --model, or the models of the chosen wallet.
Result<std::vector<std::uint64_t>> models_of(const App& app, market::Market& market,
                                             const RevenueArgs& args) {
    if (!args.models.empty()) return args.models;
    MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
    MINTMARK_TRY(const auto models, market::list_models(market, wallet.address));
    std::vector<std::uint64_t> out;
    for (const market::ModelInfo& model : models) out.push_back(model.id);
    return out;
}

Status show(const App& app, const RevenueArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto models, models_of(app, market, args));
    MINTMARK_TRY(const market::PlatformAccount platform, market::platform_account(market));
    MINTMARK_TRY(const Address token, token_of(args));
    json::Json rows = json::Json::array();
    Table table;
    for (const std::uint64_t id : models) {
        MINTMARK_TRY(const market::CreatorAccount account,
                     market::creator_account(market, id, token));
        rows.push_back({{"model", id},
                        {"earned", account.earned.to_string()},
                        {"claimed", account.claimed.to_string()},
                        {"claimable", account.claimable.to_string()}});
        table.row(
            fmt::format("model {}", id),
            fmt::format("earned {}, claimed {}, claimable {}", amount_text(args, account.earned),
                        amount_text(args, account.claimed), amount_text(args, account.claimable)));
    }
    table.row("platform",
              fmt::format("{} %, claimable {} (to {})", static_cast<double>(platform.ppm) / 1e4,
                          market::format_amount(platform.claimable),
                          chain::to_checksum(platform.treasury)));
    emit(app,
         {{"models", rows},
          {"platform",
           {{"ppm", platform.ppm},
            {"claimable", platform.claimable.to_string()},
            {"treasury", chain::to_checksum(platform.treasury)}}}},
         table.text());
    return {};
}

void add_claim(json::Json& rows, Table& table, const std::string& what,
               const market::Claimed& claimed, const std::string& amount) {
    rows.push_back({{"what", what},
                    {"amount", claimed.amount.to_string()},
                    {"to", chain::to_checksum(claimed.to)},
                    {"tx", tx_json(claimed.receipt)}});
    table.row(what, fmt::format("{} to {}", amount, chain::to_checksum(claimed.to)));
    table.row("transaction", tx_text(claimed.receipt));
}

Status claim(const App& app, const RevenueArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    std::vector<std::uint64_t> models;
    if ((!args.is_platform && !args.is_node) || !args.models.empty()) {
        MINTMARK_TRY(models, models_of(app, market, args));
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    json::Json rows = json::Json::array();
    Table table;
    std::optional<Error> last;
    MINTMARK_TRY(const Address token, token_of(args));
    const auto keep = [&](const std::string& what, Result<market::Claimed> claimed) {
        if (claimed)
            add_claim(rows, table, what, *claimed, amount_text(args, claimed->amount));
        else
            last = claimed.error();
    };
    for (const std::uint64_t id : models) {
        keep(fmt::format("model {}", id), market::claim_creator(market, key, id, token));
    }
    if (args.is_platform) keep("platform", market::claim_platform(market, key, token));
    if (args.is_node) keep("node", market::claim_node(market, key, token));
    if (rows.empty()) {
        if (last) return std::unexpected(*last);
        return fail(ErrorCode::kNotFound, "this wallet owns no model", "say which with --model");
    }
    emit(app, {{"claims", rows}}, table.text());
    return {};
}

/// Credits every ancestor of the models with its royalties.
Status collect(const App& app, const RevenueArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Address token, token_of(args));
    MINTMARK_TRY(const auto models, models_of(app, market, args));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    json::Json rows = json::Json::array();
    Table table;
    for (const std::uint64_t model : models) {
        MINTMARK_TRY(const market::DerivativeInfo info, market::get_derivative(market, model));
        for (const market::AncestorInfo& ancestor : info.ancestors) {
            auto out = market::collect_royalty(market, key, {model, ancestor.model, token});
            if (!out && out.error().code == ErrorCode::kNotFound) continue;
            if (!out) return std::unexpected(out.error());
            rows.push_back({{"model", model},
                            {"ancestor", ancestor.model},
                            {"amount", out->amount.to_string()},
                            {"tx", tx_json(out->receipt)}});
            table.row(fmt::format("model {}", ancestor.model),
                      fmt::format("{} of model {}", amount_text(args, out->amount), model));
        }
    }
    emit(app, {{"royalties", rows}}, rows.empty() ? "no royalties to collect" : table.text());
    return {};
}

/// The owner's own model's part for whoever serves it.
Status set_node(const App& app, const RevenueArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    const std::uint64_t model = args.models.front();
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::set_node_part(market, key, model, args.ppm));
    MINTMARK_TRY(const std::uint64_t now, market::node_part(market, model));
    emit(app, {{"model", model}, {"ppm", args.ppm}, {"ppm_now", now}, {"tx", tx_json(receipt)}},
         Table()
             .row("nodes' part", now == args.ppm
                                     ? fmt::format("{} ppm", now)
                                     : fmt::format("{} ppm; {} ppm in a day", now, args.ppm))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

/// As the operator: which tokens the market takes.
Status change_token(const App& app, const std::string& text, bool stopped) {
    MINTMARK_TRY(const Address token, chain::parse_address(text));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(
        const chain::U256 known,
        market.read_number({"RevenueRouter", "isKnown(address)", {chain::AbiValue(token)}}));
    const bool is_known = !known.is_zero();
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, is_known || stopped
                                                   ? market::stop_token(market, key, token, stopped)
                                                   : market::accept_token(market, key, token));
    report_tx(app, {{"token", chain::to_checksum(token)}, {"accepted", !stopped}},
              Table().row(stopped ? "stopped" : "accepted", chain::to_checksum(token)), receipt);
    return {};
}

void add_token_commands(CLI::App& group, App& app) {
    const auto token = std::make_shared<std::string>();
    const auto add = [&](const char* name, const char* help, bool stopped) {
        command(group, app, name, help,
                [&app, token, stopped] { return change_token(app, *token, stopped); })
            ->add_option("TOKEN", *token, "ERC-20")
            ->required();
    };
    add("accept", "as the operator: take a token from now on, also one that was stopped", false);
    add("stop", "as the operator: no new payments in a token; claims go on", true);
}

}  // namespace

void add_revenue_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("revenue", "what models have earned");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<RevenueArgs>();
    CLI::App* sub = command(*group, app, "show", "earned, claimed and claimable amounts",
                            [&app, args] { return show(app, *args); });
    sub->add_option("--model", args->models, "model ids [all of your wallet]");
    sub = command(*group, app, "claim", "send claimable amounts to the payout addresses",
                  [&app, args] { return claim(app, *args); });
    sub->add_option("--model", args->models, "model ids [all of your wallet]");
    sub->add_flag("--platform", args->is_platform, "the platform's part, to its treasury");
    sub->add_flag("--node", args->is_node, "what you have earned by serving others' models");
    sub = command(*group, app, "collect", "credit the ancestors of models with their royalties",
                  [&app, args] { return collect(app, *args); });
    sub->add_option("--model", args->models, "derivatives [all of your wallet]");
    sub = command(*group, app, "node-part", "what your model pays whoever serves it",
                  [&app, args] { return set_node(app, *args); });
    sub->add_option("--model", args->models, "model id")->required()->expected(1);
    sub->add_option("--ppm", args->ppm, "in millionths of what the ancestors leave")
        ->required()
        ->check(CLI::Range(0, 1'000'000));
    for (CLI::App* each : group->get_subcommands({})) {
        each->add_option("--token", args->token, "an accepted ERC-20 [the native currency]");
    }
    add_token_commands(*group, app);
}

}  // namespace mintmark::app
