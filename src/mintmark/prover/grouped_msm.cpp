#include "mintmark/prover/grouped_msm.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/msm.hpp"

namespace mintmark::prover {
namespace {

// The lanes in the order of their keys; stable. Keys are small: they count table rows.
std::vector<std::uint32_t> sorted_by_key(std::span<const std::int32_t> keys) {
    std::vector<std::uint32_t> lanes(keys.size());
    if (keys.empty()) return lanes;
    const auto [lowest, highest] = std::ranges::minmax(keys);
    const auto range = static_cast<std::uint64_t>(std::int64_t{highest} - std::int64_t{lowest});
    if (range > std::uint64_t{1} << 24U) {
        std::iota(lanes.begin(), lanes.end(), 0U);
        // Not stable_sort, whose buffers clang calls deprecated.
        std::ranges::sort(lanes, {},
                          [&](std::uint32_t lane) { return std::pair(keys[lane], lane); });
        return lanes;
    }
    const auto bin = [&](std::size_t lane) {
        return static_cast<std::size_t>(std::int64_t{keys[lane]} - lowest);
    };
    std::vector<std::uint32_t> next(range + 2, 0);
    for (std::size_t lane = 0; lane < keys.size(); ++lane) ++next[bin(lane) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (std::size_t lane = 0; lane < keys.size(); ++lane)
        lanes[next[bin(lane)]++] = static_cast<std::uint32_t>(lane);
    return lanes;
}

}  // namespace

LaneGroups::LaneGroups(std::span<const std::int32_t> keys) : lanes(sorted_by_key(keys)) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        const bool last =
            i + 1 == lanes.size() || keys[lanes[i]] != keys[lanes[i + 1]] || keys[lanes[i]] == -1;
        if (last) ends.push_back(static_cast<std::uint32_t>(i + 1));
    }
}

GroupedBases::GroupedBases(std::span<const PointXy> bases, LaneGroups groups)
    : groups_(std::move(groups)) {
    MINTMARK_ASSERT(bases.size() == groups_.lanes.size());
    sums_ = sum_runs(bases, groups_.lanes, groups_.ends);
}

template <class Value>
std::optional<std::vector<Value>> GroupedBases::group_values(std::span<const Value> values) const {
    MINTMARK_ASSERT(values.size() == groups_.lanes.size());
    constexpr std::size_t kGrain = 4096;
    const auto& ends = groups_.ends;
    std::vector<Value> out(ends.size());
    std::atomic<bool> are_equal = true;
    parallel_for(ends.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        std::size_t place = begin == 0 ? 0 : ends[begin - 1];
        bool same = true;
        for (std::size_t k = begin; k < end; ++k) {
            out[k] = values[groups_.lanes[place]];
            for (; place < ends[k]; ++place) same &= values[groups_.lanes[place]] == out[k];
        }
        if (!same) are_equal = false;
    });
    if (!are_equal) return std::nullopt;
    return out;
}

std::optional<G1> GroupedBases::sum(std::span<const Fr> values) const {
    const auto scalars = group_values(values);
    if (!scalars) return std::nullopt;
    return msm(sums_, *scalars);
}

std::optional<G1> GroupedBases::sum(std::span<const std::int64_t> values) const {
    const auto scalars = group_values(values);
    if (!scalars) return std::nullopt;
    return msm_small(sums_, *scalars);
}

G1 GroupedBases::sum_by_key(std::span<const std::int32_t> keys, std::span<const Fr> values) const {
    MINTMARK_ASSERT(keys.size() == groups_.lanes.size());
    std::vector<Fr> scalars(groups_.ends.size());
    for (std::size_t k = 0; k < scalars.size(); ++k) {
        const std::uint32_t lane = groups_.lanes[groups_.ends[k] - 1];
        scalars[k] = values[static_cast<std::size_t>(keys[lane])];
    }
    return msm(sums_, scalars);
}

}  // namespace mintmark::prover
