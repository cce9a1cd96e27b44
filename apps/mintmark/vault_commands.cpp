// `mintmark vault`: shares of a model's income.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/revenue.hpp"

namespace mintmark::app {
namespace {

struct VaultArgs {
    std::uint64_t model = 0, ppm = 0;
    std::string shares = "1000000", to, account, token;
};

Result<Address> token_of(const VaultArgs& args) {
    if (args.token.empty()) return market::kNative;
    return chain::parse_address(args.token);
}

std::string amount_text(const VaultArgs& args, const chain::U256& amount) {
    return args.token.empty() ? market::format_amount(amount) : amount.to_string() + " units";
}

Status open(const App& app, const VaultArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    market::VaultOrder order = {args.model, args.ppm, {}, key.address()};
    MINTMARK_TRY(order.shares, chain::parse_units(args.shares, 18));
    if (!args.to.empty()) {
        MINTMARK_TRY(order.to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::open_vault(market, key, order));
    MINTMARK_TRY(const market::VaultInfo vault,
                 market::get_vault(market, args.model, order.to, market::kNative));
    emit(app,
         {{"model", args.model},
          {"vault", chain::to_checksum(vault.address)},
          {"shares", vault.shares.to_string()},
          {"tx", tx_json(receipt)}},
         Table()
             .row("vault", chain::to_checksum(vault.address))
             .row("shares", fmt::format("{} to {}", chain::format_units(vault.shares, 18),
                                        chain::to_checksum(order.to)))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status show(const App& app, const VaultArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Address token, token_of(args));
    Address account = {};
    if (args.account.empty()) {
        MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
        account = wallet.address;
    } else {
        MINTMARK_TRY(account, parse_account(app, args.account));
    }
    MINTMARK_TRY(const market::VaultInfo vault,
                 market::get_vault(market, args.model, account, token));
    emit(app,
         {{"model", args.model},
          {"vault", chain::to_checksum(vault.address)},
          {"ppm", vault.ppm},
          {"shares", vault.shares.to_string()},
          {"held", vault.held.to_string()},
          {"claimable", vault.claimable.to_string()}},
         Table()
             .row("vault", chain::to_checksum(vault.address))
             .row("part of the creator's", fmt::format("{} ppm", vault.ppm))
             .row("shares held", fmt::format("{} of {}", chain::format_units(vault.held, 18),
                                             chain::format_units(vault.shares, 18)))
             .row("claimable", amount_text(args, vault.claimable))
             .text());
    return {};
}

Status claim(const App& app, const VaultArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Address token, token_of(args));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::Claimed claimed,
                 market::claim_shares(market, key, args.model, token));
    emit(app,
         {{"model", args.model},
          {"amount", claimed.amount.to_string()},
          {"to", chain::to_checksum(claimed.to)},
          {"tx", tx_json(claimed.receipt)}},
         Table()
             .row("claimed", fmt::format("{} to {}", amount_text(args, claimed.amount),
                                         chain::to_checksum(claimed.to)))
             .row("transaction", tx_text(claimed.receipt))
             .text());
    return {};
}

Status send(const App& app, const VaultArgs& args) {
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    MINTMARK_TRY(const chain::U256 shares, chain::parse_units(args.shares, 18));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::send_shares(market, key, args.model, to, shares));
    report_tx(
        app,
        {{"model", args.model}, {"to", chain::to_checksum(to)}, {"shares", shares.to_string()}},
        Table().row("shares", fmt::format("{} to {}", args.shares, chain::to_checksum(to))),
        receipt);
    return {};
}

}  // namespace

void add_vault_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("vault", "shares of a model's income");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<VaultArgs>();
    CLI::App* sub = command(*group, app, "open", "make shares of your model's income, once",
                            [&app, args] { return open(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--ppm", args->ppm, "the shares' part of what would be yours, in millionths")
        ->required()
        ->check(CLI::Range(1, 1'000'000));
    sub->add_option("--shares", args->shares, "how many [1000000]");
    sub->add_option("--to", args->to, "who gets them [you]");
    sub = command(*group, app, "show", "shares and income of an account",
                  [&app, args] { return show(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--account", args->account, "address or wallet [your wallet]");
    sub->add_option("--token", args->token, "an accepted ERC-20 [the native currency]");
    sub = command(*group, app, "send", "give or sell shares; what they have earned stays yours",
                  [&app, args] { return send(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--shares", args->shares, "how many, 12.5")->required();
    sub->add_option("--to", args->to, "who gets them")->required();
    sub = command(*group, app, "claim", "send your income to your wallet",
                  [&app, args] { return claim(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--token", args->token, "an accepted ERC-20 [the native currency]");
}

}  // namespace mintmark::app
