#include "mintmark/ledger/shared_books.hpp"

#include "mintmark/json/json.hpp"

namespace mintmark::ledger {
namespace {

using json::Json;

/// Locks are few and their number fixed, whatever a batch names: PostgreSQL's table of locks is.
constexpr std::uint32_t kBuckets = 1024;

/// FNV-1a: the same in every build of every gateway.
std::uint32_t bucket_of(std::string_view text) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16'777'619U;
    return hash % kBuckets;
}

std::int64_t as_signed(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

Json list_of(const std::set<std::string>& texts) {
    Json out = Json::array();
    for (const std::string& text : texts) out.push_back(text);
    return out;
}

Json pairs_of(const std::set<Books::Pair>& pairs) {
    Json out = Json::array();
    for (const auto& [a, b] : pairs) out.push_back({{"a", a}, {"b", b}});
    return out;
}

#define MINTMARK_NAMED(list) "= ANY(ARRAY(SELECT jsonb_array_elements_text($1::jsonb->'" list "')))"
#define MINTMARK_PAIRS(list) "jsonb_to_recordset($1::jsonb->'" list "') AS w(a text,b text)"

/// Rows of all tables as JSON arrays: one round trip, whatever a batch names.
constexpr const char* kRead =
    "SELECT 'request',json_build_array(id,state,owner,coalesce(closed_by,''),account,lane,key_id,"
    "units::text,usd,units_reserved::text,usd_reserved)::text FROM requests WHERE id "
    MINTMARK_NAMED("requests")
    " UNION ALL SELECT 'lane',json_build_array(account,lane,used::text,signed::text,base::text,"
    "coalesce(voucher,''))::text FROM lanes WHERE account " MINTMARK_NAMED("accounts")
    " UNION ALL SELECT 'reserved',json_build_array(account,sum(units_reserved)::text)::text FROM "
    "requests WHERE state='reserved' AND account " MINTMARK_NAMED("accounts") " GROUP BY account"
    " UNION ALL SELECT 'key',json_build_array(id,hash,buyer,name,scopes,budget,spent,created_ms,"
    "expires_ms,revoked,(SELECT coalesce(sum(usd_reserved),0)::bigint FROM requests WHERE "
    "state='reserved' AND key_id=keys.id))::text FROM keys WHERE id " MINTMARK_NAMED("keys")
    " UNION ALL SELECT 'idempotent',json_build_array(r.key_id,r.idempotency_key,r.id)::text FROM "
    "requests r JOIN " MINTMARK_PAIRS("idempotent") " ON r.key_id=w.a AND r.idempotency_key=w.b "
    "WHERE r.state IN ('reserved','settled','interrupted')"
    " UNION ALL SELECT 'nonce',json_build_array(n.kind,n.nonce,n.token)::text FROM nonces n JOIN "
    MINTMARK_PAIRS("nonces") " ON n.kind=w.a AND n.nonce=w.b";

constexpr const char* kWrite =
    "WITH begun AS (INSERT INTO requests(id,key_id,buyer,account,lane,model,endpoint,state,"
    "units_reserved,usd_reserved,units,usd,usage,request_hash,response_hash,price_epoch,status,"
    "body,idempotency_key,created_ms,finished_ms,owner,closed_by) SELECT id,key_id,buyer,account,"
    "lane,model,endpoint,state,units_reserved,usd_reserved,units,usd,usage,request_hash,"
    "response_hash,price_epoch,status,decode(body,'hex'),idempotency_key,created_ms,finished_ms,"
    "owner,closed_by FROM jsonb_to_recordset($1::jsonb->'begun') AS r(id text,key_id text,buyer "
    "text,account text,lane text,model text,endpoint text,state text,units_reserved numeric,"
    "usd_reserved bigint,units numeric,usd bigint,usage text,request_hash text,response_hash text,"
    "price_epoch bigint,status bigint,body text,idempotency_key text,created_ms bigint,"
    "finished_ms bigint,owner text,closed_by text)),"
    "ended AS (UPDATE requests q SET state=r.state,units=r.units,usd=r.usd,usage=r.usage,"
    "response_hash=r.response_hash,status=r.status,body=decode(r.body,'hex'),"
    "finished_ms=r.finished_ms,closed_by=r.closed_by FROM jsonb_to_recordset($1::jsonb->'ended') "
    "AS r(id text,state text,units numeric,usd bigint,usage text,response_hash text,status bigint,"
    "body text,finished_ms bigint,closed_by text) WHERE q.id=r.id),"
    "totals AS (INSERT INTO lanes(account,lane,used,signed,base,voucher) SELECT * FROM "
    "jsonb_to_recordset($1::jsonb->'lanes') AS r(account text,lane text,used numeric,signed "
    "numeric,base numeric,voucher text) ON CONFLICT(account,lane) DO UPDATE SET "
    "used=excluded.used,signed=excluded.signed,base=excluded.base,voucher=excluded.voucher),"
    "spent AS (UPDATE keys k SET spent=r.spent FROM jsonb_to_recordset($1::jsonb->'spent') AS r("
    "id text,spent bigint) WHERE k.id=r.id) "
    "INSERT INTO nonces(kind,nonce,note,expires_ms,token) SELECT kind,nonce,note,expires_ms,token "
    "FROM jsonb_to_recordset($1::jsonb->'nonces') AS r(kind text,nonce text,note text,expires_ms "
    "bigint,token text)";

/// A JSON array of texts and numbers as the row that it was.
Result<sql::Row> row_of(const std::string& text) {
    MINTMARK_TRY(const Json values, json::parse(text));
    sql::Row out;
    for (const Json& value : values) {
        if (value.is_string()) {
            out.emplace_back(value.get<std::string>());
        } else {
            out.emplace_back(value.is_number() ? value.get<std::int64_t>() : std::int64_t{0});
        }
    }
    return out;
}

Json optional(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

Json end_json(const StoredRequest& request) {
    const FinishRow& end = request.end;
    return {{"id", request.row.id},
            {"state", end.state},
            {"units", end.units.to_string()},
            {"usd", as_signed(end.usd)},
            {"usage", end.usage},
            {"response_hash", end.response_hash},
            {"status", end.status},
            {"body", to_hex(as_bytes(end.body)).substr(2)},
            {"finished_ms", end.finished_ms},
            {"closed_by", optional(request.closed_by)}};
}

Json begin_json(const StoredRequest& request) {
    const RequestRow& row = request.row;
    Json out = end_json(request);
    out["key_id"] = row.key_id;
    out["buyer"] = row.buyer;
    out["account"] = row.account;
    out["lane"] = row.lane;
    out["model"] = row.model;
    out["endpoint"] = row.endpoint;
    out["units_reserved"] = row.units_reserved.to_string();
    out["usd_reserved"] = as_signed(row.usd_reserved);
    out["request_hash"] = row.request_hash;
    out["price_epoch"] = as_signed(row.price_epoch);
    out["idempotency_key"] = optional(row.idempotency_key);
    out["created_ms"] = row.created_ms;
    out["owner"] = request.owner;
    return out;
}

}  // namespace

std::string storable(const std::string& text) {
    const bool is_plain =
        text.find('\0') == std::string::npos && !text.starts_with("hex:") &&
        json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace))
                .value_or(Json()) == Json(text);
    return is_plain ? text : "hex:" + to_hex(as_bytes(text)).substr(2);
}

Result<LaneState> lane_of(const sql::Row& row) {
    LaneState out;
    MINTMARK_TRY(out.used, Amount::parse(sql::text(row, 2)));
    MINTMARK_TRY(out.signed_total, Amount::parse(sql::text(row, 3)));
    MINTMARK_TRY(out.base, Amount::parse(sql::text(row, 4)));
    out.voucher = sql::text(row, 5);
    return out;
}

KeyRow key_of(const sql::Row& row) {
    KeyRow out;
    out.id = sql::text(row, 0);
    out.hash = sql::text(row, 1);
    out.buyer = sql::text(row, 2);
    out.name = sql::text(row, 3);
    out.scopes = sql::text(row, 4);
    out.budget = static_cast<std::uint64_t>(sql::integer(row, 5));
    out.spent = static_cast<std::uint64_t>(sql::integer(row, 6));
    out.created_ms = sql::integer(row, 7);
    out.expires_ms = sql::integer(row, 8);
    out.is_revoked = sql::integer(row, 9) != 0;
    return out;
}

Status Books::read(sql::Database& database, const std::vector<const Entry*>& entries) {
    Names names;
    for (const Entry* entry : entries) {
        if (const auto* request = std::get_if<RequestRow>(entry)) {
            names.requests.insert(request->id);
            names.accounts.insert(request->account);
            if (!request->key_id.empty()) names.keys.insert(request->key_id);
            if (!request->idempotency_key.empty())
                names.idempotent.emplace(request->key_id, request->idempotency_key);
        } else if (const auto* end = std::get_if<FinishRow>(entry)) {
            names.requests.insert(end->id);
            names.accounts.insert(end->account);
            if (!end->key_id.empty()) names.keys.insert(end->key_id);
        } else if (const auto* progress = std::get_if<ProgressRow>(entry)) {
            names.requests.insert(progress->id);
        } else if (const auto* voucher = std::get_if<VoucherRow>(entry)) {
            names.accounts.insert(voucher->account);
        } else if (const auto* key = std::get_if<KeyRow>(entry)) {
            names.keys.insert(key->id);
        } else if (const auto* nonce = std::get_if<NonceRow>(entry)) {
            names.nonces.emplace(nonce->kind, nonce->nonce);
        }
    }
    MINTMARK_CHECK(lock(database, names));
    return read_all(database, names);
}

Status Books::read_open_of(sql::Database& database, const std::string& owner) {
    MINTMARK_TRY(const auto open,
                 database.run("SELECT id,account,key_id FROM requests WHERE state='reserved' AND "
                              "owner=$1",
                              {owner}));
    Names names;
    for (const sql::Row& row : open.rows) {
        names.requests.insert(sql::text(row, 0));
        names.accounts.insert(sql::text(row, 1));
        if (!sql::text(row, 2).empty()) names.keys.insert(sql::text(row, 2));
    }
    MINTMARK_CHECK(lock(database, names));
    return read_all(database, names);  // some may have ended meanwhile
}

/// In ascending order, so two gateways never wait for each other.
Status Books::lock(sql::Database& database, const Names& names) {
    std::set<std::uint32_t> buckets;
    for (const std::string& name : names.accounts) buckets.insert(bucket_of("a" + name));
    for (const std::string& name : names.keys) buckets.insert(bucket_of("k" + name));
    for (const std::string& name : names.requests) buckets.insert(bucket_of("r" + name));
    for (const auto& [a, b] : names.idempotent) buckets.insert(bucket_of("i" + a + '\n' + b));
    for (const auto& [a, b] : names.nonces) buckets.insert(bucket_of("n" + a + '\n' + b));
    if (buckets.empty()) return {};
    Json list = Json::array();
    for (const std::uint32_t bucket : buckets) list.push_back(bucket);
    // A statement of its own: what is read next sees what the last holder has committed.
    MINTMARK_CHECK(
        database.run("SELECT pg_advisory_xact_lock(7140518, k) FROM (SELECT value::int AS k FROM "
                     "jsonb_array_elements_text($1::jsonb) ORDER BY 1) AS buckets",
                     {json::compact(list)}));
    return {};
}

Status Books::read_all(sql::Database& database, const Names& names) {
    for (const std::string& name : names.accounts) accounts[name] = {};
    const Json question = {{"requests", list_of(names.requests)},
                           {"accounts", list_of(names.accounts)},
                           {"keys", list_of(names.keys)},
                           {"idempotent", pairs_of(names.idempotent)},
                           {"nonces", pairs_of(names.nonces)}};
    MINTMARK_TRY(const auto answer, database.run(kRead, {json::compact(question)}));
    for (const sql::Row& row : answer.rows) {
        MINTMARK_TRY(const sql::Row inner, row_of(sql::text(row, 1)));
        MINTMARK_CHECK(take(sql::text(row, 0), inner));
    }
    return {};
}

Status Books::take(const std::string& what, const sql::Row& row) {
    if (what == "request") return take_request(row);
    if (what == "lane") {
        MINTMARK_TRY(LaneState lane, lane_of(row));
        accounts[sql::text(row, 0)].lanes[sql::text(row, 1)] = std::move(lane);
    } else if (what == "reserved") {
        MINTMARK_TRY(accounts[sql::text(row, 0)].reserved, Amount::parse(sql::text(row, 1)));
    } else if (what == "key") {
        keys[sql::text(row, 0)] = {key_of(row), static_cast<std::uint64_t>(sql::integer(row, 10))};
    } else if (what == "idempotent") {
        idempotent[{sql::text(row, 0), sql::text(row, 1)}] = sql::text(row, 2);
    } else {
        nonces[{sql::text(row, 0), sql::text(row, 1)}].token = sql::text(row, 2);
    }
    return {};
}

Status Books::take_request(const sql::Row& row) {
    StoredRequest& request = requests[sql::text(row, 0)];
    request.row.id = request.end.id = sql::text(row, 0);
    request.end.state = sql::text(row, 1);
    request.owner = sql::text(row, 2);
    request.closed_by = sql::text(row, 3);
    request.row.account = request.end.account = sql::text(row, 4);
    request.row.lane = request.end.lane = sql::text(row, 5);
    request.row.key_id = request.end.key_id = sql::text(row, 6);
    MINTMARK_TRY(request.end.units, Amount::parse(sql::text(row, 7)));
    request.end.usd = static_cast<std::uint64_t>(sql::integer(row, 8));
    MINTMARK_TRY(request.row.units_reserved, Amount::parse(sql::text(row, 9)));
    request.row.usd_reserved = static_cast<std::uint64_t>(sql::integer(row, 10));
    return {};
}

Status Books::write_keys(sql::Database& database) {
    for (const KeyRow& row : key_rows) {
        MINTMARK_CHECK(database.run(
            "INSERT INTO keys(id,hash,buyer,name,scopes,budget,spent,created_ms,expires_ms,revoked,"
            "changed) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,clock_timestamp()) ON CONFLICT(id) DO "
            "UPDATE SET name=excluded.name,budget=excluded.budget,revoked=excluded.revoked,"
            "expires_ms=excluded.expires_ms,changed=excluded.changed",
            {row.id, row.hash, row.buyer, row.name, row.scopes, as_signed(row.budget),
             as_signed(row.spent), row.created_ms, row.expires_ms,
             std::int64_t{row.is_revoked ? 1 : 0}}));
    }
    return {};
}

Status Books::write(sql::Database& database) {
    MINTMARK_CHECK(write_keys(database));
    Json begun = Json::array();
    Json ended = Json::array();
    for (const auto& [id, request] : requests) {
        if (request.is_new) {
            begun.push_back(begin_json(request));
        } else if (request.is_changed) {
            ended.push_back(end_json(request));
        }
    }
    Json lanes = Json::array();
    for (const auto& [account, lane] : changed_lanes) {
        const LaneState& state = accounts[account].lanes[lane];
        lanes.push_back({{"account", account},
                         {"lane", lane},
                         {"used", state.used.to_string()},
                         {"signed", state.signed_total.to_string()},
                         {"base", state.base.to_string()},
                         {"voucher", optional(state.voucher)}});
    }
    Json spent = Json::array();
    for (const std::string& id : spent_keys)
        spent.push_back({{"id", id}, {"spent", as_signed(keys[id].row.spent)}});
    Json used = Json::array();
    for (const auto& [pair, nonce] : nonces) {
        if (!nonce.is_new) continue;
        used.push_back({{"kind", nonce.row.kind},
                        {"nonce", nonce.row.nonce},
                        {"note", nonce.row.note},
                        {"expires_ms", nonce.row.expires_ms},
                        {"token", nonce.token}});
    }
    if (begun.empty() && ended.empty() && lanes.empty() && spent.empty() && used.empty()) return {};
    const Json all = {{"begun", std::move(begun)},
                      {"ended", std::move(ended)},
                      {"lanes", std::move(lanes)},
                      {"spent", std::move(spent)},
                      {"nonces", std::move(used)}};
    MINTMARK_CHECK(database.run(kWrite, {json::compact(all)}));
    return {};
}

}  // namespace mintmark::ledger
