#include "mintmark/gateway/trace.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mintmark::gateway {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::unique_ptr<Tracer> tracer(double sample) {
    TraceConfig config;
    config.endpoint = "http://127.0.0.1:1/v1/traces";
    config.sample = sample;
    return *Tracer::open(config);
}

TEST(Trace, ReadsAndWritesTheSpecificationsExample) {
    const auto context = parse_traceparent(kParent);
    ASSERT_TRUE(context);
    EXPECT_TRUE(context->is_sampled);
    EXPECT_EQ(context->trace_id[0], 0x0a);
    EXPECT_EQ(context->span_id[7], 0x31);
    EXPECT_EQ(format_traceparent(*context), kParent);
    // A later version may say more, and other flags are not ours to read.
    EXPECT_TRUE(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
    const auto other = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe");
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->is_sampled);
}

TEST(Trace, RefusesWhatTheSpecificationRefuses) {
    for (const char* text : {
             "",
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010",
             "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more",
             "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
             "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
             "00-00000000000000000000000000000000-b7ad6b7169203331-01",
             "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
             "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
             "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         }) {
        EXPECT_FALSE(parse_traceparent(text)) << text;
    }
}

TEST(Trace, EveryCutAndChangeOfAHeaderIsReadOrRefused) {
    const std::string whole(kParent);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_FALSE(parse_traceparent(whole.substr(0, i)));
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = whole;
            changed[i] = static_cast<char>(byte);
            const auto context = parse_traceparent(changed);
            if (context && changed.starts_with("00")) {
                EXPECT_EQ(format_traceparent(*context).substr(0, 53), changed.substr(0, 53));
            }
        }
    }
}

TEST(Trace, AChildHangsBelowItsParentInTheCallersTrace) {
    const auto on = tracer(1);
    const Span root = on->begin("POST", SpanKind::kServer, kParent, "vendor=1");
    const Span child = on->child(root, "chat", SpanKind::kClient);
    const auto caller = parse_traceparent(kParent);
    EXPECT_EQ(root.context.trace_id, caller->trace_id);
    EXPECT_EQ(root.parent, caller->span_id);
    EXPECT_EQ(child.parent, root.context.span_id);
    EXPECT_NE(child.context.span_id, root.context.span_id);
    serving::Headers headers;
    on->inject(child, headers);
    ASSERT_EQ(headers.size(), 2U);
    EXPECT_EQ(headers[0].second, format_traceparent(child.context));
    EXPECT_EQ(headers[1], (std::pair<std::string, std::string>("tracestate", "vendor=1")));
}

TEST(Trace, ACallerCannotSampleAboveTheConfiguredShare) {
    const auto none = tracer(0);
    EXPECT_FALSE(none->begin("POST", SpanKind::kServer, kParent, "").is_on());
    EXPECT_FALSE(none->begin("POST", SpanKind::kServer, "", "").is_on());
    const auto all = tracer(1);
    EXPECT_TRUE(all->begin("POST", SpanKind::kServer, kParent, "").is_on());
    const std::string unsampled = std::string(kParent.substr(0, 53)) + "00";
    EXPECT_FALSE(all->begin("POST", SpanKind::kServer, unsampled, "").is_on());
    const auto tenth = tracer(0.1);
    int chosen = 0;
    for (int i = 0; i < 4000; ++i) {
        chosen += tenth->begin("POST", SpanKind::kServer, "", "").is_on() ? 1 : 0;
    }
    EXPECT_GT(chosen, 250);
    EXPECT_LT(chosen, 600);
}

TEST(Trace, OffMakesNothing) {
    const auto off = *Tracer::open({});
    EXPECT_FALSE(off->is_on());
    Span span = off->begin("POST", SpanKind::kServer, kParent, "");
    EXPECT_FALSE(span.is_on());
    span.set("a", "b");
    EXPECT_TRUE(span.attributes.empty());
    serving::Headers headers;
    off->inject(span, headers);
    EXPECT_TRUE(headers.empty());
}

TEST(Trace, AFullQueueDropsTheOldestAndCountsThem) {
    const auto on = tracer(1);
    for (int i = 0; i < 5000; ++i) on->end(on->begin("POST", SpanKind::kServer, "", ""));
    EXPECT_EQ(on->counts().dropped, 5000U - 4096U);
}

TEST(Trace, OtlpIsInTheJsonMapping) {
    const auto on = tracer(1);
    Span span = on->begin("POST /x", SpanKind::kServer, kParent, "");
    span.set("text", "a");
    span.set("number", std::uint64_t{1} << 60U);
    span.end_ns = span.begin_ns + 5;
    span.is_error = true;
    const json::Json out = otlp_json("me", {span});
    const auto& resource = out["resourceSpans"][0];
    EXPECT_EQ(resource["resource"]["attributes"][0]["value"]["stringValue"], "me");
    const auto& one = resource["scopeSpans"][0]["spans"][0];
    EXPECT_EQ(one["traceId"], "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(one["parentSpanId"], "b7ad6b7169203331");
    EXPECT_EQ(one["kind"], 2);
    EXPECT_TRUE(one["startTimeUnixNano"].is_string());
    EXPECT_EQ(one["attributes"][1]["value"]["intValue"], "1152921504606846976");
    EXPECT_EQ(one["status"]["code"], 2);
}

}  // namespace
}  // namespace mintmark::gateway
