#include "mintmark/pcs/kzg.hpp"

#include <gtest/gtest.h>

#include "mintmark/pcs/naive_mercury.hpp"

namespace mintmark {
namespace {

using naive::test_srs;

TEST(Kzg, CommitmentIsTheSumOfPowersWithTheBlinderAtM) {
    SeededRng rng(21);
    const std::size_t m = 32;
    for (const std::size_t size : {0U, 1U, 7U, 32U}) {
        const std::vector<Fr> lanes = naive::random_poly(size, rng);
        const Fr blinder = Fr::random(rng);
        naive::Poly p = lanes;
        p.resize(m);
        p.push_back(blinder);
        EXPECT_EQ(commit(test_srs(), lanes, blinder, m), naive::commit(test_srs(), p)) << size;
        p.back() = Fr::zero();
        EXPECT_EQ(commit(test_srs(), lanes, Fr::zero(), m), naive::commit(test_srs(), p)) << size;
    }
}

TEST(Kzg, SmallIntegersGiveTheSameCommitment) {
    SeededRng rng(22);
    const std::size_t m = 256;
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    std::vector<std::int64_t> lanes = {0, 1, -1, kMin, -(kMin + 1), 0, 255, -256};
    for (std::size_t i = lanes.size(); i < 200; ++i)
        lanes.push_back(static_cast<std::int64_t>(rng.next() % 513) - 256);
    std::vector<Fr> field;
    for (const std::int64_t lane : lanes) field.push_back(Fr::from_i64(lane));
    for (const Fr& blinder : {Fr::zero(), Fr::random(rng)}) {
        EXPECT_EQ(commit_small(test_srs(), lanes, blinder, m),
                  commit(test_srs(), field, blinder, m));
    }
}

TEST(Kzg, BlinderHidesEqualChunks) {
    SeededRng rng(23);
    const std::vector<std::int64_t> lanes(16, 3);
    EXPECT_NE(commit_small(test_srs(), lanes, Fr::random(rng), 16),
              commit_small(test_srs(), lanes, Fr::random(rng), 16));
    EXPECT_TRUE(commit_small(test_srs(), {}, Fr::zero(), 16).infinity);
}

}  // namespace
}  // namespace mintmark
