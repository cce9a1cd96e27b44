// How much memory this process may still take.
#pragma once

#include <cstdint>

#include "mintmark/base/result.hpp"

namespace mintmark {

/// Bytes that can be taken without swapping: the kernel's MemAvailable, less where a cgroup limit
/// or MINTMARK_MEMORY_LIMIT (bytes, for tests and careful users) leaves less; the largest number
/// when nothing is known.
[[nodiscard]] std::uint64_t available_memory();

/// kOutOfRange, saying how much is needed and how much there is, when `bytes` is more than
/// available_memory(). `what` completes "... needs about 3.2 GB".
[[nodiscard]] Status check_memory(const char* what, std::uint64_t bytes);

}  // namespace mintmark
