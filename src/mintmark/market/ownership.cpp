#include "mintmark/market/ownership.hpp"

#include <fmt/format.h>

#include "mintmark/market/allowance.hpp"
#include "mintmark/market/unit_passes.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kPass = "AccessPass";
constexpr std::uint64_t kSecondsPerDay = 86'400;

/// What the contract will take: days at the price in dollars or in native currency, as it was sold.
Result<U256> price_of_days(Market& market, const PassInfo& pass, std::uint64_t days) {
    MINTMARK_TRY(const auto stored,
                 market.read({kPass, "getPass(uint256)", {AbiValue(pass.id)}},
                             "(uint128,uint64,uint64,uint64,uint32,(bool,uint24),uint8,bool)"));
    MINTMARK_TRY(const bool is_in_dollars, stored[7].as_bool());
    if (is_in_dollars) {
        UnitOrder order;
        order.version = pass.version;
        order.unit = Unit::kDay;
        order.days = days;
        order.token = pass.token;
        return quote_units(market, order);
    }
    return market.read_number(
        {"PriceBook",
         "quoteDays(uint256,uint256,uint256)",
         {AbiValue(pass.version.model), AbiValue(pass.version.version), AbiValue(days)}});
}

}  // namespace

Result<Renewed> renew_pass(Market& market, const chain::PrivateKey& key, const Renewal& renewal) {
    MINTMARK_TRY(const PassInfo pass, get_pass(market, renewal.pass));
    const std::vector<AbiValue> what = {AbiValue(renewal.pass),
                                        AbiValue(renewal.days * kSecondsPerDay)};
    MINTMARK_TRY(const U256 price, price_of_days(market, pass, renewal.days));
    if (price > renewal.max_price) {
        return fail(ErrorCode::kPriceExceeded,
                    fmt::format("the renewal costs {}, more than the limit of {} (smallest units)",
                                price.to_string(), renewal.max_price.to_string()));
    }
    ContractCall call = {kPass, "renewSubscription(uint256,uint64)", what};
    if (pass.token == Address{}) {
        call.value = price;  // a surplus comes back; a feed that rises meanwhile refuses it
    } else {
        MINTMARK_CHECK(allow(market, key, kPass, pass.token, price));
    }
    MINTMARK_TRY(chain::Receipt receipt, market.send(key, call));
    return Renewed{price, std::move(receipt)};
}

Result<chain::Receipt> lend_pass(Market& market, const chain::PrivateKey& key, std::uint64_t pass,
                                 const Address& user, std::uint64_t expires) {
    return market.send(key, {kPass,
                             "setUser(uint256,address,uint64)",
                             {AbiValue(pass), AbiValue(user), AbiValue(expires)}});
}

Result<chain::Receipt> cancel_pass(Market& market, const chain::PrivateKey& key,
                                   std::uint64_t pass) {
    return market.send(key, {kPass, "cancelSubscription(uint256)", {AbiValue(pass)}});
}

Result<chain::Receipt> move_pass(Market& market, const chain::PrivateKey& key, std::uint64_t pass) {
    return market.send(key, {kPass, "moveToCanonical(uint256)", {AbiValue(pass)}});
}

Result<chain::Receipt> hand_over(Market& market, const chain::PrivateKey& key,
                                 std::string_view collection, std::uint64_t id, const Address& to) {
    return market.send(key, {collection,
                             "safeTransferFrom(address,address,uint256)",
                             {AbiValue(key.address()), AbiValue(to), AbiValue(id)}});
}

Result<chain::Receipt> set_payout(Market& market, const chain::PrivateKey& key, std::uint64_t model,
                                  const Address& to) {
    return market.send(
        key, {"ModelRegistry", "setPayout(uint256,address)", {AbiValue(model), AbiValue(to)}});
}

}  // namespace mintmark::market
