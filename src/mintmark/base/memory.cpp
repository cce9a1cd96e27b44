#include "mintmark/base/memory.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "mintmark/base/parallel.hpp"

namespace mintmark {
namespace {

std::atomic<bool> are_pages_kept = false;

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> parse(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> number_in(const char* path) {
    std::ifstream file(path);
    std::string word;
    return file >> word ? parse(word) : std::nullopt;
}

std::uint64_t kernel_available() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    for (std::string unit; file >> name >> kib; std::getline(file, unit))
        if (name == "MemAvailable:") return kib * 1024;
    return kUnknown;
}

std::uint64_t left_of(const char* limit_path, const char* usage_path) {
    const auto limit = number_in(limit_path), usage = number_in(usage_path);
    if (!limit || !usage) return kUnknown;
    return *limit > *usage ? *limit - *usage : 0;
}

std::string gigabytes(std::uint64_t bytes) {
    return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace

std::uint64_t available_memory() {
    std::uint64_t least = kernel_available();
    least = std::min(least, left_of("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"));
    least = std::min(least, left_of("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                                    "/sys/fs/cgroup/memory/memory.usage_in_bytes"));
    if (const char* own = std::getenv("MINTMARK_MEMORY_LIMIT"))
        least = std::min(least, parse(own).value_or(kUnknown));
    return least;
}

void keep_freed_pages() noexcept {
    ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 512 << 20);
    ::mallopt(M_TOP_PAD, 16 << 20);
    are_pages_kept = true;
}

void warm_heap(std::uint64_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
    if (!are_pages_kept) return;
    constexpr std::size_t kPiece = std::size_t{16} << 20U;  // below the allocator's own mmap
    constexpr std::uint64_t kMost = std::uint64_t{448} << 20U;
    std::array<void*, kMost / kPiece> pieces{};
    const auto count = static_cast<std::size_t>(std::min(bytes, kMost) / kPiece);
    for (std::size_t i = 0; i < count; ++i) pieces[i] = std::malloc(kPiece);
    parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
        const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
        for (std::size_t i = begin; i < end; ++i) {
            if (pieces[i] == nullptr) continue;
            const auto from = reinterpret_cast<std::uintptr_t>(pieces[i]);
            const std::uintptr_t first = (from + page - 1) / page * page;
            const std::uintptr_t last = (from + kPiece) / page * page;
            // What the kernel refuses comes later, page by page.
            static_cast<void>(
                ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE));
            static_cast<void>(
                ::madvise(reinterpret_cast<void*>(first), last - first, MADV_POPULATE_WRITE));
        }
    });
    for (std::size_t i = count; i > 0; --i) std::free(pieces[i - 1]);
#else
    static_cast<void>(bytes);
#endif
}

Status check_memory(const char* what, std::uint64_t bytes) {
    const std::uint64_t there = available_memory();
    if (bytes <= there) return {};
    return fail(
        ErrorCode::kOutOfRange,
        fmt::format("{} needs about {} of memory, {} is available", what, gigabytes(bytes),
                    gigabytes(there)),
        "free memory, use a larger machine, or compile with --optimise gas or fewer samples");
}

}  // namespace mintmark
