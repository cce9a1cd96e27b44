// Amounts of the native currency as people write them.
#pragma once

#include <string>
#include <string_view>

#include "mintmark/chain/u256.hpp"

namespace mintmark::market {

/// "0.5 ETH", "20 gwei", "1000 wei", in wei; without a unit it is ETH. kInvalidArgument.
[[nodiscard]] Result<chain::U256> parse_amount(std::string_view text);
/// The same in pico-wei (10^-12 wei), as the price book keeps prices; "0.5 wei" is fine here.
[[nodiscard]] Result<chain::U256> parse_price(std::string_view text);
/// "0.0013 ETH", exact.
[[nodiscard]] std::string format_amount(const chain::U256& wei);
/// Pico-wei as format_amount.
[[nodiscard]] std::string format_price(const chain::U256& pico_wei);

}  // namespace mintmark::market
