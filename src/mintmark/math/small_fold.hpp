// Sums of field elements times small integers: how weights and activations are folded. With AVX-512
// IFMA (chosen at run time) a term costs eight multiply-adds for eight lanes, a tenth of a field
// multiplication; elsewhere portable code. Single-threaded: callers split their ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mintmark/math/field.hpp"

namespace mintmark {

/// out[i] = values[i] mod p; equal lengths. Picks IFMA at run time.
void to_field(std::span<Fr> out, std::span<const std::int64_t> values);

// `Int` is std::int16_t, std::int32_t or std::int64_t. Any values are allowed; the fast path is for
// |value| < 2^19.
#define MINTMARK_SMALL_FOLD                                                                   \
    /** out[i] += sum over k of factors[k] rows[k][i]. As many rows as factors; every row has \
        out.size() values. */                                                                 \
    template <class Int>                                                                      \
    void add_small_rows(std::span<Fr> out, std::span<const Fr> factors,                       \
                        std::span<const Int* const> rows);                                    \
    /** out[r] += sum over i of factors[i] values[r stride + i]. */                           \
    template <class Int>                                                                      \
    void add_small_dots(std::span<Fr> out, std::span<const Fr> factors, const Int* values,    \
                        std::size_t stride);

MINTMARK_SMALL_FOLD

/// The portable versions (the oracle of the tests).
namespace portable {
MINTMARK_SMALL_FOLD
}
/// The IFMA versions; call only when ifma_available().
namespace ifma {
MINTMARK_SMALL_FOLD
}
#undef MINTMARK_SMALL_FOLD

}  // namespace mintmark
