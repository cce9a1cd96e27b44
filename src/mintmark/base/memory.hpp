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

/// For programs that prove: malloc keeps pages of blocks that come and go in every round of a proof
/// instead of giving them back to the system. Blocks of a MiB and more: large_blocks.hpp.
void keep_freed_pages() noexcept;

/// Brings in pages for large blocks of about `bytes` on all threads: tables that one thread fills
/// would fault them in one by one. A hint; without effect where nothing keeps large blocks.
void warm_heap(std::uint64_t bytes) noexcept;

/// What is kept for the next proof goes back to the system: for processes that now wait.
void release_kept_pages() noexcept;

}  // namespace mintmark
