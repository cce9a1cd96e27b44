// Streamed answers: forwarded event by event, metered like the others, their last event with the
// cost.
#include <chrono>

#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/log.hpp"
#include "mintmark/gateway/run.hpp"
#include "mintmark/serving/sse.hpp"

namespace mintmark::gateway {
namespace {

constexpr auto kProgressEvery = std::chrono::seconds(1);
constexpr std::size_t kMaxKeptBytes = std::size_t{1} << 20U;
using serving::ServerSentEvent;

/// What one stream has shown so far.
struct StreamState {
    std::optional<market::Usage> reported = {};
    std::string usage_object = {};            ///< the upstream's own, as it wrote it
    std::optional<json::Document> last = {};  ///< held back: it gets the cost
    std::string last_name = {};
    bool is_done = false;
    bool is_broken = false;  ///< the upstream's fault
    bool is_gone = false;    ///< the client hung up
};

bool has_finish_reason(const json::View& chunk) {
    bool out = false;
    if (const auto choices = chunk.find("choices")) {
        choices->each_item([&](const json::View& choice) {
            const auto reason = choice.find("finish_reason");
            out = out || (reason && reason->is(json::Kind::kString));
        });
    }
    return out;
}

bool is_usage_chunk(const json::View& chunk) {
    const auto choices = chunk.find("choices");
    return choices && choices->is(json::Kind::kArray) && choices->is_empty();
}

/// What of an event is the answer: the event itself, or the response that it carries.
json::View answer_in(const json::Document& event) {
    return event.root().find("response").value_or(event.root());
}

/// An event with our name of the model; with `usage`, that too.
std::string event_text(const json::Document& event, const std::string& model,
                       const std::string& usage = {}) {
    json::Edits edits(event);
    const json::View answer = answer_in(event);
    if (answer.find("model")) edits.set(answer, "model", json::quoted(model));
    if (!usage.empty()) edits.set(answer, "usage", usage);
    return edits.apply();
}

}  // namespace

Task<std::optional<Refusal>> Gateway::answer_stream(Run& run, Responder& responder) {
    serving::ClientRequest request;
    request.path = endpoint_path(run.call.endpoint);
    request.body = upstream_body(run.call, *run.model);
    request.headers.reserve(6);
    request.headers.emplace_back("X-Request-Id", run.id);
    request.headers.emplace_back("Accept", "text/event-stream");
    auto sent = co_await ask_upstream(run, request);
    if (!sent) {
        Refusal no;
        no.status = sent.error().code == ErrorCode::kExpired ? 504 : 502;
        no.code = no.status == 504 ? "upstream_timeout" : "upstream_unavailable";
        no.message = "the model's server does not answer; nothing was charged";
        co_return no;
    }
    const serving::Headers upstream_headers = sent->response->headers();
    const std::string_view type = net::header_value(upstream_headers, "content-type");
    if (sent->response->status() != 200 || !type.starts_with("text/event-stream")) {
        Refusal no;
        no.status = sent->response->status() / 100 == 4 && sent->response->status() != 429 &&
                            sent->response->status() != 401
                        ? 400
                        : 502;
        no.code = "upstream_error";
        const auto body = co_await sent->response->read_all();
        const auto parsed = json::parse(body.value_or(""));
        const json::Json* error = parsed ? json::find(*parsed, "error") : nullptr;
        const json::Json* message = error == nullptr ? nullptr : json::find(*error, "message");
        no.message = no.status == 400 && message != nullptr && message->is_string()
                         ? message->get<std::string>()
                         : "the model's server does not stream; nothing was charged";
        co_return no;
    }
    // No byte of an answer leaves before its reservation is on disk.
    const Status reserved = co_await durability_.wait(run.reserved_at);
    if (!reserved) co_return refusal_of(reserved.error());
    if (auto no = co_await collect(run)) co_return no;
    for (auto& [name, value] : run.headers) {
        if (name == "Content-Type") value = "text/event-stream";
    }
    run.headers.emplace_back("Cache-Control", "no-store");
    if (!co_await responder.begin(200, run.headers)) {
        cancel(run, "released", 499);
        co_return std::nullopt;
    }
    co_await pump(run, responder, *sent->response);
    co_return std::nullopt;
}

Task<void> Gateway::pump(Run& run, Responder& responder, serving::Incoming& upstream) {
    serving::SseParser parser;
    StreamState state;
    const bool is_kept = !run.row->idempotency_key.empty();
    const auto emit = [&](const ServerSentEvent& event) -> Task<void> {
        const std::string text = serving::format_event(event);
        run.response_hash.update(as_bytes(text));
        if (is_kept && run.kept.size() < kMaxKeptBytes) run.kept += text;
        if (state.is_gone) co_return;
        const Status written = co_await responder.write(text);
        if (!written) state.is_gone = true;
    };
    auto last_progress = std::chrono::steady_clock::now();
    while (!state.is_done && !state.is_broken && !state.is_gone) {
        auto bytes = co_await upstream.read_some();
        if (!bytes || bytes->empty()) {
            state.is_broken = !bytes || (!state.last && !state.is_done);
            break;
        }
        auto events = parser.feed(*bytes);
        if (!events) {
            state.is_broken = true;
            break;
        }
        for (const ServerSentEvent& event : *events) {
            if (event.data == "[DONE]") {
                state.is_done = true;
                break;
            }
            auto parsed = json::Document::read(event.data);
            if (!parsed || !parsed->root().is(json::Kind::kObject) ||
                parsed->root().find("error")) {
                state.is_broken = true;
                break;
            }
            const json::View chunk = parsed->root();
            const bool is_response = run.call.endpoint == Endpoint::kResponse;
            if (const auto usage = reported_usage(run.call, answer_in(*parsed))) {
                state.reported = usage;
                const auto told = answer_in(*parsed).find("usage");
                if (told && told->is(json::Kind::kObject)) state.usage_object = told->raw();
            }
            if (is_response) {
                if (const auto delta = chunk.find("delta")) delta->append_text(run.text);
            } else {
                collect_text(chunk, run.text);
            }
            const bool is_last = is_response ? event.name == "response.completed" ||
                                                   event.name == "response.incomplete"
                                             : has_finish_reason(chunk);
            if (!is_response && is_usage_chunk(chunk)) {
                // Ours comes at the end, with the cost.
                if (!state.last) state.last = *std::move(parsed);
                continue;
            }
            if (is_last && !run.call.wants_usage_chunk) {
                if (state.last && !is_usage_chunk(state.last->root())) {  // one of several choices
                    ServerSentEvent before{state.last_name, event_text(*state.last, run.model->id)};
                    co_await emit(before);
                }
                state.last = *std::move(parsed);
                state.last_name = event.name;
                continue;
            }
            ServerSentEvent forwarded{event.name, event_text(*parsed, run.model->id)};
            co_await emit(forwarded);
            if (state.is_gone) break;
        }
        const auto now = std::chrono::steady_clock::now();
        if (now - last_progress > kProgressEvery) {
            last_progress = now;
            market::Usage so_far = run.worst;
            auto& output = so_far[static_cast<std::size_t>(market::Unit::kOutputToken)];
            output = std::min<std::uint64_t>(output, (run.text.size() + 3) / 4);
            const auto exact = price_exact(run.card.card, so_far).value_or(chain::U256());
            const auto units = run.entitlement.units_of(so_far, exact).value_or(ledger::Amount());
            const auto usd = price_in_pico_usd(run.card.card, so_far).value_or(0);
            (void)ledger_->progress(run.id, units, usd);
        }
    }
    if (state.is_broken) metrics_.upstream_failure(run.upstream);
    run.upstream_span.is_error = state.is_broken;
    tracer_->end(std::move(run.upstream_span));
    const market::Usage usage = co_await settle_usage(run, state.reported);
    const bool is_whole = !state.is_broken && !state.is_gone;
    // The last event is part of what an idempotent request keeps, so it is made before it is
    // charged.
    price(run, usage);
    ServerSentEvent last{state.last_name, ""};
    if (is_whole) {
        if (!state.last) {
            state.last = json::Document::read(R"({"object":"chat.completion.chunk","model":"",)"
                                              R"("choices":[]})")
                             .value();
        }
        if (state.usage_object.empty()) {
            state.usage_object = reported_form(run.call.endpoint, usage);
        }
        last.data = event_text(*state.last, run.model->id,
                               usage_with_cost(std::move(state.usage_object), cost_text(run)));
    } else {
        last.data = error_envelope(
            502, "the model's server broke off; you pay for what you received", "upstream_broken");
        last.name = "";
    }
    std::string tail = serving::format_event(last);
    if (run.call.endpoint != Endpoint::kResponse) tail += "data: [DONE]\n\n";
    run.response_hash.update(as_bytes(tail));
    if (is_kept) run.kept += tail;
    const Status closed = co_await close(run, usage, is_whole ? "settled" : "interrupted",
                                         is_whole ? 200 : 499, run.kept);
    if (state.is_gone) co_return;
    if (!closed) co_return;  // not on disk: the stream is cut off, not ended
    if (co_await responder.write(tail)) (void)co_await responder.end();
}

}  // namespace mintmark::gateway
