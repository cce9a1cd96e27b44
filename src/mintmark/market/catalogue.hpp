// The catalogue: what owners say of their models, listed and searched from events alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/market/rates.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// How an answer can be checked, as the owner declares it; the higher, the stronger.
enum class Verification : std::uint8_t {
    kNone,
    kOptimistic,
    kSampledAudit,
    kAttested,
    kZeroKnowledge
};
[[nodiscard]] std::string_view verification_name(Verification level) noexcept;
/// "none", "optimistic", "audit", "attested", "zk"; kInvalidArgument.
[[nodiscard]] Result<Verification> parse_verification(std::string_view text);

/// IModelRegistry.Listing. The first three are ASCII words of at most 32 bytes.
struct Listing {
    std::string task;      ///< as on model hubs, "image-classification"
    std::string license;   ///< SPDX id or "other"
    std::string modality;  ///< "image", "text", …; may be empty
    Verification verification = Verification::kNone;
    std::string tags;  ///< comma-separated, at most 512 bytes
};

struct CatalogueEntry {
    ModelInfo model;
    Listing listing;
    std::optional<Price> price;          ///< of the canonical version, in pico-wei
    bool is_for_sale = false;            ///< its canonical version is Active
    std::optional<RateCard> rates = {};  ///< of the canonical version, in dollars
};

/// The most that a buyer pays for a unit of use.
struct RateLimit {
    Unit unit = Unit::kOutputToken;
    std::uint64_t pico_dollars = 0;
};

/// What a buyer looks for; an empty field matches everything.
struct CatalogueQuery {
    std::string task;
    std::string license;
    std::string modality;
    std::string text;  ///< in the name or the tags, upper and lower case alike
    Verification at_least = Verification::kNone;
    std::optional<chain::U256> max_per_call;  ///< pico-wei; models without a price do not match
    std::optional<RateLimit> max_rate = {};   ///< models that do not sell the unit do not match
    bool include_unsold = false;
};

/// Puts the wallet's model into the catalogue or changes its entry. kInvalidArgument for words that
/// are not ASCII or too long.
[[nodiscard]] Result<chain::Receipt> list_model(Market& market, const chain::PrivateKey& key,
                                                std::uint64_t model, const Listing& listing);
/// The last entry of each listed model that matches, by model id.
[[nodiscard]] Result<std::vector<CatalogueEntry>> search_catalogue(Market& market,
                                                                   const CatalogueQuery& query);
/// Whether an entry is what the query asks for.
[[nodiscard]] bool matches(const CatalogueEntry& entry, const CatalogueQuery& query);

}  // namespace mintmark::market
