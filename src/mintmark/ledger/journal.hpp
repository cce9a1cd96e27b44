// The ledger's queue to its database: one thread, one connection, one fsync for all that came in
// meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::ledger {

using Amount = chain::U256;

/// What the chain (or the operator) lets an account use; in the account's unit.
struct AccountTerms {
    /// Beyond what the chain has settled of its lanes (their bases).
    Amount limit = {};
    /// Most that may be used beyond what the buyer has signed; none: a signature is not needed.
    std::optional<Amount> exposure = {};
};

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
    AccountTerms terms = {};  ///< of the account; what a shared ledger checks against
    /// Nothing leaves before its end, so a file need not know of it before.
    bool is_whole = false;
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
    bool is_taken_back = false;                    ///< an end that was written before is undone
    std::shared_ptr<const RequestRow> begun = {};  ///< written with it, if not before
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
    std::string voucher = {};  ///< JSON; empty: the chain's base alone
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

/// Entries that a shared ledger does not accept, by sequence number, with the reason.
using Refusals = std::vector<std::pair<std::uint64_t, Error>>;

/// Where a journal's entries go; on the journal's thread only.
class JournalWriter {
  public:
    virtual ~JournalWriter() = default;
    /// All or nothing, and the same again changes nothing: a batch is repeated until it works.
    /// `first`: the sequence number of batch[0].
    [[nodiscard]] virtual Status write(const std::vector<Entry>& batch, std::uint64_t first,
                                       Refusals& refused) = 0;
    /// How often beat() is wanted; 0: never.
    [[nodiscard]] virtual std::chrono::milliseconds beat_every() const {
        return std::chrono::milliseconds(0);
    }
    [[nodiscard]] virtual Status beat() { return {}; }
};

/// When a batch is written.
enum class Pace : std::uint8_t {
    kAtOnce,     ///< what has come in while the last one was written
    kWhenAsked,  ///< when somebody waits for it, else within kLinger: fewer and larger ones
};
/// Of somebody who waits for an entry.
enum class Hurry : std::uint8_t {
    kNow,   ///< nobody else is about to wait too
    kSoon,  ///< within kPause of the last batch
};

/// Entries are on disk in the order in which they were given. When the disk refuses, the batch is
/// tried again until it works: nothing is dropped.
class Journal {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr auto kLinger = std::chrono::milliseconds(50);
    static constexpr auto kPause = std::chrono::milliseconds(2);

    /// Called on the writer's thread: all entries up to `sequence` are on disk (but those that were
    /// refused), or why they are not.
    using OnCommit =
        std::function<void(std::uint64_t sequence, const Status& status, const Refusals& refused)>;

    Journal(std::unique_ptr<JournalWriter> writer, OnCommit on_commit, Pace pace = Pace::kAtOnce);
    /// Writes what is left.
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    /// Returns the entry's sequence number, from 1.
    std::uint64_t append(Entry entry);
    /// Somebody waits for an entry. For Pace::kWhenAsked.
    void want(std::uint64_t sequence, Hurry hurry);

    /// A reservation that is written with its end as one row, or by itself after kLinger.
    class Held;
    [[nodiscard]] std::shared_ptr<Held> hold(std::shared_ptr<const RequestRow> row);
    /// Its end. Returns the entry's sequence number.
    std::uint64_t append_end(Held& held, FinishRow&& end);
    /// Before anything else of it is appended.
    void release(Held& held);

  private:
    void run();
    /// Until there is something to write; false: the end.
    bool wait_for_entries(std::vector<Entry>& batch, std::uint64_t& first);
    void beat();
    // With the mutex.
    template <class Row>
    std::uint64_t push(Row&& row);
    [[nodiscard]] Clock::time_point due() const;
    void sleep(std::unique_lock<std::mutex>& lock, Clock::time_point until);
    void wake_if_early();
    void let_go(Clock::time_point of_before);

    std::unique_ptr<JournalWriter> writer_;
    OnCommit on_commit_;
    const Pace pace_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<Entry> pending_;
    std::vector<Entry> written_;  ///< destroyed by who appends: memory goes back where it came from
    std::deque<std::shared_ptr<Held>> held_;  ///< by age; some are not held any more
    std::uint64_t sequence_ = 0;
    std::uint64_t wanted_ = 0;
    bool is_urgent_ = false;
    Clock::time_point oldest_ = {};        ///< when pending_[0] came
    Clock::time_point taken_ = {};         ///< when the last batch was taken
    Clock::time_point sleeps_until_ = {};  ///< the writer; the past: it does not
    std::uint64_t done_ = 0;               ///< on the writer's thread
    bool is_ending_ = false;
    std::thread thread_;
};

}  // namespace mintmark::ledger
