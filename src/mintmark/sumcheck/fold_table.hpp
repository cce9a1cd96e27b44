// Folding of the sumchecks' tables and, in the same pass, the sums of the next round: a block is
// summed up while it is in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/kernels.hpp"
#include "mintmark/sumcheck/eq_weights.hpp"

namespace mintmark::sumcheck {

/// Values that are read where they lie: field elements, or integers, whose first round costs a
/// third. One of the two.
struct TableView {
    std::span<const Fr> fields;
    std::span<const std::int64_t> ints;

    [[nodiscard]] std::size_t size() const noexcept { return fields.size() + ints.size(); }
};

/// Two tables that hold few values: lane x has a[rows[x]] and b[rows[x]], with the lowest variables
/// fixed to `fixed`, in order. No row is negative.
struct SharedRows {
    std::span<const std::int32_t> rows;
    std::span<const Fr> a, b;
    std::vector<Fr> fixed = {};  ///< at most 9

    [[nodiscard]] std::size_t size() const noexcept { return rows.size() >> fixed.size(); }
    /// Lanes [begin, begin + out_a.size()) of both.
    void read(std::size_t begin, std::span<Fr> out_a, std::span<Fr> out_b) const;
};

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
PairEnds fold_and_sum(std::vector<Fr>& a, std::vector<Fr>& b, const Fr& r,
                      const EqWeights& weights);
/// The same where the second table begins as `from` and ends up in `b`.
PairEnds fold_and_sum(std::vector<Fr>& a, const TableView& from, std::vector<Fr>& b, const Fr& r,
                      const EqWeights& weights = {});
/// The same of tables that hold few values; the folded ones end up in `a` and `b`.
PairEnds fold_and_sum(const SharedRows& from, std::vector<Fr>& a, std::vector<Fr>& b, const Fr& r,
                      const EqWeights& weights);

}  // namespace mintmark::sumcheck
