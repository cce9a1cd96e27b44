#include "mintmark/market/signed_votes.hpp"

#include <algorithm>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/market/fields.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::StructHash;
using chain::U256;

constexpr std::string_view kGovernor = "MintGovernor";
constexpr std::string_view kToken = "MintToken";
constexpr std::string_view kBallotType =
    "Ballot(uint256 proposalId,uint8 support,address voter,uint256 nonce)";
constexpr std::string_view kDelegationType =
    "Delegation(address delegatee,uint256 nonce,uint256 expiry)";

Result<chain::Receipt> carry_ballot(Market& market, const chain::PrivateKey& key,
                                    const json::Json& ballot, const Bytes& signature) {
    MINTMARK_TRY(const U256 proposal, get_number(ballot, "proposal"));
    MINTMARK_TRY(const std::uint64_t support, json::get_u64(ballot, "support"));
    MINTMARK_TRY(const Address voter, get_address(ballot, "voter"));
    return market.send(
        key, {kGovernor,
              "castVoteBySig(uint256,uint8,address,bytes)",
              {AbiValue(proposal), AbiValue(support), AbiValue(voter), AbiValue(signature)}});
}

Result<chain::Receipt> carry_delegation(Market& market, const chain::PrivateKey& key,
                                        const json::Json& delegation, const Bytes& signature) {
    if (signature.size() != 65) return fail(ErrorCode::kMalformed, "the signature has no 65 bytes");
    MINTMARK_TRY(const Address to, get_address(delegation, "to"));
    MINTMARK_TRY(const U256 nonce, get_number(delegation, "nonce"));
    MINTMARK_TRY(const std::uint64_t expiry, json::get_u64(delegation, "expiry"));
    Bytes32 r = {};
    Bytes32 s = {};
    std::copy_n(signature.begin(), 32, r.begin());
    std::copy_n(signature.begin() + 32, 32, s.begin());
    return market.send(
        key, {kToken,
              "delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32)",
              {AbiValue(to), AbiValue(nonce), AbiValue(expiry),
               AbiValue(static_cast<unsigned>(signature[64])), AbiValue(r), AbiValue(s)}});
}

}  // namespace

Bytes32 Ballot::digest(const Address& governor, std::uint64_t chain_id) const {
    const chain::TypedDataDomain domain{"MintGovernor", "1", chain_id, governor};
    return chain::typed_data_hash(domain, StructHash(kBallotType)
                                              .number(proposal)
                                              .number(U256(static_cast<unsigned>(vote)))
                                              .address(voter)
                                              .number(nonce)
                                              .finish());
}

Bytes32 Delegation::digest(const Bytes32& token_separator) const {
    return chain::typed_data_hash(
        token_separator,
        StructHash(kDelegationType).address(to).number(nonce).number(U256(expiry)).finish());
}

Result<SignedBallot> sign_ballot(Market& market, const chain::PrivateKey& key, const U256& proposal,
                                 Vote vote) {
    MINTMARK_TRY(const Address governor, market.deployment().contract(kGovernor));
    SignedBallot out{{proposal, vote, key.address(), {}}, {}};
    MINTMARK_TRY(out.ballot.nonce,
                 market.read_number({kGovernor, "nonces(address)", {AbiValue(key.address())}}));
    out.signature = key.sign(out.ballot.digest(governor, market.deployment().chain_id)).to_bytes();
    return out;
}

Result<SignedDelegation> sign_delegation(Market& market, const chain::PrivateKey& key,
                                         const Address& to, std::uint64_t expiry) {
    SignedDelegation out{{key.address(), to, {}, expiry}, {}};
    MINTMARK_TRY(out.delegation.nonce,
                 market.read_number({kToken, "nonces(address)", {AbiValue(key.address())}}));
    MINTMARK_TRY(const auto separator, market.read({kToken, "DOMAIN_SEPARATOR()"}, "(bytes32)"));
    MINTMARK_TRY(const Bytes32 domain, separator[0].as_bytes32());
    out.signature = key.sign(out.delegation.digest(domain)).to_bytes();
    return out;
}

json::Json to_json(const SignedBallot& signed_ballot) {
    const Ballot& ballot = signed_ballot.ballot;
    return {{"ballot",
             {{"proposal", ballot.proposal.to_string()},
              {"support", static_cast<unsigned>(ballot.vote)},
              {"voter", chain::to_checksum(ballot.voter)},
              {"nonce", ballot.nonce.to_string()}}},
            {"signature", to_hex(signed_ballot.signature)}};
}

json::Json to_json(const SignedDelegation& signed_delegation) {
    const Delegation& delegation = signed_delegation.delegation;
    return {{"delegation",
             {{"from", chain::to_checksum(delegation.from)},
              {"to", chain::to_checksum(delegation.to)},
              {"nonce", delegation.nonce.to_string()},
              {"expiry", delegation.expiry}}},
            {"signature", to_hex(signed_delegation.signature)}};
}

Result<chain::Receipt> carry_signed(Market& market, const chain::PrivateKey& key,
                                    const json::Json& file) {
    MINTMARK_TRY(const std::string text, json::get_string(file, "signature"));
    MINTMARK_TRY(const Bytes signature, from_hex(text));
    if (const json::Json* ballot = json::find(file, "ballot"))
        return carry_ballot(market, key, *ballot, signature);
    MINTMARK_TRY(const json::Json delegation, json::get_object(file, "delegation"));
    return carry_delegation(market, key, delegation, signature);
}

}  // namespace mintmark::market
