// What the commands of `mintmark channel` share.
#pragma once

#include <fmt/format.h>

#include "app.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/channels.hpp"

namespace mintmark::app {

struct ChannelArgs {
    std::string buyer, provider, token = "native", amount, signer, cap, to, file, consent,
                                 way = "approve";
    std::uint64_t model = 0, version = 0, days = 30, hours = 24;
};

/// A token as people name it, and how its amounts are written.
struct Currency {
    Address token = {};
    std::uint8_t decimals = 18;

    [[nodiscard]] Result<chain::U256> parse(const std::string& text) const {
        if (token == Address{}) return market::parse_amount(text);
        auto value = chain::parse_units(text, decimals);
        if (value) return *value;
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no amount", text),
                    fmt::format("write tokens with at most {} decimals, 12.5", decimals));
    }
    [[nodiscard]] std::string format(const chain::U256& amount) const {
        return token == Address{} ? market::format_amount(amount)
                                  : chain::format_units(amount, decimals);
    }
};

/// "native", or an ERC-20's address.
[[nodiscard]] Result<Currency> currency_of(market::Market& market, const std::string& text);

/// The channel that the flags name; buyer or provider default to the chosen wallet.
[[nodiscard]] Result<market::ChannelKey> channel_of(const App& app, const ChannelArgs& args,
                                                    const Currency& currency);

/// Prints the channel as it is now, and the transaction that changed it.
[[nodiscard]] Status emit_channel(const App& app, market::Market& market,
                                  const market::ChannelKey& channel, const Currency& currency,
                                  const chain::Receipt* receipt);

/// A command with the flags that name a channel.
CLI::App* channel_command(CLI::App& group, App& app, const std::string& name,
                          const std::string& help, const std::shared_ptr<ChannelArgs>& args,
                          Status (*body)(const App&, const ChannelArgs&));

/// open, deposit, carry.
void add_deposit_commands(CLI::App& group, App& app, const std::shared_ptr<ChannelArgs>& args);

}  // namespace mintmark::app
