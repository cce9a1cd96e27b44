// Multilinear polynomials given by their values on {0,1}^n, and the equality and less-than
// polynomials over them.
//
// Variable i is bit i of the index (variable 0 = least significant); a table of n variables has
// 2^n entries. eq(a, b) = prod_i (a_i b_i + (1 - a_i)(1 - b_i)).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"

namespace mintmark {

/// The 2^n values eq(point, j), j = 0 .. 2^n - 1; index bit i belongs to point[i]. {1} for n = 0.
[[nodiscard]] std::vector<Fr> eq_table(std::span<const Fr> point);
/// As eq_table, every value multiplied by `scale`.
[[nodiscard]] std::vector<Fr> eq_table(std::span<const Fr> point, const Fr& scale);

/// eq(a, b); the spans have one length.
[[nodiscard]] Fr eq_eval(std::span<const Fr> a, std::span<const Fr> b) noexcept;
/// eq(a, bits of index); 0 when index >= 2^n.
[[nodiscard]] Fr eq_index(std::span<const Fr> a, std::uint64_t index) noexcept;
/// Sum of eq(a, j) over j < bound, in O(n); 1 when bound >= 2^n.
[[nodiscard]] Fr lt_eval(std::uint64_t bound, std::span<const Fr> a) noexcept;

/// Fixes variable 0 to r in place: t[i] = t[2i] + r (t[2i+1] - t[2i]); halves the size, which must
/// be even. Threaded for large tables.
void bind_low(std::vector<Fr>& table, const Fr& r);

/// The multilinear extension of `table` (2^n values) at `point` (n coordinates).
[[nodiscard]] Fr mle_eval(std::span<const Fr> table, std::span<const Fr> point);

/// The same of integers, which are not written out as field elements; those left out at the end of
/// the 2^n are zeros. Threaded.
[[nodiscard]] Fr mle_eval_ints(std::span<const std::int64_t> table, std::span<const Fr> point);

/// Value at x of the polynomial with these coefficients, lowest first (Horner); 0 when empty.
[[nodiscard]] Fr horner(std::span<const Fr> coefficients, const Fr& x) noexcept;

}  // namespace mintmark
