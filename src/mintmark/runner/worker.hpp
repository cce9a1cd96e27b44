// The worker: claims jobs, runs each in a process of its own, reports.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mintmark/jobs/config.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/queue/queue.hpp"

namespace mintmark::runner {

struct WorkerOptions {
    jobs::Config config = {};
    /// The program that runs one job: its standard input is {"id", "kind", "data", "folder"}, its
    /// output lines {"progress": …}, and at the end {"result": …} or {"error": text, "final":
    /// flag}.
    std::vector<std::string> command = {};
    std::vector<std::string> environment = {};
    bool stops_when_empty = false;
    /// {"event", …}; from several threads.
    std::function<void(const json::Json& event)> log = {};
};

/// Works until net::interrupted(): a running job then has `drain_s` to end. Errors only when the
/// queue cannot be opened at all; later ones are logged, and tried again.
[[nodiscard]] Status work(const WorkerOptions& options);

/// Why the lease on a job ended; for tests.
enum class Ending : std::uint8_t { kCompleted, kFailed, kRetried, kCancelled, kLost };

/// Runs one claimed job to its end.
[[nodiscard]] Ending run_job(queue::Queue& queue, const queue::Lease& lease,
                             const WorkerOptions& options);

}  // namespace mintmark::runner
