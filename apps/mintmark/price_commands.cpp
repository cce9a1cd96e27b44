// `mintmark price`: what a version charges per unit of use, in dollars.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/rates.hpp"
#include "mintmark/market/unit_passes.hpp"
#include "quote_commands.hpp"

namespace mintmark::app {
namespace {

struct CurrencyArgs {
    std::string token = "native", feed, low, high;
    std::uint64_t heartbeat = 3'600;
};

struct PriceArgs {
    std::uint64_t model = 0, version = 0, gate = 0;
    std::vector<std::string> rates, free_units, uses;
    std::string minimum, token = "native";
    double discount = 0, low = 1, high = 1;
};

/// "name=text" in two.
Result<std::pair<market::Unit, std::string>> split_unit(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not UNIT=NUMBER", text),
                    "write for example input_token=0.05/M");
    }
    MINTMARK_TRY(const market::Unit unit, market::parse_unit(text.substr(0, equals)));
    return std::pair(unit, text.substr(equals + 1));
}

Result<std::uint32_t> to_ppm(double share, double most) {
    if (share >= 0 && share <= most) return static_cast<std::uint32_t>(share * 1e6 + 0.5);
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not between 0 and {}", share, most));
}

Result<market::RateCard> card_of(const PriceArgs& args) {
    market::RateCard card;
    for (const std::string& text : args.rates) {
        MINTMARK_TRY(const auto rate, split_unit(text));
        MINTMARK_TRY(card.rates[static_cast<std::size_t>(rate.first)],
                     market::parse_rate(rate.second));
    }
    for (const std::string& name : args.free_units) {
        MINTMARK_TRY(const market::Unit unit, market::parse_unit(name));
        card.free_units =
            static_cast<std::uint16_t>(card.free_units | (1U << static_cast<unsigned>(unit)));
    }
    if (!args.minimum.empty()) {
        MINTMARK_TRY(card.minimum, market::parse_rate(args.minimum));
    }
    MINTMARK_TRY(card.min_multiplier_ppm, to_ppm(args.low, 1));
    MINTMARK_TRY(card.max_multiplier_ppm, to_ppm(args.high, 4));
    MINTMARK_TRY(card.discount_ppm, to_ppm(args.discount, 0.9));
    card.discount_gate = args.gate;
    return card;
}

json::Json card_json(const market::CardEpoch& epoch) {
    json::Json rates = json::Json::object();
    json::Json free_units = json::Json::array();
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        const std::string name(market::unit_name(static_cast<market::Unit>(i)));
        if (epoch.card.rates[i] != 0) rates[name] = epoch.card.rates[i];
        if (((epoch.card.free_units >> i) & 1U) != 0) free_units.push_back(name);
    }
    return {{"epoch", epoch.number},
            {"starts_at", epoch.starts_at},
            {"rates_pico_usd", rates},
            {"free", free_units},
            {"minimum_pico_usd", epoch.card.minimum},
            {"min_multiplier_ppm", epoch.card.min_multiplier_ppm},
            {"max_multiplier_ppm", epoch.card.max_multiplier_ppm},
            {"discount_ppm", epoch.card.discount_ppm},
            {"discount_gate", epoch.card.discount_gate}};
}

std::string card_text(const market::CardEpoch& epoch) {
    Table table;
    table.row("epoch", fmt::format("{}, from {}", epoch.number, time_text(epoch.starts_at)));
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        const std::string name(market::unit_name(static_cast<market::Unit>(i)));
        if (epoch.card.rates[i] != 0) table.row(name, market::format_rate(epoch.card.rates[i]));
        if (((epoch.card.free_units >> i) & 1U) != 0) table.row(name, "free");
    }
    if (epoch.card.discount_ppm != 0) {
        table.row("discount", fmt::format("{} % through gate {}", epoch.card.discount_ppm / 1e4,
                                          epoch.card.discount_gate));
    }
    return table.text();
}

Status set(const App& app, const PriceArgs& args) {
    MINTMARK_TRY(const market::RateCard card, card_of(args));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::VersionRef version,
                 market::resolve_version(market, {args.model, args.version}));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::set_rates(market, key, version, card));
    MINTMARK_TRY(const market::CardEpoch epoch, market::latest_rates(market, version));
    json::Json value = card_json(epoch);
    value["tx"] = tx_json(receipt);
    emit(app, value, card_text(epoch) + "\n" + Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Status show(const App& app, const PriceArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::VersionRef version,
                 market::resolve_version(market, {args.model, args.version}));
    MINTMARK_TRY(const market::CardEpoch latest, market::latest_rates(market, version));
    if (latest.number == 0) {
        return fail(ErrorCode::kNotFound, "the version has no prices in dollars",
                    "its owner sets them with `mintmark price set`");
    }
    MINTMARK_TRY(const market::CardEpoch now, market::current_rates(market, version));
    json::Json value = card_json(now);
    std::string text = card_text(now);
    if (latest.number != now.number) {
        value["next"] = card_json(latest);
        text += "\n\nnext\n" + card_text(latest);
    }
    emit(app, value, text);
    return {};
}

Status quote(const App& app, const PriceArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::VersionRef version,
                 market::resolve_version(market, {args.model, args.version}));
    market::Usage usage = {};
    for (const std::string& text : args.uses) {
        MINTMARK_TRY(const auto use, split_unit(text));
        MINTMARK_TRY(const chain::U256 quantity, chain::U256::parse(use.second));
        const auto number = quantity.to_u64();
        if (!number) return fail(ErrorCode::kOutOfRange, use.second + " is too much");
        usage[static_cast<std::size_t>(use.first)] = *number;
    }
    Address token = {};
    if (args.token != "native") {
        MINTMARK_TRY(token, chain::parse_address(args.token));
    }
    MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, token));
    MINTMARK_TRY(const chain::U256 amount, market::quote_usage(market, version, token, usage));
    emit(
        app, {{"amount", amount.to_string()}, {"token", chain::to_checksum(token)}},
        token == Address{} ? market::format_amount(amount) : chain::format_units(amount, decimals));
    return {};
}

Status list_currency(const App& app, const CurrencyArgs& args) {
    market::CurrencyListing listing;
    MINTMARK_TRY(market::Market market, open_market(app));
    if (args.token != "native") {
        MINTMARK_TRY(listing.token, chain::parse_address(args.token));
    }
    MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, listing.token));
    listing.decimals = decimals;
    MINTMARK_TRY(listing.feed, chain::parse_address(args.feed));
    listing.heartbeat = args.heartbeat;
    MINTMARK_TRY(listing.min_answer, chain::U256::parse(args.low));
    MINTMARK_TRY(listing.max_answer, chain::U256::parse(args.high));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::list_currency(market, key, listing));
    emit(app, {{"token", chain::to_checksum(listing.token)}, {"tx", tx_json(receipt)}},
         Table().row("currency", args.token).row("transaction", tx_text(receipt)).text());
    return {};
}

void add_currency_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<CurrencyArgs>();
    CLI::App* sub =
        command(group, app, "currency", "as the operator: list a currency with its feed",
                [&app, args] { return list_currency(app, *args); });
    sub->add_option("--token", args->token, "ERC-20 [the native currency]");
    sub->add_option("--feed", args->feed, "AggregatorV3Interface of dollars per token")->required();
    sub->add_option("--heartbeat", args->heartbeat, "seconds until an answer is stale [3600]");
    sub->add_option("--min", args->low, "lowest answer that counts, in the feed's units")
        ->required();
    sub->add_option("--max", args->high, "highest answer that counts")->required();
}

}  // namespace

void add_price_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("price", "prices in dollars per unit of use");
    group->require_subcommand(1);
    group->fallthrough();
    add_currency_command(*group, app);
    add_offer_command(*group, app);
    const auto args = std::make_shared<PriceArgs>();
    const auto version_flags = [&args](CLI::App* sub) {
        sub->add_option("--model", args->model, "model id")->required();
        sub->add_option("--version-id", args->version, "version [the canonical one]");
    };
    CLI::App* sub =
        command(*group, app, "set", "set a version's rates; worse ones wait for the notice",
                [&app, args] { return set(app, *args); });
    version_flags(sub);
    sub->add_option("--rate", args->rates,
                    "UNIT=DOLLARS, or UNIT=DOLLARS/M per million: input_token=0.05/M")
        ->required();
    sub->add_option("--free", args->free_units, "units that cost nothing");
    sub->add_option("--minimum", args->minimum, "dollars that a use costs at least");
    sub->add_option("--low", args->low, "factor when nobody asks, 0.25 to 1 [1]");
    sub->add_option("--high", args->high, "factor when all nodes are busy, 1 to 4 [1]");
    sub->add_option("--discount", args->discount, "share off for holders, at most 0.9");
    sub->add_option("--discount-gate", args->gate, "the gate that lets holders through");
    version_flags(command(*group, app, "show", "the rates that hold, and the next ones",
                          [&app, args] { return show(app, *args); }));
    sub = command(*group, app, "quote", "what a use costs now",
                  [&app, args] { return quote(app, *args); });
    version_flags(sub);
    sub->add_option("--use", args->uses, "UNIT=NUMBER; durations in milliseconds")->required();
    sub->add_option("--token", args->token, "token address, or native");
}

}  // namespace mintmark::app
