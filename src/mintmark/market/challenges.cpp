#include "mintmark/market/challenges.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kAdapter = "OptimisticVerifier";
constexpr std::string_view kSystem = "optimistic-v1";
constexpr std::string_view kKeyTypes =
    "(bytes32,uint256,address,bytes32,address,uint256,uint256,uint256,uint256,uint256)";
constexpr std::string_view kClaimTypes = "((uint8,uint64,address,address,uint32,uint128,uint128))";
constexpr std::array<std::string_view, 6> kStates = {"none",   "pending",  "challenged",
                                                     "proven", "returned", "rejected"};

std::vector<AbiValue> arguments(const ClaimStatement& claim) {
    return {AbiValue(claim.key), AbiValue(claim.context), instance_values(claim.instances)};
}

}  // namespace

std::string_view claim_state_name(ClaimState state) noexcept {
    const auto index = static_cast<std::size_t>(state);
    return index < kStates.size() ? kStates[index] : kStates[0];
}

Result<AdapterKeyMade> deploy_optimistic_key(Market& market, const chain::PrivateKey& key,
                                             const OptimisticTerms& terms) {
    MINTMARK_TRY(const Bytes32 code_hash, pinned_code_hash(market, terms.verifier));
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kSystem))),
                                          AbiValue(terms.input_words),
                                          AbiValue(terms.verifier),
                                          AbiValue(code_hash),
                                          AbiValue(terms.inner_key),
                                          AbiValue(terms.gas_limit),
                                          AbiValue(terms.bond),
                                          AbiValue(terms.challenge_bond),
                                          AbiValue(terms.window_s),
                                          AbiValue(terms.answer_period_s)};
    MINTMARK_TRY(const Bytes data, chain::encode_values(kKeyTypes, fields));
    return deploy_adapter_key(market, key, kAdapter, data);
}

Result<OptimisticTerms> read_optimistic_key(Market& market, const Address& key) {
    MINTMARK_TRY(const Bytes data, adapter_key_bytes(market, key));
    MINTMARK_TRY(const auto fields, chain::decode_values(kKeyTypes, data));
    MINTMARK_TRY(const Bytes32 system, fields[0].as_bytes32());
    if (system != keccak256(as_bytes(kSystem))) {
        return fail(ErrorCode::kMalformed, "the key is of another proof system");
    }
    OptimisticTerms out;
    MINTMARK_TRY(out.input_words, fields[1].as_u64());
    MINTMARK_TRY(out.verifier, fields[2].as_address());
    MINTMARK_TRY(out.inner_key, fields[4].as_address());
    MINTMARK_TRY(out.gas_limit, fields[5].as_u64());
    MINTMARK_TRY(out.bond, fields[6].as_u256());
    MINTMARK_TRY(out.challenge_bond, fields[7].as_u256());
    MINTMARK_TRY(out.window_s, fields[8].as_u64());
    MINTMARK_TRY(out.answer_period_s, fields[9].as_u64());
    return out;
}

Result<Bytes32> claim_id(Market& market, const ClaimStatement& claim) {
    MINTMARK_TRY(const auto values,
                 market.read({kAdapter, "claimIdOf(address,bytes32,uint256[])", arguments(claim)},
                             "(bytes32)"));
    return values[0].as_bytes32();
}

Result<ClaimInfo> read_claim(Market& market, const Bytes32& id) {
    MINTMARK_TRY(const auto values,
                 market.read({kAdapter, "getClaim(bytes32)", {AbiValue(id)}}, kClaimTypes));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    ClaimInfo out;
    MINTMARK_TRY(const std::uint64_t state, fields[0].as_u64());
    out.state = static_cast<ClaimState>(state);
    if (out.state == ClaimState::kNone) {
        return fail(ErrorCode::kNotFound, "nobody has made this claim",
                    "claims are made with `mintmark challenge propose`");
    }
    MINTMARK_TRY(out.until, fields[1].as_u64());
    MINTMARK_TRY(out.proposer, fields[2].as_address());
    MINTMARK_TRY(out.challenger, fields[3].as_address());
    MINTMARK_TRY(out.bond, fields[5].as_u256());
    MINTMARK_TRY(out.challenge_bond, fields[6].as_u256());
    MINTMARK_TRY(const auto final_values,
                 market.read({kAdapter, "isFinal(bytes32)", {AbiValue(id)}}, "(bool)"));
    MINTMARK_TRY(out.is_final, final_values[0].as_bool());
    return out;
}

Result<chain::Receipt> propose_claim(Market& market, const chain::PrivateKey& key,
                                     const ClaimStatement& claim) {
    MINTMARK_TRY(const OptimisticTerms terms, read_optimistic_key(market, claim.key));
    return market.send(
        key, {kAdapter, "propose(address,bytes32,uint256[])", arguments(claim), terms.bond});
}

Result<chain::Receipt> challenge_claim(Market& market, const chain::PrivateKey& key,
                                       const Bytes32& id) {
    MINTMARK_TRY(const ClaimInfo claim, read_claim(market, id));
    return market.send(key, {kAdapter, "challenge(bytes32)", {AbiValue(id)}, claim.challenge_bond});
}

Result<chain::Receipt> answer_challenge(Market& market, const chain::PrivateKey& key,
                                        const ClaimStatement& claim, const Bytes& proof) {
    std::vector<AbiValue> all = arguments(claim);
    all.emplace_back(proof);
    return market.send(key, {kAdapter, "answer(address,bytes32,uint256[],bytes)", std::move(all)});
}

Result<chain::Receipt> conclude_claim(Market& market, const chain::PrivateKey& key,
                                      const Bytes32& id) {
    MINTMARK_TRY(const ClaimInfo claim, read_claim(market, id));
    const bool is_challenged = claim.state == ClaimState::kChallenged;
    if (!is_challenged && claim.state != ClaimState::kPending) {
        return fail(ErrorCode::kRejected,
                    fmt::format("the claim is over: {}", claim_state_name(claim.state)));
    }
    return market.send(
        key, {kAdapter, is_challenged ? "reject(bytes32)" : "returnBond(bytes32)", {AbiValue(id)}});
}

Result<U256> bond_credit(Market& market, const Address& account) {
    return market.read_number({kAdapter, "creditOf(address)", {AbiValue(account)}});
}

Result<chain::Receipt> withdraw_bonds(Market& market, const chain::PrivateKey& key) {
    return market.send(key, {kAdapter, "withdraw(address)", {AbiValue(key.address())}});
}

}  // namespace mintmark::market
