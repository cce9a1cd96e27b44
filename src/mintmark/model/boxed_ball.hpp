// How far products reach of rows that lie in a ball and in a box: what a curve like GELU leaves is
// bounded in length, and next to nothing on one side of zero.
#pragma once

#include <span>
#include <vector>

namespace mintmark::model {

/// Vectors v with |v|_2 <= radius and lo_i <= v_i <= hi_i.
struct BoxedBall {
    double radius = 0;
    std::vector<double> lo, hi;
};

/// Bounds of products, column by column; not rounded outwards.
struct Reach {
    std::vector<double> least, most;
};

/// Of v times `weight` ([lo.size(), m], row-major). By duality: for every c > 0
///   sum w v  <=  sum w v* + (radius^2 - |v*|^2) / 2c   with v* = w c, held in the box;
/// c = radius / |w| without a box is Cauchy-Schwarz, and no bound returned is wider.
[[nodiscard]] Reach reach_of(std::span<const double> weight, const BoxedBall& rows);

}  // namespace mintmark::model
