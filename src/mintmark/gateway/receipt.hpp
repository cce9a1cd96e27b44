// Receipts: what a gateway says it did for a request, signed as EIP-712 typed data.
#pragma once

#include <string>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/chain/signer.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/ledger/ledger.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::gateway {

/// Under EIP712Domain(name "Mintmark Gateway", version "1", the chain's id, the provider's
/// address).
inline constexpr std::string_view kReceiptType =
    "Receipt(string id,address buyer,string account,string lane,uint256 modelId,uint256 versionId,"
    "string model,bytes32 requestHash,bytes32 responseHash,string usage,uint256 units,"
    "uint256 picoUsd,uint64 priceEpoch,uint64 createdMs,uint64 finishedMs,string state)";

/// The digest that is signed. kMalformed for a record whose hashes are no hashes.
[[nodiscard]] Result<Bytes32> receipt_digest(const ledger::RequestRecord& record,
                                             const market::VersionRef& version,
                                             std::uint64_t chain_id, const Address& provider);
/// All members, "digest", and with a key "signature" and "signer".
[[nodiscard]] Result<json::Json> receipt_json(const ledger::RequestRecord& record,
                                              const market::VersionRef& version,
                                              std::uint64_t chain_id, const Address& provider,
                                              const chain::PrivateKey* key);

}  // namespace mintmark::gateway
