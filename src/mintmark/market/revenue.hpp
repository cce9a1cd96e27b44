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

/// Royalties that `ancestor` takes of `model`'s income.
struct RoyaltyRef {
    std::uint64_t model = 0;
    std::uint64_t ancestor = 0;
    Address token = {};
};

/// A vault to open: `shares` go to `to`, entitled to `ppm` of what would be the creator's.
struct VaultOrder {
    std::uint64_t model = 0;
    std::uint64_t ppm = 0;
    chain::U256 shares;
    Address to = {};
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

/// The zero address: the native currency.
inline constexpr Address kNative = {};

/// The same for an accepted token, in its smallest units.
[[nodiscard]] Result<CreatorAccount> creator_account(Market& market, std::uint64_t model,
                                                     const Address& token);
[[nodiscard]] Result<Claimed> claim_creator(Market& market, const chain::PrivateKey& key,
                                            std::uint64_t model, const Address& token);
[[nodiscard]] Result<Claimed> claim_platform(Market& market, const chain::PrivateKey& key,
                                             const Address& token);
/// Credits one ancestor with its royalties of a descendant; kNotFound when there are none.
[[nodiscard]] Result<Claimed> collect_royalty(Market& market, const chain::PrivateKey& key,
                                              const RoyaltyRef& royalty);

/// What a model pays its nodes now, in millionths of what ancestors leave.
[[nodiscard]] Result<std::uint64_t> node_part(Market& market, std::uint64_t model);
/// Lets the router take a token, for ever (role OPERATOR), or stops new payments in it.
[[nodiscard]] Result<chain::Receipt> accept_token(Market& market, const chain::PrivateKey& key,
                                                  const Address& token);
[[nodiscard]] Result<chain::Receipt> stop_token(Market& market, const chain::PrivateKey& key,
                                                const Address& token, bool stopped);
/// A higher part holds at once, a lower one after a day.
[[nodiscard]] Result<chain::Receipt> set_node_part(Market& market, const chain::PrivateKey& key,
                                                   std::uint64_t model, std::uint64_t ppm);
/// What a node has earned and not pulled.
[[nodiscard]] Result<chain::U256> node_claimable(Market& market, const Address& node,
                                                 const Address& token);
/// Pulls the wallet's income as a node to itself; kNotFound when there is none.
[[nodiscard]] Result<Claimed> claim_node(Market& market, const chain::PrivateKey& key,
                                         const Address& token);

/// A model's vault (docs/spec/contracts.md §15).
struct VaultInfo {
    Address address = {};  ///< zero: the model has none
    std::uint64_t ppm = 0;
    chain::U256 shares;
    chain::U256 held;       ///< of `account`
    chain::U256 claimable;  ///< by `account`, in the token's smallest units
};

[[nodiscard]] Result<VaultInfo> get_vault(Market& market, std::uint64_t model,
                                          const Address& account, const Address& token);
[[nodiscard]] Result<chain::Receipt> open_vault(Market& market, const chain::PrivateKey& key,
                                                const VaultOrder& order);
/// Moves the wallet's shares; the income until now stays its own. kInsufficientFunds for more than
/// it holds.
[[nodiscard]] Result<chain::Receipt> send_shares(Market& market, const chain::PrivateKey& key,
                                                 std::uint64_t model, const Address& to,
                                                 const chain::U256& shares);
/// Claims the wallet's income of a vault to itself; kNotFound when there is none.
[[nodiscard]] Result<Claimed> claim_shares(Market& market, const chain::PrivateKey& key,
                                           std::uint64_t model, const Address& token);

}  // namespace mintmark::market
