#include "mintmark/ledger/file_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/ledger/file_writer.hpp"
#include "mintmark/ledger/rules.hpp"

namespace mintmark::ledger {
namespace {

constexpr std::string_view kColumns =
    "id,key_id,buyer,account,lane,model,endpoint,state,units_reserved,usd_reserved,units,usd,usage,"
    "request_hash,response_hash,price_epoch,status,body,created_ms,finished_ms,idempotency_key";

std::string pair_key(const std::string& key_id, const std::string& idempotency_key) {
    return key_id + '\n' + idempotency_key;
}

}  // namespace

Result<Ledger::Opened> Ledger::open(const std::filesystem::path& path,
                                    Journal::OnCommit on_commit) {
    std::error_code ignored;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    MINTMARK_TRY(const std::uint64_t recovered, recover(path));
    std::unique_ptr<FileLedger> ledger(new FileLedger());
    MINTMARK_TRY(auto writer, open_file_writer(path));
    ledger->journal_ =
        std::make_unique<Journal>(std::move(writer), std::move(on_commit), Pace::kWhenAsked);
    MINTMARK_TRY(ledger->reader_, Database::open(path));
    MINTMARK_CHECK(ledger->load_keys());
    return Opened{std::move(ledger), recovered};
}

Status FileLedger::load_keys() {
    MINTMARK_TRY(auto select, reader_->prepare("SELECT id,hash,buyer,name,scopes,budget,spent,"
                                               "created_ms,expires_ms,revoked FROM keys"));
    while (true) {
        MINTMARK_TRY(const bool has_row, select.step());
        if (!has_row) return {};
        KeyRow row;
        row.id = select.text(0);
        row.hash = select.text(1);
        row.buyer = select.text(2);
        row.name = select.text(3);
        row.scopes = select.text(4);
        row.budget = static_cast<std::uint64_t>(select.number(5));
        row.spent = static_cast<std::uint64_t>(select.number(6));
        row.created_ms = select.number(7);
        row.expires_ms = select.number(8);
        row.is_revoked = select.number(9) != 0;
        key_ids_[row.hash] = row.id;
        keys_[row.id] = {row, 0};
    }
}

Status FileLedger::load_lanes(const std::string& account, AccountState& state) {
    MINTMARK_TRY(auto select, reader_->prepare("SELECT lane,used,signed,base,voucher FROM lanes "
                                               "WHERE account=?1"));
    select.bind(1, account);
    while (true) {
        MINTMARK_TRY(const bool has_row, select.step());
        if (!has_row) return {};
        LaneState lane;
        MINTMARK_TRY(lane.used, Amount::parse(select.text(1)));
        MINTMARK_TRY(lane.signed_total, Amount::parse(select.text(2)));
        MINTMARK_TRY(lane.base, Amount::parse(select.text(3)));
        lane.voucher = select.text(4);
        state.lanes[select.text(0)] = std::move(lane);
    }
}

Status FileLedger::set_terms(const std::string& account, const AccountTerms& terms,
                             const std::string& lane, const Amount& base) {
    const auto [where, is_new] = accounts_.try_emplace(account);
    AccountState& state = where->second;
    if (is_new) {
        const Status loaded = load_lanes(account, state);
        if (!loaded) {
            accounts_.erase(where);
            return loaded;
        }
    }
    state.terms = terms;
    LaneState& known = state.lanes[lane];
    if (known.base >= base && known.used >= base && known.signed_total >= base) return {};
    // What the chain has settled was used and signed, whether or not this ledger saw it.
    known.base = std::max(known.base, base);
    known.used = std::max(known.used, base);
    known.signed_total = std::max(known.signed_total, base);
    (void)journal_->append(
        VoucherRow{account, lane, known.used, known.signed_total, known.base, ""});
    return {};
}

const AccountState* FileLedger::account(const std::string& id) {
    const auto found = accounts_.find(id);
    return found == accounts_.end() ? nullptr : &found->second;
}

Result<std::uint64_t> FileLedger::reserve(const RequestRow& request) {
    return reserve_row(std::make_shared<const RequestRow>(request));
}

Result<std::uint64_t> FileLedger::reserve_row(std::shared_ptr<const RequestRow> row) {
    const RequestRow& request = *row;
    const auto found = accounts_.find(request.account);
    if (found == accounts_.end() || !found->second.lanes.contains(request.lane)) {
        return fail(ErrorCode::kNotFound, "the account " + request.account + " is not open");
    }
    if (open_.contains(request.id)) {
        return fail(ErrorCode::kAlreadyExists, "the request id is taken");
    }
    AccountState& account = found->second;
    KeyState* key = request.key_id.empty() ? nullptr : this->key(request.key_id);
    MINTMARK_CHECK(check_reservation(account, key, request));
    if (!request.idempotency_key.empty()) {
        const auto [where, is_new] =
            in_progress_.emplace(pair_key(request.key_id, request.idempotency_key), request.id);
        if (!is_new) return fail(ErrorCode::kAlreadyExists, "this request is in progress");
        // The caller's own look may be older than the end of the request that had the key.
        const auto answered = find_idempotent(request.key_id, request.idempotency_key);
        if (!answered || *answered) {
            in_progress_.erase(where);
            if (!answered) return std::unexpected(answered.error());
            return fail(ErrorCode::kAlreadyExists, "this request was answered already",
                        "send it again for the answer");
        }
    }
    account.reserved = plus(account.reserved, request.units_reserved);
    if (key != nullptr) key->reserved += request.usd_reserved;
    if (!request.is_whole) {
        const std::uint64_t sequence = journal_->append(request);
        open_.emplace(request.id, Running{row, nullptr});
        return sequence;
    }
    auto held = journal_->hold(row);
    open_.emplace(request.id, Running{std::move(row), std::move(held)});
    return 0;
}

/// Who waits has ended his request: with none left there is nobody to share the batch with.
void FileLedger::want(std::uint64_t sequence) {
    journal_->want(sequence, open_.empty() ? Hurry::kNow : Hurry::kSoon);
}

void FileLedger::forget_idempotency(const std::string& key_id, const std::string& idempotency_key) {
    in_progress_.erase(pair_key(key_id, idempotency_key));
}

std::uint64_t FileLedger::progress(const std::string& request, const Amount& units,
                                   std::uint64_t usd) {
    const auto found = open_.find(request);
    if (found != open_.end() && found->second.held) journal_->release(*found->second.held);
    return journal_->append(ProgressRow{request, units, usd});
}

Result<std::uint64_t> FileLedger::finish(const std::string& request, Outcome outcome) {
    const auto found = open_.find(request);
    if (found == open_.end()) return fail(ErrorCode::kNotFound, "no such running request");
    const Running running = std::move(found->second);
    const RequestRow& row = *running.row;
    open_.erase(found);
    outcome.units = std::min(outcome.units, row.units_reserved);
    outcome.usd = std::min(outcome.usd, row.usd_reserved);
    AccountState& account = accounts_[row.account];
    LaneState& lane = account.lanes[row.lane];
    account.reserved = minus(account.reserved, row.units_reserved);
    lane.used = plus(lane.used, outcome.units);
    KeyState* key = row.key_id.empty() ? nullptr : this->key(row.key_id);
    if (key != nullptr) {
        key->reserved -= row.usd_reserved;
        key->row.spent += outcome.usd;
    }
    FinishRow end;
    end.id = row.id;
    end.state = std::move(outcome.state);
    end.units = outcome.units;
    end.usd = outcome.usd;
    end.usage = std::move(outcome.usage);
    end.response_hash = std::move(outcome.response_hash);
    end.finished_ms = outcome.finished_ms;
    end.status = outcome.status;
    if (!row.idempotency_key.empty()) end.body = std::move(outcome.body);
    end.account = row.account;
    end.lane = row.lane;
    end.lane_used = lane.used;
    end.key_id = row.key_id;
    end.key_spent = key != nullptr ? key->row.spent : 0;
    if (running.held) return journal_->append_end(*running.held, std::move(end));
    return journal_->append(std::move(end));
}

Result<std::uint64_t> FileLedger::record_voucher(const std::string& account,
                                                 const std::string& lane, const Amount& total,
                                                 const std::string& voucher) {
    const auto found = accounts_.find(account);
    if (found == accounts_.end() || !found->second.lanes.contains(lane)) {
        return fail(ErrorCode::kNotFound, "the account " + account + " is not open");
    }
    LaneState& state = found->second.lanes[lane];
    if (total < state.signed_total) {
        return fail(ErrorCode::kRejected,
                    "an older voucher: " + state.signed_total.to_string() + " are signed already");
    }
    state.signed_total = total;
    state.voucher = voucher;
    return journal_->append(VoucherRow{account, lane, state.used, total, state.base, voucher});
}

std::uint64_t FileLedger::take_back(const RequestRow& row, const Amount& units, std::uint64_t usd) {
    LaneState& lane = accounts_[row.account].lanes[row.lane];
    lane.used = minus(lane.used, units);
    KeyState* key = row.key_id.empty() ? nullptr : this->key(row.key_id);
    if (key != nullptr) key->row.spent -= std::min(usd, key->row.spent);
    FinishRow end;
    end.id = row.id;
    end.state = "released";
    end.account = row.account;
    end.lane = row.lane;
    end.lane_used = lane.used;
    end.key_id = row.key_id;
    end.key_spent = key != nullptr ? key->row.spent : 0;
    return journal_->append(std::move(end));
}

std::uint64_t FileLedger::put_key(const KeyRow& row) {
    KeyState& state = keys_[row.id];
    const std::uint64_t spent = state.row.spent;
    state.row = row;
    state.row.spent = std::max(spent, row.spent);
    key_ids_[row.hash] = row.id;
    return journal_->append(state.row);
}

KeyState* FileLedger::key_by_hash(const std::string& hash) {
    const auto found = key_ids_.find(hash);
    return found == key_ids_.end() ? nullptr : key(found->second);
}

KeyState* FileLedger::key(const std::string& id) {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
}

std::vector<const KeyState*> FileLedger::keys_of(const std::string& buyer) {
    std::vector<const KeyState*> out;
    for (const auto& [id, state] : keys_) {
        if (state.row.buyer == buyer) out.push_back(&state);
    }
    std::ranges::sort(out, {}, [](const KeyState* key) { return key->row.id; });
    return out;
}

Result<std::uint64_t> FileLedger::use_nonce(const NonceRow& row) {
    if (nonces_.contains({row.kind, row.nonce})) {
        return fail(ErrorCode::kAlreadyExists, "this nonce was used");
    }
    MINTMARK_TRY(auto select, reader_->prepare("SELECT 1 FROM nonces WHERE kind=?1 AND nonce=?2"));
    select.bind(1, row.kind).bind(2, row.nonce);
    MINTMARK_TRY(const bool is_used, select.step());
    if (is_used) return fail(ErrorCode::kAlreadyExists, "this nonce was used");
    nonces_.emplace(std::pair(row.kind, row.nonce), row.expires_ms);
    return journal_->append(row);
}

Result<std::optional<RequestRecord>> FileLedger::read_record(Statement& select) {
    MINTMARK_TRY(const bool has_row, select.step());
    if (!has_row) return std::nullopt;
    RequestRecord out;
    out.row.id = out.end.id = select.text(0);
    out.row.key_id = select.text(1);
    out.row.buyer = select.text(2);
    out.row.account = select.text(3);
    out.row.lane = select.text(4);
    out.row.model = select.text(5);
    out.row.endpoint = select.text(6);
    out.end.state = select.text(7);
    MINTMARK_TRY(out.row.units_reserved, Amount::parse(select.text(8)));
    out.row.usd_reserved = static_cast<std::uint64_t>(select.number(9));
    MINTMARK_TRY(out.end.units, Amount::parse(select.text(10)));
    out.end.usd = static_cast<std::uint64_t>(select.number(11));
    out.end.usage = select.text(12);
    out.row.request_hash = select.text(13);
    out.end.response_hash = select.text(14);
    out.row.price_epoch = static_cast<std::uint64_t>(select.number(15));
    out.end.status = static_cast<int>(select.number(16));
    out.end.body = select.text(17);
    out.row.created_ms = select.number(18);
    out.end.finished_ms = select.number(19);
    out.row.idempotency_key = select.text(20);
    return out;
}

Result<std::optional<RequestRecord>> FileLedger::find(const std::string& request) {
    MINTMARK_TRY(auto select,
                 reader_->prepare(fmt::format("SELECT {} FROM requests WHERE id=?1", kColumns)));
    select.bind(1, request);
    return read_record(select);
}

Result<std::optional<RequestRecord>> FileLedger::find_idempotent(const std::string& key_id,
                                                                 const std::string& key) {
    MINTMARK_TRY(auto select,
                 reader_->prepare(fmt::format(
                     "SELECT {} FROM requests WHERE key_id=?1 AND idempotency_key=?2 AND "
                     "state IN ('settled','interrupted') ORDER BY created_ms LIMIT 1",
                     kColumns)));
    select.bind(1, key_id).bind(2, key);
    return read_record(select);
}

Result<std::vector<UsageSum>> FileLedger::usage_of(const std::string& buyer,
                                                   std::int64_t since_ms) {
    MINTMARK_TRY(auto select,
                 reader_->prepare(
                     "SELECT date(created_ms/1000,'unixepoch') AS day,key_id,model,"
                     "count(*),sum(usd) FROM requests WHERE buyer=?1 AND created_ms>=?2 "
                     "AND state<>'reserved' GROUP BY day,key_id,model ORDER BY 1,2,3 LIMIT 10000"));
    select.bind(1, buyer).bind(2, since_ms);
    std::vector<UsageSum> out;
    while (true) {
        MINTMARK_TRY(const bool has_row, select.step());
        if (!has_row) return out;
        out.push_back({select.text(0), select.text(1), select.text(2),
                       static_cast<std::uint64_t>(select.number(3)),
                       static_cast<std::uint64_t>(select.number(4))});
    }
}

Result<std::vector<std::string>> FileLedger::accounts_of(const std::string& buyer) {
    MINTMARK_TRY(auto select,
                 reader_->prepare("SELECT DISTINCT account FROM requests WHERE buyer=?1 "
                                  "ORDER BY 1 LIMIT 1000"));
    select.bind(1, buyer);
    std::vector<std::string> out;
    while (true) {
        MINTMARK_TRY(const bool has_row, select.step());
        if (!has_row) return out;
        out.push_back(select.text(0));
    }
}

}  // namespace mintmark::ledger
