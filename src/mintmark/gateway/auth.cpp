// Who calls: API keys, Sign-In with Ethereum, rates.
#include <fmt/format.h>
#include <openssl/hmac.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/siwe.hpp"
#include "mintmark/hash/sha256.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::int64_t kNonceMs = 600'000;
constexpr std::int64_t kDayMs = 86'400'000;

std::string hash_of(std::string_view secret) {
    return to_hex(sha256(as_bytes(secret))).erase(0, 2);
}

bool has_scope(std::string_view scopes, std::string_view wanted) {
    while (!scopes.empty()) {
        const std::size_t end = scopes.find(' ');
        if (scopes.substr(0, end) == wanted) return true;
        if (end == std::string_view::npos) break;
        scopes.remove_prefix(end + 1);
    }
    return false;
}

std::string random_hex(std::size_t bytes) {
    Bytes random(bytes);
    system_rng().fill(random);
    return to_hex(random).substr(2);
}

/// A nonce of a sign-in says when it ends and that a gateway of this ledger has made it, so none of
/// them need remember it: 8 hex digits of seconds, 24 of chance, 32 of HMAC-SHA-256.
constexpr std::size_t kNonceBegin = 32, kNonceDigits = 64;

std::string sealed(const std::string& secret, const std::string& begin) {
    Bytes mac(32);
    unsigned size = 0;
    ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(begin.data()), begin.size(), mac.data(), &size);
    mac.resize(16);
    return begin + to_hex(mac).substr(2);
}

bool is_nonce_of(const std::string& secret, const std::string& nonce, std::int64_t now_ms) {
    if (nonce.size() != kNonceDigits || sealed(secret, nonce.substr(0, kNonceBegin)) != nonce)
        return false;
    return std::stoll(nonce.substr(0, 8), nullptr, 16) * 1000 >= now_ms;
}

}  // namespace

Task<void> Gateway::learn_key(const Request& request) {
    const std::string_view header = request.header("authorization");
    if (!header.starts_with("Bearer ") || header.size() > 512) co_return;
    const std::string hash = hash_of(header.substr(7));
    if (ledger_->key_by_hash(hash) != nullptr) co_return;
    std::function<Result<bool>(ledger::Ledger&)> question =
        [hash](ledger::Ledger& ledger) -> Result<bool> {
        MINTMARK_CHECK(ledger.load_key(hash));
        return true;
    };
    (void)co_await ask_ledger<bool>(std::move(question));
}

Result<Buyer> Gateway::authenticate(const Request& request, std::string_view scope) {
    const std::string_view header = request.header("authorization");
    if (!header.starts_with("Bearer ") || header.size() > 512) {
        return fail(ErrorCode::kRejected, "no API key: send Authorization: Bearer KEY");
    }
    const std::string hash = hash_of(header.substr(7));
    const ledger::KeyState* key = ledger_->key_by_hash(hash);
    if (key == nullptr) return fail(ErrorCode::kRejected, "unknown API key");
    if (key->row.is_revoked) return fail(ErrorCode::kRejected, "the API key was revoked");
    if (key->row.expires_ms != 0 && key->row.expires_ms < unix_ms()) {
        return fail(ErrorCode::kRejected, "the API key has expired; sign in again");
    }
    if (!scope.empty() && !has_scope(key->row.scopes, scope)) {
        return fail(ErrorCode::kRejected, fmt::format("the API key lacks the scope {}", scope));
    }
    Buyer out;
    out.key_id = key->row.id;
    out.address = key->row.buyer;
    out.may_see_account = has_scope(key->row.scopes, "account");
    out.may_manage_keys = has_scope(key->row.scopes, "keys");
    if (out.address.empty()) {
        const auto grant = grants_.find(hash);
        if (grant == grants_.end()) {
            return fail(ErrorCode::kRejected, "the grant of this API key was taken away");
        }
        out.grant = grant->second;
    }
    return out;
}

std::optional<Refusal> Gateway::limit_rate(const Buyer& buyer, Headers& headers) {
    const std::uint64_t limit = config_.server.requests_per_minute;
    if (limit == 0) return std::nullopt;
    const std::int64_t now = unix_ms();
    const auto most = static_cast<double>(limit);
    Bucket& bucket = buckets_.try_emplace(buyer.key_id, Bucket{most, now}).first->second;
    const auto passed = static_cast<double>(std::max<std::int64_t>(now - bucket.filled_ms, 0));
    bucket.tokens = std::min(most, bucket.tokens + passed * most / 60'000);
    bucket.filled_ms = now;
    const bool is_allowed = bucket.tokens >= 1;
    if (is_allowed) bucket.tokens -= 1;
    const double reset_s = (most - bucket.tokens) * 60 / most;
    headers.emplace_back("x-ratelimit-limit-requests", std::to_string(limit));
    headers.emplace_back("x-ratelimit-remaining-requests",
                         std::to_string(static_cast<std::uint64_t>(bucket.tokens)));
    headers.emplace_back("x-ratelimit-reset-requests", fmt::format("{:.3f}s", reset_s));
    if (is_allowed) return std::nullopt;
    Refusal out;
    out.status = 429;
    out.code = "rate_limit_exceeded";
    out.message = fmt::format("more than {} requests a minute", limit);
    const double wait_s = (1 - bucket.tokens) * 60 / most;
    out.headers.emplace_back("Retry-After", std::to_string(static_cast<int>(wait_s) + 1));
    return out;
}

std::pair<ledger::KeyRow, std::string> Gateway::new_key(const std::string& buyer) {
    ledger::KeyRow row;
    const std::string secret = "mm_" + random_hex(24);
    row.id = "key_" + random_hex(8);
    row.hash = hash_of(secret);
    row.buyer = buyer;
    row.created_ms = unix_ms();
    return {row, secret};
}

Result<json::Json> Gateway::siwe_nonce() {
    if (config_.siwe.domain.empty() || chain_ == nullptr) {
        return fail(ErrorCode::kNotFound, "there is no sign-in here");
    }
    const std::string nonce =
        sealed(siwe_secret_, fmt::format("{:08x}", (unix_ms() + kNonceMs) / 1000) + random_hex(12));
    return json::Json{{"nonce", nonce},
                      {"domain", config_.siwe.domain},
                      {"uri", config_.siwe.uri},
                      {"chain_id", chain_->deployment().chain_id}};
}

Task<Result<bool>> Gateway::is_signed_by(const Address& account, const Bytes32& hash,
                                         const Bytes& signature) {
    if (const auto parsed = chain::Signature::from_bytes(signature)) {
        const auto signer = chain::recover(hash, *parsed);
        if (signer && *signer == account) co_return true;
    }
    if (chain_ == nullptr) co_return false;
    co_return co_await chain_->contract_accepts(account, hash, signature);
}

Task<Result<json::Json>> Gateway::siwe_verify(const Request& request) {
    if (config_.siwe.domain.empty() || chain_ == nullptr) {
        co_return fail(ErrorCode::kNotFound, "there is no sign-in here");
    }
    MINTMARK_CO_TRY(const json::Json body, json::parse(request.body));
    MINTMARK_CO_TRY(const std::string text, json::get_string(body, "message"));
    MINTMARK_CO_TRY(const std::string hex, json::get_string(body, "signature"));
    MINTMARK_CO_TRY(const Bytes signature, from_hex(hex));
    MINTMARK_CO_TRY(const SiweMessage message, SiweMessage::parse(text));
    const SiweExpectation expected{config_.siwe.domain, config_.siwe.uri,
                                   chain_->deployment().chain_id, unix_ms() / 1000};
    MINTMARK_CO_CHECK(check_siwe(message, expected));
    const Error bad_nonce{ErrorCode::kRejected,
                          "SIWE: the nonce is not ours, was used, or is too old", ""};
    if (!is_nonce_of(siwe_secret_, message.nonce, unix_ms())) co_return std::unexpected(bad_nonce);
    const Bytes32 hash = chain::personal_message_hash(as_bytes(text));
    MINTMARK_CO_TRY(const bool is_signed, co_await is_signed_by(message.address, hash, signature));
    if (!is_signed)
        co_return fail(ErrorCode::kRejected, "SIWE: the signature is not the account's");
    const auto used = ledger_->use_nonce({"siwe", message.nonce, "", unix_ms() + kNonceMs});
    if (!used) co_return std::unexpected(bad_nonce);
    const Status is_first = co_await durability_.wait(*used);
    if (!is_first && is_first.error().code == ErrorCode::kAlreadyExists)
        co_return std::unexpected(bad_nonce);
    MINTMARK_CO_CHECK(is_first);
    auto [row, secret] = new_key(chain::to_checksum(message.address));
    row.name = "sign-in";
    row.scopes = "inference account keys";
    row.expires_ms = row.created_ms + config_.siwe.key_days * kDayMs;
    if (message.expiration_time) {
        row.expires_ms = std::min(row.expires_ms, *message.expiration_time * 1000);
    }
    MINTMARK_CO_CHECK(co_await durability_.wait(ledger_->put_key(row)));
    co_return json::Json{{"api_key", secret},
                         {"id", row.id},
                         {"buyer", row.buyer},
                         {"scopes", row.scopes},
                         {"expires_ms", row.expires_ms}};
}

Result<json::Json> Gateway::create_key(const Buyer& buyer, const Request& request) {
    const ledger::KeyState* parent = ledger_->key(buyer.key_id);
    if (parent == nullptr || !buyer.may_manage_keys) {
        return fail(ErrorCode::kUnsupported, "this API key may not make keys");
    }
    MINTMARK_TRY(const json::Json body, json::parse(request.body));
    auto [row, secret] = new_key(buyer.address);
    if (body.contains("name")) {
        MINTMARK_TRY(row.name, json::get_string(body, "name"));
    }
    row.scopes = "inference";
    if (body.contains("scopes")) {
        MINTMARK_TRY(const json::Json scopes, json::get_array(body, "scopes"));
        row.scopes.clear();
        for (const json::Json& scope : scopes) {
            // No key gives more than it has.
            if (!scope.is_string() || !has_scope(parent->row.scopes, scope.get<std::string>())) {
                return fail(ErrorCode::kInvalidArgument, "unknown scope", "scopes");
            }
            row.scopes += (row.scopes.empty() ? "" : " ") + scope.get<std::string>();
        }
    }
    if (body.contains("budget_usd")) {
        MINTMARK_TRY(const std::string budget, json::get_string(body, "budget_usd"));
        const auto amount = chain::parse_units(budget, 12);
        const auto small = amount ? amount->to_u64() : std::nullopt;
        if (!small || *small == 0 || *small > (std::uint64_t{1} << 62U)) {
            return fail(ErrorCode::kInvalidArgument, "budget_usd must be text like \"2.50\"",
                        "budget_usd");
        }
        row.budget = *small;
    }
    row.expires_ms = parent->row.expires_ms;
    if (body.contains("expires_ms")) {
        MINTMARK_TRY(const std::int64_t expires, json::get_i64(body, "expires_ms"));
        if (expires <= unix_ms() || (row.expires_ms != 0 && expires > row.expires_ms)) {
            return fail(ErrorCode::kInvalidArgument, "expires_ms is past, or after its parent's",
                        "expires_ms");
        }
        row.expires_ms = expires;
    }
    (void)ledger_->put_key(row);
    return json::Json{{"api_key", secret},
                      {"id", row.id},
                      {"scopes", row.scopes},
                      {"budget_usd", dollars_text(row.budget)},
                      {"expires_ms", row.expires_ms}};
}

}  // namespace mintmark::gateway
