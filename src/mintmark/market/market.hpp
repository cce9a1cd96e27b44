// The market's contracts on one chain: reading, sending, and finding what a transaction made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/chain/rpc.hpp"
#include "mintmark/chain/sender.hpp"

namespace mintmark::market {

/// A call of one contract of the deployment.
struct ContractCall {
    std::string_view contract;   ///< name in the deployment, "AccessPass", or an address "0x…"
    std::string_view signature;  ///< "buy((uint256,…))"
    std::vector<chain::AbiValue> arguments = {};
    chain::U256 value = {};  ///< wei
};

/// An event's indexed parameter to look for in a receipt.
struct EventTopic {
    std::string_view contract;
    std::string_view signature;
    std::size_t topic = 1;  ///< 1..3: which indexed parameter
};

/// Connection to the deployment's chain. Moves only.
class Market {
  public:
    /// rpc_url: empty for the deployment's. Errors: kNetwork when the node is down, kChain when it
    /// is on another chain than the deployment.
    [[nodiscard]] static Result<Market> open(chain::Deployment deployment,
                                             const std::string& rpc_url);

    [[nodiscard]] chain::RpcClient& client() noexcept { return *client_; }
    [[nodiscard]] const chain::Deployment& deployment() const noexcept { return deployment_; }
    [[nodiscard]] chain::Sender sender(const chain::PrivateKey& key) noexcept;
    /// Seconds since 1970 on the chain's clock: the latest block's, or this machine's if later.
    [[nodiscard]] Result<std::uint64_t> now();

    /// eth_call. `returns`: "(uint256,…)". Reverts are explained (contract_errors.hpp).
    [[nodiscard]] Result<std::vector<chain::AbiValue>> read(const ContractCall& call,
                                                            std::string_view returns);
    /// The single uint256 (or smaller) that a getter returns.
    [[nodiscard]] Result<chain::U256> read_number(const ContractCall& call);
    [[nodiscard]] Result<Address> read_address(const ContractCall& call);
    /// Sends and waits; reverts are explained.
    [[nodiscard]] Result<chain::Receipt> send(const chain::PrivateKey& key,
                                              const ContractCall& call);
    /// Gas estimate of sending from `from`.
    [[nodiscard]] Result<std::uint64_t> estimate(const Address& from, const ContractCall& call);
    /// Logs of one event since the deployment, oldest first.
    [[nodiscard]] Result<std::vector<chain::Log>> logs(
        std::string_view contract, std::string_view signature,
        const std::vector<std::optional<Bytes32>>& indexed = {});
    /// The indexed parameter of the event in a receipt; kChain when the event is not there.
    [[nodiscard]] Result<chain::U256> topic(const chain::Receipt& receipt,
                                            const EventTopic& event) const;

  private:
    Market(chain::Deployment deployment, std::unique_ptr<chain::RpcClient> client)
        : deployment_(std::move(deployment)), client_(std::move(client)) {}
    [[nodiscard]] Result<Address> resolve(std::string_view contract) const;
    [[nodiscard]] Result<chain::Intent> intent(const ContractCall& call) const;

    chain::Deployment deployment_;
    std::unique_ptr<chain::RpcClient> client_;
};

/// A tuple's or list's item; kMalformed when it is not there.
[[nodiscard]] Result<chain::AbiValue> item(const std::vector<chain::AbiValue>& values,
                                           std::size_t index);

}  // namespace mintmark::market
