#include "mintmark/math/msm.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <vector>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark {
namespace {

/// Digits of all scalars in base 2^width, signed, in [-2^(width-1), 2^(width-1)], digit-major:
/// digit k of scalar i is at [k * count + i].
struct Digits {
    unsigned width;
    std::size_t count;
    std::size_t windows;
    std::vector<std::int32_t> values;
};

/// Width that minimises additions: count per window, and 2^(width-1) buckets twice.
unsigned best_width(std::size_t count, unsigned bits) noexcept {
    unsigned best = 1;
    double best_cost = 1e300;
    for (unsigned width = 2; width <= 16; ++width) {
        const double windows = static_cast<double>((bits + width) / width);
        const double buckets = static_cast<double>(std::size_t{1} << (width - 1));
        const double cost = windows * (static_cast<double>(count) + 2.6 * buckets);
        if (cost < best_cost) best = width, best_cost = cost;
    }
    return best;
}

/// Splits |magnitude| (little-endian limbs) of `sign` into digits[k * count + i].
void split(std::span<const std::uint64_t> magnitude, bool negative, std::size_t i, Digits& out) {
    const std::int64_t half = std::int64_t{1} << (out.width - 1);
    const std::uint64_t mask = (std::uint64_t{1} << out.width) - 1;
    std::int64_t carry = 0;
    for (std::size_t k = 0; k < out.windows; ++k) {
        const std::size_t position = k * out.width;
        const std::size_t limb = position / 64, shift = position % 64;
        std::uint64_t raw = limb < magnitude.size() ? magnitude[limb] >> shift : 0;
        if (shift + out.width > 64 && limb + 1 < magnitude.size()) {
            raw |= magnitude[limb + 1] << (64 - shift);
        }
        std::int64_t digit = static_cast<std::int64_t>(raw & mask) + carry;
        carry = digit > half ? 1 : 0;
        digit -= carry << out.width;
        out.values[k * out.count + i] = static_cast<std::int32_t>(negative ? -digit : digit);
    }
}

/// Sum of digit * base over one window's digits by buckets.
G1 window_sum(std::span<const G1Affine> bases, std::span<const std::int32_t> digits,
              unsigned width) {
    std::vector<G1> buckets(std::size_t{1} << (width - 1));
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::int32_t digit = digits[i];
        if (digit == 0) continue;
        G1& bucket = buckets[static_cast<std::size_t>(std::abs(digit)) - 1];
        bucket += digit > 0 ? bases[i] : -bases[i];
    }
    G1 running, sum;
    for (std::size_t b = buckets.size(); b > 0; --b) {
        running += buckets[b - 1];
        sum += running;
    }
    return sum;
}

G1 sum_windows(std::span<const G1Affine> bases, const Digits& digits) {
    std::vector<G1> sums(digits.windows);
    parallel_for(digits.windows, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
            const auto part = std::span(digits.values).subspan(k * digits.count, digits.count);
            sums[k] = window_sum(bases, part, digits.width);
        }
    });
    G1 total;
    for (std::size_t k = digits.windows; k > 0; --k) {
        for (unsigned i = 0; i < digits.width; ++i) total = total.double_();
        total += sums[k - 1];
    }
    return total;
}

Digits empty_digits(std::size_t count, unsigned bits) {
    const unsigned width = best_width(count, bits);
    const std::size_t windows = (bits + width) / width;  // one bit more: room for the carry
    return {width, count, windows, std::vector<std::int32_t>(windows * count)};
}

}  // namespace

G1 msm(std::span<const G1Affine> bases, std::span<const Fr> scalars) {
    MINTMARK_ASSERT(bases.size() == scalars.size());
    Digits digits = empty_digits(scalars.size(), Fr::kBits);
    for (std::size_t i = 0; i < scalars.size(); ++i) {
        split(scalars[i].to_canonical(), false, i, digits);
    }
    return sum_windows(bases, digits);
}

G1 msm_small(std::span<const G1Affine> bases, std::span<const std::int64_t> scalars) {
    MINTMARK_ASSERT(bases.size() == scalars.size());
    std::vector<G1Affine> used;
    std::vector<std::int64_t> values;
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < scalars.size(); ++i) {
        if (scalars[i] == 0) continue;
        used.push_back(bases[i]);
        values.push_back(scalars[i]);
        const auto raw = static_cast<std::uint64_t>(scalars[i]);
        all |= scalars[i] < 0 ? std::uint64_t{0} - raw : raw;
    }
    Digits digits = empty_digits(values.size(), static_cast<unsigned>(std::bit_width(all)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto raw = static_cast<std::uint64_t>(values[i]);
        const std::uint64_t magnitude = values[i] < 0 ? std::uint64_t{0} - raw : raw;
        split(std::span(&magnitude, 1), values[i] < 0, i, digits);
    }
    return sum_windows(used, digits);
}

}  // namespace mintmark
