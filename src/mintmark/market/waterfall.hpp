// What the contracts compute when money comes in, to the unit: prices of passes and the split of an
// amount (docs/spec/contracts.md §13). Vectors: contracts/test/vectors/selling.
#pragma once

#include <cstdint>

#include "mintmark/chain/u256.hpp"

namespace mintmark::market {

/// Parts in millionths of what the parties before leave: platform, ancestors, node, vault.
struct SplitRates {
    std::uint64_t platform = 0;
    std::uint64_t royalties = 0;
    std::uint64_t node = 0;
    std::uint64_t vault = 0;
};

/// What earlier payments of a model in one token left behind: fractions below one unit, in
/// millionths, and the lifetime sum that royalties are taken from.
struct SplitState {
    std::uint64_t platform_carry = 0;
    std::uint64_t node_carry = 0;
    std::uint64_t vault_carry = 0;
    chain::U256 royalty_base = {};
};

/// Sums exactly to the amount.
struct SplitParts {
    chain::U256 platform;
    chain::U256 royalties;
    chain::U256 node;
    chain::U256 vault;
    chain::U256 creator;
};

/// Splits one amount and moves the state. kOutOfRange when a rate exceeds the whole or a sum 2^128.
[[nodiscard]] Result<SplitParts> split_amount(SplitState& state, const chain::U256& amount,
                                              const SplitRates& rates);

/// Price of a pass in wei; prices in 10^-12 wei, rounded up once. kOutOfRange beyond 2^256.
[[nodiscard]] Result<chain::U256> pass_price(const chain::U256& pico_per_call, std::uint64_t calls,
                                             const chain::U256& pico_per_day, std::uint64_t days);

}  // namespace mintmark::market
