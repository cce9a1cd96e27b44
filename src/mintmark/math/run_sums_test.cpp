// Sums of runs of points against the group law.
#include "mintmark/math/run_sums.hpp"

#include <gtest/gtest.h>

namespace mintmark {
namespace {

/// Multiples of the generator with their factors, so that sums have a cheap oracle.
struct Bases {
    std::vector<G1Affine> points;
    std::vector<std::uint64_t> factors;
};

Bases make_bases(std::size_t count, std::uint64_t largest, SeededRng& rng) {
    Bases out;
    std::vector<G1> points;
    for (std::size_t i = 0; i < count; ++i) {
        out.factors.push_back(rng.next() % (largest + 1));
        points.push_back(G1::generator().mul(Fr::from_u64(out.factors.back())));
    }
    out.points = batch_to_affine(points);
    return out;
}

void check(const Bases& bases, std::size_t num_lanes, std::size_t largest_run, SeededRng& rng) {
    std::vector<std::uint32_t> lanes, ends;
    for (std::size_t i = 0; i < num_lanes; ++i)
        lanes.push_back(static_cast<std::uint32_t>(rng.next() % bases.points.size()));
    for (std::size_t at = 0; at < num_lanes;) {
        at = std::min(num_lanes, at + 1 + rng.next() % largest_run);
        ends.push_back(static_cast<std::uint32_t>(at));
    }
    const auto sums = sum_runs(to_xy(bases.points), lanes, ends);
    ASSERT_EQ(sums.size(), ends.size());
    std::size_t at = 0;
    for (std::size_t run = 0; run < ends.size(); ++run) {
        std::uint64_t factor = 0;
        for (; at < ends[run]; ++at) factor += bases.factors[lanes[at]];
        ASSERT_EQ(sums[run], G1::generator().mul(Fr::from_u64(factor)).to_affine()) << run;
    }
}

TEST(RunSums, AgainstTheGroupLaw) {
    SeededRng rng(1);
    const Bases few = make_bases(3, 1, rng);  // equal points and infinity
    const Bases many = make_bases(200, ~std::uint64_t{0} >> 20U, rng);
    for (const Bases& bases : {few, many}) {
        for (const std::size_t lanes : {0U, 1U, 2U, 63U, 500U}) {
            check(bases, lanes, 1, rng);
            check(bases, lanes, 7, rng);
            check(bases, lanes, lanes + 1, rng);
        }
        check(bases, 20000, 20001, rng);  // several threads share a run
    }
}

TEST(RunSums, OneRunAcrossAllThreads) {
    SeededRng rng(2);
    const Bases bases = make_bases(50, 1000, rng);
    std::vector<std::uint32_t> lanes(30000);
    std::uint64_t factor = 0;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
        lanes[i] = static_cast<std::uint32_t>(i % 50);
        factor += bases.factors[i % 50];
    }
    const std::vector<std::uint32_t> ends{30000};
    EXPECT_EQ(sum_runs(to_xy(bases.points), lanes, ends)[0],
              G1::generator().mul(Fr::from_u64(factor)).to_affine());
}

}  // namespace
}  // namespace mintmark
