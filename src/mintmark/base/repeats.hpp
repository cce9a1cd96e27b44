// Stretches of a sequence that repeat themselves: the blocks of a deep network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mintmark {

/// symbols[i] == symbols[i + period] for begin <= i < begin + length - period.
struct Repeat {
    std::size_t begin = 0, period = 0, length = 0;
    /// Whole periods in it, at least 2.
    [[nodiscard]] std::size_t count() const { return length / period; }
    [[nodiscard]] std::size_t end() const { return begin + length; }
    bool operator==(const Repeat&) const = default;
};

/// Disjoint repeats of at least two periods of `least_period` symbols or more, in order; those that
/// spare most symbols are taken first. Quadratic in the number of symbols.
[[nodiscard]] std::vector<Repeat> find_repeats(std::span<const std::uint32_t> symbols,
                                               std::size_t least_period);

}  // namespace mintmark
