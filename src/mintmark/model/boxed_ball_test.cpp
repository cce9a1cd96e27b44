// Bounds of products with rows that lie in a ball and in a box: never below what rows reach.
#include "mintmark/model/boxed_ball.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mintmark/base/rng.hpp"

namespace mintmark::model {
namespace {

double signed_share(SeededRng& rng) {
    return static_cast<double>(rng.next() >> 11U) * 0x1p-52 - 1;
}

/// The vector of the set that lies furthest in the direction of w, nearly: w c held in the box, c
/// as large as the ball allows.
std::vector<double> furthest(const std::vector<double>& w, const BoxedBall& set) {
    std::vector<double> best(w.size());
    for (double c = 0x1p-20; c < 0x1p20; c *= 1.01) {
        std::vector<double> v(w.size());
        double square = 0;
        for (std::size_t i = 0; i < w.size(); ++i) {
            v[i] = std::clamp(w[i] * c, set.lo[i], set.hi[i]);
            square += v[i] * v[i];
        }
        if (square > set.radius * set.radius) break;
        best = v;
    }
    return best;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

TEST(BoxedBall, WithoutABoxCauchySchwarzHolds) {
    const std::vector<double> weight = {3, 0, 4, 0};
    const Reach reach = reach_of(weight, {2, {-2, -2}, {2, 2}});
    EXPECT_DOUBLE_EQ(reach.most[0], 10);
    EXPECT_DOUBLE_EQ(reach.least[0], -10);
    EXPECT_EQ(reach.most[1], 0);
    EXPECT_EQ(reach.least[1], 0);
}

TEST(BoxedBall, ASmallBoxIsAllThatIsReached) {
    const std::vector<double> weight = {3, -4};
    const Reach reach = reach_of(weight, {100, {-1, -2}, {3, 1}});
    EXPECT_GE(reach.most[0], 3 * 3 + 4 * 2);
    EXPECT_GE(-reach.least[0], 3 * 1 + 4 * 1);
    EXPECT_LE(reach.most[0], 5 * 100);
}

/// What a curve that cuts off below zero leaves: entries from -0.2 on.
TEST(BoxedBall, BoundsHoldAndAreNotFar) {
    SeededRng rng(5);
    for (int round = 0; round < 40; ++round) {
        const std::size_t n = 1 + rng.next() % 60, m = 1 + rng.next() % 5;
        BoxedBall set{1.5 + signed_share(rng), {}, {}};
        for (std::size_t i = 0; i < n; ++i) {
            set.lo.push_back(-0.2 * std::abs(signed_share(rng)));
            set.hi.push_back(std::abs(signed_share(rng)) * set.radius);
        }
        std::vector<double> weight(n * m);
        for (double& w : weight) w = signed_share(rng) * std::abs(signed_share(rng));
        const Reach reach = reach_of(weight, set);
        for (std::size_t j = 0; j < m; ++j) {
            std::vector<double> w, turned;
            for (std::size_t i = 0; i < n; ++i) w.push_back(weight[i * m + j]);
            for (const double x : w) turned.push_back(-x);
            const double most = product(w, furthest(w, set));
            const double least = product(w, furthest(turned, set));
            EXPECT_GE(reach.most[j], most * (1 - 1e-12));
            EXPECT_LE(reach.least[j], least * (1 - 1e-12));
            const double schwarz = std::sqrt(product(w, w)) * set.radius;
            EXPECT_LE(reach.most[j], schwarz * (1 + 1e-12));
            EXPECT_GE(reach.least[j], -schwarz * (1 + 1e-12));
            if (n < 10) continue;
            EXPECT_LE(reach.most[j], 1.2 * most);
            EXPECT_GE(reach.least[j], 1.2 * least - 0.02 * schwarz);
        }
    }
}

}  // namespace
}  // namespace mintmark::model
