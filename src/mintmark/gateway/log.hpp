// Logs: one JSON object a line on standard error (spdlog).
#pragma once

#include <string>
#include <string_view>

#include "mintmark/json/json.hpp"

namespace mintmark::gateway {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// "debug", "info", "warning", "error".
void set_log_level(std::string_view level);
/// {"time", "level", "event", …fields}.
void log_event(LogLevel level, std::string_view event,
               const json::Json& fields = json::Json::object());

}  // namespace mintmark::gateway
