#include "mintmark/index/store.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "mintmark/hash/keccak.hpp"

namespace mintmark::index {
namespace {

using json::Json;
using sql::Value;

constexpr const char* kFormat = "1";
constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocks(number BIGINT PRIMARY KEY, hash TEXT NOT NULL,
  time BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS events(block BIGINT NOT NULL, log_index BIGINT NOT NULL,
  kind BIGINT NOT NULL, entity TEXT NOT NULL, topics BLOB NOT NULL, data BLOB NOT NULL,
  note TEXT NOT NULL, PRIMARY KEY(block, log_index)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_entity ON events(entity, block, log_index);
CREATE TABLE IF NOT EXISTS entities(name TEXT PRIMARY KEY, kind TEXT NOT NULL,
  owner TEXT NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entities_owner ON entities(kind, owner);
)";

std::int64_t as_signed(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// Which deployment an index is of.
std::string fingerprint(const chain::Deployment& deployment) {
    Bytes all;
    append(all, as_bytes(std::string(kFormat) + "/" + std::to_string(deployment.chain_id) + "/" +
                         std::to_string(deployment.start_block)));
    for (const auto& [name, address] : deployment.contracts) {
        append(all, as_bytes(name));
        append(all, address);
    }
    return to_hex(keccak256(all));
}

Bytes joined(const std::vector<Bytes32>& topics) {
    Bytes out;
    for (const Bytes32& topic : topics) append(out, topic);
    return out;
}

Event event_of(const sql::Row& row) {
    Event out;
    out.block = static_cast<std::uint64_t>(sql::integer(row, 0));
    out.log_index = static_cast<std::uint64_t>(sql::integer(row, 1));
    out.kind = static_cast<Kind>(sql::integer(row, 2));
    out.entity = sql::text(row, 3);
    const Bytes topics = sql::blob(row, 4);
    for (std::size_t i = 0; i + 32 <= topics.size(); i += 32) {
        Bytes32 word;
        std::copy_n(topics.begin() + static_cast<std::ptrdiff_t>(i), 32, word.begin());
        out.topics.push_back(word);
    }
    out.data = sql::blob(row, 5);
    out.note = sql::text(row, 6);
    return out;
}

Status done(Result<sql::Answer> answer) {
    if (!answer) return std::unexpected(std::move(answer).error());
    return {};
}

Result<BlockRef> block_of(const sql::Row& row) {
    BlockRef out;
    out.number = static_cast<std::uint64_t>(sql::integer(row, 0));
    MINTMARK_TRY(out.hash, bytes32_from_hex(sql::text(row, 1)));
    out.time = static_cast<std::uint64_t>(sql::integer(row, 2));
    return out;
}

}  // namespace

Result<Store> Store::open(const std::filesystem::path& path, const chain::Deployment& deployment) {
    MINTMARK_TRY(auto database, sql::open_sqlite(path));
    // What a power cut takes is read again from the chain.
    MINTMARK_CHECK(database->script("PRAGMA synchronous=NORMAL;"));
    MINTMARK_CHECK(database->script(kSchema));
    const std::uint64_t first = deployment.start_block == 0 ? 0 : deployment.start_block - 1;
    Store out(std::move(database), first);
    const std::string wanted = fingerprint(deployment);
    MINTMARK_TRY(const auto rows, out.database_->run("SELECT value FROM meta WHERE name='of'"));
    if (!rows.rows.empty() && sql::text(rows.rows[0], 0) == wanted) return out;
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*out.database_));
    MINTMARK_CHECK(out.empty());
    MINTMARK_CHECK(
        done(out.database_->run("INSERT INTO meta(name,value) VALUES('of',$1) ON CONFLICT(name) DO "
                                "UPDATE SET value=excluded.value",
                                {wanted})));
    MINTMARK_CHECK(transaction.commit());
    return out;
}

Result<bool> Store::is_of(const std::filesystem::path& path, const chain::Deployment& deployment) {
    std::error_code ec;
    if (!std::filesystem::exists(path, ec)) return false;
    MINTMARK_TRY(auto database, sql::open_sqlite(path));
    const auto rows = database->run("SELECT value FROM meta WHERE name='of'");
    return rows && !rows->rows.empty() && sql::text(rows->rows[0], 0) == fingerprint(deployment);
}

Status Store::empty() {
    for (const char* table : {"blocks", "events", "entities"}) {
        MINTMARK_CHECK(done(database_->run(std::string("DELETE FROM ") + table)));
    }
    return {};
}

Status Store::clear() {
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    MINTMARK_CHECK(empty());
    return transaction.commit();
}

Result<BlockRef> Store::tip() {
    MINTMARK_TRY(const auto answer, database_->run("SELECT number,hash,time FROM blocks ORDER BY "
                                                   "number DESC LIMIT 1"));
    if (answer.rows.empty()) return BlockRef{first_, {}, 0};
    return block_of(answer.rows[0]);
}

Result<std::vector<BlockRef>> Store::kept_blocks() {
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT number,hash,time FROM blocks ORDER BY number DESC"));
    std::vector<BlockRef> out;
    for (const sql::Row& row : answer.rows) {
        MINTMARK_TRY(const BlockRef block, block_of(row));
        out.push_back(block);
    }
    return out;
}

Status Store::expect_tip(const BlockRef& expected) {
    MINTMARK_TRY(const BlockRef now, tip());
    if (now == expected) return {};
    return fail(ErrorCode::kRejected, "another process has moved the index");
}

Status Store::put_entity(const std::string& name, const Json& value) {
    const Json* owner = json::find(value, "owner");
    return done(database_->run(
        "INSERT INTO entities(name,kind,owner,value) VALUES($1,$2,$3,$4) ON CONFLICT(name) DO "
        "UPDATE SET owner=excluded.owner,value=excluded.value",
        {name, name.substr(0, 1), owner == nullptr ? std::string() : owner->get<std::string>(),
         json::compact(value)}));
}

Status Store::apply(const BlockRef& expected, const Batch& batch) {
    if (batch.blocks.empty()) return fail(ErrorCode::kInternal, "a batch without a block");
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    MINTMARK_CHECK(expect_tip(expected));
    std::map<std::string, Json> changed;
    for (const Event& event : batch.events) {
        MINTMARK_CHECK(done(database_->run(
            "INSERT INTO events(block,log_index,kind,entity,topics,data,note) "
            "VALUES($1,$2,$3,$4,$5,$6,$7)",
            {as_signed(event.block), as_signed(event.log_index), std::int64_t(event.kind),
             event.entity, joined(event.topics), event.data, event.note})));
        const auto [where, is_new] = changed.try_emplace(event.entity);
        if (is_new) {
            MINTMARK_TRY(auto before, entity(event.entity));
            if (before) where->second = std::move(*before);
        }
        MINTMARK_CHECK(fold(where->second, event));
    }
    for (const auto& [name, value] : changed) MINTMARK_CHECK(put_entity(name, value));
    for (const BlockRef& block : batch.blocks) {
        MINTMARK_CHECK(done(
            database_->run("INSERT INTO blocks(number,hash,time) VALUES($1,$2,$3)",
                           {as_signed(block.number), to_hex(block.hash), as_signed(block.time)})));
    }
    MINTMARK_CHECK(done(database_->run(
        "DELETE FROM blocks WHERE number NOT IN (SELECT number FROM blocks ORDER BY number DESC "
        "LIMIT $1)",
        {as_signed(batch.keep)})));
    return transaction.commit();
}

Status Store::fold_again(const std::string& name) {
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT block,log_index,kind,entity,topics,data,note FROM events "
                                "WHERE entity=$1 ORDER BY block,log_index",
                                {name}));
    if (answer.rows.empty())
        return done(database_->run("DELETE FROM entities WHERE name=$1", {name}));
    Json state;
    for (const sql::Row& row : answer.rows) MINTMARK_CHECK(fold(state, event_of(row)));
    return put_entity(name, state);
}

Status Store::roll_back(const BlockRef& expected, const BlockRef& to) {
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    MINTMARK_CHECK(expect_tip(expected));
    const std::vector<Value> above = {as_signed(to.number)};
    MINTMARK_TRY(const auto touched,
                 database_->run("SELECT DISTINCT entity FROM events WHERE block>$1", above));
    MINTMARK_CHECK(done(database_->run("DELETE FROM events WHERE block>$1", above)));
    MINTMARK_CHECK(done(database_->run("DELETE FROM blocks WHERE number>$1", above)));
    MINTMARK_CHECK(expect_tip(to));
    for (const sql::Row& row : touched.rows) MINTMARK_CHECK(fold_again(sql::text(row, 0)));
    return transaction.commit();
}

Result<std::optional<Json>> Store::entity(const std::string& name) {
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT value FROM entities WHERE name=$1", {name}));
    if (answer.rows.empty()) return std::nullopt;
    MINTMARK_TRY(Json value, json::parse(sql::text(answer.rows[0], 0)));
    return value;
}

Result<std::vector<Store::Named>> Store::entities(char kind, const std::string& owner) {
    const std::string what = "SELECT name,value FROM entities WHERE kind=$1";
    const std::string of(1, kind);
    MINTMARK_TRY(const auto answer, owner.empty()
                                        ? database_->run(what, {of})
                                        : database_->run(what + " AND owner=$2", {of, owner}));
    std::vector<Named> out;
    for (const sql::Row& row : answer.rows) {
        MINTMARK_TRY(Json value, json::parse(sql::text(row, 1)));
        out.push_back({sql::text(row, 0), std::move(value)});
    }
    return out;
}

Result<std::uint64_t> Store::num_events() {
    MINTMARK_TRY(const auto answer, database_->run("SELECT count(*) FROM events"));
    return static_cast<std::uint64_t>(sql::integer(answer.rows.at(0), 0));
}

}  // namespace mintmark::index
