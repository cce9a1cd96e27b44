#include "mintmark/chain/rpc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "mintmark/chain/rpc_json.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/net/http_client.hpp"
#include "mintmark/net/interrupt.hpp"

namespace mintmark::chain {
namespace {

using json::Json;

constexpr std::size_t kMaxMessage = 300;

U256 saturate(const std::optional<U256>& value) {
    constexpr auto kTop = std::numeric_limits<std::uint64_t>::max();
    return value.value_or(U256({kTop, kTop, kTop, kTop}));
}

std::unexpected<Error> no_answer(const std::string& url, const std::string& what) {
    return fail(ErrorCode::kMalformed, fmt::format("{}: {}", url, what),
                "is this the address of an Ethereum JSON-RPC node?");
}

/// The revert data, where nodes put it: error.data, or error.data.data.
Bytes revert_data(const Json& error) {
    const Json* data = json::find(error, "data");
    if (data != nullptr && data->is_object()) data = json::find(*data, "data");
    if (data == nullptr) return {};
    return rpc_json::to_bytes(*data).value_or(Bytes{});
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Without control characters, and not endless: it comes from the node.
std::string printable(std::string text) {
    if (text.size() > kMaxMessage) text.resize(kMaxMessage);
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return text;
}

}  // namespace

U256 Receipt::fee() const noexcept {
    return saturate(effective_gas_price.checked_mul(gas_used));
}

RpcClient::RpcClient(std::string url, std::shared_ptr<net::HttpTransport> transport)
    : url_(std::move(url)), transport_(std::move(transport)) {
    if (transport_ == nullptr) transport_ = std::make_shared<net::HttpClient>();
}

void RpcClient::learn_errors(const std::vector<AbiError>& errors) {
    errors_.insert(errors_.end(), errors.begin(), errors.end());
}

std::unexpected<Error> RpcClient::node_error(const std::string& method, const Json& error) const {
    const std::string said = printable(json::get_string(error, "message").value_or("an error"));
    const Bytes data = revert_data(error);
    if (!data.empty() || contains(said, "revert")) {
        return fail(ErrorCode::kChain,
                    "reverted: " +
                        (data.empty() && said.size() > 18 ? said : describe_revert(data, errors_)));
    }
    if (contains(said, "rate limit") || contains(said, "oo many requests") ||
        contains(said, "oo Many Requests")) {
        return fail(ErrorCode::kNetwork, fmt::format("{}: {}", method, said),
                    "the node limits your rate");
    }
    if (contains(said, "nsufficient funds")) {
        return fail(ErrorCode::kInsufficientFunds, said,
                    "send some native currency to the account");
    }
    return fail(ErrorCode::kChain, fmt::format("{}: {}", method, said));
}

Result<Json> RpcClient::request(const std::string& method, Json params) {
    const std::uint64_t id = next_id_++;
    Json body;
    body["jsonrpc"] = "2.0";
    body["id"] = id;
    body["method"] = method;
    body["params"] = std::move(params);
    net::HttpRequest request;
    request.method = net::Method::kPost;
    request.url = url_;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json::compact(body);
    request.repeat =
        net::Repeat::kIdempotent;  // also eth_sendRawTransaction: same bytes, same hash
    auto sent = transport_->send(request);
    if (!sent) {
        Error error = std::move(sent).error();
        if (error.code == ErrorCode::kNetwork) error.hint = "is the chain up, and the URL right?";
        return std::unexpected(std::move(error));
    }
    const auto answer = json::parse(sent->body);
    const bool is_busy = sent->status == 429 || sent->status >= 500;
    if (!answer && is_busy) {
        return fail(ErrorCode::kNetwork, fmt::format("{}: HTTP {}", url_, sent->status),
                    "the node is busy or limits your rate");
    }
    if (!answer) return no_answer(url_, fmt::format("HTTP {}, not JSON", sent->status));
    if (const Json* error = json::find(*answer, "error"); error != nullptr && !error->is_null()) {
        return node_error(method, *error);
    }
    const Json* result = json::find(*answer, "result");
    if (result == nullptr || json::get_u64(*answer, "id").value_or(0) != id) {
        return no_answer(url_, "not an answer to our request");
    }
    return *result;
}

Result<std::uint64_t> RpcClient::chain_id() {
    MINTMARK_TRY(const Json value, request("eth_chainId", Json::array()));
    return rpc_json::to_u64(value);
}

Status RpcClient::expect_chain_id(std::uint64_t wanted) {
    MINTMARK_TRY(const std::uint64_t found, chain_id());
    if (found == wanted) return {};
    return fail(ErrorCode::kChain,
                fmt::format("{} is on chain {}, but chain {} is wanted", url_, found, wanted),
                "check --rpc-url and the deployment file");
}

Result<std::uint64_t> RpcClient::block_number() {
    MINTMARK_TRY(const Json value, request("eth_blockNumber", Json::array()));
    return rpc_json::to_u64(value);
}

Result<BlockHeader> RpcClient::latest_block() {
    MINTMARK_TRY(const Json value, request("eth_getBlockByNumber", Json::array({"latest", false})));
    return rpc_json::to_block(value);
}

Result<std::optional<BlockHeader>> RpcClient::block(std::uint64_t number) {
    MINTMARK_TRY(const Json value,
                 request("eth_getBlockByNumber", Json::array({U256(number).to_quantity(), false})));
    if (value.is_null()) return std::nullopt;
    MINTMARK_TRY(const BlockHeader header, rpc_json::to_block(value));
    return header;
}

Result<std::uint64_t> RpcClient::nonce(const Address& account) {
    MINTMARK_TRY(const Json value,
                 request("eth_getTransactionCount", Json::array({to_hex(account), "pending"})));
    return rpc_json::to_u64(value);
}

Result<U256> RpcClient::balance(const Address& account) {
    MINTMARK_TRY(const Json value,
                 request("eth_getBalance", Json::array({to_hex(account), "latest"})));
    return rpc_json::to_u256(value);
}

Result<Bytes> RpcClient::code(const Address& account) {
    MINTMARK_TRY(const Json value,
                 request("eth_getCode", Json::array({to_hex(account), "latest"})));
    return rpc_json::to_bytes(value);
}

Result<Bytes> RpcClient::call(const CallRequest& call) {
    MINTMARK_TRY(const Json value,
                 request("eth_call", Json::array({rpc_json::from_call(call), "latest"})));
    return rpc_json::to_bytes(value);
}

Result<std::vector<AbiValue>> RpcClient::call(const Address& to, std::string_view signature,
                                              const std::vector<AbiValue>& arguments,
                                              std::string_view return_types) {
    CallRequest message;
    message.to = to;
    MINTMARK_TRY(message.data, encode_call(signature, arguments));
    MINTMARK_TRY(const Bytes returned, call(message));
    auto values = decode_values(return_types, returned);
    if (!values && returned.empty()) {
        return fail(ErrorCode::kChain,
                    fmt::format("no contract with {} at {}", signature, to_hex(to)),
                    "is the deployment file of this chain?");
    }
    return values;
}

Result<std::uint64_t> RpcClient::estimate_gas(const CallRequest& call) {
    MINTMARK_TRY(const Json value,
                 request("eth_estimateGas", Json::array({rpc_json::from_call(call)})));
    return rpc_json::to_u64(value);
}

Result<Fees> RpcClient::suggest_fees() {
    MINTMARK_TRY(const BlockHeader block, latest_block());
    Fees fees = {};
    fees.dynamic = block.has_base_fee;
    if (!fees.dynamic) {
        MINTMARK_TRY(const Json price, request("eth_gasPrice", Json::array()));
        MINTMARK_TRY(fees.max_fee, rpc_json::to_u256(price));
        return fees;
    }
    MINTMARK_TRY(const Json tip, request("eth_maxPriorityFeePerGas", Json::array()));
    MINTMARK_TRY(fees.max_priority_fee, rpc_json::to_u256(tip));
    // Twice the base fee lasts for six full blocks.
    const U256 doubled = saturate(block.base_fee.checked_mul(2U));
    fees.max_fee = saturate(doubled.checked_add(fees.max_priority_fee));
    return fees;
}

Result<Bytes32> RpcClient::send_raw(ByteSpan signed_transaction) {
    const Bytes32 hash = keccak256(signed_transaction);
    const auto sent = request("eth_sendRawTransaction", Json::array({to_hex(signed_transaction)}));
    if (sent) return hash;
    // A repeated send, of which the first attempt's answer was lost.
    const std::string& said = sent.error().message;
    if (contains(said, "already known") || contains(said, "already imported")) return hash;
    return std::unexpected(sent.error());
}

Result<std::optional<Receipt>> RpcClient::receipt(const Bytes32& transaction_hash) {
    MINTMARK_TRY(const Json value,
                 request("eth_getTransactionReceipt", Json::array({to_hex(transaction_hash)})));
    if (value.is_null()) return std::nullopt;
    MINTMARK_TRY(Receipt out, rpc_json::to_receipt(value));
    return out;
}

Result<Receipt> RpcClient::wait_for_receipt(const Bytes32& transaction_hash,
                                            const WaitOptions& options) {
    constexpr int kMaxPollMs = 2'000;
    int waited_ms = 0;
    for (int poll_ms = std::max(options.poll_ms, 1);; poll_ms = std::min(2 * poll_ms, kMaxPollMs)) {
        MINTMARK_TRY(const auto found, receipt(transaction_hash));
        if (found) {
            MINTMARK_TRY(const std::uint64_t head, block_number());
            if (head + 1 >= found->block_number + options.confirmations) return *found;
        }
        if (waited_ms >= options.timeout_ms) {
            return fail(ErrorCode::kNetwork,
                        fmt::format("transaction {} was not confirmed within {} s",
                                    to_hex(transaction_hash), options.timeout_ms / 1000),
                        "it may still be; look before sending it again");
        }
        net::interruptible_sleep(poll_ms);
        MINTMARK_CHECK(net::check_interrupted());
        waited_ms += poll_ms;
    }
}

Result<std::vector<Log>> RpcClient::logs(const LogFilter& filter) {
    MINTMARK_TRY(const Json value,
                 request("eth_getLogs", Json::array({rpc_json::from_filter(filter)})));
    if (!value.is_array()) return no_answer(url_, "logs are no array");
    std::vector<Log> out;
    for (const Json& item : value) {
        MINTMARK_TRY(Log log, rpc_json::to_log(item));
        out.push_back(std::move(log));
    }
    return out;
}

}  // namespace mintmark::chain
