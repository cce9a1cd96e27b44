#include "mintmark/sumcheck/eq_weights.hpp"

#include <algorithm>

#include "mintmark/math/poly.hpp"

namespace mintmark::sumcheck {
namespace {

constexpr std::size_t kLowVars = 14;                      // 512 KiB
constexpr std::size_t kLeastLow = std::size_t{1} << 10U;  // pairs; below, pieces would be small

}  // namespace

EqWeights::EqWeights(std::span<const Fr> point)
    : low_(eq_table(point.first(std::min(kLowVars, point.size())))),
      high_(eq_table(point.subspan(std::min(kLowVars, point.size())))) {}

void EqWeights::drop_lowest() {
    for (std::size_t i = 0; i < low_.size() / 2; ++i) low_[i] = low_[2 * i] + low_[2 * i + 1];
    low_.resize(std::max<std::size_t>(low_.size() / 2, std::min<std::size_t>(low_.size(), 1)));
    if (high_.size() <= 1 || low_.size() >= kLeastLow) return;
    std::vector<Fr> whole;
    whole.reserve(low_.size() * high_.size());
    for (const Fr& factor : high_)
        for (const Fr& weight : low_) whole.push_back(factor * weight);
    low_ = std::move(whole);
    high_.assign(1, Fr::one());
}

std::span<const Fr> EqWeights::low() const noexcept {
    return empty() ? std::span<const Fr>() : low_;
}

template <class Visit>
void EqWeights::for_each_piece(std::size_t offset, std::size_t count, const Visit& visit) const {
    for (std::size_t at = 0; at < count;) {
        const std::size_t place = offset + at;
        const std::size_t piece = std::min(count - at, low_.size() - place % low_.size());
        visit(at, piece, high_[place / low_.size() % high_.size()]);
        at += piece;
    }
}

PairSums EqWeights::sums(std::span<const Fr> a, std::span<const Fr> b, std::size_t offset) const {
    if (high_.size() <= 1) return pair_sums(a, b, low(), offset);
    PairSums sum{};
    for_each_piece(offset, a.size() / 2, [&](std::size_t at, std::size_t count, const Fr& factor) {
        const PairSums own = pair_sums(a.subspan(2 * at, 2 * count), b.subspan(2 * at, 2 * count),
                                       low(), offset + at);
        sum.at0 += factor * own.at0;
        sum.at1 += factor * own.at1;
        sum.lead += factor * own.lead;
    });
    return sum;
}

PairEnds EqWeights::ends(std::span<const Fr> a, std::span<const Fr> b, std::size_t offset) const {
    if (high_.size() <= 1) return pair_ends(a, b, low(), offset);
    PairEnds sum{};
    for_each_piece(offset, a.size() / 2, [&](std::size_t at, std::size_t count, const Fr& factor) {
        const PairEnds own = pair_ends(a.subspan(2 * at, 2 * count), b.subspan(2 * at, 2 * count),
                                       low(), offset + at);
        sum.at0 += factor * own.at0;
        sum.lead += factor * own.lead;
    });
    return sum;
}

}  // namespace mintmark::sumcheck
