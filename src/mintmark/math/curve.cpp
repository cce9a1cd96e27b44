#include "mintmark/math/curve.hpp"

namespace mintmark {
namespace {

template <class Point>
std::vector<typename Point::Affine> normalise(std::span<const Point> points) {
    std::vector<typename Point::Coordinate> inverses(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) inverses[i] = points[i].zzz();
    batch_inverse(std::span(inverses));
    std::vector<typename Point::Affine> out(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
        out[i] = points[i].to_affine_with(inverses[i]);
    }
    return out;
}

}  // namespace

std::vector<G1Affine> batch_to_affine(std::span<const G1> points) {
    return normalise(points);
}
std::vector<G2Affine> batch_to_affine(std::span<const G2> points) {
    return normalise(points);
}

bool in_subgroup(const G2Affine& point) noexcept {
    return G2(point).mul_integer(Fr::kModulus).is_identity();
}

}  // namespace mintmark
