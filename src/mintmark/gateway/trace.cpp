#include "mintmark/gateway/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cmath>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/rng.hpp"

namespace mintmark::gateway {
namespace {

using json::Json;
using serving::Task;

constexpr std::size_t kMaxQueue = 4096;
constexpr std::size_t kMaxBatch = 512;
constexpr std::size_t kMaxStateBytes = 512;
constexpr std::size_t kVersionEnd = 2, kTraceEnd = 35, kSpanEnd = 52, kLength = 55;

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// Lower-case hex only, and not all zero where `out` is an id.
template <std::size_t kBytes>
bool read_hex(std::string_view text, std::array<std::uint8_t, kBytes>& out) {
    for (std::size_t i = 0; i < kBytes; ++i) {
        unsigned value = 0;
        for (const char c : text.substr(2 * i, 2)) {
            const bool is_digit = c >= '0' && c <= '9';
            if (!is_digit && (c < 'a' || c > 'f')) return false;
            value = value * 16 + static_cast<unsigned>(is_digit ? c - '0' : c - 'a' + 10);
        }
        out[i] = static_cast<std::uint8_t>(value);
    }
    return true;
}

template <std::size_t kBytes>
std::string hex(const std::array<std::uint8_t, kBytes>& bytes) {
    return to_hex(bytes).substr(2);
}

template <class Id>
bool is_zero(const Id& id) {
    return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t kBytes>
void make_id(std::array<std::uint8_t, kBytes>& out) {
    do system_rng().fill(out);
    while (is_zero(out));
}

Json text_attribute(std::string_view key, std::string_view value) {
    return {{"key", key}, {"value", {{"stringValue", value}}}};
}

Json attribute(const std::pair<std::string, AttributeValue>& one) {
    if (const auto* number = std::get_if<std::uint64_t>(&one.second)) {
        return {{"key", one.first}, {"value", {{"intValue", std::to_string(*number)}}}};
    }
    return text_attribute(one.first, std::get<std::string>(one.second));
}

Json span_json(const Span& span) {
    Json out = {{"traceId", hex(span.context.trace_id)}, {"spanId", hex(span.context.span_id)}};
    if (!is_zero(span.parent)) out["parentSpanId"] = hex(span.parent);
    if (!span.context.state.empty()) out["traceState"] = span.context.state;
    out["name"] = span.name;
    out["kind"] = static_cast<int>(span.kind);
    out["startTimeUnixNano"] = std::to_string(span.begin_ns);
    out["endTimeUnixNano"] = std::to_string(span.end_ns);
    out["attributes"] = Json::array();
    for (const auto& one : span.attributes) out["attributes"].push_back(attribute(one));
    out["status"] = span.is_error ? Json{{"code", 2}} : Json::object();
    return out;
}

/// Of a partial success (OTLP §Partial Success).
std::uint64_t rejected(std::string_view answer) {
    const auto parsed = json::parse(answer);
    const Json* partial = parsed ? json::find(*parsed, "partialSuccess") : nullptr;
    const Json* count = partial == nullptr ? nullptr : json::find(*partial, "rejectedSpans");
    if (count == nullptr) return 0;
    if (count->is_number_unsigned()) return count->get<std::uint64_t>();
    const auto text = json::get_string(*partial, "rejectedSpans").value_or("");
    std::uint64_t value = 0;
    for (const char c : text.substr(0, 9)) {
        if (c < '0' || c > '9') return 0;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
    if (text.size() < kLength || text[kVersionEnd] != '-' || text[kTraceEnd] != '-' ||
        text[kSpanEnd] != '-') {
        return std::nullopt;
    }
    std::array<std::uint8_t, 1> version = {};
    std::array<std::uint8_t, 1> flags = {};
    TraceContext out;
    if (!read_hex(text, version) || version[0] == 0xFF ||
        !read_hex(text.substr(kVersionEnd + 1), out.trace_id) ||
        !read_hex(text.substr(kTraceEnd + 1), out.span_id) ||
        !read_hex(text.substr(kSpanEnd + 1), flags)) {
        return std::nullopt;
    }
    const bool is_longer = text.size() > kLength;
    if (is_longer && (version[0] == 0 || text[kLength] != '-')) return std::nullopt;
    if (is_zero(out.trace_id) || is_zero(out.span_id)) return std::nullopt;
    out.is_sampled = (flags[0] & 1U) != 0;
    return out;
}

std::string format_traceparent(const TraceContext& context) {
    return fmt::format("00-{}-{}-{}", hex(context.trace_id), hex(context.span_id),
                       context.is_sampled ? "01" : "00");
}

void Span::set(std::string_view key, std::string_view value) {
    if (is_on()) attributes.emplace_back(std::string(key), std::string(value));
}
void Span::set(std::string_view key, std::uint64_t value) {
    if (is_on()) attributes.emplace_back(std::string(key), value);
}

Json otlp_json(const std::string& service, const std::deque<Span>& spans) {
    Json list = Json::array();
    for (const Span& span : spans) list.push_back(span_json(span));
    Json scope = {{"scope", {{"name", "mintmark.gateway"}}}, {"spans", std::move(list)}};
    Json resource = {
        {"resource", {{"attributes", Json::array({text_attribute("service.name", service)})}}},
        {"scopeSpans", Json::array({std::move(scope)})}};
    return {{"resourceSpans", Json::array({std::move(resource)})}};
}

Result<std::unique_ptr<Tracer>> Tracer::open(const TraceConfig& config) {
    std::unique_ptr<Tracer> out(new Tracer(config));
    if (config.endpoint.empty()) return out;
    serving::ClientOptions options;
    MINTMARK_TRY(options.base, serving::BaseUrl::parse(config.endpoint));
    if (options.base.endpoint.is_tls) {
        MINTMARK_TRY(options.tls, serving::TlsContext::client(config.authorities));
    }
    options.message.body_bytes = 64 * 1024;
    options.connect = options.first_byte = options.silence = serving::Milliseconds(5'000);
    options.max_idle = 1;
    out->client_ = std::make_unique<serving::Client>(std::move(options));
    return out;
}

bool Tracer::is_chosen(const TraceContext& context) const {
    if (config_.sample >= 1.0) return true;
    // The rightmost seven bytes are the random ones (W3C level 2); one trace has one answer.
    std::uint64_t value = 0;
    for (std::size_t i = 9; i < 16; ++i) value = value << 8U | context.trace_id[i];
    return static_cast<double>(value) < std::ldexp(config_.sample, 56);
}

Span Tracer::begin(std::string_view name, SpanKind kind, std::string_view traceparent,
                   std::string_view tracestate) const {
    Span out;
    if (!is_on()) return out;
    if (auto caller = parse_traceparent(traceparent)) {
        out.context = *std::move(caller);
        out.parent = out.context.span_id;
        if (tracestate.size() <= kMaxStateBytes) out.context.state = tracestate;
    } else {
        make_id(out.context.trace_id);
        out.context.is_sampled = true;
    }
    make_id(out.context.span_id);
    out.context.is_sampled = out.context.is_sampled && is_chosen(out.context);
    out.name = name;
    out.kind = kind;
    out.begin_ns = now_ns();
    return out;
}

Span Tracer::child(const Span& parent, std::string_view name, SpanKind kind) const {
    Span out;
    if (!is_on()) return out;
    out.context = parent.context;
    out.parent = parent.context.span_id;
    make_id(out.context.span_id);
    out.name = name;
    out.kind = kind;
    out.begin_ns = now_ns();
    return out;
}

void Tracer::inject(const Span& span, serving::Headers& headers) const {
    if (!is_on()) return;
    headers.emplace_back("traceparent", format_traceparent(span.context));
    if (!span.context.state.empty()) headers.emplace_back("tracestate", span.context.state);
}

void Tracer::end(Span span) {
    if (!is_on() || !span.is_on()) return;
    span.end_ns = std::max(now_ns(), span.begin_ns);
    if (ended_.size() >= kMaxQueue) {  // the newest say what goes wrong now
        ended_.pop_front();
        ++counts_.dropped;
    }
    ended_.push_back(std::move(span));
}

Task<void> Tracer::flush() {
    if (!is_on() || ended_.empty()) co_return;
    std::deque<Span> batch;
    while (!ended_.empty() && batch.size() < kMaxBatch) {
        batch.push_back(std::move(ended_.front()));
        ended_.pop_front();
    }
    serving::ClientRequest request;
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json::compact(otlp_json(config_.service, batch));
    auto response = co_await client_->send(request);
    const int status = response ? (*response)->status() : 503;
    std::string answer;
    if (response) {
        auto body = co_await (*response)->read_all();
        if (body) answer = *std::move(body);
    }
    if (status / 100 == 2) {
        const std::uint64_t lost = std::min<std::uint64_t>(rejected(answer), batch.size());
        counts_.dropped += lost;
        counts_.exported += batch.size() - lost;
        co_return;
    }
    ++counts_.failures;
    // OTLP/HTTP: these may be sent again; anything else would be refused again.
    if (status != 429 && status != 502 && status != 503 && status != 504) {
        counts_.dropped += batch.size();
        co_return;
    }
    while (!batch.empty() && ended_.size() < kMaxQueue) {
        ended_.push_front(std::move(batch.back()));
        batch.pop_back();
    }
    counts_.dropped += batch.size();
}

Task<void> Tracer::run() {
    if (!is_on()) co_return;
    boost::asio::steady_timer timer(co_await serving::this_loop());
    while (true) {
        timer.expires_after(std::chrono::milliseconds(config_.interval_ms));
        auto [ec] = co_await timer.async_wait(serving::kWait);
        if (ec) co_return;
        const std::uint64_t failures = counts_.failures;
        while (!ended_.empty() && counts_.failures == failures) co_await flush();
    }
}

}  // namespace mintmark::gateway
