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

/// For programs that prove: tables of some MiB come and go in every round of a proof, so the
/// allocator keeps their pages instead of giving them back to the system and faulting them in again
/// (a tenth of the time).
void keep_freed_pages() noexcept;

/// Has the allocator hold about `bytes` of memory whose pages are there already, brought in by all
/// threads: large tables that one thread makes would fault them in one by one. A hint, of at most
/// 448 MiB; without effect before keep_freed_pages().
void warm_heap(std::uint64_t bytes) noexcept;

}  // namespace mintmark
