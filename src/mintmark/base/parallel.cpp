#include "mintmark/base/parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

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

using Body = std::function<void(std::size_t, std::size_t)>;

/// One call of parallel_for; lives on its caller's stack.
struct Job {
    const Body& body;
    std::size_t count, parts;
    std::size_t begun = 0;              // parts; under the pool's lock
    std::atomic<std::size_t> done = 0;  // parts

    void run(std::size_t part) const {
        inside_parallel = true;
        body(count * part / parts, count * (part + 1) / parts);
        inside_parallel = false;
    }
};

/// Rounds of sumchecks follow each other within microseconds, a sleeping thread wakes up in tens.
template <class Condition>
bool holds_soon(const Condition& condition) {
    constexpr int kTurns = 512;  // some 20 microseconds
    for (int i = 0; i < kTurns; ++i) {
        if (condition()) return true;
#ifdef __x86_64__
        __builtin_ia32_pause();
#endif
    }
    return condition();
}

class Pool {
  public:
    /// Fewer workers when the system gives no more threads; none is enough.
    explicit Pool(std::size_t workers) {
        try {
            for (std::size_t i = 0; i < workers; ++i) std::thread([this] { work(); }).detach();
        } catch (const std::system_error&) {
        }
    }

    void run(Job& job) {
        {
            const std::scoped_lock lock(mutex_);
            jobs_.push_back(&job);
            waiting_ = jobs_.size();
        }
        wake_.notify_all();
        while (run_part_of(job)) {
        }
        const auto is_done = [&job] { return job.done == job.parts; };
        if (holds_soon(is_done)) {
            // The worker that finished the last part may still hold the lock that tells of it.
            const std::scoped_lock lock(mutex_);
            return;
        }
        std::unique_lock lock(mutex_);
        finished_.wait(lock, is_done);
    }

  private:
    [[noreturn]] void work() {
        while (true) {
            (void)holds_soon([this] { return waiting_ != 0; });
            Job* job = nullptr;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return !jobs_.empty(); });
                job = jobs_.front();
            }
            // It may be over by now; run_part_of looks for it among those that are not.
            run_part_of(*job);
        }
    }

    /// False when no part of the job is left to begin.
    bool run_part_of(Job& job) {
        std::size_t part = 0;
        {
            const std::scoped_lock lock(mutex_);
            const auto at = std::ranges::find(jobs_, &job);
            if (at == jobs_.end()) return false;
            part = job.begun++;
            if (job.begun == job.parts) jobs_.erase(at);
            waiting_ = jobs_.size();
        }
        job.run(part);
        const std::scoped_lock lock(mutex_);
        if (++job.done == job.parts) finished_.notify_all();
        return true;
    }

    std::mutex mutex_;
    std::condition_variable wake_, finished_;
    std::deque<Job*> jobs_;                 // with parts that nobody has begun
    std::atomic<std::size_t> waiting_ = 0;  // jobs_.size()
};

std::atomic<Pool*> pool_of_process = nullptr;

/// Never destroyed: its threads sleep until the process ends. A child of fork() has none of them
/// and makes its own.
Pool& pool() {
    static std::mutex making;
    if (Pool* made = pool_of_process) return *made;
    const std::scoped_lock lock(making);
    if (pool_of_process == nullptr) {
        static const int registered =
            ::pthread_atfork(nullptr, nullptr, [] { pool_of_process = nullptr; });
        static_cast<void>(registered);
        pool_of_process = new Pool(num_threads() - 1);
    }
    return *pool_of_process;
}

}  // namespace

std::size_t num_threads() noexcept {
    static const std::size_t count = read_thread_count();
    return count;
}

void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
    if (count == 0) return;
    const std::size_t parts =
        std::min(num_threads(), std::max<std::size_t>(1, count / std::max<std::size_t>(grain, 1)));
    if (parts <= 1 || inside_parallel) {
        body(0, count);
        return;
    }
    Job job{body, count, parts};
    pool().run(job);
}

}  // namespace mintmark
