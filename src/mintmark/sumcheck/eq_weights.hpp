// eq(point, y) for all y, held as two tables whose product it is: of the low variables and of the
// others. The whole table would take as much memory as half a factor of the sumcheck.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/math/kernels.hpp"

namespace mintmark::sumcheck {

/// Weights of pairs of lanes: pair y weighs eq(point, y mod 2^n), n the number of variables; 1 when
/// there are none.
class EqWeights {
  public:
    EqWeights() = default;
    explicit EqWeights(std::span<const Fr> point);

    [[nodiscard]] bool empty() const noexcept { return low_.size() <= 1; }
    /// Sums over variable 0: what is left are the weights of the other variables.
    void drop_lowest();

    /// As mintmark::pair_sums (pair_ends) of lanes whose first pair is pair `offset`.
    [[nodiscard]] PairSums sums(std::span<const Fr> a, std::span<const Fr> b,
                                std::size_t offset) const;
    [[nodiscard]] PairEnds ends(std::span<const Fr> a, std::span<const Fr> b,
                                std::size_t offset) const;

  private:
    /// Calls visit(first pair, number of pairs, weight of the others' table) for pieces of
    /// [offset, offset + count) along which that weight stays.
    template <class Visit>
    void for_each_piece(std::size_t offset, std::size_t count, const Visit& visit) const;
    [[nodiscard]] std::span<const Fr> low() const noexcept;

    std::vector<Fr> low_, high_;  ///< high_: not empty where low_ is not
};

}  // namespace mintmark::sumcheck
