// `mintmark channel`: pay a provider per answer from an escrow.
#include <fmt/format.h>

#include "channel_context.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"

namespace mintmark::app {
namespace {

Status show(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    return emit_channel(app, market, channel, currency, nullptr);
}

Status sign_voucher(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    market::Voucher voucher;
    MINTMARK_TRY(voucher.channel, channel_of(app, args, currency));
    MINTMARK_TRY(voucher.version, market::resolve_version(market, {args.model, args.version}));
    MINTMARK_TRY(voucher.cumulative, currency.parse(args.amount));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    voucher.valid_until = now + args.hours * 3600;
    MINTMARK_TRY(const Bytes32 digest, voucher.digest(market.deployment()));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    voucher.signature = key.sign(digest).to_bytes();
    const json::Json value = voucher.to_json();
    if (!args.file.empty()) {
        MINTMARK_CHECK(write_file(args.file, as_bytes(value.dump(2) + "\n")));
    }
    emit(app, value,
         Table()
             .row("total",
                  fmt::format("{} for model {}, version {}", currency.format(voucher.cumulative),
                              voucher.version.model, voucher.version.version))
             .row("valid until", time_text(voucher.valid_until))
             .row("voucher", args.file.empty() ? value.dump() : args.file)
             .text());
    return {};
}

Status settle(const App& app, const std::vector<std::string>& files) {
    MINTMARK_TRY(market::Market market, open_market(app));
    std::vector<market::Voucher> vouchers;
    for (const std::string& file : files) {
        MINTMARK_TRY(const json::Json value, json::read(file));
        MINTMARK_TRY(vouchers.emplace_back(), market::Voucher::from_json(value));
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::VoucherSettlement done,
                 market::settle_vouchers(market, key, vouchers));
    Currency currency;
    currency.token = vouchers.front().channel.token;
    MINTMARK_TRY(currency.decimals, market::token_decimals(market, currency.token));
    json::Json statuses = json::Json::array();
    Table table;
    for (std::size_t i = 0; i < done.statuses.size(); ++i) {
        const std::string status(market::voucher_status_name(done.statuses[i]));
        statuses.push_back(status);
        table.row(chain::to_checksum(vouchers[i].channel.buyer), status);
    }
    emit(app,
         {{"total", done.total.to_string()}, {"statuses", statuses}, {"tx", tx_json(done.receipt)}},
         table.row("total", currency.format(done.total) + " (split by the revenue router)")
             .row("transaction", tx_text(done.receipt))
             .text());
    return {};
}

Status start_thaw(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const chain::U256 amount, currency.parse(args.amount));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::thaw(market, key, channel, amount));
    return emit_channel(app, market, channel, currency, &receipt);
}

Status take_back(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::withdraw(market, key, channel, to));
    return emit_channel(app, market, channel, currency, &receipt);
}

/// The provider's signature that a channel may be closed as it stands.
Status consent(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const market::ChannelInfo info, market::read_channel(market, channel));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    const market::CloseConsent what{channel.id(), info.settled, info.closes,
                                    now + args.hours * 3600};
    MINTMARK_TRY(const Bytes32 digest, what.digest(market.deployment()));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const std::string text =
        fmt::format("{}:{}", what.deadline, to_hex(key.sign(digest).to_bytes()));
    emit(app, {{"consent", text}, {"settled", info.settled.to_string()}},
         Table()
             .row("settled", currency.format(info.settled))
             .row("consent", text + " (for `mintmark channel close --consent`)")
             .text());
    return {};
}

/// As the provider, or as the buyer with the provider's consent.
Status close(const App& app, const ChannelArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Currency currency, currency_of(market, args.token));
    MINTMARK_TRY(const market::ChannelKey channel, channel_of(app, args, currency));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    if (args.consent.empty()) {
        MINTMARK_TRY(const chain::Receipt receipt, market::close_as_provider(market, key, channel));
        return emit_channel(app, market, channel, currency, &receipt);
    }
    const std::size_t colon = args.consent.find(':');
    if (colon == std::string::npos) {
        return fail(ErrorCode::kInvalidArgument, "--consent is DEADLINE:SIGNATURE",
                    "the provider makes it with `mintmark channel consent`");
    }
    MINTMARK_TRY(const chain::U256 parsed, chain::U256::parse(args.consent.substr(0, colon)));
    MINTMARK_TRY(const Bytes signature, from_hex(args.consent.substr(colon + 1)));
    MINTMARK_TRY(
        const chain::Receipt receipt,
        market::close_with_consent(market, key, channel, parsed.to_u64().value_or(0), signature));
    return emit_channel(app, market, channel, currency, &receipt);
}

}  // namespace

void add_channel_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("channel", "pay a provider per answer from an escrow");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<ChannelArgs>();
    add_deposit_commands(*group, app, args);
    channel_command(*group, app, "show", "a channel's money", args, show);
    CLI::App* sub = channel_command(*group, app, "voucher", "sign what you owe in all for a model",
                                    args, sign_voucher);
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--version-id", args->version, "version [the canonical one]");
    sub->add_option("--total", args->amount, "owed in all, not since the last voucher")->required();
    sub->add_option("--hours", args->hours, "how long it settles [24]");
    sub->add_option("--out", args->file, "file to write the voucher to");
    const auto files = std::make_shared<std::vector<std::string>>();
    sub = command(*group, app, "settle", "turn vouchers into money",
                  [&app, files] { return settle(app, *files); });
    sub->add_option("VOUCHER", *files, "voucher files of one model and provider")->required();
    sub = channel_command(*group, app, "thaw", "start to take escrow back", args, start_thaw);
    sub->add_option("--amount", args->amount, "0 stops it")->required();
    sub = channel_command(*group, app, "withdraw", "take back what has thawed", args, take_back);
    sub->add_option("--to", args->to, "who gets it [you]");
    sub = channel_command(*group, app, "consent", "as a provider: let the buyer close now", args,
                          consent);
    sub->add_option("--hours", args->hours, "how long the consent holds [24]");
    sub = channel_command(*group, app, "close", "give the rest back to the buyer at once", args,
                          close);
    sub->add_option("--consent", args->consent, "the provider's, when you are the buyer");
}

}  // namespace mintmark::app
