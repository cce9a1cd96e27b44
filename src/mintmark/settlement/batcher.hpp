// Settles what is signed: in batches by value and age, simulated first, within a cap of gas,
// replaced when stuck, sent again when a re-organisation takes it back. Vouchers are cumulative, so
// whatever is sent twice settles once.
#pragma once

#include <functional>
#include <string>

#include "mintmark/settlement/due.hpp"
#include "mintmark/settlement/intents.hpp"

namespace mintmark::settlement {

struct Options {
    std::uint64_t max_batch = 256;
    std::int64_t age_ms = 3'600'000;           ///< settle what has waited so long
    chain::U256 value = {};                    ///< or what is worth this, in the token's smallest
                                               ///< unit; 0: age alone
    std::int64_t margin_s = 7'200;             ///< a voucher that ends so soon is urgent
    chain::U256 max_fee = 200'000'000'000ULL;  ///< most wei per gas
    std::uint64_t max_gas_percent = 0;         ///< of a native batch's value; 0: whatever it costs
    std::int64_t stuck_ms = 90'000;            ///< then it is replaced
    std::uint64_t confirmations = 12;
    std::int64_t refused_ms = 600'000;  ///< when a refused voucher is tried again
    /// When a settled voucher is looked at again: a re-organisation may be deeper than expected.
    std::int64_t recheck_ms = 3'600'000;
    unsigned patience = 3;  ///< looks before a lost number is believed
};

/// Of this process.
struct Counts {
    std::uint64_t sent = 0, final = 0, replaced = 0, taken_back = 0, dropped = 0, failed = 0;
    std::uint64_t refused_vouchers = 0;  ///< by the simulation
    std::uint64_t above_cap = 0;         ///< not sent: gas above the cap or the batch's worth
    std::uint64_t bad_rows = 0;
    std::uint64_t due = 0, open = 0;  ///< now: lanes, transactions
    std::uint64_t unconfirmed = 0;    ///< now: those of the open ones that are mined
    std::int64_t oldest_ms = 0;       ///< now: age of the oldest due lane
    bool is_settler = true;           ///< now; false: another gateway of the database is
};

/// What the operator should know. `advice` may be empty.
using Tell = std::function<void(const std::string& what, const std::string& advice)>;

class Batcher {
  public:
    /// All must outlive it. `key` pays the gas and is the provider of quotas.
    Batcher(chain::RpcClient& client, const chain::Deployment& deployment,
            const chain::PrivateKey& key, sql::Database& ledger, Intents& intents, Options options,
            Tell tell);
    /// Looks after what was sent, then sends at most one new transaction when none is open.
    /// `now_ms`: unix. Errors of node and disk; nothing is lost by them.
    [[nodiscard]] Status step(std::int64_t now_ms);
    /// Ignores age and value once.
    [[nodiscard]] Status settle_all(std::int64_t now_ms);
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

  private:
    enum class Urgency : std::uint8_t { kByRule, kAll };
    struct Plan {
        std::vector<Due> items;
        market::ContractCall call;
        Address to = {};
        Bytes data;
        chain::U256 total;  ///< of channels
        bool is_native = false, is_urgent = false;
    };
    [[nodiscard]] Status run(std::int64_t now_ms, Urgency urgency);
    [[nodiscard]] Status look_after(Intent& intent, bool is_first, std::int64_t now_ms);
    [[nodiscard]] Status on_receipt(Intent& intent, const chain::Receipt& receipt,
                                    std::int64_t now_ms);
    [[nodiscard]] Status on_absence(Intent& intent, bool is_first, std::int64_t now_ms);
    [[nodiscard]] Status renumber(Intent& intent, std::uint64_t nonce, std::int64_t now_ms);
    [[nodiscard]] Status replace(Intent& intent, std::int64_t now_ms);
    [[nodiscard]] Status finish(Intent& intent, std::int64_t now_ms);
    [[nodiscard]] Result<std::vector<Due>> wanted(std::int64_t now_ms);
    [[nodiscard]] Result<bool> send_one(std::vector<Due> group, std::int64_t now_ms,
                                        Urgency urgency);
    /// Leaves in the plan what the contract would settle now.
    [[nodiscard]] Status simulate(Plan& plan, std::int64_t now_ms);
    [[nodiscard]] Status refuse(const Due& due, std::string_view why, bool is_done,
                                std::int64_t now_ms);
    [[nodiscard]] Result<bool> is_urgent(const Due& due, std::int64_t now_ms);
    [[nodiscard]] Result<bool> is_ripe(const Plan& plan, std::int64_t now_ms);
    [[nodiscard]] Status submit(const Plan& plan, std::int64_t now_ms);
    [[nodiscard]] Bytes sign(const Intent& intent) const;
    void tell(const std::string& what, const std::string& advice = "") const;

    chain::RpcClient& client_;
    const chain::Deployment& deployment_;
    const chain::PrivateKey& key_;
    sql::Database& ledger_;
    Intents& intents_;
    Options options_;
    Tell tell_;
    std::string wallet_;
    Counts counts_ = {};
    unsigned absences_ = 0;
};

}  // namespace mintmark::settlement
