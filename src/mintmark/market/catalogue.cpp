#include "mintmark/market/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kRegistry = "ModelRegistry";
constexpr std::string_view kListed = "ModelListed(uint256,bytes32,bytes32,bytes32,uint8,string)";
constexpr std::array<std::string_view, 5> kLevels = {"none", "optimistic", "audit", "attested",
                                                     "zk"};

/// Short ASCII text in a word, zeros on the right.
Result<Bytes32> word_of(std::string_view name, std::string_view text) {
    Bytes32 out = {};
    const bool is_plain =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (text.size() > out.size() || !is_plain) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no {}", text, name),
                    "at most 32 plain characters without spaces");
    }
    std::copy(text.begin(), text.end(), out.begin());
    return out;
}

std::string text_of(const Bytes32& word) {
    return {word.begin(), std::find(word.begin(), word.end(), 0)};
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool contains(std::string_view text, std::string_view part) {
    return lower(text).find(lower(part)) != std::string::npos;
}

Result<Listing> listing_of(const chain::Log& log) {
    if (log.topics.size() != 4) return fail(ErrorCode::kMalformed, "a listing has four topics");
    MINTMARK_TRY(const auto fields, chain::decode_values("(bytes32,uint8,string)", log.data));
    Listing out;
    out.task = text_of(log.topics[2]);
    out.license = text_of(log.topics[3]);
    MINTMARK_TRY(const Bytes32 modality, fields[0].as_bytes32());
    out.modality = text_of(modality);
    MINTMARK_TRY(const std::uint64_t level, fields[1].as_u64());
    out.verification = static_cast<Verification>(std::min<std::uint64_t>(level, 4));
    MINTMARK_TRY(out.tags, fields[2].as_text());
    return out;
}

Result<CatalogueEntry> entry_of(Market& market, std::uint64_t model, Listing listing) {
    CatalogueEntry out;
    MINTMARK_TRY(out.model, get_model(market, model));
    out.listing = std::move(listing);
    if (out.model.canonical == 0) return out;
    const VersionRef version{model, out.model.canonical};
    MINTMARK_TRY(out.price, get_price(market, version));
    MINTMARK_TRY(const U256 status,
                 market.read_number({kRegistry,
                                     "statusOf(uint256,uint256)",
                                     {AbiValue(model), AbiValue(version.version)}}));
    if (auto epoch = current_rates(market, version)) {
        out.rates = epoch->card;
    } else if (epoch.error().code != ErrorCode::kNotFound) {
        return std::unexpected(epoch.error());
    }
    out.is_for_sale = status == U256(static_cast<unsigned>(VersionStatus::kActive));
    return out;
}

}  // namespace

std::string_view verification_name(Verification level) noexcept {
    const auto index = static_cast<std::size_t>(level);
    return index < kLevels.size() ? kLevels[index] : kLevels[0];
}

Result<Verification> parse_verification(std::string_view text) {
    const auto found = std::find(kLevels.begin(), kLevels.end(), text);
    if (found != kLevels.end()) return static_cast<Verification>(found - kLevels.begin());
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no kind of verification", text),
                "one of none, optimistic, audit, attested, zk");
}

Result<chain::Receipt> list_model(Market& market, const chain::PrivateKey& key, std::uint64_t model,
                                  const Listing& listing) {
    MINTMARK_TRY(const Bytes32 task, word_of("task", listing.task));
    MINTMARK_TRY(const Bytes32 license, word_of("licence", listing.license));
    MINTMARK_TRY(const Bytes32 modality, word_of("modality", listing.modality));
    const AbiValue entry({AbiValue(task), AbiValue(license), AbiValue(modality),
                          AbiValue(static_cast<unsigned>(listing.verification)),
                          AbiValue(listing.tags)});
    return market.send(key, {kRegistry,
                             "listModel(uint256,(bytes32,bytes32,bytes32,uint8,string))",
                             {AbiValue(model), entry}});
}

namespace {

/// Sells the card the unit, and for no more than that?
bool is_within(const std::optional<RateCard>& card, const RateLimit& limit) {
    if (!card) return false;
    const auto unit = static_cast<std::size_t>(limit.unit);
    const bool is_free = (card->free_units >> unit & 1U) != 0;
    return is_free || (card->rates[unit] != 0 && card->rates[unit] <= limit.pico_dollars);
}

}  // namespace

bool matches(const CatalogueEntry& entry, const CatalogueQuery& query) {
    const Listing& listing = entry.listing;
    const auto is = [](const std::string& wanted, const std::string& actual) {
        return wanted.empty() || lower(wanted) == lower(actual);
    };
    if (!is(query.task, listing.task) || !is(query.license, listing.license)) return false;
    if (!is(query.modality, listing.modality)) return false;
    if (listing.verification < query.at_least) return false;
    if (!query.include_unsold && !entry.is_for_sale) return false;
    if (query.max_per_call && (!entry.price || entry.price->per_call > *query.max_per_call)) {
        return false;
    }
    if (query.max_rate && !is_within(entry.rates, *query.max_rate)) return false;
    return contains(entry.model.name, query.text) || contains(listing.tags, query.text);
}

Result<std::vector<CatalogueEntry>> search_catalogue(Market& market, const CatalogueQuery& query) {
    MINTMARK_TRY(const auto logs, market.logs(kRegistry, kListed));
    std::map<std::uint64_t, Listing> last;  // a model may be listed anew
    for (const chain::Log& log : logs) {
        MINTMARK_TRY(Listing listing, listing_of(log));
        MINTMARK_TRY(const std::uint64_t model, AbiValue(U256::from_bytes(log.topics[1])).as_u64());
        last[model] = std::move(listing);
    }
    std::vector<CatalogueEntry> out;
    for (auto& [model, listing] : last) {
        MINTMARK_TRY(CatalogueEntry entry, entry_of(market, model, std::move(listing)));
        if (matches(entry, query)) out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace mintmark::market
