#include <algorithm>
#include <unordered_map>

#include "mintmark/ledger/rules.hpp"
#include "mintmark/ledger/shared.hpp"
#include "mintmark/ledger/shared_schema.hpp"
#include "mintmark/ledger/shared_writer.hpp"

namespace mintmark::ledger {
namespace {

constexpr const char* kRecord =
    "id,key_id,buyer,account,lane,model,endpoint,state,units_reserved,usd_reserved,units,usd,usage,"
    "request_hash,response_hash,price_epoch,status,body,created_ms,finished_ms,idempotency_key";

constexpr const char* kReader = "SET statement_timeout = '5s';";

Result<std::optional<RequestRecord>> record_of(const sql::Answer& answer) {
    if (answer.rows.empty()) return std::nullopt;
    const sql::Row& row = answer.rows[0];
    RequestRecord out;
    out.row.id = out.end.id = sql::text(row, 0);
    out.row.key_id = sql::text(row, 1);
    out.row.buyer = sql::text(row, 2);
    out.row.account = sql::text(row, 3);
    out.row.lane = sql::text(row, 4);
    out.row.model = sql::text(row, 5);
    out.row.endpoint = sql::text(row, 6);
    out.end.state = sql::text(row, 7);
    MINTMARK_TRY(out.row.units_reserved, Amount::parse(sql::text(row, 8)));
    out.row.usd_reserved = static_cast<std::uint64_t>(sql::integer(row, 9));
    MINTMARK_TRY(out.end.units, Amount::parse(sql::text(row, 10)));
    out.end.usd = static_cast<std::uint64_t>(sql::integer(row, 11));
    out.end.usage = sql::text(row, 12);
    out.row.request_hash = sql::text(row, 13);
    out.end.response_hash = sql::text(row, 14);
    out.row.price_epoch = static_cast<std::uint64_t>(sql::integer(row, 15));
    out.end.status = static_cast<int>(sql::integer(row, 16));
    const Bytes body = sql::blob(row, 17);
    out.end.body.assign(body.begin(), body.end());
    out.row.created_ms = sql::integer(row, 18);
    out.end.finished_ms = sql::integer(row, 19);
    out.row.idempotency_key = sql::text(row, 20);
    return out;
}

class SharedLedger final : public Ledger {
  public:
    [[nodiscard]] static Result<Opened> open(const SharedOptions& options,
                                             Journal::OnCommit on_commit);
    [[nodiscard]] bool is_shared() const noexcept override { return true; }
    [[nodiscard]] Status set_terms(const std::string& account, const AccountTerms& terms,
                                   const std::string& lane, const Amount& base) override;
    [[nodiscard]] const AccountState* account(const std::string& id) override;
    [[nodiscard]] Result<std::uint64_t> reserve(const RequestRow& request) override;
    std::uint64_t progress(const std::string& request, const Amount& units,
                           std::uint64_t usd) override;
    [[nodiscard]] Result<std::uint64_t> finish(const std::string& request,
                                               Outcome outcome) override;
    std::uint64_t take_back(const RequestRow& row, const Amount& units, std::uint64_t usd) override;
    void forget_idempotency(const std::string&, const std::string&) override {}
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
    [[nodiscard]] Status refresh(const std::string& account) override;
    [[nodiscard]] Result<std::string> secret(const std::string& use) override;
    [[nodiscard]] Status load_key(const std::string& hash) override;

  private:
    /// Takes over what the database has said since the last call.
    void catch_up();
    [[nodiscard]] Result<sql::Answer> ask(const std::string& statement,
                                          const std::vector<sql::Value>& parameters);
    [[nodiscard]] Status load_keys();

    Inbox inbox_;
    std::mutex reading_;
    std::unique_ptr<sql::Database> reader_;
    std::unordered_map<std::string, AccountState> accounts_;  ///< as last heard
    std::unordered_map<std::string, KeyState> keys_;
    std::unordered_map<std::string, std::string> key_ids_;  ///< by hash
    std::unordered_map<std::string, RequestRow> open_;
    std::unique_ptr<Journal> journal_;  ///< ends first: it writes to the inbox
};

Result<Ledger::Opened> SharedLedger::open(const SharedOptions& options,
                                          Journal::OnCommit on_commit) {
    auto ledger = std::make_unique<SharedLedger>();
    MINTMARK_TRY(auto writer, SharedWriter::open(options, ledger->inbox_));
    const std::uint64_t recovered = writer->recovered();
    MINTMARK_TRY(ledger->reader_, sql::open_postgres(options.location, kReader));
    MINTMARK_CHECK(ledger->load_keys());
    ledger->journal_ = std::make_unique<Journal>(std::move(writer), std::move(on_commit));
    return Opened{std::move(ledger), recovered};
}

void SharedLedger::catch_up() {
    for (Inbox::News& news : inbox_.take()) {
        for (auto& [id, state] : news.accounts) {
            AccountState& known = accounts_[id];
            state.terms = known.terms;
            // A lane that was opened here stays open, written or not.
            state.lanes.insert(known.lanes.begin(), known.lanes.end());
            known = std::move(state);
        }
        for (auto& [id, state] : news.keys) {
            key_ids_[state.row.hash] = id;
            keys_[id] = std::move(state);
        }
        for (const std::string& id : news.refused) open_.erase(id);
    }
}

Result<sql::Answer> SharedLedger::ask(const std::string& statement,
                                      const std::vector<sql::Value>& parameters) {
    const std::lock_guard lock(reading_);
    auto answer = reader_->run(statement, parameters);
    // A connection that broke while nobody asked is not the question's fault.
    if (!answer && answer.error().code == ErrorCode::kIo)
        answer = reader_->run(statement, parameters);
    if (!answer && answer.error().code == ErrorCode::kNetwork) answer.error().code = ErrorCode::kIo;
    return answer;
}

Status SharedLedger::load_keys() {
    MINTMARK_TRY(const auto answer, ask(std::string("SELECT ") + kKeyColumns + " FROM keys", {}));
    for (const sql::Row& row : answer.rows) {
        KeyRow key = key_of(row);
        key_ids_[key.hash] = key.id;
        keys_[key.id] = {key, 0};
    }
    return {};
}

Status SharedLedger::load_key(const std::string& hash) {
    MINTMARK_TRY(const auto answer,
                 ask(std::string("SELECT ") + kKeyColumns + " FROM keys WHERE hash=$1", {hash}));
    Inbox::News news;
    for (const sql::Row& row : answer.rows) {
        const KeyRow key = key_of(row);
        news.keys[key.id] = {key, 0};
    }
    if (!news.keys.empty()) inbox_.put(std::move(news));
    return {};
}

Result<std::string> SharedLedger::secret(const std::string& use) {
    MINTMARK_TRY(const std::string fresh, Ledger::secret(use));
    MINTMARK_CHECK(ask("INSERT INTO secrets VALUES($1,$2) ON CONFLICT DO NOTHING", {use, fresh}));
    MINTMARK_TRY(const auto answer, ask("SELECT value FROM secrets WHERE use=$1", {use}));
    if (answer.rows.empty()) return fail(ErrorCode::kIo, "the ledger keeps no secret");
    return sql::text(answer.rows[0], 0);
}

Status SharedLedger::refresh(const std::string& account) {
    MINTMARK_TRY(
        const auto lanes,
        ask("SELECT account,lane,used,signed,base,voucher FROM lanes WHERE account=$1", {account}));
    MINTMARK_TRY(const auto open, ask("SELECT coalesce(sum(units_reserved),0) FROM requests WHERE "
                                      "state='reserved' AND account=$1",
                                      {account}));
    AccountState state;
    for (const sql::Row& row : lanes.rows) {
        MINTMARK_TRY(state.lanes[sql::text(row, 1)], lane_of(row));
    }
    if (!open.rows.empty()) {
        MINTMARK_TRY(state.reserved, Amount::parse(sql::text(open.rows[0], 0)));
    }
    Inbox::News news;
    news.accounts.emplace(account, std::move(state));
    inbox_.put(std::move(news));
    return {};
}

Status SharedLedger::set_terms(const std::string& account, const AccountTerms& terms,
                               const std::string& lane, const Amount& base) {
    catch_up();
    AccountState& state = accounts_[account];
    state.terms = terms;
    LaneState& known = state.lanes[lane];
    if (known.base >= base && known.used >= base && known.signed_total >= base) return {};
    known.base = std::max(known.base, base);
    known.used = std::max(known.used, base);
    known.signed_total = std::max(known.signed_total, base);
    (void)journal_->append(
        VoucherRow{account, lane, known.used, known.signed_total, known.base, ""});
    return {};
}

const AccountState* SharedLedger::account(const std::string& id) {
    catch_up();
    const auto found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
}

Result<std::uint64_t> SharedLedger::reserve(const RequestRow& request) {
    const AccountState* state = account(request.account);
    if (state == nullptr || !state->lanes.contains(request.lane))
        return fail(ErrorCode::kNotFound, "the account " + request.account + " is not open");
    RequestRow row = request;
    row.terms = state->terms;
    row.model = storable(row.model);
    row.idempotency_key = row.idempotency_key.empty() ? "" : storable(row.idempotency_key);
    if (!open_.emplace(row.id, row).second)
        return fail(ErrorCode::kAlreadyExists, "the request id is taken");
    return journal_->append(std::move(row));
}

std::uint64_t SharedLedger::progress(const std::string& request, const Amount& units,
                                     std::uint64_t usd) {
    return journal_->append(ProgressRow{request, units, usd});
}

Result<std::uint64_t> SharedLedger::finish(const std::string& request, Outcome outcome) {
    catch_up();
    const auto found = open_.find(request);
    if (found == open_.end()) return fail(ErrorCode::kNotFound, "no such running request");
    const RequestRow row = std::move(found->second);
    open_.erase(found);
    FinishRow end;
    end.id = row.id;
    end.state = std::move(outcome.state);
    end.units = std::min(outcome.units, row.units_reserved);
    end.usd = std::min(outcome.usd, row.usd_reserved);
    end.usage = std::move(outcome.usage);
    end.response_hash = std::move(outcome.response_hash);
    end.finished_ms = outcome.finished_ms;
    end.status = outcome.status;
    if (!row.idempotency_key.empty()) end.body = std::move(outcome.body);
    end.account = row.account;
    end.lane = row.lane;
    end.key_id = row.key_id;
    return journal_->append(std::move(end));
}

std::uint64_t SharedLedger::take_back(const RequestRow& row, const Amount&, std::uint64_t) {
    FinishRow end;
    end.id = row.id;
    end.state = "released";
    end.account = row.account;
    end.lane = row.lane;
    end.key_id = row.key_id;
    end.is_taken_back = true;
    return journal_->append(std::move(end));
}

Result<std::uint64_t> SharedLedger::record_voucher(const std::string& account,
                                                   const std::string& lane, const Amount& total,
                                                   const std::string& voucher) {
    const AccountState* state = this->account(account);
    if (state == nullptr || !state->lanes.contains(lane))
        return fail(ErrorCode::kNotFound, "the account " + account + " is not open");
    return journal_->append(VoucherRow{account, lane, {}, total, {}, storable(voucher)});
}

std::uint64_t SharedLedger::put_key(const KeyRow& row) {
    catch_up();
    KeyRow kept = row;
    kept.name = storable(kept.name);
    KeyState& state = keys_[kept.id];
    const std::uint64_t spent = state.row.spent;
    state.row = kept;
    state.row.spent = std::max(spent, kept.spent);
    key_ids_[kept.hash] = kept.id;
    return journal_->append(state.row);
}

KeyState* SharedLedger::key_by_hash(const std::string& hash) {
    catch_up();
    const auto found = key_ids_.find(hash);
    return found == key_ids_.end() ? nullptr : key(found->second);
}

KeyState* SharedLedger::key(const std::string& id) {
    catch_up();
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
}

std::vector<const KeyState*> SharedLedger::keys_of(const std::string& buyer) {
    catch_up();
    std::vector<const KeyState*> out;
    for (const auto& [id, state] : keys_) {
        if (state.row.buyer == buyer) out.push_back(&state);
    }
    std::ranges::sort(out, {}, [](const KeyState* key) { return key->row.id; });
    return out;
}

Result<std::uint64_t> SharedLedger::use_nonce(const NonceRow& row) {
    NonceRow kept = row;
    kept.nonce = storable(kept.nonce);
    kept.note = storable(kept.note);
    return journal_->append(std::move(kept));
}

Result<std::optional<RequestRecord>> SharedLedger::find(const std::string& request) {
    MINTMARK_TRY(
        const auto answer,
        ask(std::string("SELECT ") + kRecord + " FROM requests WHERE id=$1", {storable(request)}));
    return record_of(answer);
}

Result<std::optional<RequestRecord>> SharedLedger::find_idempotent(const std::string& key_id,
                                                                   const std::string& key) {
    MINTMARK_TRY(const auto answer,
                 ask(std::string("SELECT ") + kRecord +
                         " FROM requests WHERE key_id=$1 AND idempotency_key=$2 AND state IN "
                         "('settled','interrupted') ORDER BY created_ms LIMIT 1",
                     {key_id, storable(key)}));
    return record_of(answer);
}

Result<std::vector<UsageSum>> SharedLedger::usage_of(const std::string& buyer,
                                                     std::int64_t since_ms) {
    MINTMARK_TRY(
        const auto answer,
        ask("SELECT to_char(to_timestamp(created_ms/1000) AT TIME ZONE 'UTC','YYYY-MM-DD') AS day,"
            "key_id,model,count(*),sum(usd)::bigint FROM requests WHERE buyer=$1 AND "
            "created_ms>=$2 "
            "AND state<>'reserved' GROUP BY day,key_id,model ORDER BY 1,2,3 LIMIT 10000",
            {buyer, since_ms}));
    std::vector<UsageSum> out;
    for (const sql::Row& row : answer.rows) {
        out.push_back({sql::text(row, 0), sql::text(row, 1), sql::text(row, 2),
                       static_cast<std::uint64_t>(sql::integer(row, 3)),
                       static_cast<std::uint64_t>(sql::integer(row, 4))});
    }
    return out;
}

Result<std::vector<std::string>> SharedLedger::accounts_of(const std::string& buyer) {
    MINTMARK_TRY(
        const auto answer,
        ask("SELECT DISTINCT account FROM requests WHERE buyer=$1 ORDER BY 1 LIMIT 1000", {buyer}));
    std::vector<std::string> out;
    for (const sql::Row& row : answer.rows) out.push_back(sql::text(row, 0));
    return out;
}

}  // namespace

Result<Ledger::Opened> open_shared(const SharedOptions& options, Journal::OnCommit on_commit) {
    return SharedLedger::open(options, std::move(on_commit));
}

Result<SharedState> inspect_shared(const std::string& location) {
    MINTMARK_TRY(const auto database, sql::open_postgres(location, kReader));
    SharedState out;
    MINTMARK_TRY(const auto setting,
                 database->run("SELECT current_setting('server_version'),current_setting('fsync'),"
                               "current_setting('full_page_writes'),pg_is_in_recovery()"));
    out.server = sql::text(setting.rows.at(0), 0);
    if (sql::text(setting.rows[0], 1) != "on") out.problems.emplace_back("fsync is off");
    if (sql::text(setting.rows[0], 2) != "on") out.problems.emplace_back("full_page_writes is off");
    if (sql::integer(setting.rows[0], 3) != 0)
        out.problems.emplace_back("it is a standby, which only reads");
    MINTMARK_TRY(out.version, read_schema_version(*database));
    out.is_current = out.version == schema_version();
    if (out.version == 0) return out;
    MINTMARK_TRY(const auto gateways,
                 database->run("SELECT DISTINCT name FROM gateways ORDER BY 1"));
    for (const sql::Row& row : gateways.rows) out.gateways.push_back(sql::text(row, 0));
    return out;
}

}  // namespace mintmark::ledger
