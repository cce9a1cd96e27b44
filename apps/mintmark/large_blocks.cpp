// The program's operator new and delete. Blocks of a MiB and more come from one place that keeps
// their pages (base/large_blocks.hpp), small ones a thread may keep (base/small_blocks.hpp), all
// others are malloc's. Not under a sanitizer, whose own allocator would be bypassed.
#include "mintmark/base/large_blocks.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "mintmark/base/small_blocks.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MINTMARK_SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define MINTMARK_SANITIZED 1
#endif

#ifndef MINTMARK_SANITIZED

namespace {

using mintmark::LargeBlocks;
using mintmark::SmallBlocks;

/// Addresses for all memory of the machine, twice: free ranges may lie between blocks. Of a process
/// under a limit, as a job of a worker is, three quarters of that, which counts what is reserved.
std::size_t room() noexcept {
    const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
    std::size_t most = 2 * static_cast<std::size_t>(pages) * static_cast<std::size_t>(page);
    for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
        rlimit limit{};
        if (::getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
            most = std::min<std::size_t>(most, limit.rlim_cur / 4 * 3);
    }
    return most / LargeBlocks::kGrain * LargeBlocks::kGrain;
}

/// Never destroyed: what outlives main() gives its blocks back, too.
LargeBlocks& large_blocks() noexcept {
    alignas(LargeBlocks) static std::byte storage[sizeof(LargeBlocks)];
    static LargeBlocks* const all = [] {
        auto* made = ::new (storage) LargeBlocks(room());
        LargeBlocks::set_of_process(*made);
        return made;
    }();
    return *all;
}

void* allocate(std::size_t size, std::size_t alignment) noexcept {
    if (size >= LargeBlocks::kLeast && alignment <= LargeBlocks::kGrain) {
        if (void* at = large_blocks().take(size)) return at;
    }
    if (alignment <= alignof(std::max_align_t)) return std::malloc(SmallBlocks::rounded(size));
    return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    for (;;) {
        if (void* at = allocate(size, alignment)) return at;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

void release(void* at) noexcept {
    LargeBlocks* all = LargeBlocks::of_process();
    if (all != nullptr && all->owns(at))
        all->give(at);
    else
        std::free(at);
}

}  // namespace

void* operator new(std::size_t size) {
    if (SmallBlocks* mine = SmallBlocks::of_thread()) {
        if (void* at = mine->take(size)) return at;
    }
    return allocate_or_throw(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* at) noexcept {
    release(at);
}
void operator delete(void* at, std::size_t size) noexcept {
    SmallBlocks* mine = SmallBlocks::of_thread();
    if (mine != nullptr && mine->give(at, size)) return;
    if (size < LargeBlocks::kLeast)
        std::free(at);
    else
        release(at);
}
void operator delete(void* at, std::align_val_t) noexcept {
    release(at);
}
void operator delete(void* at, std::size_t, std::align_val_t) noexcept {
    release(at);
}

#endif
