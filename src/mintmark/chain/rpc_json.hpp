// JSON-RPC's encodings of Ethereum values (the execution API's "Hex encoding"). Internal.
#pragma once

#include "mintmark/chain/rpc.hpp"

namespace mintmark::chain::rpc_json {

/// "0x1a" without leading zeros needed; kMalformed, also above the type's range.
[[nodiscard]] Result<U256> to_u256(const json::Json& value);
[[nodiscard]] Result<std::uint64_t> to_u64(const json::Json& value);
[[nodiscard]] Result<Bytes> to_bytes(const json::Json& value);
[[nodiscard]] Result<Bytes32> to_bytes32(const json::Json& value);
[[nodiscard]] Result<Address> to_address(const json::Json& value);

[[nodiscard]] json::Json from_call(const CallRequest& call);
[[nodiscard]] json::Json from_filter(const LogFilter& filter);
[[nodiscard]] Result<BlockHeader> to_block(const json::Json& value);
[[nodiscard]] Result<Log> to_log(const json::Json& value);
[[nodiscard]] Result<Receipt> to_receipt(const json::Json& value);

}  // namespace mintmark::chain::rpc_json
