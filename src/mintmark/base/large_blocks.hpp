// Blocks of a MiB and more: tables of field elements that come and go in every round of a proof.
// malloc takes them fresh from the kernel or gives them back to it, and a page that comes back is
// cleared again, which took up to a third of a proof's processor time.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>

namespace mintmark {

/// Part of the address space, in huge pages, that is handed out in blocks. Pages of blocks that
/// were given back are kept for the next ones, but never so many that more memory is held than was
/// in use at one time (or warmed). Any thread may take and give.
class LargeBlocks {
  public:
    static constexpr std::size_t kLeast = std::size_t{1} << 20U;  ///< smaller blocks are malloc's

    /// `room`: the most that can be in use, a multiple of kGrain; costs addresses, no memory.
    explicit LargeBlocks(std::size_t room) noexcept;
    ~LargeBlocks();
    LargeBlocks(const LargeBlocks&) = delete;
    LargeBlocks& operator=(const LargeBlocks&) = delete;

    /// At least `size` bytes, aligned to kGrain; nullptr: no room, or the system gave none.
    [[nodiscard]] void* take(std::size_t size) noexcept;
    /// A block that take() gave.
    void give(void* block) noexcept;
    [[nodiscard]] bool owns(const void* block) const noexcept;

    /// Brings in pages for the next `bytes` on all threads: what one thread fills first would fault
    /// them in one by one. A hint.
    void warm(std::size_t bytes) noexcept;
    /// Gives all kept pages back to the system, and begins anew to learn how many are of use.
    void release() noexcept;

    /// That of a program whose operator new and delete ask it (apps/mintmark/large_blocks.cpp),
    /// from its first large block on; nullptr: none.
    [[nodiscard]] static LargeBlocks* of_process() noexcept { return of_process_.load(); }
    static void set_of_process(LargeBlocks& all) noexcept { of_process_ = &all; }

    /// Bytes of blocks in use; bytes of kept pages.
    [[nodiscard]] std::size_t in_use() const noexcept;
    [[nodiscard]] std::size_t kept() const noexcept;

    static constexpr std::size_t kGrain = std::size_t{64} << 10U;

  private:
    enum class Pages : bool { kGone, kKept };
    struct Free {
        std::size_t size;
        Pages pages;
    };
    using FreeRanges = std::map<std::size_t, Free>;  // by offset

    FreeRanges::iterator best_kept(std::size_t size);
    FreeRanges::iterator first_run(std::size_t size);
    std::size_t cut(FreeRanges::iterator at, std::size_t size);
    void add_free(std::size_t offset, Free range);
    void trim();
    bool drop(FreeRanges::iterator at, std::size_t bytes);

    static inline constinit std::atomic<LargeBlocks*> of_process_ = nullptr;
    std::byte* base_ = nullptr;
    std::size_t room_ = 0;
    mutable std::mutex mutex_;
    FreeRanges free_;
    std::map<std::size_t, std::size_t> blocks_;  // in use: offset, size
    std::size_t in_use_ = 0, kept_ = 0;
    std::size_t most_ = 0;  // of in_use_ at one time, or warmed
};

}  // namespace mintmark
