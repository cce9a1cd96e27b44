// Passes that count units of use, priced in dollars, paid in any listed currency (spec §9).
#pragma once

#include <cstdint>

#include "mintmark/market/passes.hpp"
#include "mintmark/market/rates.hpp"

namespace mintmark::market {

struct UnitOrder {
    VersionRef version;
    Unit unit = Unit::kOutputToken;
    std::uint64_t units = 0;  ///< durations in seconds
    std::uint64_t days = 0;
    Address token = {};     ///< zero: native
    chain::U256 max_price;  ///< the token's smallest units
    Address to = {};
    Tariff tariff = Tariff::kPublic;
    chain::U256 gate_key;  ///< whose quota of the discount gate pays for the holder's tariff
};

/// Today's price in the currency's smallest units, rounded up once.
[[nodiscard]] Result<chain::U256> quote_units(Market& market, const UnitOrder& order);
/// Quotes, compares with max_price (kPriceExceeded before anything is sent), lets the contract pull
/// a token, and buys. A native surplus comes back in the same transaction.
[[nodiscard]] Result<BoughtPass> buy_units(Market& market, const chain::PrivateKey& key,
                                           const UnitOrder& order);

/// A currency that prices in dollars are paid in (ICurrencies.list).
struct CurrencyListing {
    Address token = {};  ///< zero: native
    Address feed = {};   ///< of Chainlink's AggregatorV3Interface, dollars per whole token
    std::uint64_t decimals = 18;
    std::uint64_t heartbeat = 3'600;  ///< seconds after which an answer is stale
    chain::U256 min_answer;           ///< sanity bounds, inclusive
    chain::U256 max_answer;
};

/// Role OPERATOR. On a chain where that role has a delay, the call has to be scheduled in the
/// AccessManager first.
[[nodiscard]] Result<chain::Receipt> list_currency(Market& market, const chain::PrivateKey& key,
                                                   const CurrencyListing& listing);

}  // namespace mintmark::market
