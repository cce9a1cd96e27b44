// What a buyer asks about himself: credit, use, receipts, keys, vouchers.
#include <fmt/format.h>

#include <charconv>

#include "mintmark/chain/address.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/receipt.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/gates.hpp"
#include "mintmark/market/passes.hpp"

namespace mintmark::gateway {
namespace {

/// A voucher that cannot be settled in this time is worth nothing to a node.
constexpr std::uint64_t kVoucherMarginS = 3600;

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view part = query.substr(0, end);
        if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) {
            return std::string(part.substr(name.size() + 1));
        }
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return {};
}

Status check_time(std::uint64_t valid_until) {
    const auto now = static_cast<std::uint64_t>(unix_ms() / 1000);
    if (valid_until >= now + kVoucherMarginS) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the voucher must be valid for another {} s", kVoucherMarginS),
                "validUntil");
}

}  // namespace

Task<Result<json::Json>> Gateway::account_route(const Buyer& buyer, const Request& request) {
    const std::string& path = request.path;
    const bool is_get = request.method == "GET";
    const bool is_post = request.method == "POST";
    if (ledger_->is_shared() && is_get && (path == "/v1/credits" || path == "/v1/keys")) {
        // What the keys have spent at other gateways.
        std::vector<std::string> hashes;
        for (const ledger::KeyState* key : ledger_->keys_of(buyer.address))
            hashes.push_back(key->row.hash);
        if (const ledger::KeyState* own = ledger_->key(buyer.key_id))
            hashes.push_back(own->row.hash);
        std::function<Result<bool>(ledger::Ledger&)> question =
            [hashes](ledger::Ledger& ledger) -> Result<bool> {
            for (const std::string& hash : hashes) MINTMARK_CHECK(ledger.load_key(hash));
            return true;
        };
        MINTMARK_CO_CHECK(co_await ask_ledger<bool>(std::move(question)));
    }
    if (path == "/v1/credits" && is_get) co_return co_await credits(buyer);
    if (path == "/v1/usage" && is_get) co_return co_await usage(buyer, request);
    if (path == "/v1/vouchers" && is_get) co_return co_await due(buyer);
    if (path == "/v1/vouchers" && is_post) co_return co_await take_voucher(request.body);
    if (path.starts_with("/v1/keys") && !buyer.may_manage_keys) {
        co_return fail(ErrorCode::kUnsupported, "this API key lacks the scope keys");
    }
    if (path == "/v1/keys" && is_get) co_return keys(buyer);
    if (path == "/v1/keys" && is_post) {
        auto made = create_key(buyer, request);
        co_return made;
    }
    if (path.starts_with("/v1/jobs/") && is_get) co_return co_await job_route(buyer, path);
    if (path.starts_with("/v1/receipts/") && is_get)
        co_return co_await receipt(buyer, path.substr(13));
    if (path.starts_with("/v1/keys/") && request.method == "DELETE") {
        ledger::KeyState* key = ledger_->key(path.substr(9));
        if (key == nullptr || buyer.address.empty() || key->row.buyer != buyer.address) {
            co_return fail(ErrorCode::kNotFound, "you have no such key");
        }
        ledger::KeyRow row = key->row;
        row.is_revoked = true;
        MINTMARK_CO_CHECK(co_await durability_.wait(ledger_->put_key(row)));
        co_return json::Json{{"id", row.id}, {"revoked", true}};
    }
    co_return fail(ErrorCode::kNotFound, fmt::format("there is no {} {}", request.method, path));
}

json::Json Gateway::model_json(const ModelConfig& model) const {
    json::Json rates = json::Json::object();
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        const std::string name(market::unit_name(static_cast<market::Unit>(i)));
        if (model.card.rates[i] != 0) rates[name] = dollars_text(model.card.rates[i]);
        if ((model.card.free_units >> i & 1U) != 0) rates[name] = "0";
    }
    bool is_up = false;
    for (const std::string& name : model.upstreams) is_up = is_up || upstreams_->is_healthy(name);
    json::Json out = {
        {"id", model.id}, {"object", "model"}, {"created", 0}, {"owned_by", "mintmark"}};
    out["mintmark"] = {{"model", model.version.model},
                       {"version", model.version.version},
                       {"rates_usd", model.has_chain_rates ? json::Json("chain") : rates},
                       {"max_output_tokens", model.max_output_tokens},
                       {"license", model.license},
                       {"description", model.description},
                       {"verification", "receipt"},
                       {"available", is_up}};
    if (model.context_tokens != 0) out["mintmark"]["context_tokens"] = model.context_tokens;
    return out;
}

json::Json Gateway::models_json() const {
    json::Json data = json::Json::array();
    for (const ModelConfig& model : config_.models) data.push_back(model_json(model));
    return json::Json{{"object", "list"}, {"data", std::move(data)}};
}

Task<Result<json::Json>> Gateway::credits(const Buyer& buyer) {
    MINTMARK_CO_TRY(const auto lines, co_await entitlements_->credits(buyer));
    json::Json accounts = json::Json::array();
    for (const CreditLine& line : lines) {
        accounts.push_back({{"account", line.account},
                            {"unit", line.unit},
                            {"limit", line.limit.to_string()},
                            {"used", line.used.to_string()},
                            {"signed", line.signed_total.to_string()},
                            {"reserved", line.reserved.to_string()},
                            {"available", line.available.to_string()},
                            {"needs_vouchers", line.has_exposure}});
    }
    const ledger::KeyState* key = ledger_->key(buyer.key_id);
    json::Json out = {{"buyer", buyer.address}, {"order", config_.order}, {"accounts", accounts}};
    if (key != nullptr) {
        out["key"] = {{"id", key->row.id}, {"spent_usd", dollars_text(key->row.spent)}};
        if (key->row.budget != 0) out["key"]["budget_usd"] = dollars_text(key->row.budget);
    }
    co_return out;
}

Task<Result<json::Json>> Gateway::usage(const Buyer& buyer, const Request& request) {
    std::int64_t since = unix_ms() - 31 * std::int64_t{86'400'000};
    const std::string text = query_value(request.query, "since_ms");
    if (!text.empty()) {
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), since);
        if (ec != std::errc() || end != text.data() + text.size()) {
            co_return fail(ErrorCode::kInvalidArgument, "since_ms must be a number", "since_ms");
        }
    }
    using Sums = std::vector<ledger::UsageSum>;
    std::function<Result<Sums>(ledger::Ledger&)> question =
        [of = buyer.address, since](ledger::Ledger& ledger) { return ledger.usage_of(of, since); };
    MINTMARK_CO_TRY(const auto sums, co_await ask_ledger<Sums>(std::move(question)));
    json::Json rows = json::Json::array();
    for (const ledger::UsageSum& sum : sums) {
        if (!buyer.may_see_account && sum.key_id != buyer.key_id) continue;
        rows.push_back({{"day", sum.day},
                        {"key", sum.key_id},
                        {"model", sum.model},
                        {"requests", sum.requests},
                        {"cost_usd", dollars_text(sum.usd)}});
    }
    co_return json::Json{{"since_ms", since}, {"usage", std::move(rows)}};
}

Result<json::Json> Gateway::keys(const Buyer& buyer) const {
    json::Json rows = json::Json::array();
    if (buyer.address.empty()) return json::Json{{"keys", rows}};
    for (const ledger::KeyState* key : ledger_->keys_of(buyer.address)) {
        rows.push_back(
            {{"id", key->row.id},
             {"name", key->row.name},
             {"scopes", key->row.scopes},
             {"spent_usd", dollars_text(key->row.spent)},
             {"budget_usd", key->row.budget == 0 ? json::Json(nullptr)
                                                 : json::Json(dollars_text(key->row.budget))},
             {"created_ms", key->row.created_ms},
             {"expires_ms", key->row.expires_ms},
             {"revoked", key->row.is_revoked}});
    }
    return json::Json{{"keys", std::move(rows)}};
}

Task<Result<json::Json>> Gateway::receipt(const Buyer& buyer, const std::string& id) {
    MINTMARK_CO_TRY(const auto record, co_await find_record(id));
    const bool is_his = record && (buyer.may_see_account ? record->row.buyer == buyer.address
                                                         : record->row.key_id == buyer.key_id);
    if (!is_his) co_return fail(ErrorCode::kNotFound, "you have no such receipt");
    const ModelConfig* model = config_.model(record->row.model);
    const market::VersionRef version = model == nullptr ? market::VersionRef{} : model->version;
    const std::uint64_t chain_id = chain_ == nullptr ? 0 : chain_->deployment().chain_id;
    const Address provider = chain_ == nullptr ? Address{} : chain_->provider();
    co_return receipt_json(*record, version, chain_id, provider, signer_.get());
}

Task<Result<json::Json>> Gateway::due(const Buyer& buyer) {
    json::Json rows = json::Json::array();
    const auto add = [&](const std::string& account) {
        const ledger::AccountState* state = ledger_->account(account);
        if (state == nullptr) return;
        for (const auto& [lane, total] : state->lanes) {
            rows.push_back({{"account", account},
                            {"lane", lane},
                            {"used", total.used.to_string()},
                            {"signed", total.signed_total.to_string()}});
        }
    };
    // Accounts that this key's owner has used since the start.
    if (buyer.address.empty()) co_return json::Json{{"due", rows}};
    using Accounts = std::vector<std::string>;
    std::function<Result<Accounts>(ledger::Ledger&)> question =
        [of = buyer.address](ledger::Ledger& ledger) -> Result<Accounts> {
        MINTMARK_TRY(Accounts found, ledger.accounts_of(of));
        for (const std::string& account : found) MINTMARK_CHECK(ledger.refresh(account));
        return found;
    };
    MINTMARK_CO_TRY(const auto accounts, co_await ask_ledger<Accounts>(std::move(question)));
    for (const std::string& account : accounts) add(account);
    json::Json out = {{"due", std::move(rows)}};
    if (chain_ != nullptr) {
        out["provider"] = chain::to_checksum(chain_->provider());
        out["chain_id"] = chain_->deployment().chain_id;
    }
    co_return out;
}

Task<Result<json::Json>> Gateway::take_voucher(const std::string& text) {
    if (chain_ == nullptr) co_return fail(ErrorCode::kNotFound, "there is no chain here");
    MINTMARK_CO_TRY(const json::Json body, json::parse(text));
    Status taken =
        fail(ErrorCode::kInvalidArgument, "a voucher has passId, gateId or cumulative", "voucher");
    if (json::find(body, "passId") != nullptr) {
        taken = co_await take_pass_voucher(body);
    } else if (json::find(body, "gateId") != nullptr || json::find(body, "gate") != nullptr) {
        taken = co_await take_gate_voucher(body);
    } else if (json::find(body, "cumulative") != nullptr) {
        taken = co_await take_channel_voucher(body);
    }
    if (!taken && taken.error().code == ErrorCode::kRejected) {
        // A bad signature is the caller's mistake, not a missing voucher.
        co_return fail(ErrorCode::kInvalidArgument, taken.error().message, "voucher");
    }
    if (!taken) co_return std::unexpected(taken.error());
    co_return json::Json{{"accepted", true}};
}

Task<Status> Gateway::take_pass_voucher(const json::Json& body) {
    market::PassUsage usage;
    MINTMARK_CO_TRY(usage.pass, json::get_u64(body, "passId"));
    MINTMARK_CO_TRY(usage.cumulative, json::get_u64(body, "cumulative"));
    MINTMARK_CO_TRY(usage.valid_until, json::get_u64(body, "validUntil"));
    MINTMARK_CO_TRY(const std::string node, json::get_string(body, "node"));
    MINTMARK_CO_TRY(usage.node, chain::parse_address(node));
    if (const json::Json* root = json::find(body, "receiptRoot");
        root != nullptr && root->is_string()) {
        MINTMARK_CO_TRY(usage.receipt_root, bytes32_from_hex(root->get<std::string>()));
    }
    MINTMARK_CO_TRY(const std::string hex, json::get_string(body, "signature"));
    MINTMARK_CO_TRY(const Bytes signature, from_hex(hex));
    MINTMARK_CO_CHECK(check_time(usage.valid_until));
    if (usage.node != chain_->provider())
        co_return fail(ErrorCode::kRejected, "the voucher pays another node");
    MINTMARK_CO_TRY(const PassFacts facts, co_await chain_->pass(usage.pass));
    MINTMARK_CO_CHECK(co_await entitlements_->open_pass(usage.pass));
    MINTMARK_CO_TRY(const Bytes32 digest, usage.digest(chain_->deployment()));
    bool is_signed = false;
    for (const Address& holder : {facts.owner, facts.user}) {
        if (is_signed || holder == Address{}) continue;
        MINTMARK_CO_TRY(is_signed, co_await is_signed_by(holder, digest, signature));
    }
    if (!is_signed)
        co_return fail(ErrorCode::kRejected, "the voucher is not signed by the pass's holder");
    MINTMARK_CO_TRY(const std::uint64_t sequence,
                    ledger_->record_voucher(fmt::format("pass:{}", usage.pass), "",
                                            usage.cumulative, json::compact(body)));
    co_return co_await durability_.wait(sequence);
}

/// What the contract will pay for a session key's signature: all that is due in its lane, and in
/// the other lanes whose latest voucher it has signed, counts against its cap.
Status Gateway::check_session(const Entitlement& account, const market::Voucher& voucher,
                              const SessionFacts& session, const std::string& signer) {
    if (session.expires == 0)
        return fail(ErrorCode::kRejected,
                    "the voucher is signed by neither the buyer nor a session key");
    if (session.expires < session.now + kVoucherMarginS)
        return fail(ErrorCode::kRejected,
                    fmt::format("the session key {} ends too soon to be settled", signer));
    chain::U256 due;
    const ledger::AccountState* state = ledger_->account(account.account);
    for (const auto& [name, lane] : state->lanes) {
        const bool is_this = name == account.lane;
        if (!is_this && lane.voucher.find(signer) == std::string::npos) continue;
        const chain::U256 total = is_this ? voucher.cumulative : lane.signed_total;
        const chain::U256 rest = total.checked_sub(lane.base).value_or(chain::U256());
        due = due.checked_add(rest).value_or(session.cap);
    }
    const chain::U256 left = session.cap.checked_sub(session.spent).value_or(chain::U256());
    if (due <= left) return {};
    metrics_.refused("session_cap");
    return fail(ErrorCode::kRejected,
                fmt::format("the session key {} may still sign for {}, {} would be due", signer,
                            left.to_string(), due.to_string()));
}

Task<Status> Gateway::take_channel_voucher(const json::Json& body) {
    MINTMARK_CO_TRY(const market::Voucher voucher, market::Voucher::from_json(body));
    MINTMARK_CO_CHECK(check_time(voucher.valid_until));
    if (voucher.channel.provider != chain_->provider()) {
        co_return fail(ErrorCode::kRejected, "the voucher pays another provider");
    }
    MINTMARK_CO_TRY(const Entitlement account,
                    co_await entitlements_->open_channel(voucher.channel.buyer,
                                                         voucher.channel.token, voucher.version));
    MINTMARK_CO_TRY(const Bytes32 digest, voucher.digest(chain_->deployment()));
    MINTMARK_CO_TRY(bool is_signed,
                    co_await is_signed_by(voucher.channel.buyer, digest, voucher.signature));
    json::Json kept = body;
    kept.erase("sessionKey");  // only what was checked here is kept
    kept.erase("sessionExpires");
    if (!is_signed) {
        MINTMARK_CO_CHECK(co_await entitlements_->refresh(account.account));
        const auto parsed = chain::Signature::from_bytes(voucher.signature);
        const auto signer = parsed ? chain::recover(digest, *parsed)
                                   : Result<Address>(fail(ErrorCode::kRejected, "no signature"));
        if (signer) {
            MINTMARK_CO_TRY(
                const SessionFacts session,
                co_await chain_->session(voucher.channel.buyer, voucher.channel.token, *signer));
            MINTMARK_CO_CHECK(
                check_session(account, voucher, session, chain::to_checksum(*signer)));
            is_signed = true;
            kept["sessionKey"] = chain::to_checksum(*signer);
            kept["sessionExpires"] = session.expires;
        }
    }
    if (!is_signed)
        co_return fail(ErrorCode::kRejected,
                       "the voucher is signed by neither the buyer nor a session key");
    MINTMARK_CO_TRY(const std::uint64_t sequence,
                    ledger_->record_voucher(account.account, account.lane, voucher.cumulative,
                                            json::compact(kept)));
    co_return co_await durability_.wait(sequence);
}

Task<Status> Gateway::take_gate_voucher(const json::Json& body) {
    MINTMARK_CO_TRY(const market::QuotaUsage usage, market::QuotaUsage::from_json(body));
    if (usage.provider != chain_->provider())
        co_return fail(ErrorCode::kRejected, "the voucher pays another provider");
    const ModelConfig* model = nullptr;
    MINTMARK_CO_TRY(const Bytes32 digest, usage.digest(chain_->deployment()));
    MINTMARK_CO_TRY(const bool is_signed,
                    co_await is_signed_by(usage.account, digest, usage.signature));
    if (!is_signed)
        co_return fail(ErrorCode::kRejected, "the voucher is not signed by its account");
    Result<Entitlement> account = fail(ErrorCode::kNotFound, "this gate is for no model here");
    for (const ModelConfig& candidate : config_.models) {
        if (candidate.version.version != usage.version || candidate.version.model == 0) continue;
        model = &candidate;
        account =
            co_await entitlements_->open_gate(usage.gate, usage.key, usage.account, model->version);
        if (account) break;
    }
    if (!account) co_return std::unexpected(account.error());
    if (account->account !=
        fmt::format("gate:{}:{}:{}", usage.gate, usage.key.to_string(), usage.epoch)) {
        co_return fail(ErrorCode::kRejected, "the voucher is for another epoch");
    }
    MINTMARK_CO_TRY(const std::uint64_t sequence,
                    ledger_->record_voucher(account->account, account->lane, usage.cumulative,
                                            json::compact(body)));
    co_return co_await durability_.wait(sequence);
}

}  // namespace mintmark::gateway
