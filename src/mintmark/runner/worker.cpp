#include "mintmark/runner/worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "mintmark/base/file.hpp"
#include "mintmark/jobs/folder.hpp"
#include "mintmark/jobs/job_data.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/runner/child.hpp"

namespace mintmark::runner {
namespace {

using Clock = std::chrono::steady_clock;
using json::Json;
using queue::Failure;

constexpr int kLookMs = 100;             ///< at a child's output
constexpr std::int64_t kBeatMs = 1'000;  ///< longest time until a cancel is heard of
constexpr std::int64_t kMostRetryMs = 5'000;

/// One run of one job: the child, its lease, its time.
class Run {
  public:
    Run(queue::Queue& queue, const queue::Lease& lease, const WorkerOptions& options)
        : queue_(queue), lease_(lease), options_(options) {}

    Ending run() {
        const queue::Job& job = lease_.job;
        log({{"event", "job begins"},
             {"job", job.id},
             {"kind", job.kind},
             {"attempt", job.attempts}});
        if (const auto parsed = jobs::parse_job(job.kind, job.data); !parsed) {
            return give_up({parsed.error().message, Failure::Kind::kFinal});
        }
        auto folder = jobs::JobFolder::make(options_.config.work);
        if (!folder) return give_up({folder.error().message, Failure::Kind::kRetry});
        auto child = start(folder->path());
        if (!child) return give_up({child.error().message, Failure::Kind::kRetry});
        if (const auto early = watch(*child)) return *early;
        return report(*child);
    }

  private:
    void log(const Json& event) const {
        if (options_.log) options_.log(event);
    }
    std::int64_t since(Clock::time_point then) const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - then).count();
    }

    Result<Child> start(const std::filesystem::path& folder) {
        const queue::Job& job = lease_.job;
        const Json words = {
            {"id", job.id}, {"kind", job.kind}, {"data", job.data}, {"folder", folder.string()}};
        MINTMARK_CHECK(write_text(folder / "job.json", json::compact(words), FileMode::kSecret));
        ChildOptions child;
        child.command = options_.command;
        child.environment = options_.environment;
        child.input = folder / "job.json";
        child.limits = options_.config.limits;
        return Child::start(child);
    }

    /// Until the child has ended; a value: the run ended otherwise.
    std::optional<Ending> watch(Child& child) {
        const auto begin = Clock::now();
        std::optional<Clock::time_point> asked_to_stop;
        while (!child.has_ended()) {
            for (const std::string& line : child.lines(kLookMs)) take(line);
            if (since(begin) > options_.config.limits.time_s * 1000) {
                return stop(child,
                            {fmt::format("it took longer than {} s", options_.config.limits.time_s),
                             Failure::Kind::kFinal});
            }
            if (net::interrupted() && !asked_to_stop) asked_to_stop = Clock::now();
            if (asked_to_stop && since(*asked_to_stop) > options_.config.drain_s * 1000) {
                return stop(child, {"the worker was stopped", Failure::Kind::kRetry});
            }
            if (const auto ended = beat(child)) return ended;
        }
        return std::nullopt;
    }

    std::optional<Ending> beat(Child& child) {
        if (since(last_beat_) < std::min(options_.config.lease_ms / 3, kBeatMs)) return {};
        const auto stops = queue_.heartbeat(lease_, progress_);
        last_beat_ = Clock::now();
        if (stops) {
            progress_.clear();
            last_good_ = last_beat_;
            if (*stops) return stop(child, {"cancelled", Failure::Kind::kCancelled});
            return {};
        }
        const bool is_lost = stops.error().code == ErrorCode::kRejected ||
                             since(last_good_) > options_.config.lease_ms;
        if (!is_lost) return {};
        child.kill();
        log({{"event", "lease lost"}, {"job", lease_.job.id}, {"reason", stops.error().message}});
        return Ending::kLost;
    }

    Ending stop(Child& child, const Failure& why) {
        child.kill();
        return give_up(why);
    }

    void take(const std::string& line) {
        const auto parsed = json::parse(line);
        if (!parsed || !parsed->is_object()) return;
        if (const Json* progress = json::find(*parsed, "progress")) {
            progress_ = json::compact(*progress);
        } else if (parsed->contains("result") || parsed->contains("error")) {
            last_ = *parsed;
        }
    }

    Ending report(const Child& child) {
        const Json* result = json::find(last_, "result");
        if (child.status() == 0 && result != nullptr) return complete(json::compact(*result));
        if (child.status() == kOutOfMemoryStatus) {
            return give_up({fmt::format("it needs more than {} MiB of memory",
                                        options_.config.limits.memory_bytes >> 20U),
                            Failure::Kind::kFinal});
        }
        const Json* error = json::find(last_, "error");
        if (error != nullptr && error->is_string()) {
            const bool is_last = json::get_bool(last_, "final").value_or(false);
            return give_up({error->get<std::string>(),
                            is_last ? Failure::Kind::kFinal : Failure::Kind::kRetry});
        }
        return give_up(
            {fmt::format("its process ended with {}", child.status()), Failure::Kind::kRetry});
    }

    /// Says it until the queue has heard it or the lease is over.
    template <class Say>
    auto insist(Say say) {
        auto said = say();
        std::int64_t wait_ms = 50;
        while (!said && said.error().code != ErrorCode::kRejected &&
               since(last_good_) < options_.config.lease_ms) {
            std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
            wait_ms = std::min(2 * wait_ms, kMostRetryMs);
            said = say();
        }
        return said;
    }

    Ending complete(const std::string& result) {
        const Status done = insist([&] { return queue_.complete(lease_, result); });
        log({{"event", done ? "job completed" : "job completed, but its lease was lost"},
             {"job", lease_.job.id}});
        return done ? Ending::kCompleted : Ending::kLost;
    }

    Ending give_up(const Failure& why) {
        const auto state = insist([&] { return queue_.fail(lease_, why); });
        log({{"event", "job failed"},
             {"job", lease_.job.id},
             {"reason", why.message},
             {"state", state ? queue::state_name(*state) : "lease lost"}});
        if (!state) return Ending::kLost;
        if (*state == queue::JobState::kCancelled) return Ending::kCancelled;
        return *state == queue::JobState::kFailed ? Ending::kFailed : Ending::kRetried;
    }

    queue::Queue& queue_;
    const queue::Lease& lease_;
    const WorkerOptions& options_;
    Clock::time_point last_beat_ = Clock::now();
    Clock::time_point last_good_ = Clock::now();  ///< when the lease was known to be ours
    std::string progress_ = {};
    Json last_ = Json::object();
};

queue::QueueOptions queue_options(const jobs::Config& config) {
    queue::QueueOptions out;
    out.name = config.name;
    out.lease_ms = config.lease_ms;
    return out;
}

/// One slot: one connection, one job at a time.
void serve_slot(queue::Queue& queue, const WorkerOptions& options) {
    bool was_down = false;
    while (!net::interrupted()) {
        const auto claimed = queue.claim();
        if (!claimed) {
            if (!was_down && options.log) {
                options.log({{"event", "queue is down"}, {"reason", claimed.error().message}});
            }
            was_down = true;
            net::interruptible_sleep(static_cast<int>(kBeatMs));
            continue;
        }
        was_down = false;
        if (*claimed) {
            (void)run_job(queue, **claimed, options);
        } else if (options.stops_when_empty) {
            return;
        } else {
            net::interruptible_sleep(static_cast<int>(options.config.poll_ms));
        }
    }
}

}  // namespace

Ending run_job(queue::Queue& queue, const queue::Lease& lease, const WorkerOptions& options) {
    return Run(queue, lease, options).run();
}

Status work(const WorkerOptions& options) {
    jobs::sweep(options.config.work);
    std::vector<std::unique_ptr<queue::Queue>> queues;
    for (std::uint32_t i = 0; i < options.config.slots; ++i) {
        MINTMARK_TRY(auto queue,
                     queue::open_queue(options.config.queue, queue_options(options.config)));
        queues.push_back(std::move(queue));
    }
    std::vector<std::thread> slots;
    for (const auto& queue : queues) {
        slots.emplace_back([&queue, &options] { serve_slot(*queue, options); });
    }
    for (std::thread& slot : slots) slot.join();
    return {};
}

}  // namespace mintmark::runner
