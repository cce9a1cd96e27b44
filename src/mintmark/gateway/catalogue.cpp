// GET /v1/catalog: the chain's registered models, searched in the index, with what this gateway
// serves of them.
#include <fmt/format.h>

#include <charconv>

#include "mintmark/chain/address.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/query.hpp"
#include "mintmark/gateway/receipt.hpp"
#include "mintmark/market/amount.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::size_t kMostRows = 200;

Result<market::CatalogueQuery> query_of(const QueryFields& fields) {
    market::CatalogueQuery out;
    for (const auto& [name, value] : fields) {
        if (name == "task") {
            out.task = value;
        } else if (name == "license") {
            out.license = value;
        } else if (name == "modality") {
            out.modality = value;
        } else if (name == "q") {
            out.text = value;
        } else if (name == "verification") {
            const auto level = market::parse_verification(value);
            if (!level) return fail(ErrorCode::kInvalidArgument, level.error().message, name);
            out.at_least = *level;
        } else if (name == "max_per_call") {
            const auto price = market::parse_price(value);
            if (!price) return fail(ErrorCode::kInvalidArgument, price.error().message, name);
            out.max_per_call = *price;
        } else if (name == "all") {
            out.include_unsold = value == "1" || value == "true";
        } else if (name != "after") {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("there is no filter {}; there are task, license, modality, q, "
                                    "verification, max_per_call, all, after",
                                    name),
                        name);
        }
    }
    return out;
}

Result<std::uint64_t> after_of(const QueryFields& fields) {
    std::uint64_t out = 0;
    for (const auto& [name, value] : fields) {
        if (name != "after") continue;
        const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
        if (ec != std::errc() || end != value.data() + value.size())
            return fail(ErrorCode::kInvalidArgument, "after must be a model's id", "after");
    }
    return out;
}

json::Json rates_json(const market::RateCard& card) {
    json::Json out = json::Json::object();
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        const std::string name(market::unit_name(static_cast<market::Unit>(i)));
        if (card.rates[i] != 0) out[name] = dollars_text(card.rates[i]);
        if ((card.free_units >> i & 1U) != 0) out[name] = "0";
    }
    return out;
}

json::Json row_json(const CatalogueRow& row) {
    const market::CatalogueEntry& entry = row.entry;
    json::Json out = {{"model", entry.model.id},
                      {"name", entry.model.name},
                      {"owner", chain::to_checksum(entry.model.owner)},
                      {"card_uri", entry.model.card_uri},
                      {"version", entry.model.canonical},
                      {"for_sale", entry.is_for_sale},
                      {"task", entry.listing.task},
                      {"license", entry.listing.license},
                      {"modality", entry.listing.modality},
                      {"verification", market::verification_name(entry.listing.verification)},
                      {"tags", entry.listing.tags},
                      {"price", json::Json::object()}};
    if (entry.price) {
        out["price"]["per_call_pico_wei"] = entry.price->per_call.to_string();
        out["price"]["per_day_pico_wei"] = entry.price->per_day.to_string();
    }
    if (row.rates.number != 0) {
        out["price"]["rates_usd"] = rates_json(row.rates.card);
        out["price"]["epoch"] = row.rates.number;
    }
    return out;
}

}  // namespace

json::Json Gateway::served_json(std::uint64_t registered) const {
    json::Json out = json::Json::array();
    for (const ModelConfig& model : config_.models) {
        if (model.version.model != registered) continue;
        const bool is_local = model.upstreams.empty();
        bool is_up = is_local;
        std::optional<double> uptime;
        for (const std::string& name : model.upstreams) {
            is_up = is_up || upstreams_->is_healthy(name);
            const auto share = upstreams_->uptime(name);
            if (share && (!uptime || *share > *uptime)) uptime = share;
        }
        out.push_back({{"id", model.id},
                       {"version", model.version.version},
                       {"available", is_up},
                       {"uptime_24h", uptime ? json::Json(*uptime) : json::Json(nullptr)}});
    }
    return out;
}

Task<Result<json::Json>> Gateway::catalogue(const Request& request) {
    const auto state = chain_ == nullptr ? std::nullopt : chain_->index_state();
    if (!state) co_return fail(ErrorCode::kNotFound, "this gateway has no index of the chain");
    if (state->follow.tip.hash == Bytes32{})
        co_return fail(ErrorCode::kNetwork, "the chain is being read; come again");
    MINTMARK_CO_TRY(const QueryFields fields, parse_query(request.query));
    MINTMARK_CO_TRY(const market::CatalogueQuery query, query_of(fields));
    MINTMARK_CO_TRY(const std::uint64_t after, after_of(fields));
    MINTMARK_CO_TRY(const auto rows, co_await chain_->catalogue(query, after, kMostRows + 1));
    json::Json data = json::Json::array();
    for (const CatalogueRow& row : rows) {
        if (data.size() == kMostRows) break;
        json::Json value = row_json(row);
        value["served"] = served_json(row.entry.model.id);
        data.push_back(std::move(value));
    }
    co_return json::Json{{"object", "list"},
                         {"data", std::move(data)},
                         {"has_more", rows.size() > kMostRows},
                         {"index",
                          {{"block", state->follow.tip.number},
                           {"lag_blocks", state->follow.lag()},
                           {"fresh", state->is_fresh},
                           {"trusted", state->is_trusted}}}};
}

}  // namespace mintmark::gateway
