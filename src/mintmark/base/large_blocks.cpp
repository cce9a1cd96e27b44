#include "mintmark/base/large_blocks.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20U;

constexpr std::size_t round_up(std::size_t size, std::size_t unit) noexcept {
    return (size + unit - 1) / unit * unit;
}

}  // namespace

LargeBlocks::LargeBlocks(std::size_t room) noexcept {
    void* at = ::mmap(nullptr, room + kHugePage, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return;
    base_ = static_cast<std::byte*>(at);
    room_ = room;
#ifdef MADV_HUGEPAGE
    static_cast<void>(::madvise(base_, room_ + kHugePage, MADV_HUGEPAGE));
#endif
    const auto skew = reinterpret_cast<std::uintptr_t>(base_) % kHugePage;
    const std::size_t first = skew == 0 ? 0 : kHugePage - skew;
    free_.emplace(first, Free{round_up(room, kGrain), Pages::kGone});
}

LargeBlocks::~LargeBlocks() {
    if (base_ != nullptr) ::munmap(base_, room_ + kHugePage);
}

bool LargeBlocks::owns(const void* block) const noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(block);
    const auto first = reinterpret_cast<std::uintptr_t>(base_);
    return base_ != nullptr && at >= first && at - first < room_ + kHugePage;
}

/// The smallest range of kept pages that holds `size`.
LargeBlocks::FreeRanges::iterator LargeBlocks::best_kept(std::size_t size) {
    auto best = free_.end();
    for (auto at = free_.begin(); at != free_.end(); ++at) {
        if (at->second.pages != Pages::kKept || at->second.size < size) continue;
        if (best == free_.end() || at->second.size < best->second.size) best = at;
    }
    return best;
}

/// The first of the neighbouring ranges, kept or not, that hold `size` together, made one.
LargeBlocks::FreeRanges::iterator LargeBlocks::first_run(std::size_t size) {
    for (auto first = free_.begin(); first != free_.end();) {
        std::size_t total = 0;
        auto end = first;
        while (end != free_.end() && end->first == first->first + total && total < size) {
            total += end->second.size;
            ++end;
        }
        if (total < size) {
            first = end;
            continue;
        }
        for (auto at = first; at != end; ++at)
            if (at->second.pages == Pages::kKept) kept_ -= at->second.size;
        const std::size_t offset = first->first;
        const Free last = std::prev(end)->second;
        free_.erase(first, end);
        if (total > size) {
            free_.emplace(offset + size, Free{total - size, last.pages});
            if (last.pages == Pages::kKept) kept_ += total - size;
        }
        return free_.emplace(offset, Free{size, Pages::kGone}).first;
    }
    return free_.end();
}

/// Takes the front of a free range out of the list; its offset.
std::size_t LargeBlocks::cut(FreeRanges::iterator at, std::size_t size) {
    const auto [offset, range] = *at;
    free_.erase(at);
    if (range.pages == Pages::kKept) kept_ -= size;
    if (range.size > size) free_.emplace(offset + size, Free{range.size - size, range.pages});
    return offset;
}

void* LargeBlocks::take(std::size_t size) noexcept {
    if (base_ == nullptr || size > room_) return nullptr;
    const std::size_t whole = round_up(std::max<std::size_t>(size, 1), kGrain);
    const std::scoped_lock lock(mutex_);
    try {
        auto at = best_kept(whole);
        if (at == free_.end()) at = first_run(whole);
        if (at == free_.end()) return nullptr;
        const std::size_t offset = cut(at, whole);
        blocks_.emplace(offset, whole);
        in_use_ += whole;
        most_ = std::max(most_, in_use_);
        trim();
        return base_ + offset;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void LargeBlocks::give(void* block) noexcept {
    const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(block) - base_);
    const std::scoped_lock lock(mutex_);
    const auto found = blocks_.find(offset);
    MINTMARK_ASSERT(found != blocks_.end());
    const std::size_t size = found->second;
    blocks_.erase(found);
    in_use_ -= size;
    kept_ += size;
    add_free(offset, {size, Pages::kKept});
}

/// Joins it with neighbours of its kind.
void LargeBlocks::add_free(std::size_t offset, Free range) {
    auto next = free_.lower_bound(offset);
    if (next != free_.end() && next->first == offset + range.size &&
        next->second.pages == range.pages) {
        range.size += next->second.size;
        next = free_.erase(next);
    }
    if (next != free_.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second.size == offset && before->second.pages == range.pages) {
            before->second.size += range.size;
            return;
        }
    }
    free_.emplace_hint(next, offset, range);
}

/// The pages of the end of a kept range back to the system.
bool LargeBlocks::drop(FreeRanges::iterator at, std::size_t bytes) {
    const auto [offset, range] = *at;
    bytes = std::min(range.size, round_up(bytes, kGrain));
    const std::size_t from = offset + range.size - bytes;
    if (::madvise(base_ + from, bytes, MADV_DONTNEED) != 0) return false;
    kept_ -= bytes;
    free_.erase(at);
    if (range.size > bytes) free_.emplace(offset, Free{range.size - bytes, range.pages});
    add_free(from, {bytes, Pages::kGone});
    return true;
}

/// No more than was in use at one time: the highest addresses go first.
void LargeBlocks::trim() {
    while (kept_ > 0 && in_use_ + kept_ > most_) {
        const auto last = std::find_if(free_.rbegin(), free_.rend(), [](const auto& range) {
            return range.second.pages == Pages::kKept;
        });
        if (last == free_.rend() || !drop(std::prev(last.base()), in_use_ + kept_ - most_)) return;
    }
}

void LargeBlocks::warm(std::size_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
    const std::size_t whole = round_up(std::max(bytes, kHugePage), kHugePage);
    std::size_t there = 0;
    {
        const std::scoped_lock lock(mutex_);
        there = in_use_ + kept_;
        most_ = std::max(most_, whole);
    }
    if (there >= whole) return;
    auto* block = static_cast<std::byte*>(take(whole - there));
    if (block == nullptr) return;
    const std::size_t count = (whole - there + kHugePage - 1) / kHugePage;
    parallel_for(count, 8, [&](std::size_t begin, std::size_t end) {
        const std::size_t last = std::min(end * kHugePage, whole - there);
        // What the kernel refuses comes later, page by page.
        static_cast<void>(
            ::madvise(block + begin * kHugePage, last - begin * kHugePage, MADV_POPULATE_WRITE));
    });
    give(block);
#else
    static_cast<void>(bytes);
#endif
}

void LargeBlocks::release() noexcept {
    const std::scoped_lock lock(mutex_);
    most_ = in_use_;
    try {
        trim();
    } catch (const std::bad_alloc&) {  // they stay
    }
}

std::size_t LargeBlocks::in_use() const noexcept {
    const std::scoped_lock lock(mutex_);
    return in_use_;
}
std::size_t LargeBlocks::kept() const noexcept {
    const std::scoped_lock lock(mutex_);
    return kept_;
}

}  // namespace mintmark
