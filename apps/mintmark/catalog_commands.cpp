// `mintmark catalog`: what models are for, under which licence, at which price, and how checkable.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/catalogue.hpp"

namespace mintmark::app {
namespace {

struct CatalogArgs {
    std::uint64_t model = 0;
    market::Listing listing;
    market::CatalogueQuery query;
    std::string verification = "none", max_per_call, max_rate;
};

json::Json entry_json(const market::CatalogueEntry& entry) {
    json::Json row = {{"id", entry.model.id},
                      {"name", entry.model.name},
                      {"owner", chain::to_checksum(entry.model.owner)},
                      {"canonical", entry.model.canonical},
                      {"for_sale", entry.is_for_sale},
                      {"task", entry.listing.task},
                      {"license", entry.listing.license},
                      {"modality", entry.listing.modality},
                      {"verification", market::verification_name(entry.listing.verification)},
                      {"tags", entry.listing.tags}};
    if (entry.price) row["per_call_pico_wei"] = entry.price->per_call.to_string();
    if (entry.rates) {
        for (std::size_t i = 0; i < market::kUnits; ++i) {
            const std::string unit(market::unit_name(static_cast<market::Unit>(i)));
            const bool is_free = (entry.rates->free_units >> i & 1U) != 0;
            if (entry.rates->rates[i] != 0 || is_free)
                row["rates"][unit] = market::format_rate(entry.rates->rates[i]);
        }
    }
    return row;
}

/// "0.001 ETH, output_token $0.2/M": a call in native currency, and what is sold in dollars.
std::string price_text(const market::CatalogueEntry& entry) {
    std::string out = entry.price ? market::format_price(entry.price->per_call) : "";
    for (std::size_t i = 0; entry.rates && i < market::kUnits; ++i) {
        if (entry.rates->rates[i] == 0) continue;
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                           market::unit_name(static_cast<market::Unit>(i)),
                           market::format_rate(entry.rates->rates[i]));
    }
    return out.empty() ? "-" : out;
}

/// "output_token=0.5/M".
Result<market::RateLimit> parse_limit(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no rate", text),
                    "for example output_token=0.5/M");
    }
    market::RateLimit out;
    MINTMARK_TRY(out.unit, market::parse_unit(text.substr(0, equals)));
    MINTMARK_TRY(out.pico_dollars, market::parse_rate(text.substr(equals + 1)));
    return out;
}

Status add(const App& app, CatalogArgs args) {
    MINTMARK_TRY(args.listing.verification, market::parse_verification(args.verification));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::list_model(market, key, args.model, args.listing));
    emit(app, {{"model", args.model}, {"tx", tx_json(receipt)}},
         Table()
             .row("model",
                  fmt::format("{}: {}, {}", args.model, args.listing.task, args.listing.license))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status search(const App& app, CatalogArgs args) {
    MINTMARK_TRY(args.query.at_least, market::parse_verification(args.verification));
    if (!args.max_per_call.empty()) {
        MINTMARK_TRY(args.query.max_per_call, market::parse_price(args.max_per_call));
    }
    if (!args.max_rate.empty()) {
        MINTMARK_TRY(args.query.max_rate, parse_limit(args.max_rate));
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto entries, market::search_catalogue(market, args.query));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:>5}  {:<24} {:<24} {:<14} {:<10} {:<16} {}", "model", "name",
                                   "task", "licence", "verified", "tags", "price");
    for (const market::CatalogueEntry& entry : entries) {
        rows.push_back(entry_json(entry));
        text += fmt::format("\n{:>5}  {:<24} {:<24} {:<14} {:<10} {:<16} {}", entry.model.id,
                            entry.model.name, entry.listing.task, entry.listing.license,
                            market::verification_name(entry.listing.verification),
                            entry.listing.tags, price_text(entry));
    }
    emit(app, {{"models", rows}}, entries.empty() ? "no model matches" : text);
    return {};
}

}  // namespace

void add_catalog_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("catalog", "find models, and be found");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<CatalogArgs>();
    constexpr const char* kLevels = "none, optimistic, audit, attested or zk";
    CLI::App* sub = command(*group, app, "add", "put your model in, or change its entry",
                            [&app, args] { return add(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--task", args->listing.task, "as on model hubs: image-classification")
        ->required();
    sub->add_option("--license", args->listing.license, "SPDX id, or other")->required();
    sub->add_option("--modality", args->listing.modality, "image, text, …");
    sub->add_option("--verification", args->verification, kLevels);
    sub->add_option("--tags", args->listing.tags, "comma-separated");
    sub = command(*group, app, "search", "models that match; without filters every one for sale",
                  [&app, args] { return search(app, *args); });
    sub->add_option("TEXT", args->query.text, "in the name or the tags");
    sub->add_option("--task", args->query.task, "exactly this task");
    sub->add_option("--license", args->query.license, "exactly this licence");
    sub->add_option("--modality", args->query.modality, "exactly this modality");
    sub->add_option("--verification", args->verification, std::string("at least ") + kLevels);
    sub->add_option("--max-price-per-call", args->max_per_call, "0.001ETH");
    sub->add_option("--max-rate", args->max_rate, "dollars per unit: output_token=0.5/M");
    sub->add_flag("--all", args->query.include_unsold, "also what is not for sale now");
}

}  // namespace mintmark::app
