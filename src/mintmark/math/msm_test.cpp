#include "mintmark/math/msm.hpp"

#include <gtest/gtest.h>

namespace mintmark {
namespace {

std::vector<G1Affine> random_points(std::size_t count) {
    SeededRng rng(1);
    const G1Affine step = G1::generator().mul(Fr::random(rng)).to_affine();
    std::vector<G1> out(count);
    G1 point = G1::generator().mul(Fr::random(rng));
    for (G1& slot : out) {
        slot = point;
        point += step;
    }
    return batch_to_affine(out);
}

G1 naive(std::span<const G1Affine> bases, std::span<const Fr> scalars) {
    G1 sum;
    for (std::size_t i = 0; i < bases.size(); ++i) sum += G1(bases[i]).mul(scalars[i]);
    return sum;
}
std::vector<Fr> lift(std::span<const std::int64_t> values) {
    std::vector<Fr> out;
    for (const std::int64_t v : values) out.push_back(Fr::from_i64(v));
    return out;
}
void expect_full(std::span<const G1Affine> bases, std::span<const Fr> scalars) {
    EXPECT_EQ(msm(bases, scalars), naive(bases, scalars)) << bases.size();
}
void expect_small(std::span<const G1Affine> bases, std::span<const std::int64_t> scalars) {
    EXPECT_EQ(msm_small(bases, scalars), naive(bases, lift(scalars))) << bases.size();
}

TEST(Msm, RandomSizes) {
    for (const std::size_t count : {0U, 1U, 2U, 3U, 31U, 64U, 200U, 1500U}) {
        const auto bases = random_points(count);
        SeededRng rng(count);
        std::vector<Fr> scalars(count);
        for (Fr& s : scalars) s = Fr::random(rng);
        expect_full(bases, scalars);
    }
}

TEST(Msm, LargeAgainstTheStructureOfTheBases) {
    // bases k G: the sum is (sum k s_k) G, so that large sizes have a cheap oracle.
    constexpr std::size_t kCount = 5000;
    std::vector<G1> points(kCount);
    SeededRng rng(2);
    std::vector<Fr> scalars(kCount);
    std::vector<std::int64_t> small(kCount);
    Fr want, want_small;
    G1 point;
    for (std::size_t k = 0; k < kCount; ++k) {
        points[k] = point;
        point += G1Affine::generator();
        scalars[k] = Fr::random(rng);
        small[k] = static_cast<std::int64_t>(rng.next()) >> 47U;
        want += Fr::from_u64(k) * scalars[k];
        want_small += Fr::from_u64(k) * Fr::from_i64(small[k]);
    }
    const auto bases = batch_to_affine(points);
    EXPECT_EQ(msm(bases, scalars), G1::generator().mul(want));
    EXPECT_EQ(msm_small(bases, small), G1::generator().mul(want_small));
}

TEST(Msm, EdgeScalars) {
    const Fr minus_one = -Fr::one();
    const std::vector<Fr> edges = {Fr::zero(),
                                   Fr::one(),
                                   minus_one,
                                   minus_one + minus_one,
                                   Fr::inv2(),
                                   -Fr::inv2(),
                                   Fr::from_u64(~std::uint64_t{0})};
    const auto bases = random_points(edges.size());
    expect_full(bases, edges);
    for (std::size_t i = 0; i < edges.size(); ++i) {
        expect_full(std::span(bases).subspan(i, 1), std::span(edges).subspan(i, 1));
    }
    expect_full(random_points(40), std::vector<Fr>(40, Fr::zero()));
    expect_full(random_points(40), std::vector<Fr>(40, minus_one));
}

// Few scalars among zeros are picked out first.
TEST(Msm, MostlyZeros) {
    SeededRng rng(11);
    const auto bases = random_points(400);
    for (const std::size_t every : {2U, 3U, 7U, 399U}) {
        std::vector<Fr> scalars(bases.size());
        for (std::size_t i = every - 1; i < scalars.size(); i += every)
            scalars[i] = Fr::random(rng);
        expect_full(bases, scalars);
    }
}

TEST(Msm, RepeatedOppositeAndInfinitePoints) {
    // All in the same bucket: equal points must double, opposite ones cancel.
    for (const std::size_t count : {2U, 5U, 300U}) {
        auto bases = random_points(count);
        SeededRng rng(count);
        std::vector<Fr> scalars(count);
        std::vector<std::int64_t> small(count);
        for (std::size_t i = 0; i < count; ++i) {
            if (i % 3 == 1) bases[i] = bases[0];
            if (i % 3 == 2) bases[i] = -bases[0];
            if (i % 11 == 7) bases[i] = G1Affine::identity();
            scalars[i] = i % 2 == 0 ? Fr::from_u64(12345) : Fr::random(rng);
            small[i] = i % 2 == 0 ? 77 : static_cast<std::int64_t>(rng.next() % 100) - 50;
        }
        expect_full(bases, scalars);
        expect_small(bases, small);
        std::fill(bases.begin(), bases.end(), bases[0]);
        std::fill(small.begin(), small.end(), -3);
        expect_small(bases, small);
        std::fill(bases.begin(), bases.end(), G1Affine::identity());
        expect_full(bases, scalars);
        expect_small(bases, small);
    }
}

TEST(MsmSmall, EveryWidth) {
    constexpr std::size_t kCount = 120;
    const auto bases = random_points(kCount);
    for (unsigned shift = 0; shift < 64; shift += 3) {
        SeededRng rng(shift);
        std::vector<std::int64_t> scalars(kCount);
        for (auto& s : scalars) {
            s = rng.next() % 4 == 0 ? 0 : static_cast<std::int64_t>(rng.next()) >> shift;
        }
        expect_small(bases, scalars);
    }
}

TEST(MsmSmall, EachIsTheSumOfItsRun) {
    SeededRng rng(5);
    for (const std::size_t count : {1U, 100U, 5000U}) {
        const auto bases = random_points(count);
        for (const std::size_t runs : {0U, 1U, 2U, 3U, 7U}) {
            std::vector<std::int64_t> scalars(runs * count);
            for (auto& s : scalars) s = static_cast<std::int64_t>(rng.next() % 16384) - 8192;
            for (std::size_t i = 0; i < std::min(count, scalars.size()); i += 3) scalars[i] = 0;
            const auto sums = msm_small_each(bases, scalars);
            ASSERT_EQ(sums.size(), runs);
            for (std::size_t k = 0; k < runs; ++k)
                EXPECT_EQ(sums[k], msm_small(bases, std::span(scalars).subspan(k * count, count)));
        }
    }
}

// Buckets whose sums meet in the matrix: equal, opposite and infinite points in all of them.
TEST(MsmSmall, BucketsThatCancel) {
    const G1Affine p = G1Affine::generator();
    std::vector<G1Affine> bases;
    std::vector<std::int64_t> scalars;
    G1 expected;
    for (std::int64_t s = -3000; s <= 3000; ++s)
        for (int sign = 0; sign < 3; ++sign) {
            const G1Affine base = sign == 0 ? p : sign == 1 ? -p : G1Affine{};
            if (sign == 1 && s % 7 == 0) continue;
            bases.push_back(base);
            scalars.push_back(s);
            expected += G1(base).mul(Fr::from_i64(s));
        }
    EXPECT_EQ(msm_small(bases, scalars), expected);
}

TEST(MsmSmall, EdgeScalars) {
    const std::vector<std::int64_t> edges = {
        0,      1,     -1,     2,     -2,      127,       -128,      32767,
        -32768, 65535, -65535, 65536, 1 << 20, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    const auto bases = random_points(edges.size());
    expect_small(bases, edges);
    for (std::size_t i = 0; i < edges.size(); ++i) {
        expect_small(std::span(bases).subspan(i, 1), std::span(edges).subspan(i, 1));
    }
    expect_small({}, {});
    expect_small(random_points(50), std::vector<std::int64_t>(50, 0));
}

}  // namespace
}  // namespace mintmark
