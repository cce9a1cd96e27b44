// KZG commitments to chunks: p(X) = sum_x lanes[x] X^x + blinder X^m.
#pragma once

#include <cstdint>
#include <span>

#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/pcs/srs.hpp"

namespace mintmark {

/// [sum_x coeffs[x] tau^x + blinder tau^m]_1. coeffs.size() <= m < srs.g1.size() (asserted);
/// missing coefficients are zero. Cost: one multi-scalar multiplication of coeffs.size() points.
[[nodiscard]] G1Affine commit(const Srs& srs, std::span<const Fr> coeffs, const Fr& blinder,
                              std::size_t m);

/// The same for signed integers; fast when they are small and when many are zero.
[[nodiscard]] G1Affine commit_small(const Srs& srs, std::span<const std::int64_t> coeffs,
                                    const Fr& blinder, std::size_t m);
/// The same of each m coefficients, with as many blinders as there are such chunks (asserted).
[[nodiscard]] std::vector<G1Affine> commit_small_each(const Srs& srs,
                                                      std::span<const std::int64_t> coeffs,
                                                      std::span<const Fr> blinders, std::size_t m);

}  // namespace mintmark
