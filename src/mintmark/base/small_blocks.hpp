// Small blocks of memory that one thread makes and drops all the time, as a server's loop does with
// the strings of its requests: kept by size in front of malloc, whose own such store holds seven of
// a size and is empty or full when many requests are on their way.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace mintmark {

/// While it lives, operator new and delete of the thread that made it take small blocks from it and
/// give them to it, in programs whose own operators ask for it (apps/mintmark/large_blocks.cpp).
/// One per thread. Every block is one of malloc's, so any thread may free it in any way.
class SmallBlocks {
  public:
    SmallBlocks() noexcept { of_thread_ = this; }
    ~SmallBlocks();
    SmallBlocks(const SmallBlocks&) = delete;
    SmallBlocks& operator=(const SmallBlocks&) = delete;

    /// The thread's; nullptr: none.
    [[nodiscard]] static SmallBlocks* of_thread() noexcept { return of_thread_; }
    /// What to ask malloc for, so that a block serves all requests of its size's class: what glibc
    /// makes of `size` anyway. Every block that may be given must have been asked for by it.
    [[nodiscard]] static constexpr std::size_t rounded(std::size_t size) noexcept {
        return size > kMostBytes ? size : bytes_of(place_of(size));
    }
    /// At least `size` bytes, aligned as malloc's; nullptr: none is kept.
    [[nodiscard]] void* take(std::size_t size) noexcept {
        if (size > kMostBytes) return nullptr;
        Shelf& shelf = shelves_[place_of(size)];
        Free* out = shelf.first;
        if (out == nullptr) return nullptr;
        shelf.first = out->next;
        --shelf.count;
        return out;
    }
    /// A block that was taken or allocated for `size`; false: it is not kept, free it.
    [[nodiscard]] bool give(void* block, std::size_t size) noexcept {
        if (size > kMostBytes || block == nullptr) return false;
        const std::size_t place = place_of(size);
        Shelf& shelf = shelves_[place];
        if (shelf.count >= kMostKeptBytes / bytes_of(place)) return false;
        shelf.first = ::new (block) Free{shelf.first};
        ++shelf.count;
        return true;
    }

  private:
    struct Free {
        Free* next;
    };
    struct Shelf {
        Free* first = nullptr;
        std::size_t count = 0;
    };
    static constexpr std::size_t kStep = 16, kLeast = 24, kPlaces = 63;
    static constexpr std::size_t kMostBytes = kLeast + (kPlaces - 1) * kStep;  // 1,016
    static constexpr std::size_t kMostKeptBytes = std::size_t{64} << 10U;      ///< of one size

    static constexpr std::size_t place_of(std::size_t size) noexcept {
        return size <= kLeast ? 0 : (size - kLeast + kStep - 1) / kStep;
    }
    static constexpr std::size_t bytes_of(std::size_t place) noexcept {
        return kLeast + place * kStep;
    }

    static inline constinit thread_local SmallBlocks* of_thread_ = nullptr;
    std::array<Shelf, kPlaces> shelves_ = {};
};

}  // namespace mintmark
