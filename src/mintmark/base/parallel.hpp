// A process-wide pool of worker threads for data-parallel loops.
#pragma once

#include <cstddef>
#include <functional>

namespace mintmark {

/// Number of threads that parallel_for uses (hardware concurrency, or MINTMARK_THREADS), at
/// least 1.
[[nodiscard]] std::size_t num_threads() noexcept;

/// Splits [0, count) into ranges of at least `grain` and calls body(begin, end) on several threads;
/// returns when all are done. Nested calls run serially. `body` must not throw.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body);

}  // namespace mintmark
