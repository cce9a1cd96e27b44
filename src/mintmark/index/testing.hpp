// A node for tests: a chain of blocks with the contracts' events, asked over JSON-RPC. It may lie,
// refuse, and re-organise.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/deployment.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/net/http.hpp"

namespace mintmark::index {

[[nodiscard]] chain::Deployment simulated_deployment();

class SimulatedNode final : public net::HttpTransport {
  public:
    explicit SimulatedNode(std::uint64_t seed);
    /// A block with `events` seeded events of users, at least 0.
    void mine(std::size_t events);
    /// Gives no logs of the blocks until now any more: they take memory.
    void forget_logs();
    /// Forgets the last blocks.
    void drop(std::size_t blocks);
    [[nodiscard]] std::uint64_t head() const { return blocks_.size() - 1; }
    /// What the channel of a user has settled for version 1/1, as the contract would say.
    [[nodiscard]] std::uint64_t settled(std::size_t user) const;
    [[nodiscard]] std::uint64_t balance(std::size_t user) const;
    [[nodiscard]] static market::ChannelKey channel(std::size_t user);

    Result<net::HttpResponse> send(const net::HttpRequest& request) override;

    static constexpr std::size_t kUsers = 5;
    std::uint64_t chain_id = 31337;
    std::uint64_t max_range = 1'000'000;  ///< of eth_getLogs; above it is an error
    std::uint64_t answers_head = ~0ULL;   ///< most that it admits to have
    std::deque<std::string> faults = {};  ///< consumed one a request: "network", "429", "limit"
    enum class Lie : std::uint8_t { kNone, kOrder, kStranger, kHash, kHalfBatch, kBlock };
    Lie lie = Lie::kNone;
    std::size_t requests = 0, log_requests = 0;

  private:
    struct Account {
        std::uint64_t balance = 0, settled = 0;
    };
    struct Block {
        std::uint64_t salt = 0;
        Bytes32 hash = {}, parent = {};
        std::vector<json::Json> logs = {};
        std::map<std::size_t, Account> accounts = {};  ///< after it
        std::uint64_t passes = 0;
    };
    void add_log(Block& block, std::string_view contract, std::string_view signature,
                 const std::vector<Bytes32>& topics, const Bytes& data, std::size_t transaction);
    void add_event(Block& block, std::size_t transaction);
    [[nodiscard]] json::Json answer(const std::string& method, const json::Json& params);
    [[nodiscard]] json::Json header(std::uint64_t number) const;
    [[nodiscard]] json::Json logs(const json::Json& filter);

    SeededRng rng_;
    chain::Deployment deployment_ = simulated_deployment();
    std::vector<Block> blocks_;
};

}  // namespace mintmark::index
