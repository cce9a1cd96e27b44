#include "mintmark/market/signed_quotes.hpp"

#include <array>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/allowance.hpp"
#include "mintmark/market/fields.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kBought =
    "PassBought(uint256,uint256,uint256,address,address,uint256,uint64,uint256)";
#define MINTMARK_QUOTE \
    "(uint256,uint256,address,address,uint256,uint8,uint256,uint256,uint256,uint256)"

AbiValue to_abi(const PriceQuote& q) {
    return AbiValue({AbiValue(q.version.model), AbiValue(q.version.version), AbiValue(q.buyer),
                     AbiValue(q.token), AbiValue(q.amount), AbiValue(static_cast<unsigned>(q.unit)),
                     AbiValue(q.units), AbiValue(q.days), AbiValue(q.nonce), AbiValue(q.deadline)});
}

}  // namespace

json::Json SignedQuote::to_json() const {
    return {{"modelId", quote.version.model},
            {"versionId", quote.version.version},
            {"buyer", chain::to_checksum(quote.buyer)},
            {"token", chain::to_checksum(quote.token)},
            {"amount", quote.amount.to_string()},
            {"unit", unit_name(quote.unit)},
            {"units", quote.units},
            {"numDays", quote.days},
            {"nonce", quote.nonce.to_string()},
            {"deadline", quote.deadline},
            {"signature", to_hex(signature)}};
}

Result<SignedQuote> SignedQuote::from_json(const json::Json& value) {
    SignedQuote out;
    PriceQuote& quote = out.quote;
    MINTMARK_TRY(quote.version.model, json::get_u64(value, "modelId"));
    MINTMARK_TRY(quote.version.version, json::get_u64(value, "versionId"));
    MINTMARK_TRY(quote.buyer, get_address(value, "buyer"));
    MINTMARK_TRY(quote.token, get_address(value, "token"));
    MINTMARK_TRY(quote.amount, get_number(value, "amount"));
    MINTMARK_TRY(const std::string unit, json::get_string(value, "unit"));
    MINTMARK_TRY(quote.unit, parse_unit(unit));
    MINTMARK_TRY(quote.units, json::get_u64(value, "units"));
    MINTMARK_TRY(quote.days, json::get_u64(value, "numDays"));
    MINTMARK_TRY(quote.nonce, get_number(value, "nonce"));
    MINTMARK_TRY(quote.deadline, json::get_u64(value, "deadline"));
    MINTMARK_TRY(const std::string signature, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    return out;
}

Result<SignedQuote> sign_quote(Market& market, const chain::PrivateKey& key, PriceQuote quote) {
    Bytes32 nonce = {};
    system_rng().fill(nonce);
    quote.nonce = U256::from_bytes(nonce);
    MINTMARK_TRY(const Bytes32 digest, quote.digest(market.deployment()));
    SignedQuote out{quote, key.sign(digest).to_bytes()};
    MINTMARK_CHECK(check_quote(market, out));
    return out;
}

Status check_quote(Market& market, const SignedQuote& quote) {
    MINTMARK_CHECK(market.read({"PriceBook",
                                "checkQuote(" MINTMARK_QUOTE ",bytes)",
                                {to_abi(quote.quote), AbiValue(quote.signature)}},
                               "(bytes32)"));
    return {};
}

Result<BoughtPass> buy_quoted(Market& market, const chain::PrivateKey& key,
                              const SignedQuote& quote, const Address& to) {
    MINTMARK_CHECK(check_quote(market, quote));
    const PriceQuote& terms = quote.quote;
    const bool is_native = terms.token == Address{};
    if (!is_native) MINTMARK_CHECK(allow(market, key, "AccessPass", terms.token, terms.amount));
    MINTMARK_TRY(chain::Receipt receipt,
                 market.send(key, {"AccessPass",
                                   "buyQuoted(" MINTMARK_QUOTE ",bytes,address)",
                                   {to_abi(terms), AbiValue(quote.signature), AbiValue(to)},
                                   is_native ? terms.amount : U256()}));
    MINTMARK_TRY(const U256 id, market.topic(receipt, {"AccessPass", kBought, 1}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(id).as_u64());
    return BoughtPass{number, terms.amount, std::move(receipt)};
}

}  // namespace mintmark::market
