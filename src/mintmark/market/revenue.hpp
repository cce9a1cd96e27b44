// Money earned: the creator's part of each model, and the platform's.
#pragma once

#include <cstdint>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// Wei over a model's life.
struct CreatorAccount {
    chain::U256 earned;
    chain::U256 claimed;
    chain::U256 claimable;
};

struct PlatformAccount {
    Address treasury = {};
    std::uint64_t ppm = 0;  ///< the platform's part of what comes in from now on
    chain::U256 claimable;
};

struct Claimed {
    chain::U256 amount;
    Address to = {};
    chain::Receipt receipt;
};

[[nodiscard]] Result<CreatorAccount> creator_account(Market& market, std::uint64_t model);
[[nodiscard]] Result<PlatformAccount> platform_account(Market& market);
/// Pulls the creator's part to the model's payout address; kNotFound when there is nothing.
[[nodiscard]] Result<Claimed> claim_creator(Market& market, const chain::PrivateKey& key,
                                            std::uint64_t model);
/// Pulls the platform's part to the treasury; kNotFound when there is nothing.
[[nodiscard]] Result<Claimed> claim_platform(Market& market, const chain::PrivateKey& key);

}  // namespace mintmark::market
