#include "mintmark/settlement/intents.hpp"

#include <array>

#include "mintmark/json/json.hpp"

namespace mintmark::settlement {
namespace {

using chain::U256;
using json::Json;

constexpr std::array<std::string_view, 5> kStates = {"signed", "mined", "final", "failed",
                                                     "dropped"};

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS intents(
  id BIGINT PRIMARY KEY, wallet TEXT NOT NULL, nonce BIGINT NOT NULL, state TEXT NOT NULL,
  address TEXT NOT NULL, data TEXT NOT NULL, gas_limit BIGINT NOT NULL, max_fee TEXT NOT NULL,
  tip TEXT NOT NULL, dynamic BIGINT NOT NULL, raw TEXT NOT NULL, hashes TEXT NOT NULL,
  items TEXT NOT NULL, sent_ms BIGINT NOT NULL, block BIGINT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS intents_open ON intents(wallet, nonce)
  WHERE state IN ('signed', 'mined');
CREATE TABLE IF NOT EXISTS settled(
  account TEXT NOT NULL, lane TEXT NOT NULL, since_ms BIGINT NOT NULL, retry_ms BIGINT NOT NULL,
  done TEXT NOT NULL, PRIMARY KEY(account, lane));
)";

std::string state_name(IntentState state) {
    return std::string(kStates[static_cast<std::size_t>(state)]);
}

std::int64_t as_signed(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

std::string hashes_text(const Intent& intent) {
    Json out = Json::array();
    for (const Bytes32& hash : intent.hashes) out.push_back(to_hex(hash));
    return json::compact(out);
}

std::string items_text(const Intent& intent) {
    Json out = Json::array();
    for (const Item& item : intent.items)
        out.push_back({item.account, item.lane, item.cumulative.to_string()});
    return json::compact(out);
}

Status done(Result<sql::Answer> answer) {
    if (!answer) return std::unexpected(std::move(answer).error());
    return {};
}

Result<Intent> intent_of(const sql::Row& row) {
    Intent out;
    out.id = sql::integer(row, 0);
    out.wallet = sql::text(row, 1);
    out.nonce = static_cast<std::uint64_t>(sql::integer(row, 2));
    out.state = sql::text(row, 3) == "mined" ? IntentState::kMined : IntentState::kSigned;
    out.to = sql::text(row, 4);
    MINTMARK_TRY(out.data, from_hex(sql::text(row, 5)));
    out.gas_limit = static_cast<std::uint64_t>(sql::integer(row, 6));
    MINTMARK_TRY(out.max_fee, U256::parse(sql::text(row, 7)));
    MINTMARK_TRY(out.tip, U256::parse(sql::text(row, 8)));
    out.is_dynamic = sql::integer(row, 9) != 0;
    MINTMARK_TRY(out.raw, from_hex(sql::text(row, 10)));
    MINTMARK_TRY(const Json hashes, json::parse(sql::text(row, 11)));
    for (const Json& hash : hashes) {
        MINTMARK_TRY(const Bytes32 value, bytes32_from_hex(hash.get<std::string>()));
        out.hashes.push_back(value);
    }
    MINTMARK_TRY(const Json items, json::parse(sql::text(row, 12)));
    for (const Json& item : items) {
        MINTMARK_TRY(const U256 total, U256::parse(item.at(2).get<std::string>()));
        out.items.push_back({item.at(0).get<std::string>(), item.at(1).get<std::string>(), total});
    }
    out.sent_ms = sql::integer(row, 13);
    out.block = static_cast<std::uint64_t>(sql::integer(row, 14));
    return out;
}

}  // namespace

Status make_tables(sql::Database& database) {
    // Two gateways may start at once; PostgreSQL's IF NOT EXISTS alone is not safe against that.
    if (database.dialect() == sql::Dialect::kPostgres)
        MINTMARK_CHECK(database.run("SELECT pg_advisory_xact_lock(7140522)"));
    return database.script(kSchema);
}

Result<Intents> Intents::open(const std::string& location) {
    MINTMARK_TRY(auto database, sql::open(location));
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database));
    MINTMARK_CHECK(make_tables(*database));
    MINTMARK_CHECK(transaction.commit());
    return Intents(std::move(database));
}

Result<std::int64_t> Intents::add(const Intent& intent) {
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    MINTMARK_TRY(const auto last, database_->run("SELECT coalesce(max(id),0)+1 FROM intents"));
    const std::int64_t id = sql::integer(last.rows.at(0), 0);
    MINTMARK_CHECK(done(database_->run(
        "INSERT INTO intents(id,wallet,nonce,state,address,data,gas_limit,max_fee,tip,dynamic,raw,"
        "hashes,items,sent_ms,block) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)",
        {id, intent.wallet, as_signed(intent.nonce), state_name(intent.state), intent.to,
         to_hex(intent.data), as_signed(intent.gas_limit), intent.max_fee.to_string(),
         intent.tip.to_string(), std::int64_t{intent.is_dynamic}, to_hex(intent.raw),
         hashes_text(intent), items_text(intent), intent.sent_ms, as_signed(intent.block)})));
    MINTMARK_CHECK(transaction.commit());
    return id;
}

Status Intents::update(const Intent& intent) {
    return done(database_->run(
        "UPDATE intents SET state=$2,max_fee=$3,tip=$4,raw=$5,hashes=$6,sent_ms=$7,block=$8,"
        "nonce=$9 WHERE id=$1",
        {intent.id, state_name(intent.state), intent.max_fee.to_string(), intent.tip.to_string(),
         to_hex(intent.raw), hashes_text(intent), intent.sent_ms, as_signed(intent.block),
         as_signed(intent.nonce)}));
}

Result<std::vector<Intent>> Intents::open_ones(const std::string& wallet) {
    MINTMARK_TRY(
        const auto answer,
        database_->run("SELECT id,wallet,nonce,state,address,data,gas_limit,max_fee,tip,dynamic,"
                       "raw,hashes,items,sent_ms,block FROM intents WHERE wallet=$1 AND "
                       "state IN ('signed','mined') ORDER BY nonce",
                       {wallet}));
    std::vector<Intent> out;
    for (const sql::Row& row : answer.rows) {
        MINTMARK_TRY(Intent intent, intent_of(row));
        out.push_back(std::move(intent));
    }
    return out;
}

Result<std::uint64_t> Intents::count(IntentState state) {
    MINTMARK_TRY(const auto answer, database_->run("SELECT count(*) FROM intents WHERE state=$1",
                                                   {state_name(state)}));
    return static_cast<std::uint64_t>(sql::integer(answer.rows.at(0), 0));
}

Result<Seen> Intents::seen(const std::string& account, const std::string& lane) {
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT since_ms,retry_ms,done FROM settled WHERE account=$1 AND "
                                "lane=$2",
                                {account, lane}));
    Seen out;
    if (answer.rows.empty()) return out;
    out.since_ms = sql::integer(answer.rows[0], 0);
    out.retry_ms = sql::integer(answer.rows[0], 1);
    MINTMARK_TRY(out.done, U256::parse(sql::text(answer.rows[0], 2)));
    return out;
}

Status Intents::put_seen(const std::string& account, const std::string& lane, const Seen& seen) {
    return done(database_->run(
        "INSERT INTO settled(account,lane,since_ms,retry_ms,done) VALUES($1,$2,$3,$4,$5) "
        "ON CONFLICT(account,lane) DO UPDATE SET since_ms=excluded.since_ms,"
        "retry_ms=excluded.retry_ms,done=excluded.done",
        {account, lane, seen.since_ms, seen.retry_ms, seen.done.to_string()}));
}

/// A session's lock: PostgreSQL gives it up with the connection.
Result<bool> Intents::is_settler() {
    if (database_->dialect() == sql::Dialect::kSqlite) return true;
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT CASE WHEN EXISTS(SELECT 1 FROM pg_locks WHERE "
                                "locktype='advisory' AND classid=7140521 AND objid=0 AND "
                                "pid=pg_backend_pid()) THEN true ELSE "
                                "pg_try_advisory_lock(7140521,0) END"));
    return !answer.rows.empty() && sql::integer(answer.rows[0], 0) != 0;
}

}  // namespace mintmark::settlement
