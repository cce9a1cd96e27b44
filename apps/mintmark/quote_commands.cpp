// `mintmark price offer` and `mintmark pass buy-quoted`: a price that a seller signs for one buyer.
#include "quote_commands.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/signed_quotes.hpp"

namespace mintmark::app {
namespace {

struct OfferArgs {
    std::uint64_t model = 0, version = 0, units = 0, days = 30, hours = 24;
    std::string buyer, unit = "call", amount, token = "native", out;
};

Result<std::string> price_text(market::Market& market, const market::PriceQuote& quote) {
    if (quote.token == Address{}) return market::format_amount(quote.amount);
    MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, quote.token));
    return fmt::format("{} of {}", chain::format_units(quote.amount, decimals),
                       chain::to_checksum(quote.token));
}

Status offer(const App& app, const OfferArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    market::PriceQuote quote;
    MINTMARK_TRY(quote.version, market::resolve_version(market, {args.model, args.version}));
    MINTMARK_TRY(quote.buyer, parse_account(app, args.buyer));
    MINTMARK_TRY(quote.unit, market::parse_unit(args.unit));
    if (args.token != "native") {
        MINTMARK_TRY(quote.token, chain::parse_address(args.token));
    }
    MINTMARK_TRY(quote.amount, parse_price_in(market, quote.token, args.amount));
    quote.units = args.units;
    quote.days = args.days;
    MINTMARK_TRY(const std::uint64_t now, market.now());
    quote.deadline = now + args.hours * 3600;
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::SignedQuote made, market::sign_quote(market, key, quote));
    MINTMARK_CHECK(json::write(args.out, made.to_json()));
    MINTMARK_TRY(const std::string price, price_text(market, quote));
    emit(app, made.to_json(),
         Table()
             .row("for", chain::to_checksum(quote.buyer))
             .row("sells", fmt::format("{} {}, {} days", grouped(quote.units),
                                       market::unit_name(quote.unit), quote.days))
             .row("price", price)
             .row("until", time_text(quote.deadline))
             .row("quote", args.out + " (for `mintmark pass buy-quoted`)")
             .text());
    return {};
}

struct BuyQuotedArgs {
    std::string file, max_price, to;
};

Status buy_quoted(const App& app, const BuyQuotedArgs& args) {
    MINTMARK_TRY(const json::Json value, json::read(args.file));
    MINTMARK_TRY(const market::SignedQuote quote, market::SignedQuote::from_json(value));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::U256 limit,
                 parse_price_in(market, quote.quote.token, args.max_price));
    MINTMARK_TRY(const std::string price, price_text(market, quote.quote));
    if (quote.quote.amount > limit) {
        return fail(ErrorCode::kPriceExceeded, "the quote is " + price + ", above your limit");
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const market::BoughtPass bought, market::buy_quoted(market, key, quote, to));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, bought.id));
    emit(app,
         {{"id", pass.id},
          {"model", pass.version.model},
          {"version", pass.version.version},
          {"unit", market::unit_name(pass.unit)},
          {"units_left", pass.calls_left},
          {"expires", pass.expires},
          {"escrow", pass.escrow.to_string()},
          {"tx", tx_json(bought.receipt)}},
         Table()
             .row("pass", std::to_string(pass.id))
             .row("units",
                  fmt::format("{} {}", grouped(pass.calls_left), market::unit_name(pass.unit)))
             .row("expires", time_text(pass.expires))
             .row("price", price)
             .row("transaction", tx_text(bought.receipt))
             .text());
    return {};
}

}  // namespace

Result<chain::U256> parse_price_in(market::Market& market, const Address& token,
                                   const std::string& text) {
    if (token == Address{}) return market::parse_amount(text);
    MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, token));
    const auto value = chain::parse_units(text, decimals);
    if (value) return *value;
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no amount", text),
                fmt::format("write tokens with at most {} decimals, 12.5", decimals));
}

void add_offer_command(CLI::App& prices, App& app) {
    const auto args = std::make_shared<OfferArgs>();
    CLI::App* sub = command(prices, app, "offer", "sign a price for one buyer, good once",
                            [&app, args] { return offer(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--version-id", args->version, "version [the canonical one]");
    sub->add_option("--buyer", args->buyer, "address or wallet that may use it")->required();
    sub->add_option("--unit", args->unit, "what the pass counts [call]");
    sub->add_option("--units", args->units, "how many; durations in seconds")->required();
    sub->add_option("--days", args->days, "how long the pass holds [30]");
    sub->add_option("--amount", args->amount, "the whole price: 0.5ETH, or 12.5 of a token")
        ->required();
    sub->add_option("--token", args->token, "ERC-20 to be paid in [the native currency]");
    sub->add_option("--hours", args->hours, "how long the offer stands [24]");
    sub->add_option("-o,--out", args->out, "where to write it")->required();
}

void add_buy_quoted_command(CLI::App& passes, App& app) {
    const auto args = std::make_shared<BuyQuotedArgs>();
    CLI::App* sub = command(passes, app, "buy-quoted", "buy at a price that the seller has signed",
                            [&app, args] { return buy_quoted(app, *args); });
    sub->add_option("QUOTE", args->file, "file of `mintmark price offer`")->required();
    sub->add_option("--max-price", args->max_price, "most that you pay: 0.5ETH, 12.5 of a token")
        ->required();
    sub->add_option("--to", args->to, "owner of the pass [the buyer]");
}

}  // namespace mintmark::app
