// `mintmark pass`: prepaid calls of a model.
#include <fmt/format.h>

#include <tuple>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/unit_passes.hpp"
#include "quote_commands.hpp"

namespace mintmark::app {
namespace {

struct BuyArgs {
    std::uint64_t model = 0, version = 0, calls = 0, days = 0;
    std::string max_price, to, unit, token = "native", gate_key;
};

json::Json pass_json(const market::PassInfo& pass) {
    return {{"id", pass.id},
            {"model", pass.version.model},
            {"version", pass.version.version},
            {"owner", chain::to_checksum(pass.owner)},
            {"unit", market::unit_name(pass.unit)},
            {"token", chain::to_checksum(pass.token)},
            {"calls_left", pass.calls_left},
            {"expires", pass.expires},
            {"escrow", pass.escrow.to_string()}};
}

Status buy(const App& app, const BuyArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    market::PassOrder order;
    MINTMARK_TRY(order.version, market::resolve_version(market, {args.model, args.version}));
    order.calls = args.calls;
    order.days = args.days;
    MINTMARK_TRY(order.max_price, market::parse_amount(args.max_price));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    order.to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(order.to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const market::BoughtPass bought, market::buy_pass(market, key, order));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, bought.id));
    json::Json value = pass_json(pass);
    value["price"] = bought.price.to_string();
    value["tx"] = tx_json(bought.receipt);
    emit(
        app, value,
        Table()
            .row("pass", std::to_string(pass.id))
            .row("model", fmt::format("{}, version {}", pass.version.model, pass.version.version))
            .row("calls", std::to_string(pass.calls_left))
            .row("expires", time_text(pass.expires))
            .row("price", market::format_amount(bought.price) + " (in escrow, earned call by call)")
            .row("transaction", tx_text(bought.receipt))
            .text());
    return {};
}

Status buy_units(const App& app, const BuyArgs& args) {
    market::UnitOrder order;
    MINTMARK_TRY(order.unit, market::parse_unit(args.unit));
    if (args.token != "native") {
        MINTMARK_TRY(order.token, chain::parse_address(args.token));
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(order.version, market::resolve_version(market, {args.model, args.version}));
    MINTMARK_TRY(order.max_price, parse_price_in(market, order.token, args.max_price));
    std::tie(order.units, order.days) = std::pair(args.calls, args.days);
    if (!args.gate_key.empty()) {
        order.tariff = market::Tariff::kHolder;
        MINTMARK_TRY(order.gate_key, chain::U256::parse(args.gate_key));
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    order.to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(order.to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const market::BoughtPass bought, market::buy_units(market, key, order));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, bought.id));
    json::Json value = pass_json(pass);
    value["tx"] = tx_json(bought.receipt);
    emit(app, value,
         Table()
             .row("pass", std::to_string(pass.id))
             .row("units",
                  fmt::format("{} {}", grouped(pass.calls_left), market::unit_name(pass.unit)))
             .row("expires", time_text(pass.expires))
             .row("price", order.token == Address{}
                               ? market::format_amount(pass.escrow)
                               : pass.escrow.to_string() + " smallest units of the token")
             .row("transaction", tx_text(bought.receipt))
             .text());
    return {};
}

Status list(const App& app, const std::string& owner) {
    MINTMARK_TRY(market::Market market, open_market(app));
    Address account = {};
    if (owner.empty()) {
        MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
        account = wallet.address;
    } else {
        MINTMARK_TRY(account, parse_account(app, owner));
    }
    MINTMARK_TRY(const auto passes, market::list_passes(market, account));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:>6} {:>6} {:>7} {:>10}  {:<21} {}", "pass", "model",
                                   "version", "calls left", "expires", "escrow");
    for (const market::PassInfo& pass : passes) {
        rows.push_back(pass_json(pass));
        text += fmt::format("\n{:>6} {:>6} {:>7} {:>10}  {:<21} {}", pass.id, pass.version.model,
                            pass.version.version, pass.calls_left, time_text(pass.expires),
                            market::format_amount(pass.escrow));
    }
    emit(app, {{"passes", rows}}, passes.empty() ? "no passes" : text);
    return {};
}

Status show_pass(const App& app, std::uint64_t id) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, id));
    emit(app, pass_json(pass),
         Table()
             .row("pass", std::to_string(pass.id))
             .row("owner", chain::to_checksum(pass.owner))
             .row("model", fmt::format("{}, version {}", pass.version.model, pass.version.version))
             .row("calls left", std::to_string(pass.calls_left))
             .row("expires", time_text(pass.expires))
             .row("escrow", market::format_amount(pass.escrow))
             .text());
    return {};
}

Status refund(const App& app, std::uint64_t id, const std::string& to) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, id));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address account = key.address();
    if (!to.empty()) {
        MINTMARK_TRY(account, parse_account(app, to));
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::refund_pass(market, key, id, account));
    emit(app, {{"pass", id}, {"refunded", pass.escrow.to_string()}, {"tx", tx_json(receipt)}},
         Table()
             .row("refunded", fmt::format("{} to {}", market::format_amount(pass.escrow),
                                          chain::to_checksum(account)))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

}  // namespace

void add_pass_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("pass", "buy and look at access passes");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<BuyArgs>();
    CLI::App* sub = command(*group, app, "buy", "buy calls of a model",
                            [&app, args] { return buy(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--version-id", args->version, "version [the canonical one]");
    sub->add_option("--calls", args->calls, "number of calls")->required();
    sub->add_option("--days", args->days, "how long")->required();
    sub->add_option("--max-price", args->max_price, "most that you pay, for example 0.5ETH")
        ->required();
    sub->add_option("--to", args->to, "owner of the pass [the buyer]");
    sub = command(*group, app, "buy-units", "buy units of use at the model's price in dollars",
                  [&app, args] { return buy_units(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--version-id", args->version, "version [the canonical one]");
    sub->add_option("--unit", args->unit, "input_token, output_token, image, …")->required();
    sub->add_option("--units", args->calls, "how many; durations in seconds")->required();
    sub->add_option("--days", args->days, "how long")->required();
    sub->add_option("--token", args->token, "ERC-20 to pay in [the native currency]");
    sub->add_option("--max-price", args->max_price, "most that you pay: 0.5ETH, or 12.5 of a token")
        ->required();
    sub->add_option("--holder-key", args->gate_key,
                    "your key of the discount's gate, for example a token id");
    sub->add_option("--to", args->to, "owner of the pass [the buyer]");
    add_buy_quoted_command(*group, app);
    const auto text = std::make_shared<std::string>();
    sub = command(*group, app, "list", "passes of an account",
                  [&app, text] { return list(app, *text); });
    sub->add_option("--owner", *text, "address or wallet [your wallet]");
    const auto id = std::make_shared<std::uint64_t>(0);
    sub = command(*group, app, "show", "one pass", [&app, id] { return show_pass(app, *id); });
    sub->add_option("ID", *id, "pass id")->required();
    sub = command(*group, app, "refund", "take back what an ended pass did not use",
                  [&app, id, text] { return refund(app, *id, *text); });
    sub->add_option("ID", *id, "pass id")->required();
    sub->add_option("--to", *text, "who gets it [you]");
}

}  // namespace mintmark::app
