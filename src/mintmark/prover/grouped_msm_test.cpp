// Against the plain multi-scalar multiplication.
#include "mintmark/prover/grouped_msm.hpp"

#include <gtest/gtest.h>

#include "mintmark/math/msm.hpp"

namespace mintmark::prover {
namespace {

// Multiples of the generator, with repeats, opposites and infinity among them.
std::vector<G1Affine> awkward_bases(std::size_t size, Rng& rng) {
    std::vector<G1Affine> out;
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 7 == 3)
            out.push_back(G1Affine::identity());
        else if (i % 5 == 4)
            out.push_back(i % 2 == 0 ? out[i - 1] : -out[i - 1]);
        else
            out.push_back(G1::generator().mul(Fr::random(rng)).to_affine());
    }
    return out;
}

class GroupedMsm : public ::testing::TestWithParam<std::size_t> {};

TEST_P(GroupedMsm, AgreesWithPlainMsm) {
    SeededRng rng(GetParam());
    const auto bases = awkward_bases(GetParam(), rng);
    std::vector<std::int64_t> ints;
    std::vector<std::int32_t> keys;
    std::vector<Fr> values, by_key;
    for (int key = 0; key < 9; ++key) by_key.push_back(Fr::random(rng));
    for (std::size_t i = 0; i < bases.size(); ++i) {
        keys.push_back(static_cast<std::int32_t>(rng.next() % 10) - 1);
        const std::int32_t key = keys.back();
        ints.push_back(key == -1 ? static_cast<std::int64_t>(i) : key - 4);
        values.push_back(key == -1 ? Fr::random(rng) : by_key[static_cast<std::size_t>(key)]);
    }
    const GroupedBases groups(to_xy(bases), LaneGroups(keys));
    EXPECT_EQ(groups.sum(values), msm(bases, values));
    EXPECT_EQ(groups.sum(ints), msm_small(bases, ints));
}

TEST_P(GroupedMsm, AgreesWithPlainMsmByKey) {
    SeededRng rng(GetParam());
    const auto bases = awkward_bases(GetParam(), rng);
    std::vector<Fr> by_key, values;
    for (int key = 0; key < 9; ++key) by_key.push_back(Fr::random(rng));
    std::vector<std::int32_t> keys;
    for (std::size_t i = 0; i < bases.size(); ++i) {
        keys.push_back(static_cast<std::int32_t>(rng.next() % 9));
        values.push_back(by_key[static_cast<std::size_t>(keys.back())]);
    }
    const GroupedBases groups(to_xy(bases), LaneGroups(keys));
    EXPECT_EQ(groups.sum_by_key(keys, by_key), msm(bases, values));
}

INSTANTIATE_TEST_SUITE_P(Sizes, GroupedMsm, ::testing::Values(1, 2, 3, 10, 100, 3000));

TEST(GroupedMsm, SeesValuesThatDifferInAGroup) {
    SeededRng rng(1);
    const auto bases = awkward_bases(6, rng);
    const GroupedBases groups(to_xy(bases),
                              LaneGroups(std::vector<std::int32_t>{4, 4, 5, 5, -1, -1}));
    EXPECT_EQ(groups.num_groups(), 4U);
    EXPECT_TRUE(groups.sum(std::vector<std::int64_t>{1, 1, 2, 2, 3, 4}).has_value());
    EXPECT_FALSE(groups.sum(std::vector<std::int64_t>{1, 1, 2, 3, 3, 4}).has_value());
}

}  // namespace
}  // namespace mintmark::prover
