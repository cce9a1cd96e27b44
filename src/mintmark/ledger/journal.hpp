// The ledger's writer: one thread, one connection, one fsync for all that came in meanwhile.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::ledger {

using Amount = chain::U256;
class Database;

/// A request that may cost something, before it runs.
struct RequestRow {
    std::string id = {};
    std::string key_id = {};
    std::string buyer = {};
    std::string account = {};
    std::string lane = {};
    std::string model = {};
    std::string endpoint = {};
    Amount units_reserved = {};
    std::uint64_t usd_reserved = 0;  ///< pico-dollars
    std::string request_hash = {};   ///< SHA-256, hex
    std::int64_t created_ms = 0;
    std::string idempotency_key = {};  ///< empty: none
    std::uint64_t price_epoch = 0;
};

/// How it ended. Totals are those after it, so writing them twice changes nothing.
struct FinishRow {
    std::string id = {};
    std::string state = {};  ///< settled, interrupted, failed, released
    Amount units = {};
    std::uint64_t usd = 0;
    std::string usage = {};  ///< JSON, quantities by unit
    std::string response_hash = {};
    std::int64_t finished_ms = 0;
    int status = 0;         ///< HTTP
    std::string body = {};  ///< kept when there is an idempotency key
    std::string account = {};
    std::string lane = {};
    Amount lane_used = {};
    std::string key_id = {};
    std::uint64_t key_spent = 0;
};

/// What a request that still runs has cost so far.
struct ProgressRow {
    std::string id = {};
    Amount units = {};
    std::uint64_t usd = 0;
};

struct VoucherRow {
    std::string account = {};
    std::string lane = {};
    Amount used = {};
    Amount signed_total = {};
    Amount base = {};
    std::string voucher = {};  ///< JSON
};

struct KeyRow {
    std::string id = {};
    std::string hash = {};  ///< SHA-256 of the secret, hex
    std::string buyer = {};
    std::string name = {};
    std::string scopes = {};
    std::uint64_t budget = 0;  ///< pico-dollars; 0: none
    std::uint64_t spent = 0;
    std::int64_t created_ms = 0;
    std::int64_t expires_ms = 0;  ///< 0: never
    bool is_revoked = false;
};

/// A number that is used once, such as a payment authorisation's.
struct NonceRow {
    std::string kind = {};
    std::string nonce = {};
    std::string note = {};
    std::int64_t expires_ms = 0;
};

using Entry = std::variant<RequestRow, FinishRow, ProgressRow, VoucherRow, KeyRow, NonceRow>;

/// Entries are on disk in the order in which they were given. When the disk refuses, the batch is
/// tried again until it works: nothing is dropped.
class Journal {
  public:
    /// Called on the writer's thread: all entries up to `sequence` are on disk, or why they are
    /// not.
    using OnCommit = std::function<void(std::uint64_t sequence, const Status& status)>;

    [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& path,
                                                               OnCommit on_commit);
    /// Writes what is left.
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    /// Returns the entry's sequence number, from 1.
    std::uint64_t append(Entry entry);

  private:
    class Writer;
    Journal(std::unique_ptr<Writer> writer, OnCommit on_commit);
    void run();

    std::unique_ptr<Writer> writer_;
    OnCommit on_commit_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Entry> pending_;
    std::uint64_t sequence_ = 0;
    bool is_ending_ = false;
    std::thread thread_;
};

/// Makes the tables; then closes requests that a crash left open: what they are known to have cost
/// is charged, the rest is released. Returns how many there were. Only while no journal is open.
[[nodiscard]] Result<std::uint64_t> recover(const std::filesystem::path& path);

}  // namespace mintmark::ledger
