// Ethereum JSON-RPC client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/contract_abi.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/net/http.hpp"

namespace mintmark::chain {

struct BlockHeader {
    std::uint64_t number;
    std::uint64_t timestamp;  ///< seconds since 1970
    Bytes32 hash;
    U256 base_fee;  ///< wei per gas; 0 on chains without EIP-1559
    bool has_base_fee;
    Bytes32 parent_hash;
};

struct Log {
    Address address;
    std::vector<Bytes32> topics;
    Bytes data;
    std::uint64_t block_number;
    std::uint64_t log_index;
    Bytes32 transaction_hash;
    Bytes32 block_hash = {};            ///< zero when the node does not say it
    std::uint64_t block_timestamp = 0;  ///< 0 when the node does not say it
};

struct Receipt {
    Bytes32 transaction_hash;
    bool success;
    std::uint64_t block_number;
    std::uint64_t gas_used;
    U256 effective_gas_price;  ///< wei per gas
    std::optional<Address> contract_address;
    std::vector<Log> logs;
    /// gas_used * effective_gas_price, in wei.
    [[nodiscard]] U256 fee() const noexcept;
};

/// A message call, executed without a transaction.
struct CallRequest {
    std::optional<Address> from = {};
    std::optional<Address> to = {};  ///< none: creation code in `data`
    Bytes data = {};
    U256 value = {};
    std::optional<std::uint64_t> gas = {};  ///< most that it may use; none: the node's own limit
};

struct Fees {
    U256 max_fee;           ///< 2 * base fee + priority fee, or the gas price
    U256 max_priority_fee;  ///< 0 when !dynamic
    bool dynamic;           ///< the chain has EIP-1559
};

struct LogFilter {
    std::optional<Address> address = {};
    std::vector<Address> addresses = {};  ///< any of these, when there is no `address`
    /// topics[i]: the value wanted at position i, nullopt for any; at most 4.
    std::vector<std::optional<Bytes32>> topics = {};
    std::uint64_t from_block = 0;
    std::optional<std::uint64_t> to_block = {};  ///< none: latest
};

struct WaitOptions {
    std::uint64_t confirmations = 1;  ///< 1: included
    int timeout_ms = 120'000;
    int poll_ms = 50;  ///< first interval; grows to 2 s
};

/// Blocking client of one node. Every request is safe to repeat and is tried again by the
/// transport. Errors: kNetwork, kInterrupted, kMalformed (nonsense from the node), kChain (the
/// node's error; for reverts the reason, custom errors by name once learned),
/// kInsufficientFunds.
class RpcClient {
  public:
    /// transport: nullptr for an HttpClient of its own.
    explicit RpcClient(std::string url, std::shared_ptr<net::HttpTransport> transport = nullptr);

    /// Custom errors of these contracts are named in revert messages from now on.
    void learn_errors(const std::vector<AbiError>& errors);
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

    [[nodiscard]] Result<json::Json> request(const std::string& method, json::Json params);

    [[nodiscard]] Result<std::uint64_t> chain_id();
    /// kChain with both ids in the message when the node is on another chain.
    [[nodiscard]] Status expect_chain_id(std::uint64_t wanted);
    [[nodiscard]] Result<std::uint64_t> block_number();
    [[nodiscard]] Result<BlockHeader> latest_block();
    /// nullopt when the node has no such block.
    [[nodiscard]] Result<std::optional<BlockHeader>> block(std::uint64_t number);
    /// Next transaction number, pending ones counted.
    [[nodiscard]] Result<std::uint64_t> nonce(const Address& account);
    [[nodiscard]] Result<U256> balance(const Address& account);
    [[nodiscard]] Result<Bytes> code(const Address& account);
    [[nodiscard]] Result<Bytes> call(const CallRequest& call);
    /// Call and decode: call(to, "ownerOf(uint256)", {AbiValue(id)}, "(address)").
    [[nodiscard]] Result<std::vector<AbiValue>> call(const Address& to, std::string_view signature,
                                                     const std::vector<AbiValue>& arguments,
                                                     std::string_view return_types);
    /// The node's estimate without a margin.
    [[nodiscard]] Result<std::uint64_t> estimate_gas(const CallRequest& call);
    [[nodiscard]] Result<Fees> suggest_fees();
    /// Returns the transaction's hash; a node that already knows it is no error.
    [[nodiscard]] Result<Bytes32> send_raw(ByteSpan signed_transaction);
    [[nodiscard]] Result<std::optional<Receipt>> receipt(const Bytes32& transaction_hash);
    /// kNetwork when it is not included in time.
    [[nodiscard]] Result<Receipt> wait_for_receipt(const Bytes32& transaction_hash,
                                                   const WaitOptions& options = {});
    [[nodiscard]] Result<std::vector<Log>> logs(const LogFilter& filter);

  private:
    [[nodiscard]] std::unexpected<Error> node_error(const std::string& method,
                                                    const json::Json& error) const;

    std::string url_;
    std::shared_ptr<net::HttpTransport> transport_;
    std::vector<AbiError> errors_;
    std::uint64_t next_id_ = 1;
};

}  // namespace mintmark::chain
