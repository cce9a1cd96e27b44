// One call of a model as the pass's holder signs it, and its settlement.
#pragma once

#include <cstdint>
#include <span>

#include "mintmark/json/json.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// IVerifierRouter.Request.
struct Request {
    VersionRef version;
    std::uint64_t pass = 0;
    Bytes32 input_commitment = {};  ///< Keccak-256 of the instances' input words
    chain::U256 nonce;
    std::uint64_t deadline = 0;  ///< last second at which the call may settle

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<Request> from_json(const json::Json& value);
    /// EIP-712 digest under the router's domain: what is signed, and the request's id.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

/// Keccak-256 of 32-byte words one after the other.
[[nodiscard]] Bytes32 input_commitment(std::span<const Bytes32> words);

/// What a proof of this request must be bound to, and whether it has settled.
[[nodiscard]] Result<Bytes32> proof_context(Market& market, const Request& request);
[[nodiscard]] Result<bool> is_settled(Market& market, const Request& request);

struct Settlement {
    Request request;
    Bytes signature;
    std::vector<Bytes32> instances;  ///< input words, then output words
    Bytes proof;
};

struct Settled {
    chain::U256 earned;  ///< wei that left the pass's escrow
    chain::Receipt receipt;
};

/// VerifierRouter.settle. kAlreadyExists, before anything is sent, when the request has settled;
/// else what the contract says: kExpired, kRejected, …
[[nodiscard]] Result<Settled> settle(Market& market, const chain::PrivateKey& key,
                                     const Settlement& settlement);

struct SettledBatch {
    std::vector<chain::U256> earned;  ///< wei, in the order of the settlements
    chain::Receipt receipt;
};

/// VerifierRouter.settleBatch: calls of one version, all or none. As `settle`; kInvalidArgument for
/// an empty batch.
[[nodiscard]] Result<SettledBatch> settle_batch(Market& market, const chain::PrivateKey& key,
                                                std::span<const Settlement> settlements);

/// UniversalVerifier.verify as a view call.
[[nodiscard]] Result<bool> verify_on_chain(chain::RpcClient& client, const Address& verifier,
                                           const Address& verifying_key, const Bytes32& context,
                                           std::span<const Bytes32> instances, const Bytes& proof);

}  // namespace mintmark::market
