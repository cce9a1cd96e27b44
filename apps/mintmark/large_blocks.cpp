// Blocks of 32 MiB and more, which glibc takes fresh from the kernel each time, in huge pages: a
// proof of a large model faults in 300,000 small ones otherwise (at most 3 % of its time where it
// was measured, docs/benchmarks.md). free() takes them back as any others. Not under a sanitizer,
// whose own allocator would be bypassed. Small ones a thread may keep (base/small_blocks.hpp).
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <limits>
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

#if defined(MADV_HUGEPAGE) && !defined(MINTMARK_SANITIZED)

namespace {

constexpr std::size_t kLarge = std::size_t{32} << 20U;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;

using mintmark::SmallBlocks;

void* allocate(std::size_t size) noexcept {
    if (size < kLarge || size > std::numeric_limits<std::size_t>::max() - kHugePage)
        return std::malloc(size);
    const std::size_t whole = (size + kHugePage - 1) / kHugePage * kHugePage;
    void* at = std::aligned_alloc(kHugePage, whole);
    if (at != nullptr) static_cast<void>(::madvise(at, whole, MADV_HUGEPAGE));
    return at;
}

}  // namespace

void* operator new(std::size_t size) {
    if (SmallBlocks* mine = SmallBlocks::of_thread()) {
        if (void* at = mine->take(size)) return at;
    }
    for (;;) {
        if (void* at = allocate(SmallBlocks::rounded(size))) return at;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}
void operator delete(void* at) noexcept {
    std::free(at);
}
void operator delete(void* at, std::size_t size) noexcept {
    SmallBlocks* mine = SmallBlocks::of_thread();
    if (mine == nullptr || !mine->give(at, size)) std::free(at);
}

#endif
