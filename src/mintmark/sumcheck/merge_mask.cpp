#include "mintmark/sumcheck/merge_mask.hpp"

#include <bit>

#include "mintmark/base/assert.hpp"

namespace mintmark::sumcheck {
namespace {

// Calls visit(pair, value of the even lane, value of the odd lane) for every pair that is not zero.
template <class Visit>
void for_each_pair(const SparseColumn& column, const Visit& visit) {
    for (std::size_t i = 0; i < column.size();) {
        const std::size_t pair = column[i].first / 2;
        std::array<Fr, 2> values{Fr::zero(), Fr::zero()};
        for (; i < column.size() && column[i].first / 2 == pair; ++i)
            values[column[i].first % 2] = column[i].second;
        visit(pair, values[0], values[1]);
    }
}

SparseColumn folded(const SparseColumn& column, const Fr& x) {
    SparseColumn out;
    for_each_pair(column, [&](std::size_t pair, const Fr& v0, const Fr& v1) {
        out.emplace_back(pair, v0 + x * (v1 - v0));
    });
    return out;
}

void check_order(const SparseColumn& column) {
    for (std::size_t i = 1; i < column.size(); ++i)
        MINTMARK_ASSERT(column[i - 1].first < column[i].first);
}

}  // namespace

MergeMask::MergeMask(std::vector<Fr> slots, const Fr& all, SparseColumn z, SparseColumn r)
    : slots_(std::move(slots)), all_(all), z_(std::move(z)), r_(std::move(r)) {
    check_order(z_);
    check_order(r_);
}

Fr MergeMask::slot(std::size_t lane) const {
    return lane < slots_.size() ? slots_[lane] : Fr::zero();
}

Fr MergeMask::coef_z_at(std::size_t lane) const {
    return all_ + slot(lane);
}

Fr MergeMask::coef_r_at(std::size_t lane) const {
    return all_ * (bound_sum_ + Fr::from_u64(static_cast<std::uint64_t>(std::popcount(lane))));
}

void MergeMask::add_round(std::array<Fr, 2>& message) const {
    const auto add = [&](const Fr& q0, const Fr& q1, const Fr& v0, const Fr& v1) {
        message[0] += q0 * v0;
        message[1] += (q1 - q0) * (v1 - v0);
    };
    for_each_pair(z_, [&](std::size_t pair, const Fr& v0, const Fr& v1) {
        add(coef_z_at(2 * pair), coef_z_at(2 * pair + 1), v0, v1);
    });
    for_each_pair(r_, [&](std::size_t pair, const Fr& v0, const Fr& v1) {
        add(coef_r_at(2 * pair), coef_r_at(2 * pair + 1), v0, v1);
    });
}

void MergeMask::bind(const Fr& challenge) {
    z_ = folded(z_, challenge);
    r_ = folded(r_, challenge);
    std::vector<Fr> slots((slots_.size() + 1) / 2);
    for (std::size_t i = 0; i < slots.size(); ++i)
        slots[i] = slot(2 * i) + challenge * (slot(2 * i + 1) - slot(2 * i));
    slots_ = std::move(slots);
    bound_sum_ += challenge;
}

Fr MergeMask::coef_z() const {
    return coef_z_at(0);
}

Fr MergeMask::coef_r() const {
    return coef_r_at(0);
}

}  // namespace mintmark::sumcheck
