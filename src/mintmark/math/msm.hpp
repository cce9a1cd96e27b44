// Multi-scalar multiplication in G1: sum of scalar_i * base_i.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/math/curve.hpp"

namespace mintmark {

/// sum scalars[i] * bases[i]; the lengths must be equal (asserted). Any points on the
/// curve, repeated or infinite; any scalars. Threaded; not constant time.
[[nodiscard]] G1 msm(std::span<const G1Affine> bases, std::span<const Fr> scalars);

/// As msm, for signed 64-bit scalars. Zeros cost nothing; cost grows with the bit length of the
/// largest |scalar|.
[[nodiscard]] G1 msm_small(std::span<const G1Affine> bases, std::span<const std::int64_t> scalars);
/// msm_small of each bases.size() scalars, of which there is a whole number of times as many as
/// bases. Cheaper than one by one: a thread has a sum to itself.
[[nodiscard]] std::vector<G1> msm_small_each(std::span<const G1Affine> bases,
                                             std::span<const std::int64_t> scalars);

}  // namespace mintmark
