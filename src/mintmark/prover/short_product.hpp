// Matrix products of small integers, the larger factor read as it lies: linear layers of an
// execution trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mintmark::prover {

/// sum over k of b[j][k] a[k][c], exact: a is depth x columns, b is rows x depth, both row-major.
class ShortProduct {
  public:
    static constexpr std::size_t kBlock = 64;  ///< columns at a time
    static constexpr int kMaxBits = 15;        ///< of a magnitude

    /// Magnitudes of a below 2^bits_a, of b below 2^bits_b, both at most kMaxBits (asserted); a has
    /// to outlive the object, b is copied.
    ShortProduct(std::span<const std::int64_t> a, std::size_t columns, int bits_a,
                 std::span<const std::int64_t> b, int bits_b);

    [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

    /// Adds the sums of columns [from, from + width) to out[j kBlock + c], width <= kBlock; any
    /// thread. Cost: 32 multiplications an instruction with AVX-512, 16 with AVX2 (chosen at run
    /// time), else 8.
    void add_block(std::size_t from, std::size_t width, std::span<std::int64_t> out) const;

  private:
    void pack(std::size_t pair, std::size_t from, std::size_t width, std::int32_t* to) const;

    std::span<const std::int64_t> a_;
    std::size_t columns_, depth_, rows_ = 0;
    std::size_t pairs_;            // of the depth, an odd one's last with zero
    std::size_t piece_;            // pairs whose sums fit in 32 bits, and whose block the cache
    std::vector<std::int32_t> b_;  // two 16-bit integers each, rows x pairs
};

}  // namespace mintmark::prover
