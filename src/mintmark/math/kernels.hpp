// Arithmetic on whole arrays of Fr. Each function picks AVX-512 IFMA at run time when the processor
// has it (about five times faster) and portable code otherwise; both give the same elements.
// Single-threaded: callers split their ranges with parallel_for. Output may be the input itself,
// but not overlap it otherwise.
#pragma once

#include <cstddef>
#include <span>

#include "mintmark/math/field.hpp"

namespace mintmark {

/// Sums over pairs y of an array pair: see pair_sums.
struct PairSums {
    Fr at0, at1, lead;
};

/// The same without the sums at 1, which a claim gives: see pair_ends.
struct PairEnds {
    Fr at0, lead;
};

#define MINTMARK_KERNELS                                                                        \
    /** Replaces every element by its inverse; zeros stay zero. */                              \
    void invert_all(std::span<Fr> values);                                                      \
    /** out[i] = a[i] b[i]; equal lengths. */                                                   \
    void mul_batch(std::span<Fr> out, std::span<const Fr> a, std::span<const Fr> b) noexcept;   \
    /** out[i] += factor a[i]; equal lengths. */                                                \
    void add_scaled(std::span<Fr> out, const Fr& factor, std::span<const Fr> a) noexcept;       \
    /** out[i] = in[2i] + r (in[2i+1] - in[2i]); in is twice as long as out, and begins where   \
        out begins or does not overlap it. */                                                   \
    void fold_low(std::span<Fr> out, std::span<const Fr> in, const Fr& r) noexcept;             \
    /** high[i] = r low[i], then low[i] -= high[i]: one variable more in a table of eq. */      \
    void split_eq(std::span<Fr> low, std::span<Fr> high, const Fr& r) noexcept;                 \
    /** Sum of a[i] b[i]; equal lengths. */                                                     \
    [[nodiscard]] Fr dot(std::span<const Fr> a, std::span<const Fr> b) noexcept;                \
    /** With e_y = weights[(offset + y) mod weights.size()] (1 when there are none), sums over  \
        y < a.size() / 2 of e_y a[2y] b[2y], e_y a[2y+1] b[2y+1] and                            \
        e_y (a[2y+1] - a[2y]) (b[2y+1] - b[2y]). a and b have one even length; the number of    \
        weights is a power of two or zero. */                                                   \
    [[nodiscard]] PairSums pair_sums(std::span<const Fr> a, std::span<const Fr> b,              \
                                     std::span<const Fr> weights, std::size_t offset) noexcept; \
    /** The first and the last of pair_sums' sums. */                                           \
    [[nodiscard]] PairEnds pair_ends(std::span<const Fr> a, std::span<const Fr> b,              \
                                     std::span<const Fr> weights, std::size_t offset) noexcept;

MINTMARK_KERNELS

/// The portable versions (the oracle of the tests).
namespace portable {
MINTMARK_KERNELS
}
/// The IFMA versions; call only when ifma_available().
namespace ifma {
MINTMARK_KERNELS
}
#undef MINTMARK_KERNELS

}  // namespace mintmark
