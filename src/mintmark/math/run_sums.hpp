// Adds up many short lists of points at once by batched affine additions. Internal to the module
// (msm.cpp), except sum_runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/uninit.hpp"
#include "mintmark/math/batch_add.hpp"
#include "mintmark/math/curve.hpp"

namespace mintmark {

/// Runs of points on their way to one sum each: every pass adds them up in pairs, so that thousands
/// of additions share an inversion. One object serves many calls and keeps its memory.
class RunSums {
  public:
    /// Input: the length of each run, and the runs' points one after another (base_ref).
    std::vector<std::uint32_t> sizes, refs;

    /// Adds up: afterwards each size is 0 or 1 and sums() has a point for each run that had any.
    void reduce(std::span<const PointXy> bases);
    [[nodiscard]] const UninitVector<PointXy>& sums() const noexcept { return sums_; }

  private:
    template <class Copy, class Add>
    void pair_off(std::span<std::uint32_t> part, const Copy& copied, const Add& add);
    void reduce_part(std::span<const PointXy> bases, std::span<std::uint32_t> part,
                     std::span<const std::uint32_t> of_part);
    bool halve(std::span<std::uint32_t> part);
    void add_up_rest(std::span<std::uint32_t> part);

    UninitVector<PointXy> sums_, points_, reduced_;
    UninitVector<PairSlot> slots_;
    BatchScratch scratch_;
};

/// Memory of `size` bytes, in huge pages where it is large, and its return (the same size).
[[nodiscard]] void* allocate_pages(std::size_t size);
void free_pages(void* at, std::size_t size) noexcept;

/// For what is read at random: in small pages that misses the cache of page addresses.
template <class T>
struct HugePageAllocator {
    using value_type = T;

    [[nodiscard]] T* allocate(std::size_t count) {
        return static_cast<T*>(allocate_pages(count * sizeof(T)));
    }
    void deallocate(T* at, std::size_t count) noexcept { free_pages(at, count * sizeof(T)); }
    /// Without arguments: unset, as in UninitVector.
    template <class U, class... Args>
    void construct(U* at, Args&&... args) noexcept {
        if constexpr (sizeof...(Args) > 0) std::construct_at(at, std::forward<Args>(args)...);
    }
    friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) = default;
};
using Points = std::vector<PointXy, HugePageAllocator<PointXy>>;

[[nodiscard]] Points to_xy(std::span<const G1Affine> points);

/// The sum of each run of bases: run k is bases[lanes[i]] for ends[k-1] <= i < ends[k] (from 0 for
/// the first; none is empty). Threaded. Cost: one batched addition a lane.
[[nodiscard]] std::vector<G1Affine> sum_runs(std::span<const PointXy> bases,
                                             std::span<const std::uint32_t> lanes,
                                             std::span<const std::uint32_t> ends);

}  // namespace mintmark
