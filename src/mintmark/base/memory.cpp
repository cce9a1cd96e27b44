#include "mintmark/base/memory.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "mintmark/base/large_blocks.hpp"

namespace mintmark {
namespace {

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
}

void warm_heap(std::uint64_t bytes) noexcept {
    if (LargeBlocks* all = LargeBlocks::of_process()) all->warm(bytes);
}

void release_kept_pages() noexcept {
    if (LargeBlocks* all = LargeBlocks::of_process()) all->release();
    ::malloc_trim(0);
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
