#include "mintmark/prover/grouped_msm.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/run_sums.hpp"

namespace mintmark::prover {
namespace {

// The lanes in the order of their keys; stable. Keys are small: they count table rows.
std::vector<std::uint32_t> sorted_by_key(std::span<const std::int64_t> keys) {
    std::vector<std::uint32_t> lanes(keys.size());
    if (keys.empty()) return lanes;
    const auto [lowest, highest] = std::ranges::minmax(keys);
    const auto range = static_cast<std::uint64_t>(highest) - static_cast<std::uint64_t>(lowest);
    if (range > std::uint64_t{1} << 24U) {
        std::iota(lanes.begin(), lanes.end(), 0U);
        // Not stable_sort, whose buffers clang calls deprecated.
        std::ranges::sort(lanes, {},
                          [&](std::uint32_t lane) { return std::pair(keys[lane], lane); });
        return lanes;
    }
    const auto bin = [&](std::size_t lane) {
        return static_cast<std::size_t>(keys[lane] - lowest);
    };
    std::vector<std::uint32_t> next(range + 2, 0);
    for (std::size_t lane = 0; lane < keys.size(); ++lane) ++next[bin(lane) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    for (std::size_t lane = 0; lane < keys.size(); ++lane)
        lanes[next[bin(lane)]++] = static_cast<std::uint32_t>(lane);
    return lanes;
}

}  // namespace

GroupedBases::GroupedBases(std::span<const G1Affine> bases, std::span<const std::int64_t> keys)
    : lanes_(sorted_by_key(keys)) {
    MINTMARK_ASSERT(bases.size() == keys.size());
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const bool last = i + 1 == lanes_.size() || keys[lanes_[i]] != keys[lanes_[i + 1]] ||
                          keys[lanes_[i]] == -1;
        if (last) ends_.push_back(static_cast<std::uint32_t>(i + 1));
    }
    sums_ = sum_runs(bases, lanes_, ends_);
}

template <class Value>
std::optional<std::vector<Value>> GroupedBases::group_values(std::span<const Value> values) const {
    MINTMARK_ASSERT(values.size() == lanes_.size());
    std::vector<Value> out;
    out.reserve(ends_.size());
    std::size_t place = 0;
    for (const std::uint32_t end : ends_) {
        const Value& first = values[lanes_[place]];
        for (; place < end; ++place)
            if (!(values[lanes_[place]] == first)) return std::nullopt;
        out.push_back(first);
    }
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

}  // namespace mintmark::prover
