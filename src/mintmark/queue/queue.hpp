// Job queues: at-least-once delivery under leases that fence off whoever lost them.
//
//   producer: enqueue -> waiting (or delayed)
//   worker:   claim -> active; heartbeat …; complete -> completed
//             fail -> delayed (back-off) until the attempts are used up -> failed ("dead letter")
//   anybody:  cancel -> cancelled, or a flag that the worker's next heartbeat reports
//
// A worker that dies loses its lease when it expires; the job is claimed again, and what the first
// worker still reports is refused (kRejected). So a job may *run* twice but finishes once: money
// must hang on the job's id, never on a run. One suite (queue_conformance.hpp) holds all engines
// to this text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/base/rng.hpp"

namespace mintmark::queue {

enum class JobState : std::uint8_t {
    kWaiting,
    kDelayed,
    kActive,
    kCompleted,
    kFailed,  ///< dead letter: no attempt left, or the failure was final
    kCancelled,
};
inline constexpr std::size_t kNumStates = 6;
[[nodiscard]] std::string_view state_name(JobState state) noexcept;
[[nodiscard]] std::optional<JobState> parse_state(std::string_view name) noexcept;

/// Largest priority (BullMQ's limit).
inline constexpr std::uint32_t kMaxPriority = 2'097'152;

struct NewJob {
    std::string kind = {};  ///< "proof", …: 1 to 64 characters
    std::string data = {};  ///< JSON text
    /// The same key and content again is the same job, also when it is finished; another content
    /// is kAlreadyExists. 1 to 128 of [A-Za-z0-9_-], not digits only. Empty: a random one.
    std::string idempotency_key = {};
    std::uint32_t priority = 0;  ///< 0 first, then 1, 2, …; equal ones in order of arrival
    std::int64_t delay_ms = 0;
    std::uint32_t max_attempts = 3;   ///< runs in all, those of dead workers counted
    std::int64_t backoff_ms = 1'000;  ///< before the second attempt; doubles, at most an hour
};

struct Job {
    std::string id;  ///< the idempotency key
    std::string kind;
    std::string data;
    JobState state = JobState::kWaiting;
    std::uint32_t priority = 0;
    std::uint32_t attempts = 0;  ///< runs begun
    std::uint32_t max_attempts = 0;
    std::int64_t backoff_ms = 0;
    std::string progress = {};  ///< JSON text, the worker's own; empty before the first
    std::string result = {};    ///< JSON text when completed
    std::string error = {};     ///< of the last failure
    std::int64_t created_ms = 0;
    std::int64_t finished_ms = 0;
};

struct Enqueued {
    std::string id;
    bool created;  ///< false: the key was known
};

/// The right to report on a job until it expires. Copies are the same lease.
struct Lease {
    Job job;
    std::string token;  ///< fence: fresh for each claim
};

struct Failure {
    std::string message;
    enum class Kind : std::uint8_t { kRetry, kFinal, kCancelled } kind = Kind::kRetry;
};

enum class Cancelled : std::uint8_t {
    kAtOnce,     ///< it will not run
    kRequested,  ///< it runs; its worker hears of it
    kTooLate     ///< it is finished
};

struct Counts {
    std::uint64_t by_state[kNumStates] = {};
    [[nodiscard]] std::uint64_t operator[](JobState state) const noexcept {
        return by_state[static_cast<std::size_t>(state)];
    }
};

struct QueueOptions {
    std::string name = "mintmark";              ///< [A-Za-z0-9_-]
    std::int64_t lease_ms = 30'000;             ///< a heartbeat renews it
    std::function<std::int64_t()> now_ms = {};  ///< Unix time; empty: the system's
    Rng* rng = nullptr;                         ///< jitter and tokens; nullptr: the system's
};

/// One connection to a queue; used by one thread at a time. Errors besides those named: kIo,
/// kNetwork (nothing is known to have happened: repeat; every call is safe to repeat).
class Queue {
  public:
    virtual ~Queue() = default;
    /// kInvalidArgument, kAlreadyExists.
    [[nodiscard]] virtual Result<Enqueued> enqueue(const NewJob& job) = 0;
    /// The next job that is due; nullopt when there is none. Takes expired leases back first.
    [[nodiscard]] virtual Result<std::optional<Lease>> claim() = 0;
    /// Renews the lease and stores the progress (JSON text, may be empty: unchanged). True when
    /// the job shall stop. kRejected when the lease is lost.
    [[nodiscard]] virtual Result<bool> heartbeat(const Lease& lease, std::string_view progress) = 0;
    /// result: JSON text. kRejected when the lease is lost.
    [[nodiscard]] virtual Status complete(const Lease& lease, std::string_view result) = 0;
    /// The state that follows: kDelayed (or kWaiting), kFailed or kCancelled. kRejected when the
    /// lease is lost.
    [[nodiscard]] virtual Result<JobState> fail(const Lease& lease, const Failure& failure) = 0;
    /// kNotFound.
    [[nodiscard]] virtual Result<Cancelled> cancel(std::string_view id) = 0;
    /// A failed or cancelled job from the start, attempts at 0. kNotFound; kInvalidArgument in
    /// another state.
    [[nodiscard]] virtual Status retry(std::string_view id) = 0;
    /// kNotFound.
    [[nodiscard]] virtual Result<Job> find(std::string_view id) = 0;
    [[nodiscard]] virtual Result<Counts> counts() = 0;
    /// At most `limit`; finished ones newest first, others in order of their turn.
    [[nodiscard]] virtual Result<std::vector<Job>> list(JobState state, std::size_t limit) = 0;
    /// Removes jobs that finished in `state` at least older_than_ms ago; how many.
    /// kInvalidArgument for a state that is not finished.
    [[nodiscard]] virtual Result<std::uint64_t> purge(JobState state,
                                                      std::int64_t older_than_ms) = 0;
};

/// "redis://host:port[/db]": BullMQ's format; "postgresql://…"; else the path of a SQLite file.
[[nodiscard]] Result<std::unique_ptr<Queue>> open_queue(const std::string& location,
                                                        QueueOptions options = {});

}  // namespace mintmark::queue
