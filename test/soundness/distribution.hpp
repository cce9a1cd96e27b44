// Chi-square statistics of samples over a small prime field, against the uniform distribution.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mintmark::testing {

/// Samples of vectors over Z/97, stored by coordinate.
class SmallSamples {
  public:
    static constexpr std::size_t kPrime = 97;

    explicit SmallSamples(std::size_t coordinates) : columns_(coordinates) {}

    void add(std::span<const std::uint8_t> sample) {
        for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].push_back(sample[i]);
    }
    [[nodiscard]] std::size_t dimension() const { return columns_.size(); }
    [[nodiscard]] std::size_t size() const { return columns_[0].size(); }

    /// Of sum_i weights[i] x_i: 96 degrees of freedom.
    [[nodiscard]] double chi_square(std::span<const std::uint8_t> weights) const {
        std::vector<std::uint32_t> sums(size());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (weights[i] == 0) continue;
            for (std::size_t s = 0; s < sums.size(); ++s)
                sums[s] += std::uint32_t{weights[i]} * columns_[i][s];
        }
        std::vector<std::uint32_t> counts(kPrime);
        for (const std::uint32_t sum : sums) ++counts[sum % kPrime];
        return statistic(counts);
    }
    /// Of coordinate i alone.
    [[nodiscard]] double chi_square(std::size_t i) const {
        std::vector<std::uint32_t> counts(kPrime);
        for (const std::uint8_t x : columns_[i]) ++counts[x];
        return statistic(counts);
    }
    /// Of the pair (i, j): 97^2 - 1 = 9408 degrees of freedom.
    [[nodiscard]] double chi_square(std::size_t i, std::size_t j) const {
        std::vector<std::uint32_t> counts(kPrime * kPrime);
        for (std::size_t s = 0; s < size(); ++s) ++counts[kPrime * columns_[i][s] + columns_[j][s]];
        return statistic(counts);
    }

  private:
    [[nodiscard]] double statistic(std::span<const std::uint32_t> counts) const {
        const double expected = static_cast<double>(size()) / static_cast<double>(counts.size());
        double sum = 0;
        for (const std::uint32_t count : counts) {
            const double off = static_cast<double>(count) - expected;
            sum += off * off / expected;
        }
        return sum;
    }

    std::vector<std::vector<std::uint8_t>> columns_;
};

}  // namespace mintmark::testing
