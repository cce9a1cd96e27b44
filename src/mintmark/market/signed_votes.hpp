// Votes and delegations that somebody else carries to the chain (OpenZeppelin's Governor, Votes;
// docs/spec/contracts.md §16).
#pragma once

#include "mintmark/json/json.hpp"
#include "mintmark/market/governance.hpp"

namespace mintmark::market {

/// EIP-712 Ballot under MintGovernor's domain.
struct Ballot {
    chain::U256 proposal;
    Vote vote = Vote::kAgainst;
    Address voter = {};
    chain::U256 nonce;  ///< the governor's `nonces(voter)`
    [[nodiscard]] Bytes32 digest(const Address& governor, std::uint64_t chain_id) const;
};

/// EIP-712 Delegation under MintToken's domain.
struct Delegation {
    Address from = {}, to = {};
    chain::U256 nonce;         ///< the token's `nonces(from)`
    std::uint64_t expiry = 0;  ///< last second at which it can be carried
    [[nodiscard]] Bytes32 digest(const Bytes32& token_separator) const;
};

struct SignedBallot {
    Ballot ballot;
    Bytes signature;
};
struct SignedDelegation {
    Delegation delegation;
    Bytes signature;
};

[[nodiscard]] Result<SignedBallot> sign_ballot(Market& market, const chain::PrivateKey& key,
                                               const chain::U256& proposal, Vote vote);
[[nodiscard]] Result<SignedDelegation> sign_delegation(Market& market, const chain::PrivateKey& key,
                                                       const Address& to, std::uint64_t expiry);

/// {"ballot": …} or {"delegation": …}.
[[nodiscard]] json::Json to_json(const SignedBallot& signed_ballot);
[[nodiscard]] json::Json to_json(const SignedDelegation& signed_delegation);
/// Sends what such a file holds; kMalformed. The contract counts it for its signer.
[[nodiscard]] Result<chain::Receipt> carry_signed(Market& market, const chain::PrivateKey& key,
                                                  const json::Json& file);

}  // namespace mintmark::market
