// `mintmark revenue`: what models have earned, and pulling it.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/registry.hpp"
#include "mintmark/market/revenue.hpp"

namespace mintmark::app {
namespace {

struct RevenueArgs {
    std::vector<std::uint64_t> models;
    bool is_platform = false;
};

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
    json::Json rows = json::Json::array();
    Table table;
    for (const std::uint64_t id : models) {
        MINTMARK_TRY(const market::CreatorAccount account, market::creator_account(market, id));
        rows.push_back({{"model", id},
                        {"earned", account.earned.to_string()},
                        {"claimed", account.claimed.to_string()},
                        {"claimable", account.claimable.to_string()}});
        table.row(fmt::format("model {}", id),
                  fmt::format("earned {}, claimed {}, claimable {}",
                              market::format_amount(account.earned),
                              market::format_amount(account.claimed),
                              market::format_amount(account.claimable)));
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
               const market::Claimed& claimed) {
    rows.push_back({{"what", what},
                    {"amount", claimed.amount.to_string()},
                    {"to", chain::to_checksum(claimed.to)},
                    {"tx", tx_json(claimed.receipt)}});
    table.row(what, fmt::format("{} to {}", market::format_amount(claimed.amount),
                                chain::to_checksum(claimed.to)));
    table.row("transaction", tx_text(claimed.receipt));
}

Status claim(const App& app, const RevenueArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    std::vector<std::uint64_t> models;
    if (!args.is_platform || !args.models.empty()) {
        MINTMARK_TRY(models, models_of(app, market, args));
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    json::Json rows = json::Json::array();
    Table table;
    std::optional<Error> last;
    const auto keep = [&](const std::string& what, Result<market::Claimed> claimed) {
        if (claimed)
            add_claim(rows, table, what, *claimed);
        else
            last = claimed.error();
    };
    for (const std::uint64_t id : models) {
        keep(fmt::format("model {}", id), market::claim_creator(market, key, id));
    }
    if (args.is_platform) keep("platform", market::claim_platform(market, key));
    if (rows.empty()) {
        if (last) return std::unexpected(*last);
        return fail(ErrorCode::kNotFound, "this wallet owns no model", "say which with --model");
    }
    emit(app, {{"claims", rows}}, table.text());
    return {};
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
}

}  // namespace mintmark::app
