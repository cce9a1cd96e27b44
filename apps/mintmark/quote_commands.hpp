// Signed prices: one command of `mintmark price`, one of `mintmark pass`.
#pragma once

#include <string>

#include "app.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/market/market.hpp"

namespace mintmark::app {

void add_offer_command(CLI::App& prices, App& app);
void add_buy_quoted_command(CLI::App& passes, App& app);

/// An amount of `token`: "0.1ETH" of native currency (the zero address), "12.5" with a token's
/// decimals. Errors: kInvalidArgument, and the chain's.
[[nodiscard]] Result<chain::U256> parse_price_in(market::Market& market, const Address& token,
                                                 const std::string& text);

}  // namespace mintmark::app
