// What the gateway needs to know of the chain, cached: read again after refresh_s, not believed
// after stale_s. Blocking calls run on a thread of their own.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/gateway/config.hpp"
#include "mintmark/gateway/index_view.hpp"
#include "mintmark/market/catalogue.hpp"
#include "mintmark/market/gates.hpp"
#include "mintmark/market/market.hpp"
#include "mintmark/market/rates.hpp"
#include "mintmark/serving/task.hpp"

namespace mintmark::gateway {

class Metrics;
using serving::Task;

/// A session key: the contract pays what it signs up to `cap` in all, of which `spent` is paid.
struct SessionFacts {
    chain::U256 cap = {}, spent = {};
    std::uint64_t expires = 0;  ///< last second at which the contract pays; 0: no such key
    std::uint64_t now = 0;      ///< the chain's clock
};

/// Dollars per token: answer / 10^feed_decimals.
struct TokenPrice {
    std::uint64_t answer = 0;
    unsigned feed_decimals = 0;
    unsigned decimals = 0;  ///< of the token
};
struct CardFacts {
    market::RateCard card = {};
    std::uint64_t epoch = 0;
    bool is_served = true;  ///< the version is Active or Deprecated
};
struct PassFacts {
    std::uint64_t id = 0;
    market::VersionRef version = {};
    Address owner = {}, user = {};
    std::uint64_t units_left = 0, metered = 0;
    std::uint64_t expires = 0, now = 0;  ///< seconds, the chain's clock
    market::Unit unit = market::Unit::kCall;
};
struct ChannelFacts {
    chain::U256 settled = {}, exposure_limit = {}, settled_for = {};
};
struct GateFacts {
    std::uint64_t model = 0, epoch = 0;
    chain::U256 remaining = {}, used_through = {};
};

/// A registered model as its index has it.
struct CatalogueRow {
    market::CatalogueEntry entry = {};
    market::CardEpoch rates = {};  ///< of the canonical version; number 0: none
};

/// One cached answer.
template <class T>
struct Cached {
    T value = {};
    std::int64_t read_ms = 0;  ///< 0: never
    bool is_refreshing = false;
};

class ChainView {
  public:
    /// Follows the chain with an index when one is wanted. A node that is down or busy does not
    /// hinder the start: what needs it is refused (kNetwork) until it answers; one on another chain
    /// does: kChain. kIo.
    [[nodiscard]] static Result<std::unique_ptr<ChainView>> open(const Config& config,
                                                                 Metrics& metrics);
    ~ChainView();

    [[nodiscard]] Task<Result<CardFacts>> card(const market::VersionRef& version);
    [[nodiscard]] Task<Result<TokenPrice>> price(const Address& token);
    [[nodiscard]] Task<Result<std::vector<std::uint64_t>>> passes(const Address& owner);
    [[nodiscard]] Task<Result<PassFacts>> pass(std::uint64_t id);
    [[nodiscard]] Task<Result<ChannelFacts>> channel(const Address& buyer, const Address& token,
                                                     const market::VersionRef& version);
    [[nodiscard]] Task<Result<GateFacts>> gate(std::uint64_t gate, const chain::U256& key,
                                               const Address& account,
                                               const market::VersionRef& version);
    /// What a key may sign for in a channel. Not cached.
    [[nodiscard]] Task<Result<SessionFacts>> session(const Address& buyer, const Address& token,
                                                     const Address& signer);
    /// ERC-1271. Not cached.
    [[nodiscard]] Task<Result<bool>> contract_accepts(const Address& wallet, const Bytes32& hash,
                                                      const Bytes& signature);

    [[nodiscard]] const chain::Deployment& deployment() const { return deployment_; }
    [[nodiscard]] const Address& provider() const noexcept { return provider_; }
    [[nodiscard]] bool is_healthy() const noexcept { return is_healthy_; }
    /// Looks whether the node is back, when it was away.
    [[nodiscard]] Task<void> probe();
    /// At most `limit` models with ids above `after`, by id, from the index, which must be there.
    [[nodiscard]] Task<Result<std::vector<CatalogueRow>>> catalogue(market::CatalogueQuery query,
                                                                    std::uint64_t after,
                                                                    std::size_t limit);
    /// nullopt: there is no index.
    [[nodiscard]] std::optional<IndexState> index_state() const;

  private:
    ChainView(const ChainConfig& config, Metrics& metrics, chain::Deployment deployment,
              Address provider, std::unique_ptr<IndexView> index);
    /// The cached value, read when it is old.
    template <class T>
    Task<Result<T>> cached(std::map<std::string, Cached<T>>& cache, std::string key,
                           std::function<Result<T>(market::Market&)> read);
    /// Asks the index, or the contracts.
    template <class T>
    std::function<Result<T>(market::Market&)> reader(
        IndexView::Question<T> question, std::function<Result<T>(market::Market&)> read);

    /// Connects, and asks the node for its chain, until it has said the right one. On pool_'s
    /// thread.
    [[nodiscard]] Result<market::Market*> reach();
    void note(const Status& reached);

    const ChainConfig& config_;
    Metrics& metrics_;
    chain::Deployment deployment_;
    std::unique_ptr<market::Market> market_;  ///< on pool_'s one thread only; nullptr: not reached
    std::atomic<bool> is_reached_ = false;    ///< market_ is there
    std::unique_ptr<IndexView> index_;        ///< likewise; nullptr: none
    Address provider_;
    boost::asio::thread_pool pool_{1};
    bool is_healthy_ = true;
    std::map<std::string, Cached<CardFacts>> cards_;
    std::map<std::string, Cached<TokenPrice>> prices_;
    std::map<std::string, Cached<std::vector<std::uint64_t>>> owners_;
    std::map<std::string, Cached<PassFacts>> passes_;
    std::map<std::string, Cached<ChannelFacts>> channels_;
    std::map<std::string, Cached<GateFacts>> gates_;
};

}  // namespace mintmark::gateway
