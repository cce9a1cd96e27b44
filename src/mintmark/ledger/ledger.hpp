// Who may use how much, what it cost, and that both survive a crash.
//
// Vocabulary: an ACCOUNT is one source of entitlement of one buyer (a pass, a channel, a gate's
// quota in one epoch, a grant); a LANE is a part of it with a voucher total of its own (a channel
// has one per version); a KEY is an API key with a budget in dollars. Every request: reserve the
// worst case, run, finish with the actual.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/ledger/journal.hpp"

namespace mintmark::ledger {

struct LaneState {
    Amount used = {};          ///< in all; at least the base
    Amount signed_total = {};  ///< in all, by the buyer
    Amount base = {};          ///< in all, settled by the chain
    std::string voucher = {};  ///< JSON of the latest one; empty: none
};

struct AccountState {
    AccountTerms terms = {};
    Amount reserved = {};
    std::map<std::string, LaneState> lanes = {};
    [[nodiscard]] Amount used() const;  ///< of all lanes
    [[nodiscard]] Amount signed_total() const;
    /// Used and not settled by the chain.
    [[nodiscard]] Amount outstanding() const;
    /// What a new request may cost at most.
    [[nodiscard]] Amount available() const;
};

struct KeyState {
    KeyRow row = {};
    std::uint64_t reserved = 0;  ///< pico-dollars
};

/// The end of a request as the gateway sees it.
struct Outcome {
    std::string state = "settled";
    Amount units = {};      ///< at most what was reserved
    std::uint64_t usd = 0;  ///< pico-dollars, at most what was reserved
    std::string usage = {};
    std::string response_hash = {};
    std::int64_t finished_ms = 0;
    int status = 200;
    std::string body = {};
};

/// A request as it stands on disk.
struct RequestRecord {
    RequestRow row = {};
    FinishRow end = {};  ///< state "reserved": it runs
};

struct UsageSum {
    std::string day = {};  ///< "2026-11-26", UTC
    std::string key_id = {};
    std::string model = {};
    std::uint64_t requests = 0;
    std::uint64_t usd = 0;  ///< pico-dollars
};

/// One interface over a file of one gateway (SQLite) and a database that several share
/// (PostgreSQL). Calls are made on one thread, the loop's. A sequence number that a method returns
/// is durable once the journal has reported it; a shared ledger decides only then, and may refuse
/// what its own copy of the books allowed.
class Ledger {
  public:
    struct Opened;
    /// A file: recovers, then loads the keys. Decisions are made in memory, at once. kIo.
    [[nodiscard]] static Result<Opened> open(const std::filesystem::path& path,
                                             Journal::OnCommit on_commit);
    /// A database of several gateways: shared.hpp.
    virtual ~Ledger() = default;
    Ledger() = default;
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    /// Decides in the database: what it returned waits for the journal before anybody acts on it.
    [[nodiscard]] virtual bool is_shared() const noexcept = 0;

    /// Somebody waits for an entry: a file writes what nobody waits for a little later.
    virtual void want(std::uint64_t) {}

    /// Makes an account usable, or changes its terms. `base` is what the chain has counted already
    /// for the lane: the lane's totals are never below it. kIo.
    [[nodiscard]] virtual Status set_terms(const std::string& account, const AccountTerms& terms,
                                           const std::string& lane, const Amount& base) = 0;
    /// nullptr: not open.
    [[nodiscard]] virtual const AccountState* account(const std::string& id) = 0;

    /// kInsufficientFunds: the account's limit; kRejected: unsigned use has reached its limit;
    /// kPriceExceeded: the key's budget; kAlreadyExists: the request id is taken, or the
    /// idempotency key's request runs or was answered; kNotFound; kIo. 0, which nobody need wait
    /// for: a file that learns of it by its end (RequestRow::is_whole).
    [[nodiscard]] virtual Result<std::uint64_t> reserve(const RequestRow& request) = 0;
    /// The same without a copy: nobody changes the row any more.
    [[nodiscard]] virtual Result<std::uint64_t> reserve_row(
        std::shared_ptr<const RequestRow> request) {
        return reserve(*request);
    }
    /// Counts what a running request has cost so far, for the case of a crash.
    virtual std::uint64_t progress(const std::string& request, const Amount& units,
                                   std::uint64_t usd) = 0;
    /// Ends a running request; costs above the reservation are cut to it. kNotFound. Shared:
    /// kInterrupted when the other gateways had given this one up and closed the request.
    [[nodiscard]] virtual Result<std::uint64_t> finish(const std::string& request,
                                                       Outcome outcome) = 0;
    /// Undoes a charge whose answer was never given, because the disk refused it.
    virtual std::uint64_t take_back(const RequestRow& row, const Amount& units,
                                    std::uint64_t usd) = 0;
    /// The answer of an idempotent request is on disk: the next one with its key finds it there.
    virtual void forget_idempotency(const std::string& key_id,
                                    const std::string& idempotency_key) = 0;
    [[nodiscard]] virtual std::size_t running() const noexcept = 0;

    /// A buyer's signed total; the caller has checked the signature. kRejected when it is below the
    /// last one.
    [[nodiscard]] virtual Result<std::uint64_t> record_voucher(const std::string& account,
                                                               const std::string& lane,
                                                               const Amount& total,
                                                               const std::string& voucher) = 0;

    virtual std::uint64_t put_key(const KeyRow& row) = 0;
    /// By the hash of its secret; nullptr: unknown.
    [[nodiscard]] virtual KeyState* key_by_hash(const std::string& hash) = 0;
    [[nodiscard]] virtual KeyState* key(const std::string& id) = 0;
    [[nodiscard]] virtual std::vector<const KeyState*> keys_of(const std::string& buyer) = 0;

    /// Uses a nonce; kAlreadyExists.
    [[nodiscard]] virtual Result<std::uint64_t> use_nonce(const NonceRow& row) = 0;

    // Reads. A shared ledger's may take a while and may be called from any thread.
    [[nodiscard]] virtual Result<std::optional<RequestRecord>> find(const std::string& request) = 0;
    [[nodiscard]] virtual Result<std::optional<RequestRecord>> find_idempotent(
        const std::string& key_id, const std::string& key) = 0;
    [[nodiscard]] virtual Result<std::vector<UsageSum>> usage_of(const std::string& buyer,
                                                                 std::int64_t since_ms) = 0;
    /// Accounts that a buyer's requests were charged to.
    [[nodiscard]] virtual Result<std::vector<std::string>> accounts_of(
        const std::string& buyer) = 0;
    /// What other gateways have done to an account, and a key of theirs. Nothing to do for a file.
    [[nodiscard]] virtual Status refresh(const std::string& account);
    /// 64 hex digits of chance that all gateways of the ledger know, by its use. kIo.
    [[nodiscard]] virtual Result<std::string> secret(const std::string& use);
    [[nodiscard]] virtual Status load_key(const std::string& hash);
};

struct Ledger::Opened {
    std::unique_ptr<Ledger> ledger;
    std::uint64_t recovered;  ///< requests that a crash had left open
};

/// What the rows say against what the totals say: every difference as a line. `location`: a file,
/// or "postgresql://…". `base` of a lane is not in the rows, so a lane may be above them, never
/// below.
[[nodiscard]] Result<std::vector<std::string>> audit(const std::string& location);

}  // namespace mintmark::ledger
