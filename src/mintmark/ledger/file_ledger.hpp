// The ledger of one gateway: decisions in memory, entries in a file.
#pragma once

#include <unordered_map>

#include "mintmark/ledger/database.hpp"
#include "mintmark/ledger/ledger.hpp"

namespace mintmark::ledger {

class FileLedger final : public Ledger {
  public:
    [[nodiscard]] bool is_shared() const noexcept override { return false; }
    void want(std::uint64_t sequence) override;
    [[nodiscard]] Status set_terms(const std::string& account, const AccountTerms& terms,
                                   const std::string& lane, const Amount& base) override;
    [[nodiscard]] const AccountState* account(const std::string& id) override;
    [[nodiscard]] Result<std::uint64_t> reserve(const RequestRow& request) override;
    [[nodiscard]] Result<std::uint64_t> reserve_row(std::shared_ptr<const RequestRow> row) override;
    std::uint64_t progress(const std::string& request, const Amount& units,
                           std::uint64_t usd) override;
    [[nodiscard]] Result<std::uint64_t> finish(const std::string& request,
                                               Outcome outcome) override;
    std::uint64_t take_back(const RequestRow& row, const Amount& units, std::uint64_t usd) override;
    void forget_idempotency(const std::string& key_id, const std::string& idempotency_key) override;
    [[nodiscard]] std::size_t running() const noexcept override { return open_.size(); }
    [[nodiscard]] Result<std::uint64_t> record_voucher(const std::string& account,
                                                       const std::string& lane, const Amount& total,
                                                       const std::string& voucher) override;
    std::uint64_t put_key(const KeyRow& row) override;
    [[nodiscard]] KeyState* key_by_hash(const std::string& hash) override;
    [[nodiscard]] KeyState* key(const std::string& id) override;
    [[nodiscard]] std::vector<const KeyState*> keys_of(const std::string& buyer) override;
    [[nodiscard]] Result<std::uint64_t> use_nonce(const NonceRow& row) override;
    [[nodiscard]] Result<std::optional<RequestRecord>> find(const std::string& request) override;
    [[nodiscard]] Result<std::optional<RequestRecord>> find_idempotent(
        const std::string& key_id, const std::string& key) override;
    [[nodiscard]] Result<std::vector<UsageSum>> usage_of(const std::string& buyer,
                                                         std::int64_t since_ms) override;
    [[nodiscard]] Result<std::vector<std::string>> accounts_of(const std::string& buyer) override;

  private:
    friend class Ledger;
    struct Running {
        std::shared_ptr<const RequestRow> row;
        std::shared_ptr<Journal::Held> held;  ///< nullptr: it was appended
    };
    FileLedger() = default;
    [[nodiscard]] Status load_lanes(const std::string& account, AccountState& state);
    [[nodiscard]] Status load_keys();
    [[nodiscard]] Result<std::optional<RequestRecord>> read_record(Statement& select);

    std::unique_ptr<Database> reader_;
    std::unique_ptr<Journal> journal_;
    std::unordered_map<std::string, AccountState> accounts_;
    std::unordered_map<std::string, KeyState> keys_;
    std::unordered_map<std::string, std::string> key_ids_;      ///< by hash
    std::unordered_map<std::string_view, Running> open_;        ///< by the id in the row
    std::unordered_map<std::string, std::string> in_progress_;  ///< by key and idempotency key
    std::map<std::pair<std::string, std::string>, std::int64_t> nonces_;  ///< of this process
};

}  // namespace mintmark::ledger
