#include "mintmark/gateway/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>

namespace mintmark::gateway {
namespace {

constexpr std::array<spdlog::level::level_enum, 4> kLevels = {
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> out = [] {
        auto made = std::make_shared<spdlog::logger>(
            "mintmark", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}",
                          spdlog::pattern_time_type::utc);
        return made;
    }();
    return *out;
}

}  // namespace

void set_log_level(std::string_view level) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == level) logger().set_level(kLevels[i]);
    }
}

void log_event(LogLevel level, std::string_view event, const json::Json& fields) {
    const auto index = static_cast<std::size_t>(level);
    if (!logger().should_log(kLevels[index])) return;
    json::Json object = {{"level", kNames[index]}, {"event", event}};
    for (const auto& [key, value] : fields.items()) object[key] = value;
    const std::string text = json::compact(object);
    logger().log(kLevels[index], std::string_view(text).substr(1, text.size() - 2));
}

}  // namespace mintmark::gateway
