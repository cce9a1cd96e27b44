#include "mintmark/math/small_fold.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/ifma_available.hpp"

namespace mintmark {

namespace portable {

template <class Int>
void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,
                    std::span<const Int* const> rows) {
    for (std::size_t k = 0; k < rows.size(); ++k) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            if (rows[k][i] != 0) out[i] += factors[k] * Fr::from_i64(rows[k][i]);
        }
    }
}

template <class Int>
void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,
                    std::size_t stride) {
    for (std::size_t r = 0; r < out.size(); ++r) {
        for (std::size_t i = 0; i < factors.size(); ++i) {
            const Int value = values[r * stride + i];
            if (value != 0) out[r] += factors[i] * Fr::from_i64(value);
        }
    }
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
