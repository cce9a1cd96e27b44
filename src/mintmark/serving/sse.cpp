#include "mintmark/serving/sse.hpp"

#include <utility>

namespace mintmark::serving {

Result<std::vector<ServerSentEvent>> SseParser::feed(std::string_view bytes) {
    std::vector<ServerSentEvent> out;
    for (const char c : bytes) {
        const bool is_second_half = skip_line_feed_ && c == '\n';
        skip_line_feed_ = false;
        if (is_second_half) continue;
        if (c == '\n' || c == '\r') {
            skip_line_feed_ = c == '\r';
            line(pending_, out);
            pending_.clear();
            continue;
        }
        pending_ += c;
        if (pending_.size() + event_.data.size() > max_event_bytes_) {
            return fail(ErrorCode::kOutOfRange, "a server-sent event is too large");
        }
    }
    return out;
}

void SseParser::line(std::string_view text, std::vector<ServerSentEvent>& out) {
    if (text.empty()) {
        if (has_data_) out.push_back(std::move(event_));
        event_ = {};
        has_data_ = false;
        return;
    }
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "data") {
        if (has_data_) event_.data += '\n';
        event_.data += value;
        has_data_ = true;
    } else if (name == "event") {
        event_.name = value;
    }
}

std::string format_event(const ServerSentEvent& event) {
    std::string out;
    if (!event.name.empty()) out += "event: " + event.name + "\n";
    std::string_view rest = event.data;
    while (true) {
        const std::size_t end = rest.find('\n');
        out += "data: ";
        out += rest.substr(0, end);
        out += '\n';
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    out += '\n';
    return out;
}

}  // namespace mintmark::serving
