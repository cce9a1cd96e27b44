// Dot products of rows of small integers: most of an execution trace's multiplications.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mintmark::prover {

/// A matrix of 16-bit integers, rows padded with zeros to whole vectors.
class ShortRows {
  public:
    /// `values`: rows of `depth`, each of magnitude below 2^15; nullopt for larger ones.
    [[nodiscard]] static std::optional<ShortRows> make(std::span<const std::int64_t> values,
                                                       std::size_t depth);

    /// Exact dot product of row `row` with row `other_row` of a matrix of the same depth
    /// (asserted). Cost: eight multiply-accumulates an instruction (SSE2, every x86-64 has it).
    [[nodiscard]] std::int64_t dot(std::size_t row, const ShortRows& other,
                                   std::size_t other_row) const;

  private:
    std::size_t depth_ = 0;  // padded
    int bits_ = 0;           // of the largest magnitude
    std::vector<std::int16_t> values_;
};

}  // namespace mintmark::prover
