// Requests, responses and server-sent events from strangers.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mintmark/base/assert.hpp"
#include "mintmark/serving/http_codec.hpp"
#include "mintmark/serving/sse.hpp"

namespace {

constexpr mintmark::serving::MessageLimits kLimits{.header_bytes = 4096, .body_bytes = 8192};

/// How many requests the bytes hold when they come in pieces of `step`.
std::size_t requests(std::string_view bytes, std::size_t step) {
    mintmark::serving::RequestParser parser(kLimits);
    std::size_t count = 0;
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        if (!parser.feed(piece)) return count;
        while (parser.is_done()) {
            MINTMARK_ASSERT(parser.take().body.size() <= kLimits.body_bytes);
            ++count;
            if (!parser.feed("")) return count;
        }
    }
    return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)requests(bytes, 7);
    (void)requests(bytes, bytes.size() + 1);
    mintmark::serving::ResponseParser response(kLimits);
    if (response.feed(bytes)) (void)response.feed_end();
    if (response.is_header_done()) (void)response.headers();
    mintmark::serving::SseParser whole(4096);
    mintmark::serving::SseParser split(4096);
    const auto events = whole.feed(bytes);
    std::size_t count = 0;
    bool is_ok = true;
    for (const char c : bytes) {
        const auto some = split.feed({&c, 1});
        is_ok = is_ok && some.has_value();
        if (some) count += some->size();
        if (!is_ok) break;
    }
    MINTMARK_ASSERT(events.has_value() == is_ok && (!is_ok || events->size() == count));
    return 0;
}
