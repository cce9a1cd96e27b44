#include "mintmark/market/tee.hpp"

#include "mintmark/chain/typed_data.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/request.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

constexpr std::string_view kAdapter = "TeeVerifier";
constexpr std::string_view kSystem = "tee-signer-v1";
constexpr std::string_view kKeyTypes = "(bytes32,uint256,bytes32,uint256)";
constexpr std::string_view kResultType =
    "Result(bytes32 measurement,address key,bytes32 keyHash,bytes32 context,bytes32 instancesHash,"
    "uint64 issuedAt)";

void put_u64(Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// Made here, not asked from the node: a node could have anything signed.
Result<Bytes32> result_digest(Market& market, const AdapterResult& result,
                              std::uint64_t issued_at) {
    MINTMARK_TRY(const Address verifier, market.deployment().contract(kAdapter));
    MINTMARK_TRY(const Bytes key, adapter_key_bytes(market, result.key));
    MINTMARK_TRY(const auto fields, chain::decode_values(kKeyTypes, key));
    MINTMARK_TRY(const Bytes32 system, fields[0].as_bytes32());
    if (system != keccak256(as_bytes(kSystem)))
        return fail(ErrorCode::kMalformed, "the key is of another proof system");
    MINTMARK_TRY(const Bytes32 measurement, fields[2].as_bytes32());
    Bytes code = {0};
    append(code, key);
    const chain::TypedDataDomain domain{"Mintmark TEE", "1", market.deployment().chain_id,
                                        verifier};
    return chain::typed_data_hash(domain, chain::StructHash(kResultType)
                                              .word(measurement)
                                              .address(result.key)
                                              .word(keccak256(code))
                                              .word(result.context)
                                              .word(input_commitment(result.instances))
                                              .number(issued_at)
                                              .finish());
}

}  // namespace

Result<AdapterKeyMade> deploy_tee_key(Market& market, const chain::PrivateKey& key,
                                      const TeeTerms& terms) {
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kSystem))),
                                          AbiValue(terms.input_words), AbiValue(terms.measurement),
                                          AbiValue(terms.max_age_s)};
    MINTMARK_TRY(const Bytes data, chain::encode_values(kKeyTypes, fields));
    return deploy_adapter_key(market, key, kAdapter, data);
}

Result<chain::Receipt> attest_signer(Market& market, const chain::PrivateKey& key,
                                     const TeeAttestation& attestation) {
    return market.send(key,
                       {kAdapter,
                        "attest(address,bytes32,uint64,bytes32)",
                        {AbiValue(attestation.signer), AbiValue(attestation.measurement),
                         AbiValue(attestation.valid_until), AbiValue(attestation.evidence_hash)}});
}

Result<chain::Receipt> revoke_signer(Market& market, const chain::PrivateKey& key,
                                     const Address& signer) {
    return market.send(key, {kAdapter, "revoke(address)", {AbiValue(signer)}});
}

Result<std::uint64_t> signer_valid_until(Market& market, const Address& signer,
                                         const Bytes32& measurement) {
    MINTMARK_TRY(
        const chain::U256 until,
        market.read_number(
            {kAdapter, "validUntil(address,bytes32)", {AbiValue(signer), AbiValue(measurement)}}));
    return until.to_u64().value_or(0);
}

Result<Bytes> sign_result(Market& market, const chain::PrivateKey& enclave,
                          const AdapterResult& result) {
    MINTMARK_TRY(const chain::BlockHeader block, market.client().latest_block());
    MINTMARK_TRY(const Bytes32 digest, result_digest(market, result, block.timestamp));
    Bytes out;
    put_u64(out, block.timestamp);
    append(out, enclave.sign(digest).to_bytes());
    return out;
}

}  // namespace mintmark::market
