#include "mintmark/chain/rpc_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mintmark::chain::rpc_json {
namespace {

using json::Json;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, fmt::format("the node's answer holds no {}", what));
}

/// Reads a member with one of the readers below; the error names the key.
template <class Reader>
auto get(const Json& object, std::string_view key, Reader reader)
    -> decltype(reader(std::declval<const Json&>())) {
    const Json* member = json::find(object, key);
    if (member != nullptr) {
        auto value = reader(*member);
        if (value) return value;
    }
    return fail(ErrorCode::kMalformed, fmt::format("the node's answer: \"{}\" is off", key));
}

bool is_hex(const Json& value) {
    return value.is_string() && value.get_ref<const std::string&>().starts_with("0x");
}

}  // namespace

Result<U256> to_u256(const Json& value) {
    if (!is_hex(value)) return malformed("number");
    return U256::parse(value.get_ref<const std::string&>());
}

Result<std::uint64_t> to_u64(const Json& value) {
    MINTMARK_TRY(const U256 number, to_u256(value));
    const auto small = number.to_u64();
    if (!small) return malformed("number below 2^64");
    return *small;
}

Result<Bytes> to_bytes(const Json& value) {
    if (!is_hex(value)) return malformed("bytes");
    return from_hex(value.get_ref<const std::string&>());
}

Result<Bytes32> to_bytes32(const Json& value) {
    if (!is_hex(value)) return malformed("hash");
    return bytes32_from_hex(value.get_ref<const std::string&>());
}

Result<Address> to_address(const Json& value) {
    MINTMARK_TRY(const Bytes bytes, to_bytes(value));
    Address out;
    if (bytes.size() != out.size()) return malformed("address");
    std::ranges::copy(bytes, out.begin());
    return out;
}

Json from_call(const CallRequest& call) {
    Json out = Json::object();
    if (call.from) out["from"] = to_hex(*call.from);
    if (call.to) out["to"] = to_hex(*call.to);
    if (!call.value.is_zero()) out["value"] = call.value.to_quantity();
    if (!call.data.empty()) out["data"] = to_hex(call.data);
    if (call.gas) out["gas"] = U256(*call.gas).to_quantity();
    return out;
}

Json from_filter(const LogFilter& filter) {
    Json out = Json::object();
    if (filter.address) {
        out["address"] = to_hex(*filter.address);
    } else if (!filter.addresses.empty()) {
        Json list = Json::array();
        for (const Address& address : filter.addresses) list.push_back(to_hex(address));
        out["address"] = std::move(list);
    }
    out["fromBlock"] = U256(filter.from_block).to_quantity();
    out["toBlock"] = filter.to_block ? U256(*filter.to_block).to_quantity() : "latest";
    Json topics = Json::array();
    for (const auto& topic : filter.topics) {
        topics.push_back(topic ? Json(to_hex(*topic)) : Json(nullptr));
    }
    out["topics"] = std::move(topics);
    return out;
}

Result<BlockHeader> to_block(const Json& value) {
    BlockHeader out = {};
    MINTMARK_TRY(out.number, get(value, "number", to_u64));
    MINTMARK_TRY(out.timestamp, get(value, "timestamp", to_u64));
    MINTMARK_TRY(out.hash, get(value, "hash", to_bytes32));
    if (json::find(value, "parentHash") != nullptr) {
        MINTMARK_TRY(out.parent_hash, get(value, "parentHash", to_bytes32));
    }
    out.has_base_fee = json::find(value, "baseFeePerGas") != nullptr;
    if (out.has_base_fee) {
        MINTMARK_TRY(out.base_fee, get(value, "baseFeePerGas", to_u256));
    }
    return out;
}

Result<Log> to_log(const Json& value) {
    Log out = {};
    MINTMARK_TRY(out.address, get(value, "address", to_address));
    MINTMARK_TRY(out.data, get(value, "data", to_bytes));
    MINTMARK_TRY(out.block_number, get(value, "blockNumber", to_u64));
    MINTMARK_TRY(out.log_index, get(value, "logIndex", to_u64));
    MINTMARK_TRY(out.transaction_hash, get(value, "transactionHash", to_bytes32));
    if (const Json* hash = json::find(value, "blockHash"); hash != nullptr && !hash->is_null()) {
        MINTMARK_TRY(out.block_hash, to_bytes32(*hash));
    }
    if (const Json* time = json::find(value, "blockTimestamp");
        time != nullptr && !time->is_null()) {
        MINTMARK_TRY(out.block_timestamp, to_u64(*time));
    }
    MINTMARK_TRY(const Json topics, json::get_array(value, "topics"));
    for (const Json& topic : topics) {
        MINTMARK_TRY(const Bytes32 word, to_bytes32(topic));
        out.topics.push_back(word);
    }
    return out;
}

Result<Receipt> to_receipt(const Json& value) {
    Receipt out = {};
    MINTMARK_TRY(out.transaction_hash, get(value, "transactionHash", to_bytes32));
    MINTMARK_TRY(const std::uint64_t status, get(value, "status", to_u64));
    out.success = status == 1;
    MINTMARK_TRY(out.block_number, get(value, "blockNumber", to_u64));
    MINTMARK_TRY(out.gas_used, get(value, "gasUsed", to_u64));
    if (json::find(value, "effectiveGasPrice") != nullptr) {
        MINTMARK_TRY(out.effective_gas_price, get(value, "effectiveGasPrice", to_u256));
    }
    const Json* contract = json::find(value, "contractAddress");
    if (contract != nullptr && !contract->is_null()) {
        MINTMARK_TRY(out.contract_address, to_address(*contract));
    }
    MINTMARK_TRY(const Json logs, json::get_array(value, "logs"));
    for (const Json& item : logs) {
        MINTMARK_TRY(Log log, to_log(item));
        out.logs.push_back(std::move(log));
    }
    return out;
}

}  // namespace mintmark::chain::rpc_json
