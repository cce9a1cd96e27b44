#include "mintmark/base/parallel.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <vector>

namespace mintmark {
namespace {
thread_local bool inside_parallel = false;

std::size_t read_thread_count() noexcept {
    if (const char* text = std::getenv("MINTMARK_THREADS")) {
        const long wanted = std::strtol(text, nullptr, 10);
        if (wanted > 0) return static_cast<std::size_t>(std::min(wanted, 256L));
    }
    return std::max(1U, std::thread::hardware_concurrency());
}
}  // namespace

std::size_t num_threads() noexcept {
    static const std::size_t count = read_thread_count();
    return count;
}

void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body) {
    if (count == 0) return;
    const std::size_t parts =
        std::min(num_threads(), std::max<std::size_t>(1, count / std::max<std::size_t>(grain, 1)));
    if (parts <= 1 || inside_parallel) {
        body(0, count);
        return;
    }
    const auto run = [&](std::size_t part) {
        inside_parallel = true;
        body(count * part / parts, count * (part + 1) / parts);
        inside_parallel = false;
    };
    std::vector<std::jthread> threads;
    threads.reserve(parts - 1);
    for (std::size_t part = 1; part < parts; ++part) threads.emplace_back(run, part);
    run(0);
}

}  // namespace mintmark
