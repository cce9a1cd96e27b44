// OpenTelemetry traces of metered requests: W3C trace context in and out, spans sent to one
// collector as OTLP over HTTP in JSON. Off unless [traces] names an endpoint; nothing else is sent
// anywhere. A span says what was asked of whom, how long it took and what it used: no text, no key,
// no wallet.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mintmark/gateway/config.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/serving/http_client.hpp"

namespace mintmark::gateway {

/// Where a span hangs (W3C Trace Context, level 1).
struct TraceContext {
    std::array<std::uint8_t, 16> trace_id = {};
    std::array<std::uint8_t, 8> span_id = {};
    bool is_sampled = false;
    std::string state = {};  ///< tracestate, passed on unread
};

/// A traceparent header; nullopt when it is not one (§3.2: then a new trace begins). Versions above
/// 00 may be longer.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view text);
/// "00-…-…-01".
[[nodiscard]] std::string format_traceparent(const TraceContext& context);

enum class SpanKind : std::uint8_t { kInternal = 1, kServer = 2, kClient = 3 };
using AttributeValue = std::variant<std::string, std::uint64_t>;

struct Span {
    TraceContext context = {};
    std::array<std::uint8_t, 8> parent = {};  ///< zero: none
    std::string name = {};
    SpanKind kind = SpanKind::kInternal;
    std::int64_t begin_ns = 0;  ///< since 1970
    std::int64_t end_ns = 0;
    bool is_error = false;
    std::vector<std::pair<std::string, AttributeValue>> attributes = {};

    [[nodiscard]] bool is_on() const { return context.is_sampled; }
    void set(std::string_view name, std::string_view value);
    void set(std::string_view name, std::uint64_t value);
};

/// An ExportTraceServiceRequest (opentelemetry-proto, JSON mapping: ids in hex, 64-bit numbers as
/// text).
[[nodiscard]] json::Json otlp_json(const std::string& service, const std::deque<Span>& spans);

/// Makes spans and sends those that have ended. One loop. All calls are no-ops when it is off.
class Tracer {
  public:
    struct Counts {
        std::uint64_t exported = 0;
        std::uint64_t dropped = 0;   ///< the queue was full, or the collector did not want them
        std::uint64_t failures = 0;  ///< exports that did not reach the collector
    };
    /// kInvalidArgument when the endpoint's authorities lead nowhere.
    [[nodiscard]] static Result<std::unique_ptr<Tracer>> open(const TraceConfig& config);
    [[nodiscard]] bool is_on() const noexcept { return client_ != nullptr; }
    /// A span of its own trace, or of the caller's when `traceparent` is one. A caller who does not
    /// sample is followed; one who does is held to the configured share.
    [[nodiscard]] Span begin(std::string_view name, SpanKind kind, std::string_view traceparent,
                             std::string_view tracestate) const;
    [[nodiscard]] Span child(const Span& parent, std::string_view name, SpanKind kind) const;
    /// traceparent and tracestate of a span, for a request that leaves under it.
    void inject(const Span& span, serving::Headers& headers) const;
    void end(Span span);
    /// Sends every interval what has ended, as long as the loop runs. A collector that does not
    /// answer is asked again; what it refuses is dropped.
    [[nodiscard]] serving::Task<void> run();
    /// Sends what is there, once.
    [[nodiscard]] serving::Task<void> flush();
    [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

  private:
    explicit Tracer(const TraceConfig& config) : config_(config) {}
    [[nodiscard]] bool is_chosen(const TraceContext& context) const;

    TraceConfig config_;
    std::unique_ptr<serving::Client> client_;  ///< nullptr: off
    std::deque<Span> ended_;
    Counts counts_;
};

}  // namespace mintmark::gateway
