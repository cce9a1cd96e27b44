#include "mintmark/compiler/view.hpp"

#include <gtest/gtest.h>

namespace mintmark::compiler {
namespace {

TEST(Views, GroupAxesOnlyAtCommonCutPoints) {
    const auto groups = group_axes({16, 5, 5}, {1, 400});
    ASSERT_TRUE(groups);
    EXPECT_TRUE(groups->at(0).empty());
    EXPECT_EQ(groups->at(1), (std::vector<std::uint8_t>{0, 1, 2}));
    EXPECT_FALSE(group_axes({16, 5, 5}, {20, 20}));
    EXPECT_TRUE(group_axes({4, 1, 3}, {4, 1, 3}));
}

TEST(Views, CommonGroupsAreSmallest) {
    const auto groups = common_groups({6, 4, 5}, {2, 12, 5});
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].size, 24U);
    EXPECT_EQ(groups[0].from, (std::vector<std::uint8_t>{0, 1}));
    EXPECT_EQ(groups[0].to, (std::vector<std::uint8_t>{0, 1}));
    EXPECT_EQ(groups[1].size, 5U);
}

TEST(Views, OnesMakeGroupsOfTheirOwnOrVanish) {
    EXPECT_EQ(without_ones({1, 3, 1, 2}), (Dims{3, 2}));
    EXPECT_EQ(volume({}), 1U);
    const auto groups = common_groups({1, 5}, {5, 1});
    std::size_t from = 0;
    std::size_t to = 0;
    for (const AxisGroup& g : groups) {
        from += g.from.size();
        to += g.to.size();
    }
    EXPECT_EQ(from, 2U);
    EXPECT_EQ(to, 2U);
}

TEST(Views, DimsFollowTheOrder) {
    const View view{.tensor = 0, .stored = {2, 3, 5}, .order = {2, 0, 1}};
    EXPECT_EQ(view.dims(), (Dims{5, 2, 3}));
    EXPECT_FALSE(view.is_in_order());
}

}  // namespace
}  // namespace mintmark::compiler
