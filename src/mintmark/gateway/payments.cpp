// Callers without an account: quoted, paid by x402, metered as all others.
#include <fmt/format.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/gateway/facilitator.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/run.hpp"
#include "mintmark/hash/sha256.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::string_view kSignature = "PAYMENT-SIGNATURE";
constexpr std::uint64_t kMarginPart =
    2;  ///< of the time that a payer gives: for running and paying

std::string own_url(const ServerConfig& server, const Request& request) {
    if (!server.public_url.empty()) return server.public_url + request.path;
    const std::string_view host = request.header("host");
    return fmt::format("{}://{}{}", server.tls_certificate.empty() ? "http" : "https", host,
                       request.path);
}

std::uint64_t now_s() {
    return static_cast<std::uint64_t>(unix_ms() / 1000);
}

}  // namespace

Status Gateway::open_facilitator() {
    if (config_.x402.asset.empty()) return {};
    if (chain_ == nullptr || signer_ == nullptr) {
        return fail(ErrorCode::kInvalidArgument,
                    "x402 needs [chain] and a wallet that pays its gas", "start with --wallet");
    }
    PaymentTerms terms;
    terms.chain_id = chain_->deployment().chain_id;
    MINTMARK_TRY(terms.asset, chain::parse_address(config_.x402.asset));
    terms.pay_to = chain_->provider();
    terms.timeout_s = config_.x402.timeout_s;
    terms.name = config_.x402.name;
    terms.version = config_.x402.version;
    terms.facilitator = signer_->address();
    const std::string url =
        config_.chain.rpc_url.empty() ? chain_->deployment().rpc_url : config_.chain.rpc_url;
    MINTMARK_TRY(facilitator_, Facilitator::open(url, terms, *signer_, config_.x402.wallet_gas));
    payment_terms_ = terms;
    return {};
}

bool Gateway::may_pay(const Request& request) const {
    return facilitator_ != nullptr && request.header("authorization").empty();
}

Refusal Gateway::payment_refusal(const std::vector<PaymentTerms>& terms, const Request& request,
                                 std::string_view reason) const {
    Refusal out;
    out.status = 402;
    out.code = "payment_required";
    out.message =
        fmt::format("{}: pay {} of {} by x402, or send an API key", reason,
                    terms.front().amount.to_string(), chain::to_checksum(terms.front().asset));
    out.headers.emplace_back("PAYMENT-REQUIRED",
                             payment_required(terms, own_url(config_.server, request), reason));
    return out;
}

/// What this very request costs at most: the price of the scheme "exact", and what "upto" signs. A
/// stream's cost is known when its last byte has left, too late to ask for it: "exact" alone.
Task<Result<std::vector<PaymentTerms>>> Gateway::quote(Run& run) {
    MINTMARK_CO_CHECK(bound_output(run.call, *run.model));
    MINTMARK_CO_TRY(const CardFacts card, co_await entitlements_->card_of(*run.model));
    MINTMARK_CO_TRY(const std::uint64_t usd, price_in_pico_usd(card.card, worst_case(run.call)));
    PaymentTerms exact = payment_terms_;
    exact.facilitator = {};
    MINTMARK_CO_TRY(exact.amount, amount_of(usd, config_.x402.decimals));
    std::vector<PaymentTerms> out;
    if (config_.x402.has_upto && !run.call.is_stream) {
        PaymentTerms upto = exact;
        upto.scheme = PaymentScheme::kUpto;
        upto.facilitator = payment_terms_.facilitator;
        out.push_back(std::move(upto));
    }
    out.push_back(std::move(exact));
    co_return out;
}

/// Sets the run's payment and buyer; a refusal asks for a payment, or says what is wrong with this
/// one. Nothing has moved yet.
Task<std::optional<Refusal>> Gateway::take_payment(Run& run, const Request& request) {
    const auto terms = co_await quote(run);
    if (!terms) co_return refusal_of(terms.error());
    const std::string_view header = request.header(kSignature);
    if (header.empty()) {
        co_return payment_refusal(*terms, request, "PAYMENT-SIGNATURE header is required");
    }
    auto payment = Payment::from_header(header);
    if (!payment) {
        co_return Refusal{
            400, "PAYMENT-SIGNATURE: " + payment.error().message, "invalid_payment", "", {}};
    }
    const auto& offered =
        terms->front().scheme == payment->accepted.scheme ? terms->front() : terms->back();
    const auto signer =
        check_payment(*payment, offered, now_s(), config_.x402.timeout_s / kMarginPart);
    Status checked = signer ? Status() : std::unexpected(signer.error());
    // Of a payment that was answered already only the signature is checked again: it is spent, and
    // its answer is kept.
    const std::string spent = "x402-" + to_hex(sha256(as_bytes(payment->key()))).substr(2);
    run.buyer.address = chain::to_checksum(payment->from);
    run.buyer.key_id = "x402:" + run.buyer.address;
    run.payment_key = spent;
    if (checked) {
        const auto known = co_await find_answered(run.buyer.key_id, spent);
        const bool is_answered = known && *known;
        // Not with ?: — g++ 12 destroys its temporaries twice.
        if (is_answered) {
            checked = co_await facilitator_->recognise(*payment, *signer);
        } else {
            checked = co_await facilitator_->verify(*payment, *signer);
        }
        run.payment_signer = *signer;
    }
    if (!checked && checked.error().code != ErrorCode::kRejected) {
        co_return refusal_of(checked.error());
    }
    if (!checked) co_return payment_refusal(*terms, request, checked.error().message);
    run.payment = std::make_unique<Payment>(*std::move(payment));
    co_return std::nullopt;
}

/// Reserves the authorisation's nonce for this request alone, before anything runs.
Result<Entitlement> Gateway::payment_entitlement(Run& run) {
    const Payment& payment = *run.payment;
    ledger::NonceRow nonce;
    nonce.kind = "x402";
    nonce.nonce = payment.key();
    nonce.note = run.id;
    nonce.expires_ms =
        static_cast<std::int64_t>(payment.valid_before.to_u64().value_or(now_s()) % (1ULL << 52U)) *
        1000;
    const auto used = ledger_->use_nonce(nonce);
    if (!used && used.error().code == ErrorCode::kAlreadyExists) {
        return fail(ErrorCode::kInsufficientFunds, "nonce_already_used: sign a new payment");
    }
    if (!used) return std::unexpected(used.error());
    run.nonce_at = *used;
    Entitlement out;
    out.kind = Entitlement::Kind::kPayment;
    out.account =
        fmt::format("x402:{}:{}", run.buyer.address, chain::to_checksum(payment.accepted.asset));
    out.fixed = payment.value;
    // The nonce lets it pass once; the account itself only counts.
    const ledger::Amount most({~0ULL, ~0ULL, ~0ULL, ~0ULL});
    MINTMARK_CHECK(ledger_->set_terms(out.account, {most, {}}, "", ledger::Amount()));
    return out;
}

/// Before any byte of an answer leaves. A refusal: it was not paid, and the answer stays here.
serving::Soon<std::optional<Refusal>> Gateway::collect(Run& run) {
    if (!run.payment) return std::optional<Refusal>();
    return collect_payment(run);
}

Task<std::optional<Refusal>> Gateway::collect_payment(Run& run) {
    const bool is_upto = run.payment->accepted.scheme == PaymentScheme::kUpto;
    const chain::U256 amount = is_upto ? run.units : run.payment->value;
    const Settlement settlement =
        co_await facilitator_->settle(*run.payment, run.payment_signer, amount);
    const std::string header = to_base64(json::compact(settlement.to_json(*run.payment)));
    if (settlement.is_paid) {
        run.headers.emplace_back("PAYMENT-RESPONSE", header);
        co_return std::nullopt;
    }
    Refusal out;
    out.status = 402;
    out.code = "payment_failed";
    out.message = "the payment could not be settled; sign a new one";
    out.headers.emplace_back("PAYMENT-RESPONSE", header);
    co_return out;
}

/// /x402/supported, /x402/verify, /x402/settle: for other servers of the same operator.
Task<Result<json::Json>> Gateway::facilitator_route(const Request& request) {
    if (facilitator_ == nullptr)
        co_return fail(ErrorCode::kNotFound, "there is no facilitator here");
    const std::string network = fmt::format("eip155:{}", payment_terms_.chain_id);
    if (request.path == "/x402/supported" && request.method == "GET") {
        json::Json kinds = json::Json::array();
        kinds.push_back({{"x402Version", 2}, {"scheme", "exact"}, {"network", network}});
        if (config_.x402.has_upto) {
            const std::string own = chain::to_checksum(facilitator_->address());
            kinds.push_back({{"x402Version", 2},
                             {"scheme", "upto"},
                             {"network", network},
                             {"extra", {{"facilitatorAddress", own}}}});
        }
        json::Json signers = json::Json::object();
        signers["eip155:*"] = json::Json::array({chain::to_checksum(facilitator_->address())});
        co_return json::Json{{"kinds", std::move(kinds)},
                             {"extensions", json::Json::array({"payment-identifier"})},
                             {"signers", signers}};
    }
    const bool is_verify = request.path == "/x402/verify";
    if ((!is_verify && request.path != "/x402/settle") || request.method != "POST") {
        co_return fail(ErrorCode::kNotFound, "there is no " + request.path);
    }
    MINTMARK_CO_TRY(const json::Json body, json::parse(request.body));
    MINTMARK_CO_TRY(const json::Json payload, json::get_object(body, "paymentPayload"));
    MINTMARK_CO_TRY(const json::Json wanted, json::get_object(body, "paymentRequirements"));
    MINTMARK_CO_TRY(const Payment payment, Payment::from_json(payload));
    MINTMARK_CO_TRY(PaymentTerms terms, PaymentTerms::from_json(wanted));
    // When an "upto" is settled the requirements say what is taken, not what was signed.
    const chain::U256 amount = terms.amount;
    const bool is_upto = terms.scheme == PaymentScheme::kUpto;
    if (is_upto && !is_verify) terms.amount = payment.accepted.amount;
    const auto signer = check_payment(payment, terms, now_s(), 1);
    Status checked = signer ? Status() : std::unexpected(signer.error());
    if (checked && is_upto && (!config_.x402.has_upto || amount > payment.value)) {
        checked = fail(ErrorCode::kRejected, config_.x402.has_upto
                                                 ? "invalid_upto_evm_payload_settlement_exceeds_"
                                                   "amount"
                                                 : "unsupported_scheme");
    }
    PaymentTerms own = payment_terms_;
    own.scheme = terms.scheme;
    if (!is_upto) own.facilitator = {};
    own.amount = terms.amount;
    own.timeout_s = terms.timeout_s;
    // Its gas is ours: it pays for payments to us in our token and for nothing else.
    if (checked && terms != own) {
        checked = fail(ErrorCode::kRejected, "invalid_payment_requirements");
    }
    if (checked) checked = co_await facilitator_->verify(payment, *signer);
    if (!checked && checked.error().code != ErrorCode::kRejected) {
        co_return std::unexpected(checked.error());
    }
    const std::string reason = checked ? "" : checked.error().message;
    if (is_verify) {
        json::Json out = {{"isValid", checked.has_value()}};
        if (!checked) out["invalidReason"] = reason;
        out["payer"] = chain::to_checksum(payment.from);
        co_return out;
    }
    if (!checked) co_return Settlement{false, reason, "", {}}.to_json(payment);
    ledger::NonceRow nonce;
    nonce.kind = "x402";
    nonce.nonce = payment.key();
    nonce.note = "settle";
    const auto used = ledger_->use_nonce(nonce);
    if (!used) co_return Settlement{false, "nonce_already_used", "", {}}.to_json(payment);
    const Status durable = co_await durability_.wait(*used);
    if (!durable && durable.error().code == ErrorCode::kAlreadyExists)
        co_return Settlement{false, "nonce_already_used", "", {}}.to_json(payment);
    MINTMARK_CO_CHECK(durable);
    const Settlement settlement = co_await facilitator_->settle(payment, *signer, amount);
    co_return settlement.to_json(payment);
}

}  // namespace mintmark::gateway
