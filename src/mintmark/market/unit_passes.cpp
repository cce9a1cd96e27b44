#include "mintmark/market/unit_passes.hpp"

#include <fmt/format.h>

#include "mintmark/market/allowance.hpp"
#include "mintmark/market/revenue.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kPass = "AccessPass";
constexpr std::uint64_t kOrderSeconds = 600;
constexpr std::string_view kBought =
    "PassBought(uint256,uint256,uint256,address,address,uint256,uint64,uint256)";

AbiValue to_abi(const UnitOrder& order, std::uint64_t deadline) {
    return AbiValue({AbiValue(order.version.model), AbiValue(order.version.version),
                     AbiValue(static_cast<unsigned>(order.unit)), AbiValue(order.units),
                     AbiValue(order.days), AbiValue(order.token), AbiValue(order.max_price),
                     AbiValue(deadline), AbiValue(order.to),
                     AbiValue(static_cast<unsigned>(order.tariff)), AbiValue(order.gate_key)});
}

}  // namespace

Result<U256> quote_units(Market& market, const UnitOrder& order) {
    return market.read_number(
        {"PriceBook",
         "quoteUnits(uint256,uint256,address,uint8,uint256,uint256,uint8)",
         {AbiValue(order.version.model), AbiValue(order.version.version), AbiValue(order.token),
          AbiValue(static_cast<unsigned>(order.unit)), AbiValue(order.units), AbiValue(order.days),
          AbiValue(static_cast<unsigned>(order.tariff))}});
}

Result<BoughtPass> buy_units(Market& market, const chain::PrivateKey& key, const UnitOrder& order) {
    MINTMARK_TRY(const U256 price, quote_units(market, order));
    if (price > order.max_price) {
        return fail(ErrorCode::kPriceExceeded,
                    fmt::format("the price is {} of the currency's smallest units, above your "
                                "limit of {}",
                                price.to_string(), order.max_price.to_string()),
                    "raise --max-price, or buy fewer units or days");
    }
    const bool is_native = order.token == kNative;
    if (!is_native) MINTMARK_CHECK(allow(market, key, kPass, order.token, order.max_price));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    // The feed may move before the purchase is mined: the limit is sent, the surplus comes back.
    MINTMARK_TRY(chain::Receipt receipt,
                 market.send(key, {kPass,
                                   "buyUnits((uint256,uint256,uint8,uint256,uint256,address,"
                                   "uint256,uint256,address,uint8,uint256))",
                                   {to_abi(order, now + kOrderSeconds)},
                                   is_native ? order.max_price : U256()}));
    MINTMARK_TRY(const U256 id, market.topic(receipt, {kPass, kBought, 1}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(id).as_u64());
    return BoughtPass{number, price, std::move(receipt)};
}

Result<chain::Receipt> list_currency(Market& market, const chain::PrivateKey& key,
                                     const CurrencyListing& listing) {
    return market.send(key, {"Currencies",
                             "list(address,uint8,address,uint32,uint128,uint128)",
                             {AbiValue(listing.token), AbiValue(listing.decimals),
                              AbiValue(listing.feed), AbiValue(listing.heartbeat),
                              AbiValue(listing.min_answer), AbiValue(listing.max_answer)}});
}

}  // namespace mintmark::market
