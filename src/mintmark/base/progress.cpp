#include "mintmark/base/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace mintmark {
namespace {
std::int64_t now_ms() {
    const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count();
}
constexpr std::size_t kBarWidth = 28;
constexpr std::int64_t kDrawEveryMs = 100;
}  // namespace

Progress::Progress(std::string label, std::uint64_t total)
    : label_(std::move(label)),
      total_(std::max<std::uint64_t>(total, 1)),
      enabled_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (enabled_ && last_draw_ms_ != 0) fmt::print(stderr, "\r\033[K");
}

void Progress::advance(std::uint64_t units) {
    done_ = std::min(total_, done_ + units);
    if (!enabled_) return;
    const std::int64_t now = now_ms();
    if (now - last_draw_ms_ < kDrawEveryMs && done_ != total_) return;
    last_draw_ms_ = now;
    draw();
}

void Progress::draw() {
    const double part = static_cast<double>(done_) / static_cast<double>(total_);
    const auto full = static_cast<std::size_t>(part * static_cast<double>(kBarWidth));
    fmt::print(stderr, "\r{} [{}{}] {:3.0f} %", label_, std::string(full, '#'),
               std::string(kBarWidth - full, '.'), part * 100.0);
    std::fflush(stderr);
}

}  // namespace mintmark
