#include "mintmark/ledger/shared_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "mintmark/base/rng.hpp"
#include "mintmark/ledger/rules.hpp"
#include "mintmark/ledger/shared_schema.hpp"

namespace mintmark::ledger {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostPerTransaction = 256;
constexpr auto kNameWait = std::chrono::seconds(5);  ///< for a killed predecessor's connection

/// Bounded, so that a gateway that freezes within a transaction stops the others for seconds only.
constexpr const char* kSession =
    "SET synchronous_commit = on; SET statement_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '5s';";

bool is_outage(const Error& error) {
    return error.code == ErrorCode::kIo || error.code == ErrorCode::kNetwork;
}

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string name_lock(const std::string& name) {
    // hashtext: PostgreSQL's own, on the server for all gateways alike.
    std::string quoted;
    for (const char c : name) quoted += c == '\'' ? "''" : std::string(1, c);
    return "SELECT pg_try_advisory_lock(7140519, hashtext('" + quoted + "'))";
}

void close(Books& books, StoredRequest& request, const std::string& state, const Amount& units,
           std::uint64_t usd) {
    AccountState& account = books.accounts[request.row.account];
    LaneState& lane = account.lanes[request.row.lane];
    account.reserved = minus(account.reserved, request.row.units_reserved);
    request.end.state = state;
    request.end.units = units;
    request.end.usd = usd;
    request.is_changed = true;
    if (!units.is_zero()) {
        lane.used = plus(lane.used, units);
        books.changed_lanes.emplace(request.row.account, request.row.lane);
    }
    const auto key = books.keys.find(request.row.key_id);
    if (key == books.keys.end()) return;
    key->second.reserved -= std::min(request.row.usd_reserved, key->second.reserved);
    if (usd == 0) return;
    key->second.row.spent += usd;
    books.spent_keys.insert(request.row.key_id);
}

}  // namespace

void Inbox::put(News news) {
    const std::lock_guard lock(mutex_);
    news_.push_back(std::move(news));
}

std::vector<Inbox::News> Inbox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, {});
}

Result<std::unique_ptr<SharedWriter>> SharedWriter::open(SharedOptions options, Inbox& inbox) {
    std::unique_ptr<SharedWriter> out(new SharedWriter(std::move(options), inbox));
    Bytes random(8);
    system_rng().fill(random);
    out->instance_ = to_hex(random).substr(2);
    if (out->options_.name.empty()) out->options_.name = out->instance_;
    MINTMARK_CHECK(out->connect());
    return out;
}

Status SharedWriter::connect() {
    MINTMARK_TRY(database_,
                 sql::open_postgres(options_.location, kSession + name_lock(options_.name)));
    MINTMARK_CHECK(take_name());
    MINTMARK_CHECK(migrate(*database_));
    MINTMARK_TRY(const auto before, database_->run("SELECT instance FROM gateways WHERE name=$1",
                                                   {storable(options_.name)}));
    for (const sql::Row& row : before.rows) {
        MINTMARK_TRY(const std::uint64_t closed, bury(sql::text(row, 0)));
        recovered_ += closed;
    }
    return beat();
}

/// The session holds the name, so a second gateway of that name does not close this one's requests.
Status SharedWriter::take_name() {
    const auto end = Clock::now() + kNameWait;
    while (true) {
        MINTMARK_TRY(const auto answer, database_->run(name_lock(options_.name)));
        if (!answer.rows.empty() && sql::integer(answer.rows[0], 0) != 0) return {};
        if (Clock::now() > end) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("a gateway named {} uses this ledger", options_.name),
                "give each gateway its own ledger.name");
}

SharedWriter::~SharedWriter() {
    if (database_ == nullptr) return;  // it was never reached
    (void)database_->run(
        "DELETE FROM gateways WHERE instance=$1 AND NOT EXISTS(SELECT 1 FROM requests WHERE "
        "state='reserved' AND owner=$1)",
        {instance_});
}

Status SharedWriter::write(const std::vector<Entry>& batch, std::uint64_t first,
                           Refusals& refused) {
    std::vector<Numbered> some;
    for (std::size_t begin = 0; begin < batch.size(); begin += kMostPerTransaction) {
        some.clear();
        for (std::size_t i = begin; i < std::min(begin + kMostPerTransaction, batch.size()); ++i)
            some.push_back({&batch[i], first + i});
        const Status done = write_some(some, refused);
        if (done) continue;
        if (is_outage(done.error())) return done;
        // An entry that the database cannot take must not hold up those of everybody else.
        for (const Numbered& one : some) {
            const Status alone = write_some({one}, refused);
            if (alone) continue;
            if (is_outage(alone.error())) return alone;
            refused.emplace_back(one.sequence, alone.error());
            if (const auto* request = std::get_if<RequestRow>(one.entry))
                inbox_.put({{}, {}, {request->id}});
        }
    }
    return {};
}

Status SharedWriter::write_some(const std::vector<Numbered>& entries, Refusals& refused) {
    std::vector<const Entry*> touched;
    for (const Numbered& one : entries) touched.push_back(one.entry);
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    Books books;
    MINTMARK_CHECK(books.read(*database_, touched));
    Refusals no;
    Inbox::News news;
    for (const Numbered& one : entries) {
        const Status done = std::visit(
            [&](const auto& row) { return apply(books, row, one.sequence); }, *one.entry);
        if (done) continue;
        no.emplace_back(one.sequence, done.error());
        if (const auto* request = std::get_if<RequestRow>(one.entry))
            news.refused.push_back(request->id);
    }
    MINTMARK_CHECK(books.write(*database_));
    MINTMARK_CHECK(transaction.commit());
    refused.insert(refused.end(), no.begin(), no.end());
    news.accounts = std::move(books.accounts);
    news.keys = std::move(books.keys);
    inbox_.put(std::move(news));
    return {};
}

Status SharedWriter::apply(Books& books, const RequestRow& row, std::uint64_t) const {
    if (const auto known = books.requests.find(row.id); known != books.requests.end()) {
        // Ours: a commit whose answer was lost.
        if (known->second.owner == instance_) return {};
        return fail(ErrorCode::kAlreadyExists, "the request id is taken");
    }
    AccountState& account = books.accounts[row.account];
    account.terms = row.terms;
    const auto found = books.keys.find(row.key_id);
    const KeyState* key = found == books.keys.end() ? nullptr : &found->second;
    if (key != nullptr &&
        (key->row.is_revoked || (key->row.expires_ms != 0 && key->row.expires_ms < unix_ms()))) {
        return fail(ErrorCode::kUnsupported, "the API key was revoked or has expired");
    }
    MINTMARK_CHECK(check_reservation(account, key, row));
    if (!row.idempotency_key.empty()) {
        const auto [other, is_first] =
            books.idempotent.emplace(Books::Pair(row.key_id, row.idempotency_key), row.id);
        if (!is_first)
            return fail(ErrorCode::kAlreadyExists, "this request runs or was answered already",
                        "send it again for the answer");
    }
    account.reserved = plus(account.reserved, row.units_reserved);
    if (found != books.keys.end()) found->second.reserved += row.usd_reserved;
    StoredRequest& request = books.requests[row.id];
    request.row = row;
    request.end.id = row.id;
    request.end.state = "reserved";
    request.owner = instance_;
    request.is_new = true;
    return {};
}

Status SharedWriter::apply(Books& books, const FinishRow& row, std::uint64_t) const {
    const auto found = books.requests.find(row.id);
    if (found == books.requests.end())
        return fail(ErrorCode::kNotFound, "the request was not reserved");
    StoredRequest& request = found->second;
    const bool runs = request.end.state == "reserved" && request.owner == instance_;
    if (runs) {
        const RequestRow about = request.row;
        request.end = row;
        request.closed_by = instance_;
        close(books, request, row.state, std::min(row.units, about.units_reserved),
              std::min(row.usd, about.usd_reserved));
        return {};
    }
    if (request.closed_by != instance_) {
        return fail(ErrorCode::kInterrupted,
                    "this gateway was away for so long that the others closed the request");
    }
    if (!row.is_taken_back || request.end.state == "released") return {};
    LaneState& lane = books.accounts[request.row.account].lanes[request.row.lane];
    lane.used = minus(lane.used, request.end.units);
    books.changed_lanes.emplace(request.row.account, request.row.lane);
    if (const auto key = books.keys.find(request.row.key_id); key != books.keys.end()) {
        key->second.row.spent -= std::min(request.end.usd, key->second.row.spent);
        books.spent_keys.insert(request.row.key_id);
    }
    request.end = row;
    request.is_changed = true;
    return {};
}

Status SharedWriter::apply(Books& books, const ProgressRow& row, std::uint64_t) const {
    const auto found = books.requests.find(row.id);
    if (found == books.requests.end()) return {};
    StoredRequest& request = found->second;
    if (request.end.state != "reserved" || request.owner != instance_) return {};
    request.end.units = std::min(row.units, request.row.units_reserved);
    request.end.usd = std::min(row.usd, request.row.usd_reserved);
    request.is_changed = true;
    return {};
}

Status SharedWriter::apply(Books& books, const VoucherRow& row, std::uint64_t) const {
    LaneState& lane = books.accounts[row.account].lanes[row.lane];
    books.changed_lanes.emplace(row.account, row.lane);
    if (row.voucher.empty()) {
        lane.base = std::max(lane.base, row.base);
        lane.used = std::max(lane.used, row.base);
        lane.signed_total = std::max(lane.signed_total, row.base);
        return {};
    }
    if (row.signed_total < lane.signed_total) {
        return fail(ErrorCode::kRejected,
                    "an older voucher: " + lane.signed_total.to_string() + " are signed already");
    }
    lane.signed_total = row.signed_total;
    lane.voucher = row.voucher;
    return {};
}

Status SharedWriter::apply(Books& books, const KeyRow& row, std::uint64_t) const {
    books.key_rows.push_back(row);
    KeyState& state = books.keys[row.id];
    const std::uint64_t spent = state.row.spent;
    state.row = row;
    state.row.spent = spent;
    return {};
}

Status SharedWriter::apply(Books& books, const NonceRow& row, std::uint64_t sequence) const {
    const std::string token = fmt::format("{}:{}", instance_, sequence);
    const auto [found, is_first] = books.nonces.try_emplace({row.kind, row.nonce});
    if (!is_first) {
        if (found->second.token == token) return {};  // a commit whose answer was lost
        return fail(ErrorCode::kAlreadyExists, "this nonce was used");
    }
    found->second = {token, row, true};
    return {};
}

Result<std::uint64_t> SharedWriter::bury(const std::string& instance) {
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database_));
    Books books;
    MINTMARK_CHECK(books.read_open_of(*database_, instance));
    std::uint64_t count = 0;
    for (auto& [id, request] : books.requests) {
        if (request.end.state != "reserved" || request.owner != instance) continue;
        request.closed_by = instance_;
        const bool has_cost = !request.end.units.is_zero() || request.end.usd != 0;
        close(books, request, has_cost ? "interrupted" : "released", request.end.units,
              request.end.usd);
        ++count;
    }
    MINTMARK_CHECK(books.write(*database_));
    MINTMARK_CHECK(database_->run("DELETE FROM gateways WHERE instance=$1", {instance}));
    MINTMARK_CHECK(transaction.commit());
    return count;
}

Status SharedWriter::beat() {
    MINTMARK_CHECK(database_->run(
        "INSERT INTO gateways VALUES($1,$2,1,clock_timestamp()) ON CONFLICT(instance) DO UPDATE "
        "SET beat=gateways.beat+1",
        {instance_, storable(options_.name)}));
    MINTMARK_TRY(const auto changed,
                 database_->run(std::string("SELECT ") + kKeyColumns +
                                " FROM keys WHERE changed > clock_timestamp() - interval '60s'"));
    Inbox::News news;
    for (const sql::Row& row : changed.rows) {
        const KeyRow key = key_of(row);
        news.keys[key.id] = {key, 0};
    }
    if (!news.keys.empty()) inbox_.put(std::move(news));
    return watch_others();
}

Status SharedWriter::watch_others() {
    // Also who has requests open and is not registered: it was given up and came back.
    MINTMARK_TRY(const auto rows,
                 database_->run("SELECT instance,beat FROM gateways UNION SELECT owner,-1 FROM "
                                "requests WHERE state='reserved' AND NOT EXISTS(SELECT 1 FROM "
                                "gateways WHERE instance=owner)"));
    std::map<std::string, Sight> now;
    std::vector<std::string> lost;
    for (const sql::Row& row : rows.rows) {
        const std::string instance = sql::text(row, 0);
        if (instance == instance_) continue;
        const std::int64_t beat = sql::integer(row, 1);
        const auto before = seen_.find(instance);
        const bool stands = before != seen_.end() && before->second.beat == beat;
        const Sight sight{beat, stands ? before->second.since : Clock::now()};
        if (Clock::now() - sight.since > options_.patience) {
            lost.push_back(instance);
        } else {
            now.emplace(instance, sight);
        }
    }
    seen_ = std::move(now);
    for (const std::string& instance : lost) MINTMARK_CHECK(bury(instance));
    return {};
}

}  // namespace mintmark::ledger
