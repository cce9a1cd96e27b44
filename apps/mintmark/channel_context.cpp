#include "channel_context.hpp"

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"

namespace mintmark::app {

Result<Currency> currency_of(market::Market& market, const std::string& text) {
    Currency out;
    if (text == "native") return out;
    MINTMARK_TRY(out.token, chain::parse_address(text));
    MINTMARK_TRY(out.decimals, market::token_decimals(market, out.token));
    return out;
}

Result<market::ChannelKey> channel_of(const App& app, const ChannelArgs& args,
                                      const Currency& currency) {
    market::ChannelKey out;
    out.token = currency.token;
    if (args.buyer.empty() || args.provider.empty()) {
        MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
        out.buyer = out.provider = wallet.address;
    }
    if (!args.buyer.empty()) {
        MINTMARK_TRY(out.buyer, parse_account(app, args.buyer));
    }
    if (!args.provider.empty()) {
        MINTMARK_TRY(out.provider, parse_account(app, args.provider));
    }
    return out;
}

Status emit_channel(const App& app, market::Market& market, const market::ChannelKey& channel,
                    const Currency& currency, const chain::Receipt* receipt) {
    MINTMARK_TRY(const market::ChannelInfo info, market::read_channel(market, channel));
    json::Json value = {{"channel", to_hex(channel.id())},
                        {"buyer", chain::to_checksum(channel.buyer)},
                        {"provider", chain::to_checksum(channel.provider)},
                        {"token", chain::to_checksum(channel.token)},
                        {"balance", info.balance.to_string()},
                        {"settled", info.settled.to_string()},
                        {"thawing", info.thawing.to_string()},
                        {"thaw_ends", info.thaw_ends},
                        {"exposure_limit", info.exposure_limit.to_string()}};
    Table table;
    table.row("channel", to_hex(channel.id()))
        .row("buyer", chain::to_checksum(channel.buyer))
        .row("provider", chain::to_checksum(channel.provider))
        .row("balance", currency.format(info.balance))
        .row("settled", currency.format(info.settled));
    if (!info.thawing.is_zero()) {
        table.row("thawing", fmt::format("{} until {}", currency.format(info.thawing),
                                         time_text(info.thaw_ends)));
    }
    if (receipt != nullptr) {
        value["tx"] = tx_json(*receipt);
        table.row("transaction", tx_text(*receipt));
    }
    emit(app, value, table.text());
    return {};
}

CLI::App* channel_command(CLI::App& group, App& app, const std::string& name,
                          const std::string& help, const std::shared_ptr<ChannelArgs>& args,
                          Status (*body)(const App&, const ChannelArgs&)) {
    CLI::App* sub =
        command(group, app, name, help, [&app, args, body] { return body(app, *args); });
    sub->add_option("--buyer", args->buyer, "address or wallet [your wallet]");
    sub->add_option("--provider", args->provider, "address or wallet [your wallet]");
    sub->add_option("--token", args->token, "token address, or native");
    return sub;
}

}  // namespace mintmark::app
