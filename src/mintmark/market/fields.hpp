// Numbers and addresses in the JSON of signed orders, quotes, votes and vouchers. Internal to the
// module.
#pragma once

#include <string>
#include <string_view>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::market {

/// Errors: kMalformed (no string of that name, or no number in it).
[[nodiscard]] inline Result<chain::U256> get_number(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return chain::U256::parse(text);
}

/// Errors: kMalformed (no string of that name, or no address in it).
[[nodiscard]] inline Result<Address> get_address(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return chain::parse_address(text);
}

}  // namespace mintmark::market
