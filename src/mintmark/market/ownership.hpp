// What owners do with what they bought or made: lend, prolong, end, move and hand over.
#pragma once

#include <cstdint>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// Longer validity of a pass at its version's price per day.
struct Renewal {
    std::uint64_t pass = 0;
    std::uint64_t days = 0;
    chain::U256 max_price;  ///< smallest units of the pass's currency
};

struct Renewed {
    chain::U256 price;
    chain::Receipt receipt;
};

/// kPriceExceeded before anything is sent; what the contract says of a pass that cannot be renewed.
[[nodiscard]] Result<Renewed> renew_pass(Market& market, const chain::PrivateKey& key,
                                         const Renewal& renewal);
/// ERC-4907: `user` signs requests, too, until `expires` (seconds since 1970) or a transfer.
[[nodiscard]] Result<chain::Receipt> lend_pass(Market& market, const chain::PrivateKey& key,
                                               std::uint64_t pass, const Address& user,
                                               std::uint64_t expires);
/// Ends a pass a day from now, without anybody's consent; what is left can then be refunded.
[[nodiscard]] Result<chain::Receipt> cancel_pass(Market& market, const chain::PrivateKey& key,
                                                 std::uint64_t pass);
/// To the canonical version, when the pass's own is not sold any more.
[[nodiscard]] Result<chain::Receipt> move_pass(Market& market, const chain::PrivateKey& key,
                                               std::uint64_t pass);
/// ERC-721 `safeTransferFrom` of "AccessPass", "ModelRegistry" or "LicenseToken", by its owner.
[[nodiscard]] Result<chain::Receipt> hand_over(Market& market, const chain::PrivateKey& key,
                                               std::string_view collection, std::uint64_t id,
                                               const Address& to);
/// Where a model's income goes. Void after a transfer until the new owner sets it.
[[nodiscard]] Result<chain::Receipt> set_payout(Market& market, const chain::PrivateKey& key,
                                                std::uint64_t model, const Address& to);

}  // namespace mintmark::market
