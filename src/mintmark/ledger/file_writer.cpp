#include "mintmark/ledger/file_writer.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "mintmark/ledger/database.hpp"

namespace mintmark::ledger {
namespace {

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS requests(
  id TEXT PRIMARY KEY, key_id TEXT NOT NULL, buyer TEXT NOT NULL, account TEXT NOT NULL,
  lane TEXT NOT NULL, model TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  units_reserved TEXT NOT NULL, usd_reserved INTEGER NOT NULL,
  units TEXT NOT NULL DEFAULT '0', usd INTEGER NOT NULL DEFAULT 0, usage TEXT, request_hash TEXT,
  response_hash TEXT, price_epoch INTEGER, status INTEGER, body TEXT, idempotency_key TEXT,
  created_ms INTEGER NOT NULL, finished_ms INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS requests_idempotency ON requests(key_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS requests_open ON requests(id) WHERE state = 'reserved';
CREATE TABLE IF NOT EXISTS lanes(
  account TEXT NOT NULL, lane TEXT NOT NULL, used TEXT NOT NULL, signed TEXT NOT NULL DEFAULT '0',
  base TEXT NOT NULL DEFAULT '0', voucher TEXT, PRIMARY KEY(account, lane)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys(
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, buyer TEXT NOT NULL, name TEXT NOT NULL,
  scopes TEXT NOT NULL, budget INTEGER NOT NULL, spent INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS nonces(
  kind TEXT NOT NULL, nonce TEXT NOT NULL, note TEXT, expires_ms INTEGER NOT NULL,
  PRIMARY KEY(kind, nonce)) STRICT, WITHOUT ROWID;
)";

std::int64_t as_signed(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// Prepared statements and one batch at a time.
class Writer final : public JournalWriter {
  public:
    static Result<std::unique_ptr<JournalWriter>> open(const std::filesystem::path& path) {
        MINTMARK_TRY(auto db, Database::open(path));
        MINTMARK_CHECK(db->execute(kSchema));
        auto out = std::make_unique<Writer>();
        out->db_ = std::move(db);
        MINTMARK_CHECK(out->prepare());
        return std::unique_ptr<JournalWriter>(std::move(out));
    }

    Status write(const std::vector<Entry>& batch, std::uint64_t, Refusals&) override {
        MINTMARK_CHECK(begin_.run());
        Status done = write_entries(batch);
        if (done) done = commit_.run();
        if (!done) (void)rollback_.run();
        return done;
    }

  private:
    Status prepare() {
        const std::vector<std::pair<Statement*, const char*>> statements = {
            {&begin_, "BEGIN IMMEDIATE"},
            {&commit_, "COMMIT"},
            {&rollback_, "ROLLBACK"},
            {&insert_,
             "INSERT INTO requests(id,key_id,buyer,account,lane,model,endpoint,state,"
             "units_reserved,usd_reserved,request_hash,created_ms,idempotency_key,price_epoch,"
             "units,usd,usage,response_hash,finished_ms,status,body) "
             "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21)"},
            {&finish_,
             "UPDATE requests SET state=?2,units=?3,usd=?4,usage=?5,response_hash=?6,"
             "finished_ms=?7,status=?8,body=?9 WHERE id=?1"},
            {&progress_, "UPDATE requests SET units=?2,usd=?3 WHERE id=?1 AND state='reserved'"},
            {&lane_used_,
             "INSERT INTO lanes(account,lane,used) VALUES(?1,?2,?3) "
             "ON CONFLICT DO UPDATE SET used=excluded.used"},
            {&key_spent_, "UPDATE keys SET spent=?2 WHERE id=?1"},
            {&voucher_,
             "INSERT INTO lanes(account,lane,used,signed,voucher,base) VALUES(?1,?2,?3,?4,?5,?6) "
             "ON CONFLICT DO UPDATE SET "
             "used=excluded.used,signed=excluded.signed,base=excluded.base,"
             "voucher=coalesce(excluded.voucher,voucher)"},
            {&key_,
             "INSERT INTO keys VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO UPDATE "
             "SET name=excluded.name,budget=excluded.budget,revoked=excluded.revoked,"
             "expires_ms=excluded.expires_ms"},
            {&nonce_,
             "INSERT INTO nonces VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET "
             "note=excluded.note,expires_ms=excluded.expires_ms"},
        };
        for (const auto& [statement, sql] : statements) {
            MINTMARK_TRY(*statement, db_->prepare(sql));
        }
        return {};
    }

    Status write_entries(const std::vector<Entry>& batch) {
        // A request that begins and ends in this batch is one row written once.
        std::unordered_map<std::string_view, const RequestRow*> begun;
        if (std::ranges::any_of(batch, [](const Entry& entry) {
                return std::holds_alternative<RequestRow>(entry);
            })) {
            for (const Entry& entry : batch) {
                if (const auto* row = std::get_if<FinishRow>(&entry))
                    begun.emplace(row->id, nullptr);
            }
        }
        lanes_.clear();
        keys_.clear();
        for (const Entry& entry : batch) {
            if (const auto* row = std::get_if<RequestRow>(&entry)) {
                const auto found = begun.find(row->id);
                if (found != begun.end()) {
                    found->second = row;
                    continue;
                }
            }
            if (const auto* row = std::get_if<FinishRow>(&entry)) {
                const RequestRow* first = row->begun.get();
                if (const auto found = begun.find(row->id); found != begun.end() && !first)
                    first = std::exchange(found->second, nullptr);
                MINTMARK_CHECK(write_end(*row, first));
                continue;
            }
            MINTMARK_CHECK(std::visit([this](const auto& row) { return write_row(row); }, entry));
        }
        return write_totals();
    }

    Status write_end(const FinishRow& row, const RequestRow* first) {
        lanes_[{row.account, row.lane}] = row.lane_used;
        if (!row.key_id.empty()) keys_[row.key_id] = row.key_spent;
        return first != nullptr ? insert(*first, &row) : finish(row);
    }

    Status write_totals() {
        for (const auto& [where, used] : lanes_) {
            lane_used_.bind_kept(1, where.first).bind_kept(2, where.second);
            lane_used_.bind(3, used.to_string());
            MINTMARK_CHECK(lane_used_.run());
        }
        for (const auto& [id, spent] : keys_) {
            key_spent_.bind_kept(1, id).bind(2, as_signed(spent));
            MINTMARK_CHECK(key_spent_.run());
        }
        return {};
    }

    Status insert(const RequestRow& row, const FinishRow* end) {
        insert_.bind_kept(1, row.id).bind_kept(2, row.key_id).bind_kept(3, row.buyer);
        insert_.bind_kept(4, row.account).bind_kept(5, row.lane).bind_kept(6, row.model);
        insert_.bind_kept(7, row.endpoint);
        insert_.bind_kept(8, end != nullptr ? std::string_view(end->state) : "reserved");
        const std::string reserved = row.units_reserved.to_string();
        const std::string units = end != nullptr ? end->units.to_string() : "0";
        insert_.bind_kept(9, reserved).bind(10, as_signed(row.usd_reserved));
        insert_.bind_kept(11, row.request_hash).bind(12, row.created_ms);
        if (!row.idempotency_key.empty()) insert_.bind_kept(13, row.idempotency_key);
        insert_.bind(14, as_signed(row.price_epoch)).bind_kept(15, units);
        insert_.bind(16, end != nullptr ? as_signed(end->usd) : 0);
        if (end != nullptr) {
            insert_.bind_kept(17, end->usage).bind_kept(18, end->response_hash);
            insert_.bind(19, end->finished_ms).bind(20, std::int64_t{end->status});
            insert_.bind_kept(21, end->body);
        }
        return insert_.run();
    }

    Status finish(const FinishRow& row) {
        const std::string units = row.units.to_string();
        finish_.bind_kept(1, row.id).bind_kept(2, row.state).bind_kept(3, units);
        finish_.bind(4, as_signed(row.usd)).bind_kept(5, row.usage);
        finish_.bind_kept(6, row.response_hash).bind(7, row.finished_ms);
        finish_.bind(8, std::int64_t{row.status}).bind_kept(9, row.body);
        return finish_.run();
    }

    Status write_row(const RequestRow& row) { return insert(row, nullptr); }
    Status write_row(const FinishRow& row) { return finish(row); }
    Status write_row(const ProgressRow& row) {
        progress_.bind(1, row.id).bind(2, row.units.to_string()).bind(3, as_signed(row.usd));
        return progress_.run();
    }
    Status write_row(const VoucherRow& row) {
        voucher_.bind(1, row.account).bind(2, row.lane).bind(3, row.used.to_string());
        voucher_.bind(4, row.signed_total.to_string()).bind(6, row.base.to_string());
        if (row.voucher.empty()) {
            voucher_.bind_null(5);
        } else {
            voucher_.bind(5, row.voucher);
        }
        lanes_.erase({row.account, row.lane});  // it has the newer total
        return voucher_.run();
    }
    Status write_row(const KeyRow& row) {
        key_.bind(1, row.id).bind(2, row.hash).bind(3, row.buyer).bind(4, row.name);
        key_.bind(5, row.scopes).bind(6, as_signed(row.budget)).bind(7, as_signed(row.spent));
        key_.bind(8, row.created_ms).bind(9, row.expires_ms);
        key_.bind(10, std::int64_t{row.is_revoked ? 1 : 0});
        return key_.run();
    }
    Status write_row(const NonceRow& row) {
        nonce_.bind(1, row.kind).bind(2, row.nonce).bind(3, row.note).bind(4, row.expires_ms);
        return nonce_.run();
    }

    std::unique_ptr<Database> db_;  // before the statements: destroyed after them
    Statement begin_, commit_, rollback_, insert_, finish_, progress_, lane_used_, key_spent_,
        voucher_, key_, nonce_;
    // Of the batch, which owns the names.
    std::map<std::pair<std::string_view, std::string_view>, Amount> lanes_;
    std::map<std::string_view, std::uint64_t> keys_;
};

}  // namespace

Result<std::unique_ptr<JournalWriter>> open_file_writer(const std::filesystem::path& path) {
    return Writer::open(path);
}

Result<std::uint64_t> recover(const std::filesystem::path& path) {
    MINTMARK_TRY(auto db, Database::open(path));
    MINTMARK_CHECK(db->execute(kSchema));
    MINTMARK_CHECK(db->execute("BEGIN IMMEDIATE"));
    std::uint64_t count = 0;
    {
        struct Open {
            std::string id, account, lane, key_id;
            Amount units;
            std::int64_t usd;
        };
        std::vector<Open> open;
        MINTMARK_TRY(auto select,
                     db->prepare("SELECT id,account,lane,key_id,units,usd FROM requests "
                                 "WHERE state='reserved'"));
        while (true) {
            MINTMARK_TRY(const bool has_row, select.step());
            if (!has_row) break;
            MINTMARK_TRY(const Amount units, Amount::parse(select.text(4)));
            open.push_back({select.text(0), select.text(1), select.text(2), select.text(3), units,
                            select.number(5)});
        }
        MINTMARK_TRY(auto close, db->prepare("UPDATE requests SET state=?2 WHERE id=?1"));
        MINTMARK_TRY(auto lane, db->prepare("SELECT used FROM lanes WHERE account=?1 AND lane=?2"));
        MINTMARK_TRY(auto charge,
                     db->prepare("INSERT INTO lanes(account,lane,used) VALUES(?1,?2,?3) "
                                 "ON CONFLICT DO UPDATE SET used=excluded.used"));
        MINTMARK_TRY(auto spend, db->prepare("UPDATE keys SET spent=spent+?2 WHERE id=?1"));
        for (const Open& row : open) {
            close.bind(1, row.id).bind(2, row.units.is_zero() ? "released" : "interrupted");
            MINTMARK_CHECK(close.run());
            if (row.units.is_zero() && row.usd == 0) continue;
            lane.bind(1, row.account).bind(2, row.lane);
            MINTMARK_TRY(const bool has_lane, lane.step());
            MINTMARK_TRY(const Amount used, Amount::parse(has_lane ? lane.text(0) : "0"));
            lane.reset();
            const auto total = used.checked_add(row.units);
            if (!total) return fail(ErrorCode::kOutOfRange, "ledger: a total leaves the range");
            charge.bind(1, row.account).bind(2, row.lane).bind(3, total->to_string());
            MINTMARK_CHECK(charge.run());
            spend.bind(1, row.key_id).bind(2, row.usd);
            MINTMARK_CHECK(spend.run());
        }
        count = open.size();
    }
    MINTMARK_CHECK(db->execute("COMMIT"));
    return count;
}

}  // namespace mintmark::ledger
