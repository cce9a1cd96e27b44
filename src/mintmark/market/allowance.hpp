// Letting a contract of the deployment pull an ERC-20 token.
#pragma once

#include <string_view>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// Raises the allowance of `spender` (a contract's name) to `amount` if it is below it; through
/// zero, because some tokens refuse anything else.
[[nodiscard]] Status allow(Market& market, const chain::PrivateKey& key, std::string_view spender,
                           const Address& token, const chain::U256& amount);

}  // namespace mintmark::market
