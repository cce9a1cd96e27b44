#include "mintmark/market/rates.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "mintmark/chain/typed_data.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kPriceBook = "PriceBook";
constexpr std::uint64_t kPpm = 1'000'000;
constexpr std::uint64_t kMilli = 1000;
constexpr std::uint64_t kMaxQuantity = std::uint64_t{1} << 56U;
constexpr unsigned kPicoDecimals = 12;
constexpr unsigned kMillionDecimals = 6;
constexpr std::array<std::string_view, kUnits> kNames = {
    "call",  "input_token", "cached_input_token", "output_token", "reasoning_token", "embedding",
    "image", "pixel_step",  "audio_second",       "video_second", "gpu_second",      "day"};
constexpr std::string_view kQuoteType =
    "Quote(uint256 modelId,uint256 versionId,address buyer,address token,uint256 amount,uint8 unit,"
    "uint256 units,uint256 numDays,uint256 nonce,uint256 deadline)";
#define MINTMARK_CARD "(uint64[12],uint64,uint32,uint32,uint32,uint16,uint64)"

/// The factors are bounded, so no product below leaves 256 bits; checked all the same.
Result<U256> product(const U256& a, const U256& b) {
    const auto value = a.checked_mul(b);
    if (!value) return fail(ErrorCode::kOutOfRange, "the bill is too large");
    return *value;
}

Result<U256> add_unit(const U256& sum, const RateCard& card, std::size_t i,
                      std::uint64_t quantity) {
    if (quantity > kMaxQuantity) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("{} {}s are too many", quantity, kNames[i]));
    }
    if (card.rates[i] == 0 && ((card.free_units >> i) & 1U) == 0) {
        return fail(ErrorCode::kRejected, fmt::format("the model does not offer {}s", kNames[i]));
    }
    // The scaled quantity has up to 66 bits.
    const std::uint64_t factor = is_duration(static_cast<Unit>(i)) ? 1 : kMilli;
    MINTMARK_TRY(const U256 count, product(quantity, factor));
    MINTMARK_TRY(const U256 part, product(count, card.rates[i]));
    const auto value = sum.checked_add(part);
    if (!value) return fail(ErrorCode::kOutOfRange, "the bill is too large");
    return *value;
}

std::vector<AbiValue> version_arguments(const VersionRef& version) {
    return {AbiValue(version.model), AbiValue(version.version)};
}

template <class T>
Status read_into(T& out, const AbiValue& value) {
    MINTMARK_TRY(const std::uint64_t number, value.as_u64());
    out = static_cast<T>(number);
    return {};
}

Result<RateCard> card_from(const AbiValue& value) {
    MINTMARK_TRY(const auto fields, value.as_items());
    RateCard out;
    MINTMARK_TRY(const auto rates, fields[0].as_items());
    for (std::size_t i = 0; i < kUnits; ++i) MINTMARK_CHECK(read_into(out.rates[i], rates[i]));
    MINTMARK_CHECK(read_into(out.minimum, fields[1]));
    MINTMARK_CHECK(read_into(out.min_multiplier_ppm, fields[2]));
    MINTMARK_CHECK(read_into(out.max_multiplier_ppm, fields[3]));
    MINTMARK_CHECK(read_into(out.discount_ppm, fields[4]));
    MINTMARK_CHECK(read_into(out.free_units, fields[5]));
    MINTMARK_CHECK(read_into(out.discount_gate, fields[6]));
    return out;
}

Result<CardEpoch> read_card(Market& market, std::string_view getter, const VersionRef& version) {
    MINTMARK_TRY(const auto values, market.read({kPriceBook, getter, version_arguments(version)},
                                                "((" MINTMARK_CARD ",uint48,uint32))"));
    MINTMARK_TRY(const auto epoch, values[0].as_items());
    CardEpoch out;
    MINTMARK_TRY(out.card, card_from(epoch[0]));
    MINTMARK_TRY(out.starts_at, epoch[1].as_u64());
    MINTMARK_TRY(out.number, epoch[2].as_u64());
    return out;
}

}  // namespace

std::string_view unit_name(Unit unit) noexcept {
    const auto index = static_cast<std::size_t>(unit);
    return index < kUnits ? kNames[index] : "unknown";
}

Result<Unit> parse_unit(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found != kNames.end()) return static_cast<Unit>(found - kNames.begin());
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no unit", name),
                fmt::format("one of {}", fmt::join(kNames, ", ")));
}

Result<Bytes32> PriceQuote::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const Address book, deployment.contract(kPriceBook));
    const chain::TypedDataDomain domain{"Mintmark Prices", "1", deployment.chain_id, book};
    return chain::typed_data_hash(domain, chain::StructHash(kQuoteType)
                                              .number(version.model)
                                              .number(version.version)
                                              .address(buyer)
                                              .address(token)
                                              .number(amount)
                                              .number(static_cast<std::uint64_t>(unit))
                                              .number(units)
                                              .number(days)
                                              .number(nonce)
                                              .number(deadline)
                                              .finish());
}

Result<U256> bill(const RateCard& card, const Usage& usage, std::uint32_t multiplier_ppm,
                  Tariff tariff) {
    U256 sum;
    bool is_used = false;
    for (std::size_t i = 0; i < kUnits; ++i) {
        if (usage[i] == 0) continue;
        is_used = true;
        MINTMARK_TRY(sum, add_unit(sum, card, i, usage[i]));
    }
    if (!is_used) return fail(ErrorCode::kInvalidArgument, "nothing is used");
    if (sum.is_zero()) return sum;
    const std::uint64_t part = kPpm - (tariff == Tariff::kHolder ? card.discount_ppm : 0);
    MINTMARK_TRY(sum, product(sum, multiplier_ppm * part));
    MINTMARK_TRY(const U256 least, product(card.minimum, kMilli * kPpm * kPpm));
    return std::max(sum, least);
}

Result<std::uint64_t> parse_rate(std::string_view text) {
    const bool is_per_million = text.ends_with("/M");
    const std::string number(is_per_million ? text.substr(0, text.size() - 2) : text);
    const auto value =
        chain::parse_units(number, kPicoDecimals - (is_per_million ? kMillionDecimals : 0));
    const auto pico = value ? value->to_u64() : std::nullopt;
    if (pico) return *pico;
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no rate", text),
                "write dollars per unit, 0.01, or per million units, 0.05/M; the smallest rate is "
                "10^-12 dollar");
}

std::string format_rate(std::uint64_t pico_dollars) {
    return "$" + chain::format_units(pico_dollars, kPicoDecimals - kMillionDecimals) + "/M";
}

Result<chain::Receipt> set_rates(Market& market, const chain::PrivateKey& key,
                                 const VersionRef& version, const RateCard& card) {
    std::vector<AbiValue> rates;
    for (const std::uint64_t rate : card.rates) rates.emplace_back(rate);
    std::vector<AbiValue> arguments = version_arguments(version);
    arguments.push_back(
        AbiValue({AbiValue(std::move(rates)), AbiValue(card.minimum),
                  AbiValue(std::uint64_t{card.min_multiplier_ppm}),
                  AbiValue(std::uint64_t{card.max_multiplier_ppm}),
                  AbiValue(std::uint64_t{card.discount_ppm}),
                  AbiValue(std::uint64_t{card.free_units}), AbiValue(card.discount_gate)}));
    return market.send(
        key, {kPriceBook, "setRates(uint256,uint256," MINTMARK_CARD ")", std::move(arguments)});
}

Result<CardEpoch> latest_rates(Market& market, const VersionRef& version) {
    return read_card(market, "latestRates(uint256,uint256)", version);
}

Result<CardEpoch> current_rates(Market& market, const VersionRef& version) {
    return read_card(market, "currentRates(uint256,uint256)", version);
}

Result<CardEpoch> decode_rates(ByteSpan data) {
    MINTMARK_TRY(const auto fields,
                 chain::decode_values("(uint32," MINTMARK_CARD ",uint48)", data));
    CardEpoch out;
    MINTMARK_TRY(out.number, fields[0].as_u64());
    MINTMARK_TRY(out.card, card_from(fields[1]));
    MINTMARK_TRY(out.starts_at, fields[2].as_u64());
    return out;
}

Result<U256> quote_usage(Market& market, const VersionRef& version, const Address& token,
                         const Usage& usage) {
    std::vector<AbiValue> quantities;
    for (const std::uint64_t quantity : usage) quantities.emplace_back(quantity);
    std::vector<AbiValue> arguments = version_arguments(version);
    arguments.emplace_back(token);
    arguments.emplace_back(std::move(quantities));
    arguments.emplace_back(std::uint64_t{0});
    return market.read_number({kPriceBook, "quoteUsage(uint256,uint256,address,uint256[12],uint8)",
                               std::move(arguments)});
}

}  // namespace mintmark::market
