// `mintmark pass lend | renew | cancel | move | transfer`, `mintmark model transfer | payout`.
#include "ownership_commands.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/ownership.hpp"
#include "mintmark/market/passes.hpp"

namespace mintmark::app {
namespace {

struct OwnerArgs {
    std::uint64_t id = 0, days = 0;
    std::string to, max_price;
};

/// A call of the wallet's about one pass or model.
using Deed = Result<chain::Receipt> (*)(market::Market&, const chain::PrivateKey&, const App&,
                                        const OwnerArgs&);

Status carry_out(const App& app, const OwnerArgs& args, Deed deed) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, deed(market, key, app, args));
    emit(app, {{"id", args.id}, {"tx", tx_json(receipt)}},
         Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Result<chain::Receipt> lend(market::Market& market, const chain::PrivateKey& key, const App& app,
                            const OwnerArgs& args) {
    MINTMARK_TRY(const Address user, parse_account(app, args.to));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    return market::lend_pass(market, key, args.id, user, now + args.days * 86'400);
}

Result<chain::Receipt> cancel(market::Market& market, const chain::PrivateKey& key, const App&,
                              const OwnerArgs& args) {
    return market::cancel_pass(market, key, args.id);
}

Result<chain::Receipt> move(market::Market& market, const chain::PrivateKey& key, const App&,
                            const OwnerArgs& args) {
    return market::move_pass(market, key, args.id);
}

Result<chain::Receipt> transfer_pass(market::Market& market, const chain::PrivateKey& key,
                                     const App& app, const OwnerArgs& args) {
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    return market::hand_over(market, key, "AccessPass", args.id, to);
}

Result<chain::Receipt> transfer_model(market::Market& market, const chain::PrivateKey& key,
                                      const App& app, const OwnerArgs& args) {
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    return market::hand_over(market, key, "ModelRegistry", args.id, to);
}

Result<chain::Receipt> payout(market::Market& market, const chain::PrivateKey& key, const App& app,
                              const OwnerArgs& args) {
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    return market::set_payout(market, key, args.id, to);
}

Status renew(const App& app, const OwnerArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, args.id));
    market::Renewal renewal{args.id, args.days, {}};
    if (pass.token == Address{}) {
        MINTMARK_TRY(renewal.max_price, market::parse_amount(args.max_price));
    } else {
        MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, pass.token));
        MINTMARK_TRY(renewal.max_price, chain::parse_units(args.max_price, decimals));
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::Renewed renewed, market::renew_pass(market, key, renewal));
    MINTMARK_TRY(const market::PassInfo now, market::get_pass(market, args.id));
    emit(app,
         {{"pass", args.id},
          {"price", renewed.price.to_string()},
          {"expires", now.expires},
          {"tx", tx_json(renewed.receipt)}},
         Table()
             .row("expires", time_text(now.expires))
             .row("transaction", tx_text(renewed.receipt))
             .text());
    return {};
}

CLI::App* add_deed(CLI::App& group, App& app, const char* name, const char* what, Deed deed) {
    const auto args = std::make_shared<OwnerArgs>();
    CLI::App* sub =
        command(group, app, name, what, [&app, args, deed] { return carry_out(app, *args, deed); });
    sub->add_option("ID", args->id, "its id")->required();
    if (deed != cancel && deed != move) {
        sub->add_option("--to", args->to, "address or wallet")->required();
    }
    if (deed == lend) sub->add_option("--days", args->days, "how long")->required();
    return sub;
}

}  // namespace

void add_ownership_commands(CLI::App& root, App& app) {
    CLI::App& pass = *root.get_subcommand("pass");
    add_deed(pass, app, "lend", "let somebody else use a pass, too, for a time", lend);
    add_deed(pass, app, "cancel", "end a pass a day from now, whoever does not answer", cancel);
    add_deed(pass, app, "move", "to the canonical version, when the pass's own is not sold", move);
    add_deed(pass, app, "transfer", "give a pass away, where the model's terms allow it",
             transfer_pass);
    const auto args = std::make_shared<OwnerArgs>();
    CLI::App* sub = command(pass, app, "renew", "prolong a pass that has not ended",
                            [&app, args] { return renew(app, *args); });
    sub->add_option("ID", args->id, "pass id")->required();
    sub->add_option("--days", args->days, "how much longer")->required();
    sub->add_option("--max-price", args->max_price, "most that you pay")->required();
    CLI::App& model = *root.get_subcommand("model");
    add_deed(model, app, "transfer", "give a model away; its payout is void until it is set again",
             transfer_model);
    add_deed(model, app, "payout", "where a model's income goes", payout);
}

}  // namespace mintmark::app
