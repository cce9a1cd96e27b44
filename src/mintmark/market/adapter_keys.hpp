// Keys of the adapters of other proof systems: 0x00 | abi.encode(Key) as contract code.
#pragma once

#include <string_view>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

struct AdapterKeyMade {
    Address address = {};
    chain::Receipt receipt;
};

/// Stores the encoded key and asks the adapter for its input words. kRejected and the like when the
/// adapter does not take it.
[[nodiscard]] Result<AdapterKeyMade> deploy_adapter_key(Market& market,
                                                        const chain::PrivateKey& key,
                                                        std::string_view adapter, ByteSpan data);
/// The key's bytes as they stand in its contract's code, after the zero byte; kMalformed.
[[nodiscard]] Result<Bytes> adapter_key_bytes(Market& market, const Address& key);
/// The contract's code hash as a key pins it; kInvalidArgument when there is no code.
[[nodiscard]] Result<Bytes32> pinned_code_hash(Market& market, const Address& contract);
/// A result as an adapter sees it.
struct AdapterResult {
    Address key = {};
    Bytes32 context = {};
    std::vector<Bytes32> instances;
};
/// IProofVerifier.verify as a view call: does `proof` settle the result now?
[[nodiscard]] Result<bool> adapter_accepts(Market& market, std::string_view adapter,
                                           const AdapterResult& result, const Bytes& proof);
/// Instance words as uint256[].
[[nodiscard]] chain::AbiValue instance_values(const std::vector<Bytes32>& instances);

}  // namespace mintmark::market
