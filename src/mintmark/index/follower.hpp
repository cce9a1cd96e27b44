// Follows the chain: reads logs in ranges that the node bears, notices re-organisations by the
// hashes of the last blocks, and undoes what they took back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "mintmark/chain/rpc.hpp"
#include "mintmark/index/store.hpp"

namespace mintmark::index {

struct FollowOptions {
    std::uint64_t confirmations = 0;  ///< blocks that stay out of the index at the chain's end
    std::size_t keep = 128;           ///< the deepest re-organisation that is not a rebuild
    std::uint64_t first_range = 2'000;
    std::uint64_t max_range = 50'000;  ///< blocks asked for at once
    int poll_ms = 1'000;
    int max_delay_ms = 30'000;  ///< longest wait after errors
    /// Polls for which a node may be behind the index (a pool of nodes) before that is believed.
    unsigned patience = 8;
};

struct FollowState {
    BlockRef tip = {};
    std::uint64_t head = 0;      ///< as the node says it
    std::int64_t agreed_ms = 0;  ///< steady clock, when node and index last agreed; 0: never
    std::uint64_t reorgs = 0;    ///< of this process
    std::uint64_t deepest = 0;   ///< blocks taken back by the deepest of them
    std::uint64_t rebuilds = 0;  ///< re-organisations deeper than what is kept
    std::uint64_t range = 0;     ///< blocks asked for at once
    unsigned failures = 0;       ///< in a row
    std::string error = {};      ///< of the last failure; empty: none
    [[nodiscard]] std::uint64_t lag() const noexcept {
        return head > tip.number ? head - tip.number : 0;
    }
};

enum class Step : std::uint8_t {
    kProgress,  ///< there may be more at once
    kCurrent,   ///< the index is where the chain is
    kBehind     ///< the node is behind the index
};

/// One thread at a time.
class Follower {
  public:
    Follower(chain::RpcClient& client, Store& store, const chain::Deployment& deployment,
             FollowOptions options = {});
    /// A range of blocks, a roll-back, or nothing. Errors: of the node (kNetwork, kChain,
    /// kMalformed: nothing was changed), kIo, kRejected (another process was faster: go on).
    [[nodiscard]] Result<Step> step();
    /// Steps until the index is where the chain is; gives up after `attempts` failures in a row.
    [[nodiscard]] Status catch_up(unsigned attempts = 6);
    /// Milliseconds to wait before the next step.
    [[nodiscard]] int delay_ms(const Result<Step>& last) const;
    [[nodiscard]] const FollowState& state() const noexcept { return state_; }

  private:
    [[nodiscard]] Result<Step> advance();
    [[nodiscard]] Result<std::vector<chain::Log>> read_logs(std::uint64_t from, std::uint64_t& to);
    [[nodiscard]] Result<std::vector<BlockRef>> read_blocks(std::uint64_t from, std::uint64_t to,
                                                            Bytes32 parent);
    [[nodiscard]] Result<Step> undo(const BlockRef& tip);
    [[nodiscard]] Result<Step> node_is_behind(const BlockRef& tip);

    chain::RpcClient& client_;
    Store& store_;
    Decoder decoder_;
    std::uint64_t chain_id_;
    bool is_checked_ = false;
    FollowOptions options_;
    FollowState state_ = {};
    unsigned behind_ = 0;
};

/// A follower on a thread of its own, with its own connections.
class Service {
  public:
    [[nodiscard]] static Result<std::unique_ptr<Service>> start(const std::filesystem::path& path,
                                                                chain::Deployment deployment,
                                                                const std::string& rpc_url,
                                                                FollowOptions options);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;
    [[nodiscard]] FollowState state() const;
    /// The tip, when node and index agreed within this time.
    [[nodiscard]] std::optional<BlockRef> fresh_tip(std::int64_t max_age_ms) const;

  private:
    Service(chain::RpcClient client, Store store, const chain::Deployment& deployment,
            FollowOptions options);
    void run();

    chain::RpcClient client_;
    Store store_;
    Follower follower_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    FollowState state_ = {};
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace mintmark::index
