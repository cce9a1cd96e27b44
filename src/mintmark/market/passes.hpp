// Access passes: quoted, bought, read, refunded.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/market/rates.hpp"

namespace mintmark::market {

struct PassInfo {
    std::uint64_t id = 0;
    VersionRef version;
    Address owner = {};
    Address user = {};   ///< ERC-4907; zero when there is none now
    chain::U256 escrow;  ///< not earned yet, in the token's smallest units
    Address token = {};  ///< zero: native
    Unit unit = Unit::kCall;
    std::uint64_t calls_left = 0;  ///< or units of its kind
    std::uint64_t metered = 0;     ///< units used through vouchers
    std::uint64_t expires = 0;     ///< last second at which a call settles
};

struct PassOrder {
    VersionRef version;
    std::uint64_t calls = 0;
    std::uint64_t days = 0;
    chain::U256 max_price;  ///< wei
    Address to = {};
};

struct BoughtPass {
    std::uint64_t id;
    chain::U256 price;  ///< wei
    chain::Receipt receipt;
};

/// What a pass's holder states to have used through vouchers in all (IAccessPass.Usage).
struct PassUsage {
    std::uint64_t pass = 0;
    std::uint64_t cumulative = 0;
    std::uint64_t valid_until = 0;
    Address node = {};  ///< who served, and is paid for it
    Bytes32 receipt_root = {};
    /// EIP-712 digest under AccessPass's domain.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

/// Price in wei of a pass, from the on-chain price book.
[[nodiscard]] Result<chain::U256> quote_pass(Market& market, const PassOrder& order);
/// Quotes, compares with max_price (kPriceExceeded before anything is sent), and buys at the quote.
[[nodiscard]] Result<BoughtPass> buy_pass(Market& market, const chain::PrivateKey& key,
                                          const PassOrder& order);
/// kNotFound.
[[nodiscard]] Result<PassInfo> get_pass(Market& market, std::uint64_t id);
/// Every pass of an owner, by id.
[[nodiscard]] Result<std::vector<PassInfo>> list_passes(Market& market, const Address& owner);
/// Returns the unearned escrow of an expired or revoked pass to `to`.
[[nodiscard]] Result<chain::Receipt> refund_pass(Market& market, const chain::PrivateKey& key,
                                                 std::uint64_t id, const Address& to);

}  // namespace mintmark::market
