// Places boxes in a column.
#pragma once

#include <cstdint>
#include <set>
#include <utility>

namespace mintmark::compiler {

/// First fit of aligned power-of-two blocks into a growing space.
class Allocator {
  public:
    /// Lanes from `begin` on are free.
    explicit Allocator(std::uint64_t begin) : end_(begin) {}

    /// Lanes before `begin` that are free too.
    void give(std::uint64_t begin, std::uint64_t length) {
        if (length > 0) free_.insert({begin, length});
    }
    /// First lane of a block of `size` lanes (a power of two), a multiple of `size`.
    std::uint64_t take(std::uint64_t size) {
        for (auto it = free_.begin(); it != free_.end(); ++it) {
            const auto [begin, length] = *it;
            const std::uint64_t at = (begin + size - 1) / size * size;
            if (at + size > begin + length) continue;
            free_.erase(it);
            if (at > begin) free_.insert({begin, at - begin});
            if (at + size < begin + length) free_.insert({at + size, begin + length - at - size});
            return at;
        }
        const std::uint64_t at = (end_ + size - 1) / size * size;
        if (at > end_) free_.insert({end_, at - end_});
        end_ = at + size;
        return at;
    }
    /// One past the last lane that was taken.
    [[nodiscard]] std::uint64_t end() const { return end_; }

  private:
    std::set<std::pair<std::uint64_t, std::uint64_t>> free_;  ///< (begin, length)
    std::uint64_t end_;
};

}  // namespace mintmark::compiler
