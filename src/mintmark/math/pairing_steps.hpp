// The steps of the pairing, for tests; callers use pairing.hpp.
#pragma once

#include <span>
#include <utility>

#include "mintmark/math/curve.hpp"
#include "mintmark/math/fq12.hpp"

namespace mintmark {

/// a^q.
[[nodiscard]] Fq12 frobenius(const Fq12& a) noexcept;
/// Product of the Miller functions f_{6x+2,Q}(P) with the two closing lines, up to a factor that
/// the final exponentiation removes; pairs with an infinity are left out.
[[nodiscard]] Fq12 miller_loop(std::span<const std::pair<G1Affine, G2Affine>> pairs);
/// value^(m (q^12 - 1) / r), m = 2x (6x^2 + 3x + 1); 0 for 0.
[[nodiscard]] Fq12 final_exponentiation(const Fq12& value) noexcept;

}  // namespace mintmark
