// Folding of the sumchecks' tables and, in the same pass, the sums of the next round: a block is
// summed up while it is in the cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "mintmark/base/uninit.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/sumcheck/eq_weights.hpp"

namespace mintmark::sumcheck {

/// A table that all threads fill: its elements are unset when it is made.
using FrTable = UninitVector<Fr>;

/// Values that are read where they lie: field elements, or integers, whose first round costs a
/// third. One of the two.
struct TableView {
    std::span<const Fr> fields;
    std::span<const std::int64_t> ints;

    [[nodiscard]] std::size_t size() const noexcept { return fields.size() + ints.size(); }
};

/// `used` lanes and those that complete the last four: what the rounds of a table read whose later
/// lanes are padding.
[[nodiscard]] constexpr std::size_t lanes_to_read(std::size_t used, std::size_t size) noexcept {
    return used >= size ? size : std::min(size, (std::max<std::size_t>(used, 1) + 3) / 4 * 4);
}

/// Two tables that hold few values: lane x has a[rows[x]] and b[rows[x]], with the lowest variables
/// fixed to `fixed`, in order. No row is negative. From lane `used` on, all rows are the last one,
/// whose a is zero (asserted): padding, which adds nothing to any sum and is not read.
struct SharedRows {
    std::span<const std::int32_t> rows;
    std::span<const Fr> a, b;
    std::vector<Fr> fixed = {};                                  ///< at most 9
    std::size_t used = std::numeric_limits<std::size_t>::max();  ///< before any is fixed

    [[nodiscard]] std::size_t size() const noexcept { return rows.size() >> fixed.size(); }
    /// Lanes that sums have to read.
    [[nodiscard]] std::size_t size_to_read() const noexcept {
        const std::size_t whole = std::min(used, rows.size());
        const std::size_t lanes =
            (whole >> fixed.size()) + (whole % (std::size_t{1} << fixed.size()) == 0 ? 0 : 1);
        return lanes_to_read(lanes, size());
    }
    /// Lanes [begin, begin + out_a.size()) of both.
    void read(std::size_t begin, std::span<Fr> out_a, std::span<Fr> out_b) const;
};

/// The b of all padding.
[[nodiscard]] Fr padding_of(const SharedRows& tables);
/// Writes the lanes of padding that lanes_to_read(used, size) adds: zero and `value`.
void fill_padding(std::span<Fr> a, std::span<Fr> b, std::size_t used, const Fr& value);

/// As mintmark::pair_sums on all of the two tables, threaded.
[[nodiscard]] PairSums sum_pairs(std::span<const Fr> a, std::span<const Fr> b,
                                 const EqWeights& weights);
[[nodiscard]] PairSums sum_pairs(const SharedRows& tables, const EqWeights& weights);
/// The same as mintmark::pair_ends.
[[nodiscard]] PairEnds sum_ends(const SharedRows& tables, const EqWeights& weights);
/// As mintmark::pair_ends on all of the two tables, threaded. Integers take no weights (asserted).
[[nodiscard]] PairEnds sum_ends(std::span<const Fr> a, const TableView& b,
                                const EqWeights& weights);
/// As mintmark::dot, threaded.
[[nodiscard]] Fr sum_products(std::span<const Fr> a, const TableView& b);

/// Fixes variable 0 of both tables to r, in place; 2^n values each, n >= 1. Returns the sums of the
/// next round with `weights` (zero when nothing is left to sum over).
PairEnds fold_to_half(std::span<Fr> a, std::span<Fr> b, const Fr& r, const EqWeights& weights);
template <class Table>
PairEnds fold_and_sum(Table& a, Table& b, const Fr& r, const EqWeights& weights) {
    const PairEnds sum = fold_to_half(std::span<Fr>(a), std::span<Fr>(b), r, weights);
    a.resize(a.size() / 2);
    b.resize(a.size());
    return sum;
}
/// The same where the second table begins as `from` and ends up in `b`.
PairEnds fold_and_sum(std::vector<Fr>& a, const TableView& from, std::vector<Fr>& b, const Fr& r,
                      const EqWeights& weights = {});
/// The same of tables that hold few values; the folded ones end up in `a` and `b`, whose lanes from
/// lanes_to_read(from.size_to_read() / 2, ...) on stay unset.
PairEnds fold_and_sum(const SharedRows& from, FrTable& a, FrTable& b, const Fr& r,
                      const EqWeights& weights);

}  // namespace mintmark::sumcheck
