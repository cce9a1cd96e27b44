// The dispatched bucket sum (IFMA where the processor has it) against the definition.
#include "mintmark/math/bucket_sum.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mintmark {
namespace {

PointXy to_xy(const G1Affine& point) {
    return point.infinity ? PointXy{} : PointXy{point.x, point.y};
}

std::vector<PointXy> random_buckets(std::size_t count, std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<G1> points(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t kind = rng.next() % 8;
        if (kind == 0) continue;  // infinity
        points[i] = kind == 1 && i > 0   ? points[i - 1]
                    : kind == 2 && i > 0 ? -points[i - 1]
                                         : G1::generator().mul(Fr::random(rng));
    }
    std::vector<PointXy> out;
    for (const G1Affine& point : batch_to_affine(points)) out.push_back(to_xy(point));
    return out;
}

G1 by_definition(std::span<const PointXy> buckets) {
    G1 sum;
    for (std::size_t b = 0; b < buckets.size(); ++b) {
        if (buckets[b].is_infinity()) continue;
        sum += G1(G1Affine{buckets[b].x, buckets[b].y, false}).mul(Fr::from_u64(b + 1));
    }
    return sum;
}

TEST(BucketSum, AgainstTheDefinition) {
    for (const std::size_t count : {0U, 1U, 7U, 63U, 64U, 65U, 71U, 128U, 512U, 1003U}) {
        const auto buckets = random_buckets(count, count);
        const G1 want = by_definition(buckets);
        EXPECT_EQ(bucket_sum(buckets), want) << count;
        EXPECT_EQ(portable::bucket_sum(buckets), want) << count;
    }
}

TEST(BucketSum, EqualAndInfiniteBuckets) {
    // Every sum on the way is a doubling, an identity, or an addition to itself.
    const PointXy generator = to_xy(G1Affine::generator());
    for (const std::size_t count : {64U, 256U}) {
        const std::vector<PointXy> equal(count, generator), none(count);
        EXPECT_EQ(bucket_sum(equal), by_definition(equal));
        EXPECT_TRUE(bucket_sum(none).is_identity());
        for (const std::size_t at : {std::size_t{0}, count / 3, count - 1}) {
            auto one = none;
            one[at] = generator;
            EXPECT_EQ(bucket_sum(one), by_definition(one));
        }
        auto alternating = equal;
        for (std::size_t i = 0; i < count; i += 2) alternating[i].y = -alternating[i].y;
        EXPECT_EQ(bucket_sum(alternating), by_definition(alternating));
    }
}

}  // namespace
}  // namespace mintmark
