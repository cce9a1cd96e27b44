#include "mintmark/prover/grouped_msm.hpp"

#include <algorithm>
#include <numeric>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/msm.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kGrain = 512;  // additions that share an inversion, at least

struct Addition {
    std::uint32_t left, right, to;
};

// points[a.left] + points[a.right] for each addition, into out[a.to].
void add_all(std::span<const Addition> additions, const std::vector<G1Affine>& points,
             std::vector<G1Affine>& out) {
    parallel_for(additions.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        std::vector<Fq> inverses(end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            const G1Affine &p = points[additions[i].left], &q = points[additions[i].right];
            inverses[i - begin] = p.infinity || q.infinity ? Fq::zero() : q.x - p.x;
        }
        batch_inverse<Fq>(inverses);
        for (std::size_t i = begin; i < end; ++i) {
            const G1Affine &p = points[additions[i].left], &q = points[additions[i].right];
            G1Affine& sum = out[additions[i].to];
            const Fq& inverse = inverses[i - begin];
            if (inverse.is_zero()) {  // infinity, equal or opposite points
                sum = (G1(p) + G1(q)).to_affine();
                continue;
            }
            const Fq slope = (q.y - p.y) * inverse;
            const Fq x = slope.square() - p.x - q.x;
            sum = {x, slope * (p.x - x) - p.y, false};
        }
    });
}

// Adds up each run of points; `ends` delimits the runs (none is empty). Halves every run per pass.
std::vector<G1Affine> sum_runs(std::vector<G1Affine> points, std::vector<std::uint32_t> ends) {
    std::vector<Addition> additions;
    while (points.size() > ends.size()) {
        std::vector<G1Affine> next;
        additions.clear();
        std::uint32_t place = 0, from = 0;
        for (std::uint32_t& end : ends) {
            for (; from + 1 < end; from += 2) additions.push_back({from, from + 1, place++});
            if (from < end) additions.push_back({from, from, place++});  // alone: moved below
            from = end;
            end = place;
        }
        next.resize(place);
        const auto alone =
            std::ranges::partition(additions, [](const Addition& a) { return a.left != a.right; });
        for (const Addition& move : alone) next[move.to] = points[move.left];
        additions.resize(additions.size() - alone.size());
        add_all(additions, points, next);
        points = std::move(next);
    }
    return points;
}

}  // namespace

GroupedBases::GroupedBases(std::span<const G1Affine> bases, std::span<const std::int64_t> keys) {
    MINTMARK_ASSERT(bases.size() == keys.size());
    lanes_.resize(keys.size());
    std::iota(lanes_.begin(), lanes_.end(), 0U);
    std::ranges::sort(lanes_, {}, [&](std::uint32_t lane) { return keys[lane]; });
    std::vector<G1Affine> points;
    points.reserve(lanes_.size());
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        points.push_back(bases[lanes_[i]]);
        const bool last = i + 1 == lanes_.size() || keys[lanes_[i]] != keys[lanes_[i + 1]] ||
                          keys[lanes_[i]] == -1;
        if (last) ends_.push_back(static_cast<std::uint32_t>(i + 1));
    }
    sums_ = sum_runs(std::move(points), ends_);
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
