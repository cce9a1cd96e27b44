// The optimal ate pairing e: G1 x G2 -> Fq12 of BN254, as a product check (EIP-197).
#pragma once

#include <span>
#include <utility>

#include "mintmark/math/curve.hpp"

namespace mintmark {

/// prod e(P_i, Q_i) = 1. P_i on the curve, Q_i on the curve and in the subgroup of order r (the
/// caller checks both); pairs with an infinity contribute 1; true for no pairs.
[[nodiscard]] bool pairing_product_is_one(
    std::span<const std::pair<G1Affine, G2Affine>> pairs) noexcept;

}  // namespace mintmark
