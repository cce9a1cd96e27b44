// `mintmark channel open | deposit | carry`: ways into a channel.
#include "channel_context.hpp"
#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/signed_deposits.hpp"

namespace mintmark::app {
namespace {

Status deposit(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const chain::U256 amount, currency.parse(args.amount));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const market::DepositWay way, market::parse_deposit_way(args.way));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    if (way == market::DepositWay::kApproval) {
        MINTMARK_TRY(const chain::Receipt receipt, market::deposit(market, key, channel, amount));
        return emit_channel(app, market, channel, currency, &receipt);
    }
    MINTMARK_TRY(const std::uint64_t now, market.now());
    market::SignedDeposit unsigned_deposit;
    unsigned_deposit.channel = channel;
    unsigned_deposit.amount = amount;
    unsigned_deposit.way = way;
    unsigned_deposit.deadline = now + args.hours * 3600;
    MINTMARK_TRY(const market::SignedDeposit made,
                 market::sign_deposit(market, key, std::move(unsigned_deposit)));
    if (!args.file.empty()) {
        MINTMARK_CHECK(json::write(args.file, made.to_json()));
        emit(app, made.to_json(),
             Table().row("signed", args.file + " (for `mintmark channel carry`)").text());
        return {};
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::send_deposit(market, key, made));
    return emit_channel(app, market, made.channel, currency, &receipt);
}

/// Sends a deposit that a buyer has signed, and pays the gas.
Status carry(const App& app, const std::string& file) {
    MINTMARK_TRY(const json::Json value, json::read(file));
    MINTMARK_TRY(const market::SignedDeposit made, market::SignedDeposit::from_json(value));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency,
                 currency_of(market, chain::to_checksum(made.channel.token)));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::send_deposit(market, key, made));
    return emit_channel(app, market, made.channel, currency, &receipt);
}

/// A deposit, and a session key if one is named.
Status open(const App& app, const ChannelArgs& args) {
    if (args.signer.empty() != args.cap.empty()) {
        return fail(ErrorCode::kInvalidArgument, "--session and --cap go together");
    }
    MINTMARK_CHECK(deposit(app, args));
    if (args.signer.empty()) return {};
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    market::SessionOrder session;
    MINTMARK_TRY(session.signer, parse_account(app, args.signer));
    MINTMARK_TRY(session.cap, currency.parse(args.cap));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    session.expires = now + args.days * 86'400;
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::authorise_session(market, key, channel, session));
    emit(app,
         {{"session", chain::to_checksum(session.signer)},
          {"cap", session.cap.to_string()},
          {"expires", session.expires},
          {"tx", tx_json(receipt)}},
         Table()
             .row("session", fmt::format("{} up to {} until {}", chain::to_checksum(session.signer),
                                         currency.format(session.cap), time_text(session.expires)))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

}  // namespace

void add_deposit_commands(CLI::App& group, App& app, const std::shared_ptr<ChannelArgs>& args) {
    CLI::App* sub =
        channel_command(group, app, "open", "deposit, and let a session key sign", args, open);
    sub->add_option("--amount", args->amount, "deposit, 0.5ETH or 12.5 tokens")->required();
    const auto signed_ways = [&args](CLI::App* command) {
        command->add_option("--with", args->way, "approve, permit, permit2 or erc3009 [approve]");
    };
    signed_ways(sub);
    sub->add_option("--session", args->signer, "address or wallet that may sign vouchers");
    sub->add_option("--cap", args->cap, "the most that the session key may spend");
    sub->add_option("--days", args->days, "how long it may [30]");
    sub = channel_command(group, app, "deposit", "add to a channel", args, deposit);
    sub->add_option("--amount", args->amount, "0.5ETH or 12.5 tokens")->required();
    signed_ways(sub);
    sub->add_option("--out", args->file, "write the signed deposit, send nothing");
    sub->add_option("--hours", args->hours, "how long the signature holds [24]");
    const auto signed_file = std::make_shared<std::string>();
    sub = command(group, app, "carry", "send a deposit that a buyer has signed",
                  [&app, signed_file] { return carry(app, *signed_file); });
    sub->add_option("DEPOSIT", *signed_file, "file of `channel deposit --out`")->required();
}

}  // namespace mintmark::app
