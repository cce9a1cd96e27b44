// Server-sent events (WHATWG HTML §9.2) as OpenAI-compatible servers use them: data only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::serving {

struct ServerSentEvent {
    std::string name = {};  ///< of the "event:" field; usually empty
    std::string data = {};
};

/// Cuts a byte stream into events. Total on any bytes.
class SseParser {
  public:
    explicit SseParser(std::size_t max_event_bytes = std::size_t{4} << 20U)
        : max_event_bytes_(max_event_bytes) {}
    /// Events that are complete now. kOutOfRange for one above the limit.
    [[nodiscard]] Result<std::vector<ServerSentEvent>> feed(std::string_view bytes);

  private:
    void line(std::string_view text, std::vector<ServerSentEvent>& out);
    std::size_t max_event_bytes_;
    std::string pending_ = {};
    ServerSentEvent event_ = {};
    bool has_data_ = false;
    bool skip_line_feed_ = false;  ///< the last line ended with CR
};

/// "event: NAME\ndata: …\n\n"; every line of the data gets its own field.
[[nodiscard]] std::string format_event(const ServerSentEvent& event);

}  // namespace mintmark::serving
