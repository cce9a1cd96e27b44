#include "mintmark/net/interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace mintmark::net {
namespace {

std::atomic<bool> flag = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler writes it

extern "C" void on_signal(int number) {
    if (flag.exchange(true)) {
        std::signal(number, SIG_DFL);  // the second one means it
        std::raise(number);
    }
}

}  // namespace

void catch_interrupts() {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() noexcept {
    return flag.load(std::memory_order_relaxed);
}

Status check_interrupted() {
    if (!interrupted()) return {};
    return fail(ErrorCode::kInterrupted, "interrupted");
}

void set_interrupted(bool value) noexcept {
    flag.store(value);
}

bool interruptible_sleep(int ms) {
    constexpr int kStepMs = 50;
    for (int left = ms; left > 0 && !interrupted(); left -= kStepMs) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left, kStepMs)));
    }
    return !interrupted();
}

}  // namespace mintmark::net
