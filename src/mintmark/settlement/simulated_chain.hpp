// A chain for tests: blocks, a pool of transactions, fees, and PaymentChannels' settleMany, asked
// over JSON-RPC. The node may lose answers, lie about receipts, and re-organise.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/net/http.hpp"

namespace mintmark::settlement {

class SimulatedChain final : public net::HttpTransport {
  public:
    struct Channel {
        std::uint64_t balance = 0, settled = 0, thawing = 0;
    };
    struct Transaction {
        std::uint64_t nonce = 0;
        chain::U256 max_fee = {}, tip = {};
        Bytes data = {};
        Bytes32 hash = {};
    };
    SimulatedChain();
    [[nodiscard]] static chain::Deployment deployment();
    void mine();
    /// Takes blocks back; their transactions are forgotten, as by a pool that lost them.
    void take_back(std::size_t blocks);
    /// Somebody else sends from the same wallet.
    void use_number();
    /// After all blocks; by buyer.
    [[nodiscard]] std::map<Address, Channel> channels() const;
    [[nodiscard]] std::size_t settlements() const;  ///< mined, with an effect

    Result<net::HttpResponse> send(const net::HttpRequest& request) override;

    std::map<Address, Channel> genesis = {};
    std::uint64_t base_fee = 1'000'000'000;
    std::uint64_t chain_id = 31337;
    std::vector<Transaction> pool = {};
    /// Asked before a request is answered, by its number: "" or "lost" (done, no answer),
    /// "refused" (not done), "429".
    std::function<std::string(std::size_t request, const std::string& method)> fault = {};
    bool hides_receipts = false, lies_about_receipts = false;
    std::size_t requests = 0;

  private:
    struct Block {
        std::vector<Transaction> transactions;
        std::uint64_t foreign = 0;  ///< of the wallet, by somebody else
    };
    struct Outcome {
        std::vector<std::uint64_t> statuses;
        std::uint64_t total = 0;
    };
    static Outcome settle(std::map<Address, Channel>& state, const Bytes& data);
    [[nodiscard]] std::uint64_t nonce() const;
    [[nodiscard]] json::Json answer(const std::string& method, const json::Json& params,
                                    std::string& error);
    [[nodiscard]] json::Json call(const json::Json& request) const;
    [[nodiscard]] json::Json receipt(const Bytes32& hash) const;
    void take(const Bytes& raw, std::string& error);

    std::vector<Block> blocks_;
};

}  // namespace mintmark::settlement
