#include "mintmark/ledger/shared_schema.hpp"

#include <fmt/format.h>

#include <array>

namespace mintmark::ledger {
namespace {

/// Serialises migrations; one of PostgreSQL's advisory locks, as is the queue's.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(7140520)";

/// Step i makes version i + 1 of version i. Steps that are released are never edited.
constexpr std::array<const char*, 3> kSteps = {
    R"(
CREATE TABLE requests(
  id TEXT PRIMARY KEY, key_id TEXT NOT NULL, buyer TEXT NOT NULL, account TEXT NOT NULL,
  lane TEXT NOT NULL, model TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  units_reserved NUMERIC(78) NOT NULL, usd_reserved BIGINT NOT NULL,
  units NUMERIC(78) NOT NULL, usd BIGINT NOT NULL, usage TEXT, request_hash TEXT,
  response_hash TEXT, price_epoch BIGINT, status BIGINT, body BYTEA, idempotency_key TEXT,
  created_ms BIGINT NOT NULL, finished_ms BIGINT, owner TEXT NOT NULL, closed_by TEXT);
CREATE INDEX requests_idempotency ON requests(key_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX requests_open ON requests(account, key_id, owner) WHERE state = 'reserved';
CREATE INDEX requests_buyer ON requests(buyer, created_ms);
CREATE TABLE lanes(
  account TEXT NOT NULL, lane TEXT NOT NULL, used NUMERIC(78) NOT NULL,
  signed NUMERIC(78) NOT NULL, base NUMERIC(78) NOT NULL, voucher TEXT,
  PRIMARY KEY(account, lane));
CREATE TABLE keys(
  id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, buyer TEXT NOT NULL, name TEXT NOT NULL,
  scopes TEXT NOT NULL, budget BIGINT NOT NULL, spent BIGINT NOT NULL, created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL, revoked BIGINT NOT NULL, changed TIMESTAMPTZ NOT NULL);
CREATE INDEX keys_changed ON keys(changed);
CREATE TABLE nonces(
  kind TEXT NOT NULL, nonce TEXT NOT NULL, note TEXT, expires_ms BIGINT NOT NULL,
  token TEXT NOT NULL, PRIMARY KEY(kind, nonce));
CREATE TABLE gateways(
  instance TEXT PRIMARY KEY, name TEXT NOT NULL, beat BIGINT NOT NULL,
  started TIMESTAMPTZ NOT NULL);
)",
    // Every batch writes open requests and closes them: the index of the open ones stays small when
    // what is dead is swept early.
    R"(
ALTER TABLE requests SET (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80);
ALTER TABLE lanes SET (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 50);
ALTER TABLE keys SET (fillfactor = 50);
)",
    // What the gateways seal for each other, such as nonces of sign-ins.
    "CREATE TABLE secrets(use TEXT PRIMARY KEY, value TEXT NOT NULL);"};

}  // namespace

std::int64_t schema_version() noexcept {
    return static_cast<std::int64_t>(kSteps.size());
}

Result<std::int64_t> read_schema_version(sql::Database& database) {
    MINTMARK_TRY(const auto there, database.run("SELECT to_regclass('ledger_schema') IS NOT NULL"));
    if (there.rows.empty() || sql::integer(there.rows[0], 0) == 0) return 0;
    MINTMARK_TRY(const auto answer, database.run("SELECT version FROM ledger_schema"));
    return answer.rows.empty() ? 0 : sql::integer(answer.rows[0], 0);
}

Status migrate(sql::Database& database) {
    while (true) {
        MINTMARK_TRY(auto transaction, sql::Transaction::begin(database));
        MINTMARK_CHECK(database.run(kLock));
        MINTMARK_CHECK(
            database.script("CREATE TABLE IF NOT EXISTS ledger_schema(version BIGINT NOT NULL)"));
        MINTMARK_TRY(const std::int64_t version, read_schema_version(database));
        if (version > schema_version()) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("the ledger has version {}, this program knows {}", version,
                                    schema_version()),
                        "a newer gateway has used this database: update this one too");
        }
        if (version == schema_version()) return transaction.commit();
        MINTMARK_CHECK(database.script(kSteps[static_cast<std::size_t>(version)]));
        MINTMARK_CHECK(database.run("DELETE FROM ledger_schema"));
        MINTMARK_CHECK(database.run("INSERT INTO ledger_schema VALUES($1)", {version + 1}));
        MINTMARK_CHECK(transaction.commit());
    }
}

}  // namespace mintmark::ledger
