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
    std::string verification = "none", max_per_call;
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
    return row;
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
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto entries, market::search_catalogue(market, args.query));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:>5}  {:<24} {:<24} {:<14} {:<10} {:<14} {}", "model", "name",
                                   "task", "licence", "verified", "per call", "tags");
    for (const market::CatalogueEntry& entry : entries) {
        rows.push_back(entry_json(entry));
        text += fmt::format("\n{:>5}  {:<24} {:<24} {:<14} {:<10} {:<14} {}", entry.model.id,
                            entry.model.name, entry.listing.task, entry.listing.license,
                            market::verification_name(entry.listing.verification),
                            entry.price ? market::format_price(entry.price->per_call) : "-",
                            entry.listing.tags);
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
    sub->add_flag("--all", args->query.include_unsold, "also what is not for sale now");
}

}  // namespace mintmark::app
