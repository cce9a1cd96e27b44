#include "mintmark/math/run_sums.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kGrain = 4096;
constexpr std::size_t kSlice = std::size_t{1} << 14U;
constexpr std::size_t kMinBatch = 32;  // below, an inversion costs more than it saves

constexpr std::size_t kLarge = std::size_t{4} << 20U;
constexpr std::align_val_t kLargeAlign{std::size_t{1} << 16U};

/// What memory of this size is aligned to.
constexpr std::align_val_t page_of(std::size_t size) noexcept {
    return size >= kLarge ? kLargeAlign : std::align_val_t{alignof(PointXy)};
}

/// Room for `size`; what was there is lost when there was less.
template <class T>
void grow(UninitVector<T>& items, std::size_t size) {
    if (items.size() >= size) return;
    items.clear();
    items.resize(size);
}

G1Affine to_affine(const PointXy& point) noexcept {
    return {point.x, point.y, point.is_infinity()};
}

/// Places [begin, end) of the lanes, cut into the pieces of the runs that they belong to.
struct Piece {
    std::size_t first_run;  // the run of the first place
    std::vector<PointXy> sums;
};

Piece sum_places(std::span<const PointXy> bases, std::span<const std::uint32_t> lanes,
                 std::span<const std::uint32_t> ends, std::pair<std::size_t, std::size_t> places) {
    const auto [begin, end] = places;
    const auto after = std::ranges::upper_bound(ends, static_cast<std::uint32_t>(begin));
    Piece piece{static_cast<std::size_t>(after - ends.begin()), {}};
    RunSums runs;
    for (std::size_t at = begin; at < end; ++at) runs.refs.push_back(base_ref(lanes[at], false));
    std::size_t from = begin;
    for (std::size_t run = piece.first_run; from < end; ++run) {
        const std::size_t to = std::min<std::size_t>(ends[run], end);
        runs.sizes.push_back(static_cast<std::uint32_t>(to - from));
        from = to;
    }
    runs.reduce(bases);
    const auto& sums = runs.sums();
    piece.sums.assign(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(runs.sizes.size()));
    return piece;
}

}  // namespace

/// Pairs off the points of each run: the sums go to reduced_, a point left over is `copied`.
template <class Copy, class Add>
void RunSums::pair_off(std::span<std::uint32_t> part, const Copy& copied, const Add& add) {
    std::size_t total = 0, pairs = 0;
    for (const std::uint32_t size : part) {
        total += (size + 1) / 2;
        pairs += size / 2;
    }
    grow(reduced_, total);
    grow(slots_, pairs);
    PairSlot* slot = slots_.data();
    std::uint32_t from = 0, to = 0;
    for (std::uint32_t& size : part) {
        for (std::uint32_t i = 0; i + 1 < size; i += 2) *slot++ = {from + i, to++};
        if (size % 2 == 1) reduced_[to++] = copied(from + size - 1);
        from += size;
        size = (size + 1) / 2;
    }
    add(std::span(slots_).first(pairs));
    points_.swap(reduced_);
}

void RunSums::reduce(std::span<const PointXy> bases) {
    const auto is_used = [](std::uint32_t size) { return size > 0; };
    grow(sums_, static_cast<std::size_t>(std::ranges::count_if(sizes, is_used)));
    PointXy* out = sums_.data();
    for (std::size_t run = 0, ref = 0; run < sizes.size();) {
        std::size_t end = run, count = 0;
        while (end < sizes.size() && (count == 0 || count + sizes[end] <= kSlice))
            count += sizes[end++];
        reduce_part(bases, std::span(sizes).subspan(run, end - run),
                    std::span(refs).subspan(ref, count));
        const auto used =
            std::ranges::count_if(sizes.begin() + static_cast<std::ptrdiff_t>(run),
                                  sizes.begin() + static_cast<std::ptrdiff_t>(end), is_used);
        out = std::copy_n(points_.begin(), used, out);
        run = end;
        ref += count;
    }
}

void RunSums::reduce_part(std::span<const PointXy> bases, std::span<std::uint32_t> part,
                          std::span<const std::uint32_t> of_part) {
    pair_off(
        part, [&](std::uint32_t place) { return referred_point(bases, of_part[place]); },
        [&](std::span<const PairSlot> slots) {
            add_base_pairs(bases, of_part, reduced_.data(), slots, scratch_);
        });
    while (halve(part)) {
    }
    add_up_rest(part);
}

bool RunSums::halve(std::span<std::uint32_t> part) {
    std::size_t pairs = 0;
    for (const std::uint32_t size : part) pairs += size / 2;
    if (pairs < kMinBatch) return false;
    pair_off(
        part, [&](std::uint32_t place) { return points_[place]; },
        [&](std::span<const PairSlot> slots) {
            add_pairs(points_.data(), reduced_.data(), slots, scratch_);
        });
    return true;
}

/// Runs of several points that halve() left.
void RunSums::add_up_rest(std::span<std::uint32_t> part) {
    std::vector<G1> sums;
    std::size_t from = 0;
    for (const std::uint32_t size : part) {
        if (size > 1) {
            G1 sum;
            for (std::uint32_t i = 0; i < size; ++i) sum += to_affine(points_[from + i]);
            sums.push_back(sum);
        }
        from += size;
    }
    if (sums.empty()) return;
    const std::vector<G1Affine> affine = batch_to_affine(sums);
    from = 0;
    std::size_t to = 0, next = 0;
    for (std::uint32_t& size : part) {
        if (size == 0) continue;
        const PointXy alone = points_[from];
        from += size;
        if (size == 1) {
            points_[to++] = alone;
            continue;
        }
        const G1Affine& sum = affine[next++];
        points_[to++] = sum.infinity ? PointXy{} : PointXy{sum.x, sum.y};
        size = 1;
    }
}

void* allocate_pages(std::size_t size) {
    void* at = ::operator new(size, page_of(size));
#ifdef MADV_HUGEPAGE
    if (size >= kLarge) static_cast<void>(::madvise(at, size, MADV_HUGEPAGE));
#endif
    return at;
}

void free_pages(void* at, std::size_t size) noexcept {
    ::operator delete(at, page_of(size));
}

Points to_xy(std::span<const G1Affine> points) {
    Points out(points.size());
    parallel_for(points.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i)
            out[i] = points[i].infinity ? PointXy{} : PointXy{points[i].x, points[i].y};
    });
    return out;
}

std::vector<G1Affine> sum_runs(std::span<const PointXy> bases, std::span<const std::uint32_t> lanes,
                               std::span<const std::uint32_t> ends) {
    MINTMARK_ASSERT(ends.empty() ? lanes.empty() : ends.back() == lanes.size());
    const std::size_t parts =
        std::clamp<std::size_t>(lanes.size() / kGrain, 1, std::max<std::size_t>(num_threads(), 1));
    std::vector<Piece> pieces(parts);
    parallel_for(parts, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k)
            pieces[k] = sum_places(bases, lanes, ends,
                                   {lanes.size() * k / parts, lanes.size() * (k + 1) / parts});
    });
    std::vector<G1Affine> out(ends.size());
    std::vector<bool> is_begun(ends.size());
    for (const Piece& piece : pieces) {
        for (std::size_t i = 0; i < piece.sums.size(); ++i) {
            const std::size_t run = piece.first_run + i;
            const G1Affine part = to_affine(piece.sums[i]);
            out[run] = is_begun[run] ? (G1(out[run]) + G1(part)).to_affine() : part;
            is_begun[run] = true;
        }
    }
    return out;
}

}  // namespace mintmark
