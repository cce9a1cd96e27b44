// Reserve the worst case, run, settle the actual: the one path of every call that costs something.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/log.hpp"
#include "mintmark/gateway/run.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::uint64_t kMaxChoices = 16;
constexpr std::size_t kMaxKeptBytes = std::size_t{1} << 20U;
constexpr std::uint64_t kBytesPerToken = 4;  ///< when nobody counts: four bytes, rounded up

using market::Unit;

std::string hex_of(const Bytes32& hash) {
    return to_hex(hash);
}

std::uint64_t& at(market::Usage& usage, Unit unit) {
    return usage[static_cast<std::size_t>(unit)];
}

/// gen_ai.operation.name.
std::string_view operation_name(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::kCompletion:
            return "text_completion";
        case Endpoint::kEmbedding:
            return "embeddings";
        case Endpoint::kImage:
            return "image_generation";
        case Endpoint::kTensor:
            return "infer";
        default:
            return "chat";
    }
}

Refusal upstream_refusal(const Error& error) {
    Refusal out;
    out.status = error.code == ErrorCode::kExpired ? 504 : 502;
    out.code = error.code == ErrorCode::kExpired ? "upstream_timeout" : "upstream_unavailable";
    out.message = "the model's server does not answer; nothing was charged";
    return out;
}

/// An upstream's refusal in our envelope. Its own trouble with keys and quotas is ours, not the
/// buyer's.
Refusal upstream_error(int status, std::string_view body) {
    Refusal out;
    out.status = status;
    if (status == 401 || status == 402 || status == 403 || status >= 500) out.status = 502;
    if (status == 429) out.status = 503;
    out.code = "upstream_error";
    out.message =
        fmt::format("the model's server answered with status {}; nothing was charged", status);
    const auto parsed = json::parse(body);
    if (out.status != 400 && out.status != 404 && out.status != 422) return out;
    if (!parsed) return out;
    const json::Json* error = json::find(*parsed, "error");
    const json::Json* message = error == nullptr     ? json::find(*parsed, "message")
                                : error->is_object() ? json::find(*error, "message")
                                                     : error;
    if (message != nullptr && message->is_string()) out.message = message->get<std::string>();
    return out;
}

}  // namespace

Task<void> Gateway::metered(Endpoint endpoint, const std::string& id, Request& request,
                            Responder& responder, int& status) {
    Headers headers;
    Run run;
    run.id = id;
    run.span = tracer_->begin("POST", SpanKind::kServer, request.header("traceparent"),
                              request.header("tracestate"));
    const auto no = co_await meter(endpoint, run, request, responder, headers);
    status = 200;
    if (no) {
        end_span(run, request, no->status, no->code);
    } else {
        end_span(run, request, 200, "");
    }
    if (!no) co_return;
    const auto shape = endpoint == Endpoint::kTensor ? ErrorShape::kTensor : ErrorShape::kOpenAi;
    co_await refuse(*no, id, responder, status, headers, shape);
}

std::optional<Refusal> Gateway::understand(Endpoint endpoint, Request& request, Run& run) {
    if (endpoint == Endpoint::kTensor) return understand_tensors(request, run);
    run.row->request_hash = hex_of(sha256(as_bytes(request.body)));
    auto call = read_call(endpoint, std::move(request.body), kMaxChoices);
    if (!call) return refusal_of(call.error());
    run.call = *std::move(call);
    run.model = config_.model(run.call.model);
    if (run.model != nullptr && !run.model->upstreams.empty()) return std::nullopt;
    return Refusal{
        404, "the model " + run.call.model + " does not exist", "model_not_found", "model", {}};
}

std::optional<Refusal> Gateway::admit(Endpoint endpoint, Run& run, Request& request,
                                      Headers& headers) {
    auto buyer = may_pay(request) ? Result<Buyer>(Buyer{}) : authenticate(request, "inference");
    if (!buyer) return Refusal{401, buyer.error().message, "invalid_api_key", "", {}};
    if (auto no = limit_rate(*buyer, headers)) return no;
    if (is_draining_) return Refusal{503, "the gateway is stopping", "draining", "", {}};
    if (!durability_.is_healthy()) return refusal_of({ErrorCode::kIo, "", ""});
    run.buyer = *std::move(buyer);
    run.headers = headers;
    return understand(endpoint, request, run);
}

Refusal Gateway::unprepared(const Error& error, const Request& request) {
    if (ledger_->is_shared() && !may_pay(request)) {  // it knows of a revocation first
        const auto still = authenticate(request, "inference");
        if (!still) return Refusal{401, still.error().message, "invalid_api_key", "", {}};
    }
    return refusal_of(error);
}

/// What rarely happens is elsewhere: a task that waits costs what all its steps need at once.
Task<std::optional<Refusal>> Gateway::meter(Endpoint endpoint, Run& run, Request& request,
                                            Responder& responder, Headers& headers) {
    const bool is_paying = may_pay(request);
    if (ledger_->is_shared() && !is_paying) co_await learn_key(request);
    std::optional<Refusal> no = admit(endpoint, run, request, headers);
    if (!no && is_paying) no = co_await take_payment(run, request);
    if (no) co_return no;
    const Result<bool> prepared = co_await prepare(run, request);
    if (!prepared) co_return unprepared(prepared.error(), request);
    if (!*prepared) co_return co_await answer_again(run, responder);
    no = co_await answer(endpoint, run, responder);
    if (no) cancel(run, "failed", no->status);
    co_return no;
}

Task<std::optional<Refusal>> Gateway::answer(Endpoint endpoint, Run& run, Responder& responder) {
    const bool is_tensor = endpoint == Endpoint::kTensor;
    if (!is_tensor && !run.call.is_stream) return answer_whole(run, responder);
    add_headers(run);
    return is_tensor ? answer_tensors(run, responder) : answer_stream(run, responder);
}

Task<std::optional<Refusal>> Gateway::answer_again(Run& run, Responder& responder) {
    const auto record = co_await find_answered(run.buyer.key_id, run.row->idempotency_key);
    if (record && *record && (*record)->row.request_hash != run.row->request_hash) {
        co_return Refusal{409,
                          "the idempotency key was used for another request",
                          "idempotency_mismatch",
                          "",
                          {}};
    }
    if (!record || !*record || (*record)->end.state != "settled") {
        co_return Refusal{409,
                          "the first request with this idempotency key was interrupted",
                          "idempotency_interrupted",
                          "",
                          {}};
    }
    (void)co_await replay(**record, run, responder);
    co_return std::nullopt;
}

void Gateway::add_headers(Run& run) {
    run.headers.emplace_back("Content-Type", "application/json");
    run.headers.emplace_back("X-Request-Id", run.id);
    run.headers.emplace_back("X-Mintmark-Account", run.entitlement.account);
    run.headers.emplace_back("X-Mintmark-Receipt", "/v1/receipts/" + run.id);
}

std::string Gateway::header_lines(const Run& run) {
    std::string out;
    out.reserve(256 + 64 * run.headers.size());
    for (const auto& [name, value] : run.headers) serving::append_header(out, name, value);
    serving::append_header(out, "Content-Type", "application/json");
    serving::append_header(out, "X-Request-Id", run.id);
    serving::append_header(out, "X-Mintmark-Account", run.entitlement.account);
    out += "X-Mintmark-Receipt: /v1/receipts/";
    out += run.id;
    out += "\r\n";
    serving::append_header(out, "X-Mintmark-Cost-Usd", dollars_text(run.usd));
    return out;
}

Status Gateway::begin_row(Run& run, const Request& request) {
    MINTMARK_CHECK(bound_output(run.call, *run.model));
    run.buyer.wanted = request.header("x-mintmark-entitlement");
    ledger::RequestRow& row = *run.row;
    row.id = run.id;
    row.key_id = run.buyer.key_id;
    row.buyer = run.buyer.address;
    row.model = run.model->id;
    row.endpoint = std::string(endpoint_path(run.call.endpoint));
    if (row.request_hash.empty()) row.request_hash = hex_of(sha256(as_bytes(request.body)));
    row.created_ms = unix_ms();
    row.idempotency_key =
        run.payment ? run.payment_key : std::string(request.header("idempotency-key"));
    if (row.idempotency_key.size() <= 255) return {};
    return fail(ErrorCode::kInvalidArgument, "the idempotency key is too long", "Idempotency-Key");
}

/// true: reserved; false: the answer exists already.
Task<Result<bool>> Gateway::prepare(Run& run, Request& request) {
    MINTMARK_CO_CHECK(begin_row(run, request));
    const ledger::RequestRow& row = *run.row;
    if (const std::string_view voucher = request.header("x-mintmark-voucher"); !voucher.empty()) {
        MINTMARK_CO_TRY(const json::Json taken, co_await take_voucher(std::string(voucher)));
        (void)taken;
    }
    if (!row.idempotency_key.empty()) {
        MINTMARK_CO_TRY(const auto known, co_await find_answered(row.key_id, row.idempotency_key));
        if (known) co_return false;
    }
    MINTMARK_CO_TRY(run.card, co_await entitlements_->card_of(*run.model));
    if (!run.card.is_served) {
        co_return fail(ErrorCode::kNotFound, "this version of the model is not served any more",
                       "its status on the chain is neither Active nor Deprecated");
    }
    run.worst = worst_case(run.call);
    MINTMARK_CO_CHECK(co_await reserve(run));
    co_return true;
}

Task<Status> Gateway::reserve(Run& run) {
    return ledger_->is_shared() ? reserve_shared(run) : reserve_here(run);
}

Task<Status> Gateway::reserve_shared(Run& run) {
    Status reserved = co_await reserve_here(run);
    if (reserved) reserved = co_await confirm(run);
    // What another gateway has taken is known now: perhaps something else pays.
    const bool is_stale = !reserved && !run.payment &&
                          (reserved.error().code == ErrorCode::kInsufficientFunds ||
                           reserved.error().code == ErrorCode::kRejected);
    if (!is_stale) co_return reserved;
    run.row =
        std::make_shared<ledger::RequestRow>(*run.row);  // the ledger may still read the first
    reserved = co_await reserve_here(run);
    if (reserved) reserved = co_await confirm(run);
    co_return reserved;
}

/// Not before it is known does anything run: the other gateways reserve of the same. A payment's
/// nonce first, then, in a second call, the reservation: who has the nonce goes on.
Task<Status> Gateway::confirm(Run& run) {
    if (run.reserved_at == 0) {
        const Status nonce = co_await durability_.wait(run.nonce_at);
        if (nonce || nonce.error().code != ErrorCode::kAlreadyExists) co_return nonce;
        co_return fail(ErrorCode::kInsufficientFunds, "nonce_already_used: sign a new payment");
    }
    Status verdict = co_await durability_.wait(run.reserved_at);
    if (!verdict) cancel(run, "released", 503);
    co_return verdict;
}

Task<Status> Gateway::reserve_here(Run& run) {
    chain::U256 exact;
    const auto priced = price_exact(run.card.card, run.worst);
    const bool has_card =
        run.card.card.free_units != 0 ||
        std::ranges::any_of(run.card.card.rates, [](auto rate) { return rate != 0; });
    if (!priced && has_card) co_return std::unexpected(priced.error());
    if (priced) exact = *priced;
    if (run.payment) {
        MINTMARK_CO_TRY(run.entitlement, payment_entitlement(run));
        if (ledger_->is_shared()) MINTMARK_CO_CHECK(co_await confirm(run));
    } else {
        MINTMARK_CO_TRY(run.entitlement,
                        co_await entitlements_->choose(run.buyer, *run.model, run.worst, exact));
    }
    co_return reserve_priced(run, exact, has_card);
}

Status Gateway::reserve_priced(Run& run, const chain::U256& exact, bool has_card) {
    ledger::RequestRow& row = *run.row;
    const auto kind = run.entitlement.kind;
    const bool counts_money =
        kind == Entitlement::Kind::kGrant || kind == Entitlement::Kind::kChannel;
    if (!has_card && counts_money) {
        return fail(ErrorCode::kNotFound, "the model has no price", "use a pass");
    }
    MINTMARK_TRY(row.units_reserved, run.entitlement.units_of(run.worst, exact));
    if (has_card) {
        MINTMARK_TRY(row.usd_reserved, in_pico_usd(exact));
    }
    row.account = run.entitlement.account;
    row.lane = run.entitlement.lane;
    row.price_epoch = run.card.epoch;
    row.is_whole = !run.call.is_stream && !run.payment && run.call.endpoint != Endpoint::kTensor;
    MINTMARK_TRY(run.reserved_at, ledger_->reserve_row(run.row));
    return {};
}

Task<Result<Upstreams::Answer>> Gateway::ask_upstream(Run& run, serving::ClientRequest& request) {
    run.upstream_span =
        tracer_->child(run.span, operation_name(run.call.endpoint), SpanKind::kClient);
    tracer_->inject(run.upstream_span, request.headers);
    auto sent = co_await upstreams_->send(run.model->upstreams, request);
    if (sent) {
        run.upstream = sent->upstream;
        run.upstream_span.set("mintmark.upstream", run.upstream);
        run.upstream_span.set("http.response.status_code",
                              static_cast<std::uint64_t>(sent->response->status()));
    }
    run.upstream_span.set("gen_ai.request.model", run.model->upstream_model);
    run.upstream_span.is_error = !sent || sent->response->status() >= 500;
    if (!sent) tracer_->end(std::move(run.upstream_span));
    co_return sent;
}

/// Attributes by OpenTelemetry's conventions for HTTP and generative AI.
void Gateway::end_span(Run& run, const Request& request, int status, std::string_view code) {
    Span& span = run.span;
    if (!span.is_on()) return;
    span.name += " " + request.path;
    span.set("http.request.method", request.method);
    span.set("url.path", request.path);
    span.set("http.response.status_code", static_cast<std::uint64_t>(status));
    span.set("mintmark.request_id", run.id);
    if (run.model != nullptr) {  // a stranger's name of a model is not repeated
        span.set("gen_ai.operation.name", operation_name(run.call.endpoint));
        span.set("gen_ai.request.model", run.model->id);
    }
    if (!run.entitlement.account.empty()) {
        const std::string_view account = run.entitlement.account;
        span.set("mintmark.entitlement", account.substr(0, account.find(':')));
    }
    if (!code.empty()) span.set("error.type", code);
    const auto count = [&](std::string_view name, Unit unit, Unit also) {
        span.set(name, at(run.usage, unit) + at(run.usage, also));
    };
    if (code.empty()) {
        count("gen_ai.usage.input_tokens", Unit::kInputToken, Unit::kCachedInputToken);
        count("gen_ai.usage.output_tokens", Unit::kOutputToken, Unit::kReasoningToken);
        span.set("mintmark.cost_pico_usd", run.usd);
    }
    span.is_error = status >= 500;
    tracer_->end(std::move(span));
}

Task<std::optional<Refusal>> Gateway::answer_whole(Run& run, Responder& responder) {
    serving::ClientRequest request;
    request.path = endpoint_path(run.call.endpoint);
    request.body = upstream_body(run.call, *run.model);
    request.headers.reserve(6);
    request.headers.emplace_back("X-Request-Id", run.id);
    auto sent = co_await ask_upstream(run, request);
    if (!sent) co_return upstream_refusal(sent.error());
    auto body = co_await sent->response->read_all();
    run.upstream_span.is_error = run.upstream_span.is_error || !body;
    tracer_->end(std::move(run.upstream_span));
    if (!body) co_return upstream_refusal(body.error());
    const int status = sent->response->status();
    if (status != 200) co_return upstream_error(status, *body);
    run.whole_hash = sha256(as_bytes(*body));
    const auto answer = json::Document::read(*std::move(body));
    if (!answer || !answer->root().is(json::Kind::kObject)) {
        co_return upstream_refusal({ErrorCode::kMalformed, "no JSON", ""});
    }
    const json::View root = answer->root();
    collect_text(root, run.text);
    const market::Usage usage = co_await settle_usage(run, reported_usage(run.call, root));
    // Priced first: the answer carries its cost, and is on disk before it is sent.
    run.usage = usage;
    auto finish = [&]() {
        const auto told = root.find("usage");
        const bool has_usage = told && told->is(json::Kind::kObject);
        json::Edits edits(*answer);
        edits.set(root, "model", json::quoted(run.model->id));
        edits.set(root, "usage",
                  has_usage
                      ? usage_with_cost(*told, cost_text(run))
                      : usage_with_cost(reported_form(run.call.endpoint, usage), cost_text(run)));
        return edits.apply();
    };
    const bool is_kept = !run.row->idempotency_key.empty();
    // close() fixes the cost; the text of an idempotent answer goes to disk with it.
    if (is_kept) price(run, usage);
    if (auto no = co_await collect(run)) co_return no;
    std::string text;
    if (is_kept) text = finish();
    const Status closed = co_await close(run, usage, "settled", 200, text);
    if (!closed) co_return refusal_of(closed.error());
    if (!is_kept) text = finish();
    const std::string lines = header_lines(run);
    (void)co_await responder.send_lines(200, lines, text);
    co_return std::nullopt;
}

/// The use that is charged: what the upstream says, as far as it can be true.
serving::Soon<market::Usage> Gateway::settle_usage(Run& run,
                                                   const std::optional<market::Usage>& reported) {
    market::Usage usage = reported.value_or(market::Usage{});
    at(usage, Unit::kCall) = 1;
    const auto endpoint = run.call.endpoint;
    if (endpoint == Endpoint::kImage) return usage;
    const std::uint64_t output = at(usage, Unit::kOutputToken);
    // A token is at least a byte of text, give or take the marks of a template.
    const bool is_absurd = reported && endpoint != Endpoint::kEmbedding &&
                           output > run.text.size() + 8 * run.call.choices;
    const bool is_missing =
        !reported || (output == 0 && !run.text.empty() && at(usage, Unit::kReasoningToken) == 0);
    if (!is_missing && !is_absurd) return bounded(run, usage);
    metrics_.usage_corrected(run.upstream, is_missing ? "missing" : "more tokens than bytes");
    return count_usage(run, usage, reported.has_value());
}

Task<market::Usage> Gateway::count_usage(Run& run, market::Usage usage, bool has_input) {
    const auto count = [&](const std::string& text) -> Task<std::uint64_t> {
        if (text.empty()) co_return 0;
        const auto tokens =
            co_await upstreams_->count_tokens(run.upstream, run.model->upstream_model, text);
        co_return tokens.value_or((text.size() + kBytesPerToken - 1) / kBytesPerToken);
    };
    at(usage, Unit::kOutputToken) = co_await count(run.text);
    if (!has_input) {
        at(usage, Unit::kInputToken) =
            std::max<std::uint64_t>(co_await count(prompt_text(run.call)), 1);
    }
    co_return bounded(run, usage);
}

market::Usage Gateway::bounded(const Run& run, market::Usage usage) {
    const std::uint64_t input_bound = run.worst[static_cast<std::size_t>(Unit::kInputToken)];
    const std::uint64_t output_bound = run.worst[static_cast<std::size_t>(Unit::kOutputToken)];
    const auto bound = [&](Unit unit, std::uint64_t most) {
        if (at(usage, unit) <= most) return;
        metrics_.usage_corrected(run.upstream, "above the bound");
        log_event(LogLevel::kWarning, "upstream reports more than is possible",
                  {{"upstream", run.upstream},
                   {"request", run.id},
                   {"unit", market::unit_name(unit)},
                   {"reported", at(usage, unit)},
                   {"bound", most}});
        at(usage, unit) = most;
    };
    bound(Unit::kInputToken, input_bound);
    bound(Unit::kCachedInputToken, input_bound - at(usage, Unit::kInputToken));
    bound(Unit::kOutputToken, output_bound);
    bound(Unit::kReasoningToken, output_bound - at(usage, Unit::kOutputToken));
    return usage;
}

void Gateway::price(Run& run, const market::Usage& usage) const {
    const auto exact = price_exact(run.card.card, usage).value_or(chain::U256());
    run.units = std::min(run.entitlement.units_of(usage, exact).value_or(run.row->units_reserved),
                         run.row->units_reserved);
    run.usd = std::min(in_pico_usd(exact).value_or(0), run.row->usd_reserved);
    if (!run.payment) return;
    if (run.payment->accepted.scheme == PaymentScheme::kUpto) {
        const auto taken = amount_of(run.usd, config_.x402.decimals).value_or(run.payment->value);
        run.units = run.usd == 0 ? ledger::Amount() : std::min(taken, run.payment->value);
        return;
    }
    // A payment of the scheme "exact" is what it is.
    run.usd = run.row->usd_reserved;
}

Result<std::uint64_t> Gateway::charge(Run& run, const market::Usage& usage, std::string state,
                                      int status, std::string body) {
    run.usage = usage;
    price(run, usage);
    ledger::Outcome outcome;
    outcome.state = std::move(state);
    outcome.units = run.units;
    outcome.usd = run.usd;
    outcome.usage = usage_text(usage);
    outcome.response_hash = hex_of(run.whole_hash ? *run.whole_hash : run.response_hash.finish());
    outcome.finished_ms = unix_ms();
    outcome.status = status;
    if (body.size() <= kMaxKeptBytes) outcome.body = std::move(body);
    return ledger_->finish(run.id, std::move(outcome));
}

/// Charges, and waits until that is on disk.
Task<Status> Gateway::close(Run& run, const market::Usage& usage, std::string state, int status,
                            std::string body) {
    MINTMARK_CO_TRY(const std::uint64_t sequence,
                    charge(run, usage, std::move(state), status, std::move(body)));
    Span commit = tracer_->child(run.span, "ledger commit", SpanKind::kInternal);
    const Status durable = co_await durability_.wait(sequence);
    commit.is_error = !durable;
    tracer_->end(std::move(commit));
    if (!run.row->idempotency_key.empty()) {
        ledger_->forget_idempotency(run.row->key_id, run.row->idempotency_key);
    }
    // It will reach the disk when there is room again; the buyer got nothing for it.
    if (!durable) (void)ledger_->take_back(*run.row, run.units, run.usd);
    if (durable) metrics_.charged(run.model->id, static_cast<double>(run.usd) * 1e-12);
    co_return durable;
}

/// The request gave nothing: the reservation goes back.
void Gateway::cancel(Run& run, std::string state, int status) {
    ledger::Outcome outcome;
    outcome.state = std::move(state);
    outcome.status = status;
    outcome.finished_ms = unix_ms();
    (void)ledger_->finish(run.id, std::move(outcome));
    if (!run.row->idempotency_key.empty()) {
        ledger_->forget_idempotency(run.row->key_id, run.row->idempotency_key);
    }
}

CostText Gateway::cost_text(const Run& run) {
    CostText out;
    out.cost = dollars_text(run.usd);
    std::string& text = out.details;
    text.reserve(128 + run.entitlement.account.size() + run.id.size());
    text += R"({"pico_usd":")";
    text += std::to_string(run.usd);
    text += R"(","account":)";
    text += json::quoted(run.entitlement.account);
    text += R"(,"units":")";
    text += run.units.to_string();
    text += R"(","price_epoch":)";
    text += std::to_string(run.card.epoch);
    text += R"(,"receipt":")";
    text += run.id;
    text += R"("})";
    return out;
}

Task<Status> Gateway::replay(const ledger::RequestRecord& record, const Run& run,
                             Responder& responder) {
    Headers headers = common_headers(record.row.id);
    headers.emplace_back("X-Mintmark-Replayed", "true");
    headers.emplace_back("X-Mintmark-Receipt", "/v1/receipts/" + record.row.id);
    if (run.call.is_stream) headers[0].second = "text/event-stream";
    co_return co_await responder.send(200, std::move(headers), record.end.body);
}

}  // namespace mintmark::gateway
