// Prices that a model's owner signs for one buyer, and passes bought at them
// (docs/spec/contracts.md §8, §9).
#pragma once

#include "mintmark/json/json.hpp"
#include "mintmark/market/passes.hpp"

namespace mintmark::market {

struct SignedQuote {
    PriceQuote quote;
    Bytes signature;

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<SignedQuote> from_json(const json::Json& value);
};

/// Signs with a fresh nonce. The contract takes the signature of the model's owner or quoter;
/// kRejected when this key is neither.
[[nodiscard]] Result<SignedQuote> sign_quote(Market& market, const chain::PrivateKey& key,
                                             PriceQuote quote);
/// Is it signed by who may sign it, and in time? kRejected, kExpired with the contract's words.
[[nodiscard]] Status check_quote(Market& market, const SignedQuote& quote);
/// AccessPass.buyQuoted: checks first, lets the contract pull a token, pays exactly the amount.
[[nodiscard]] Result<BoughtPass> buy_quoted(Market& market, const chain::PrivateKey& key,
                                            const SignedQuote& quote, const Address& to);

}  // namespace mintmark::market
