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
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mintmark/ledger/database.hpp"
#include "mintmark/ledger/journal.hpp"

namespace mintmark::ledger {

/// What the chain (or the operator) lets an account use; in the account's unit.
struct AccountTerms {
    /// Beyond what the chain has settled of its lanes (their bases).
    Amount limit = {};
    /// Most that may be used beyond what the buyer has signed; none: a signature is not needed.
    std::optional<Amount> exposure = {};
};

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

/// Decisions are made in memory, on the loop's thread; the journal makes them durable. A sequence
/// number that a method returns is on disk once the journal has reported it.
class Ledger {
  public:
    struct Opened;
    /// Recovers, then loads the keys. kIo.
    [[nodiscard]] static Result<Opened> open(const std::filesystem::path& path,
                                             Journal::OnCommit on_commit);

    /// Makes an account usable, or changes its terms. `base` is what the chain has counted already
    /// for the lane: the lane's totals are never below it. kIo.
    [[nodiscard]] Status set_terms(const std::string& account, const AccountTerms& terms,
                                   const std::string& lane, const Amount& base);
    /// nullptr: not open.
    [[nodiscard]] const AccountState* account(const std::string& id) const;

    /// kInsufficientFunds: the account's limit; kRejected: unsigned use has reached its limit;
    /// kPriceExceeded: the key's budget; kAlreadyExists: the request id is taken, or the
    /// idempotency key's request runs or was answered; kNotFound; kIo.
    [[nodiscard]] Result<std::uint64_t> reserve(const RequestRow& request);
    /// Counts what a running request has cost so far, for the case of a crash.
    std::uint64_t progress(const std::string& request, const Amount& units, std::uint64_t usd);
    /// Ends a running request; costs above the reservation are cut to it. kNotFound.
    [[nodiscard]] Result<std::uint64_t> finish(const std::string& request, Outcome outcome);
    /// Undoes a charge whose answer was never given, because the disk refused it.
    std::uint64_t take_back(const RequestRow& row, const Amount& units, std::uint64_t usd);
    /// The answer of an idempotent request is on disk: the next one with its key finds it there.
    void forget_idempotency(const std::string& key_id, const std::string& idempotency_key);
    [[nodiscard]] std::size_t running() const noexcept { return open_.size(); }

    /// A buyer's signed total; the caller has checked the signature. kRejected when it is below the
    /// last one.
    [[nodiscard]] Result<std::uint64_t> record_voucher(const std::string& account,
                                                       const std::string& lane, const Amount& total,
                                                       const std::string& voucher);

    std::uint64_t put_key(const KeyRow& row);
    /// By the hash of its secret; nullptr: unknown.
    [[nodiscard]] KeyState* key_by_hash(const std::string& hash);
    [[nodiscard]] KeyState* key(const std::string& id);
    [[nodiscard]] std::vector<const KeyState*> keys_of(const std::string& buyer) const;

    /// Uses a nonce; kAlreadyExists.
    [[nodiscard]] Result<std::uint64_t> use_nonce(const NonceRow& row);

    [[nodiscard]] Result<std::optional<RequestRecord>> find(const std::string& request);
    [[nodiscard]] Result<std::optional<RequestRecord>> find_idempotent(const std::string& key_id,
                                                                       const std::string& key);
    [[nodiscard]] Result<std::vector<UsageSum>> usage_of(const std::string& buyer,
                                                         std::int64_t since_ms);
    /// Accounts that a buyer's requests were charged to.
    [[nodiscard]] Result<std::vector<std::string>> accounts_of(const std::string& buyer);
    /// Vouchers that are worth something: (account, lane, state).
    struct Signed {
        std::string account, lane;
        LaneState state;
    };
    [[nodiscard]] Result<std::vector<Signed>> signed_lanes();

  private:
    struct Running {
        RequestRow row;
    };
    Ledger() = default;
    [[nodiscard]] Status load_lanes(const std::string& account, AccountState& state);
    [[nodiscard]] Status load_keys();
    [[nodiscard]] Result<std::optional<RequestRecord>> read_record(Statement& select);

    std::unique_ptr<Database> reader_;
    std::unique_ptr<Journal> journal_;
    std::unordered_map<std::string, AccountState> accounts_;
    std::unordered_map<std::string, KeyState> keys_;
    std::unordered_map<std::string, std::string> key_ids_;  ///< by hash
    std::unordered_map<std::string, Running> open_;
    std::unordered_map<std::string, std::string> in_progress_;  ///< by key and idempotency key
    std::map<std::pair<std::string, std::string>, std::int64_t> nonces_;  ///< of this process
};

struct Ledger::Opened {
    std::unique_ptr<Ledger> ledger;
    std::uint64_t recovered;  ///< requests that a crash had left open
};

/// What the rows say against what the totals say: every difference as a line. Only while no ledger
/// is open. `base` of a lane is not in the rows, so a lane may be above them, never below.
[[nodiscard]] Result<std::vector<std::string>> audit(const std::filesystem::path& path);

}  // namespace mintmark::ledger
