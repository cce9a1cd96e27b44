#include "mintmark/math/small_fold.hpp"

#include <algorithm>
#include <vector>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/ifma_available.hpp"

namespace mintmark {

namespace portable {
namespace {

/// Multiplies integers by a factor, one multiplication each: the integer goes in as it is instead
/// of in Montgomery form, so the factor carries R twice.
class Multiplier {
  public:
    explicit Multiplier(const Fr& factor) noexcept
        : factor_(Fr::from_integer(factor.montgomery())) {}
    void add(Fr& sum, std::int64_t value) const noexcept {
        if (value == 0) return;
        const auto bits = static_cast<std::uint64_t>(value);
        const std::uint64_t magnitude = value < 0 ? std::uint64_t{0} - bits : bits;
        const Fr product = factor_ * Fr::from_montgomery({magnitude, 0, 0, 0});
        value < 0 ? sum -= product : sum += product;
    }

  private:
    Fr factor_;
};

}  // namespace

template <class Int>
void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,
                    std::span<const Int* const> rows) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const Multiplier times(factors[k]);
        for (std::size_t i = 0; i < out.size(); ++i) times.add(out[i], rows[k][i]);
    }
}

template <class Int>
void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                    std::size_t stride) {
    std::vector<Multiplier> times(factors.begin(), factors.end());
    for (std::size_t r = 0; r < out.size(); ++r)
        for (std::size_t i = 0; i < factors.size(); ++i)
            times[i].add(out[r], values[r * stride + i]);
}

}  // namespace portable

void to_field(std::span<Fr> out, std::span<const std::int64_t> values) {
    MINTMARK_ASSERT(out.size() == values.size());
    std::ranges::fill(out, Fr::zero());
    const Fr one = Fr::one();
    const std::int64_t* row = values.data();
    add_small_rows<std::int64_t>(out, {&one, 1}, {&row, 1});
}

template <class Int>
void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,
                    std::span<const Int* const> rows) {
    MINTMARK_ASSERT(factors.size() == rows.size());
    ifma_available() ? ifma::add_small_rows(out, factors, rows)
                     : portable::add_small_rows(out, factors, rows);
}

template <class Int>
void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                    std::size_t stride) {
    ifma_available() ? ifma::add_small_dots(out, factors, values, stride)
                     : portable::add_small_dots(out, factors, values, stride);
}

#define MINTMARK_INSTANTIATE(Int)                                                                  \
    template void add_small_rows(std::span<Fr>, std::span<const Fr>, std::span<const Int* const>); \
    template void add_small_dots(std::span<Fr>, std::span<const Fr>, const Int*, std::size_t);     \
    template void portable::add_small_rows(std::span<Fr>, std::span<const Fr>,                     \
                                           std::span<const Int* const>);                           \
    template void portable::add_small_dots(std::span<Fr>, std::span<const Fr>, const Int*,         \
                                           std::size_t);
MINTMARK_INSTANTIATE(std::int16_t)
MINTMARK_INSTANTIATE(std::int32_t)
MINTMARK_INSTANTIATE(std::int64_t)
#undef MINTMARK_INSTANTIATE

}  // namespace mintmark
