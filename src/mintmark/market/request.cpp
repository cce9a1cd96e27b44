#include "mintmark/market/request.hpp"

#include <fmt/format.h>

#include "mintmark/chain/typed_data.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kRouter = "VerifierRouter";
constexpr std::string_view kRequestType =
    "Request(uint256 modelId,uint256 versionId,uint256 passId,bytes32 inputCommitment,"
    "uint256 nonce,uint256 deadline)";
#define MINTMARK_REQUEST_TYPE "(uint256,uint256,uint256,bytes32,uint256,uint256)"

AbiValue to_abi(const Request& r) {
    return AbiValue({AbiValue(r.version.model), AbiValue(r.version.version), AbiValue(r.pass),
                     AbiValue(r.input_commitment), AbiValue(r.nonce), AbiValue(r.deadline)});
}

AbiValue to_abi(std::span<const Bytes32> words) {
    std::vector<AbiValue> out;
    for (const Bytes32& word : words) out.emplace_back(U256::from_bytes(word));
    return AbiValue(std::move(out));
}

}  // namespace

json::Json Request::to_json() const {
    return {{"modelId", version.model},
            {"versionId", version.version},
            {"passId", pass},
            {"inputCommitment", to_hex(input_commitment)},
            {"nonce", nonce.to_string()},
            {"deadline", deadline}};
}

Result<Request> Request::from_json(const json::Json& value) {
    Request out;
    MINTMARK_TRY(out.version.model, json::get_u64(value, "modelId"));
    MINTMARK_TRY(out.version.version, json::get_u64(value, "versionId"));
    MINTMARK_TRY(out.pass, json::get_u64(value, "passId"));
    MINTMARK_TRY(const std::string commitment, json::get_string(value, "inputCommitment"));
    MINTMARK_TRY(out.input_commitment, bytes32_from_hex(commitment));
    MINTMARK_TRY(const std::string nonce, json::get_string(value, "nonce"));
    MINTMARK_TRY(out.nonce, U256::parse(nonce));
    MINTMARK_TRY(out.deadline, json::get_u64(value, "deadline"));
    return out;
}

Result<Bytes32> Request::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const Address router, deployment.contract(kRouter));
    const chain::TypedDataDomain domain{"Mintmark", "1", deployment.chain_id, router};
    return chain::typed_data_hash(domain, chain::StructHash(kRequestType)
                                              .number(version.model)
                                              .number(version.version)
                                              .number(pass)
                                              .word(input_commitment)
                                              .number(nonce)
                                              .number(deadline)
                                              .finish());
}

Bytes32 input_commitment(std::span<const Bytes32> words) {
    Bytes packed;
    for (const Bytes32& word : words) append(packed, word);
    return keccak256(packed);
}

Result<Bytes32> proof_context(Market& market, const Request& request) {
    MINTMARK_TRY(const auto values,
                 market.read({kRouter, "contextOf(" MINTMARK_REQUEST_TYPE ")", {to_abi(request)}},
                             "(bytes32)"));
    return values[0].as_bytes32();
}

Result<bool> is_settled(Market& market, const Request& request) {
    MINTMARK_TRY(const auto nullifier,
                 market.read({kRouter, "nullifierOf(" MINTMARK_REQUEST_TYPE ")", {to_abi(request)}},
                             "(bytes32)"));
    MINTMARK_TRY(const auto settled,
                 market.read({kRouter, "isSettled(bytes32)", {nullifier[0]}}, "(bool)"));
    return settled[0].as_bool();
}

namespace {

Status refuse_settled(Market& market, const Request& request) {
    MINTMARK_TRY(const bool settled, is_settled(market, request));
    if (!settled) return {};
    return fail(ErrorCode::kAlreadyExists,
                "this request has settled already; another proof of it settles nothing",
                "its nullifier is used: each signed request is paid once");
}

/// `earned` of every InferenceSettled, in order.
Result<std::vector<U256>> earned_in(Market& market, const chain::Receipt& receipt) {
    MINTMARK_TRY(const Address router, market.deployment().contract(kRouter));
    std::vector<U256> out;
    for (const chain::Log& log : receipt.logs) {
        if (log.address != router) continue;
        MINTMARK_TRY(const auto data,
                     chain::decode_values("(bytes32,address,bytes32,uint256)", log.data));
        MINTMARK_TRY(out.emplace_back(), data[3].as_u256());
    }
    return out;
}

}  // namespace

Result<Settled> settle(Market& market, const chain::PrivateKey& key, const Settlement& what) {
    MINTMARK_CHECK(refuse_settled(market, what.request));
    MINTMARK_TRY(chain::Receipt receipt,
                 market.send(key, {kRouter,
                                   "settle(" MINTMARK_REQUEST_TYPE ",bytes,uint256[],bytes)",
                                   {to_abi(what.request), AbiValue(what.signature),
                                    to_abi(what.instances), AbiValue(what.proof)}}));
    MINTMARK_TRY(const auto earned, earned_in(market, receipt));
    if (earned.empty()) return fail(ErrorCode::kChain, "the settlement left no event");
    return Settled{earned[0], std::move(receipt)};
}

Result<SettledBatch> settle_batch(Market& market, const chain::PrivateKey& key,
                                  std::span<const Settlement> settlements) {
    if (settlements.empty()) return fail(ErrorCode::kInvalidArgument, "nothing to settle");
    std::vector<AbiValue> requests, signatures, instances, proofs;
    for (const Settlement& what : settlements) {
        MINTMARK_CHECK(refuse_settled(market, what.request));
        requests.push_back(to_abi(what.request));
        signatures.emplace_back(what.signature);
        instances.push_back(to_abi(what.instances));
        proofs.emplace_back(what.proof);
    }
    MINTMARK_TRY(
        chain::Receipt receipt,
        market.send(key, {kRouter,
                          "settleBatch(" MINTMARK_REQUEST_TYPE "[],bytes[],uint256[][],bytes[])",
                          {AbiValue(requests), AbiValue(signatures), AbiValue(instances),
                           AbiValue(proofs)}}));
    MINTMARK_TRY(auto earned, earned_in(market, receipt));
    if (earned.size() != settlements.size())
        return fail(ErrorCode::kChain, "the settlement left another number of events");
    return SettledBatch{std::move(earned), std::move(receipt)};
}

Result<bool> verify_on_chain(chain::RpcClient& client, const Address& verifier,
                             const Address& verifying_key, const Bytes32& context,
                             std::span<const Bytes32> instances, const Bytes& proof) {
    MINTMARK_TRY(const auto values, client.call(verifier, "verify(address,bytes32,uint256[],bytes)",
                                                {AbiValue(verifying_key), AbiValue(context),
                                                 to_abi(instances), AbiValue(proof)},
                                                "(bool)"));
    return values[0].as_bool();
}

}  // namespace mintmark::market
