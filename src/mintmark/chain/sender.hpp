// Sending transactions: nonce, gas, fees, balance check, signature, receipt.
#pragma once

#include <cstdint>
#include <optional>

#include "mintmark/chain/rpc.hpp"
#include "mintmark/chain/signer.hpp"

namespace mintmark::chain {

/// A transaction as its author thinks of it.
struct Intent {
    std::optional<Address> to = {};  ///< none: creates a contract from `data`
    Bytes data = {};
    U256 value = {};                              ///< wei
    std::optional<std::uint64_t> gas_limit = {};  ///< none: the estimate and a quarter
};

/// What an intent would cost now.
struct Quote {
    std::uint64_t gas_estimate;
    std::uint64_t gas_limit;
    Fees fees;
    U256 max_cost;  ///< value + gas_limit * max_fee, in wei
};

/// Signs for one account on one chain. The chain id is fixed at creation, so a node that moves to
/// another chain cannot obtain a valid signature.
class Sender {
  public:
    /// client and key must outlive the sender.
    Sender(RpcClient& client, const PrivateKey& key, std::uint64_t chain_id);

    [[nodiscard]] const Address& address() const noexcept { return key_->address(); }
    [[nodiscard]] RpcClient& client() noexcept { return *client_; }
    /// Estimates without sending; a revert is reported here, before anything is paid.
    [[nodiscard]] Result<Quote> quote(const Intent& intent);
    /// Sends and waits for `options.confirmations`. kInsufficientFunds with what is missing;
    /// kChain when it reverts (with the reason, obtained by replaying the call).
    [[nodiscard]] Result<Receipt> send(const Intent& intent, const WaitOptions& options = {});
    /// send() of encode_call(signature, arguments).
    [[nodiscard]] Result<Receipt> call(const Address& to, std::string_view signature,
                                       const std::vector<AbiValue>& arguments,
                                       const U256& value = {});

  private:
    [[nodiscard]] Status check_funds(const Quote& quote);

    RpcClient* client_;
    const PrivateKey* key_;
    std::uint64_t chain_id_;
};

}  // namespace mintmark::chain
