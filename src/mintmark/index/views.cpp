#include "mintmark/index/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/address.hpp"

namespace mintmark::index {
namespace {

using chain::AbiValue;
using chain::U256;
using json::Json;

std::uint64_t number(const Json& value, std::string_view key) {
    return json::get_u64(value, key).value_or(0);
}

Address address(const Json& value, std::string_view key) {
    const auto text = json::get_string(value, key);
    return text ? chain::parse_address(*text).value_or(Address{}) : Address{};
}

U256 amount(const Json& value, std::string_view key) {
    const auto text = json::get_string(value, key);
    return text ? U256::parse(*text).value_or(U256()) : U256();
}

std::string text(const Json& value, std::string_view key) {
    return json::get_string(value, key).value_or("");
}

std::string name_of(char kind, const market::VersionRef& version) {
    return fmt::format("{}:{}/{}", kind, version.model, version.version);
}

std::string name_of(const market::ChannelKey& channel) {
    return "c:" + to_hex(channel.id());
}

market::Listing listing_of(const Json& model) {
    market::Listing out;
    const Json* listing = json::find(model, "listing");
    if (listing == nullptr) return out;
    out.task = text(*listing, "task");
    out.license = text(*listing, "license");
    out.modality = text(*listing, "modality");
    out.tags = text(*listing, "tags");
    out.verification = static_cast<market::Verification>(
        std::min<std::uint64_t>(number(*listing, "verification"), 4));
    return out;
}

}  // namespace

Result<market::PassInfo> read_pass(Store& store, std::uint64_t id, std::uint64_t now) {
    MINTMARK_TRY(const auto value, store.entity(fmt::format("p:{}", id)));
    if (!value) return fail(ErrorCode::kNotFound, fmt::format("there is no pass {}", id));
    market::PassInfo out;
    out.id = id;
    out.version = {number(*value, "model"), number(*value, "version")};
    out.owner = address(*value, "owner");
    if (number(*value, "user_expires") >= now) out.user = address(*value, "user");
    out.token = address(*value, "token");
    const std::uint64_t unit = number(*value, "unit");
    if (unit >= market::kUnits) return fail(ErrorCode::kUnsupported, "a pass of an unknown unit");
    out.unit = static_cast<market::Unit>(unit);
    out.calls_left = number(*value, "left");
    out.metered = number(*value, "metered");
    out.expires = number(*value, "expires");
    return out;
}

Result<std::vector<std::uint64_t>> passes_of(Store& store, const Address& owner) {
    MINTMARK_TRY(const auto passes, store.entities('p', to_hex(owner)));
    std::vector<std::uint64_t> out;
    for (const auto& pass : passes) out.push_back(number(pass.value, "id"));
    std::ranges::sort(out);
    return out;
}

namespace {

market::ChannelInfo channel_of(const Json& value) {
    market::ChannelInfo out;
    out.balance = amount(value, "balance");
    out.settled = amount(value, "settled");
    out.thawing = amount(value, "thawing");
    out.thaw_ends = number(value, "thaw_ends");
    out.closes = number(value, "closes");
    out.exposure_limit = out.balance.checked_sub(out.thawing).value_or(U256());
    return out;
}

}  // namespace

Result<market::ChannelInfo> read_channel(Store& store, const market::ChannelKey& channel) {
    MINTMARK_TRY(const auto value, store.entity(name_of(channel)));
    return value ? channel_of(*value) : market::ChannelInfo{};
}

Result<LaneInfo> read_lane(Store& store, const market::ChannelKey& channel,
                           const market::VersionRef& version) {
    MINTMARK_TRY(const auto value, store.entity(name_of(channel)));
    LaneInfo out = {};
    if (!value) return out;
    out.channel = channel_of(*value);
    if (const Json* settled = json::find(*value, "settled_for"))
        out.settled_for = amount(*settled, fmt::format("{}/{}", version.model, version.version));
    return out;
}

Result<market::VersionStatus> status_of(Store& store, const market::VersionRef& version) {
    MINTMARK_TRY(const auto value, store.entity(name_of('v', version)));
    if (!value) return market::VersionStatus::kNone;
    return static_cast<market::VersionStatus>(std::min<std::uint64_t>(number(*value, "status"), 4));
}

Result<market::CardEpoch> current_rates(Store& store, const market::VersionRef& version,
                                        std::uint64_t now) {
    MINTMARK_TRY(const auto value, store.entity(name_of('r', version)));
    for (const char* which : {"latest", "current"}) {
        const Json* epoch = value ? json::find(*value, which) : nullptr;
        if (epoch == nullptr || number(*epoch, "starts_at") > now) continue;
        MINTMARK_TRY(const Bytes data, from_hex(text(*epoch, "data")));
        return market::decode_rates(data);
    }
    return market::CardEpoch{};
}

Result<std::optional<market::Price>> latest_price(Store& store, const market::VersionRef& version) {
    MINTMARK_TRY(const auto value, store.entity(name_of('e', version)));
    const Json* epoch = value ? json::find(*value, "latest") : nullptr;
    if (epoch == nullptr) return std::nullopt;
    MINTMARK_TRY(const Bytes data, from_hex(text(*epoch, "data")));
    MINTMARK_TRY(const auto fields,
                 chain::decode_values("(uint32,(uint128,uint128,bool),uint64)", data));
    MINTMARK_TRY(const auto price, fields[1].as_items());
    market::Price out;
    MINTMARK_TRY(out.per_call, price[0].as_u256());
    MINTMARK_TRY(out.per_day, price[1].as_u256());
    return out;
}

Result<std::vector<market::CatalogueEntry>> search_catalogue(Store& store,
                                                             const market::CatalogueQuery& query,
                                                             bool include_unlisted) {
    MINTMARK_TRY(const auto models, store.entities('m'));
    std::vector<market::CatalogueEntry> out;
    for (const auto& [name, model] : models) {
        if (!include_unlisted && json::find(model, "listing") == nullptr) continue;
        market::CatalogueEntry entry;
        entry.model.id = number(model, "id");
        entry.model.name = text(model, "name");
        entry.model.card_uri = text(model, "card_uri");
        entry.model.owner = address(model, "owner");
        entry.model.payout = address(model, "payout");
        entry.model.canonical = number(model, "canonical");
        entry.listing = listing_of(model);
        const market::VersionRef version{entry.model.id, entry.model.canonical};
        if (version.version != 0) {
            MINTMARK_TRY(entry.price, latest_price(store, version));
            MINTMARK_TRY(const auto status, status_of(store, version));
            entry.is_for_sale = status == market::VersionStatus::kActive;
        }
        if (market::matches(entry, query)) out.push_back(std::move(entry));
    }
    std::ranges::sort(out, {}, [](const auto& entry) { return entry.model.id; });
    return out;
}

}  // namespace mintmark::index
