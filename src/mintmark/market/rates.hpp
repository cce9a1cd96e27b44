// Prices in dollars per unit of use: rate cards, bills, quotes (docs/spec/contracts.md §8).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// What a model charges for; the index is the place in a card and in a usage.
enum class Unit : std::uint8_t {
    kCall,
    kInputToken,
    kCachedInputToken,
    kOutputToken,
    kReasoningToken,
    kEmbedding,
    kImage,
    kPixelStep,
    kAudioSecond,
    kVideoSecond,
    kGpuSecond,
    kDay
};
inline constexpr std::size_t kUnits = 12;

/// "input_token", …
[[nodiscard]] std::string_view unit_name(Unit unit) noexcept;
/// kInvalidArgument, with all names.
[[nodiscard]] Result<Unit> parse_unit(std::string_view name);
/// Counted in milliseconds and priced per second?
[[nodiscard]] constexpr bool is_duration(Unit unit) noexcept {
    return unit >= Unit::kAudioSecond && unit <= Unit::kGpuSecond;
}

/// Quantities by unit; durations in milliseconds; at most 2^56 each.
using Usage = std::array<std::uint64_t, kUnits>;

/// IRateBook.RateCard.
struct RateCard {
    std::array<std::uint64_t, kUnits> rates = {};  ///< pico-dollars per unit, durations per second
    std::uint64_t minimum = 0;                     ///< pico-dollars
    std::uint32_t min_multiplier_ppm = 1'000'000;
    std::uint32_t max_multiplier_ppm = 1'000'000;
    std::uint32_t discount_ppm = 0;
    std::uint16_t free_units = 0;  ///< bit i: unit i is free
    std::uint64_t discount_gate = 0;
};

struct CardEpoch {
    RateCard card;
    std::uint64_t starts_at = 0;
    std::uint64_t number = 0;  ///< 0: none was ever set
};

enum class Tariff : std::uint8_t { kPublic, kHolder };

/// A price that a model's owner offers to one buyer (IRateBook.Quote).
struct PriceQuote {
    VersionRef version;
    Address buyer = {};
    Address token = {};
    chain::U256 amount;  ///< the token's smallest unit; not zero
    Unit unit = Unit::kCall;
    std::uint64_t units = 0;
    std::uint64_t days = 0;
    chain::U256 nonce;
    std::uint64_t deadline = 0;
    /// EIP-712 digest under PriceBook's domain.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

/// Parts of a dollar that a bill counts.
inline constexpr std::string_view kBillScale = "1000000000000000000000000000";  // 10^27

/// What a use costs, exactly, in 10^-27 dollar; the same numbers as the contract. kOutOfRange for a
/// quantity above 2^56, kRejected for a unit that is not offered, kInvalidArgument for no use.
[[nodiscard]] Result<chain::U256> bill(const RateCard& card, const Usage& usage,
                                       std::uint32_t multiplier_ppm, Tariff tariff);

/// "0.05/M" (dollars per million) or "0.01" (dollars per unit) in pico-dollars per unit, exactly.
/// kInvalidArgument, also when it has more digits than a pico-dollar.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);
/// Dollars per million units, exact.
[[nodiscard]] std::string format_rate(std::uint64_t pico_dollars);

[[nodiscard]] Result<chain::Receipt> set_rates(Market& market, const chain::PrivateKey& key,
                                               const VersionRef& version, const RateCard& card);
/// The card that was set last; it may start in the future. Number 0 when there is none.
[[nodiscard]] Result<CardEpoch> latest_rates(Market& market, const VersionRef& version);
/// kNotFound when none holds yet.
[[nodiscard]] Result<CardEpoch> current_rates(Market& market, const VersionRef& version);
/// The data of IRateBook.RatesScheduled. kMalformed.
[[nodiscard]] Result<CardEpoch> decode_rates(ByteSpan data);
/// Price of a use in the smallest unit of a currency (zero: native).
[[nodiscard]] Result<chain::U256> quote_usage(Market& market, const VersionRef& version,
                                              const Address& token, const Usage& usage);

}  // namespace mintmark::market
