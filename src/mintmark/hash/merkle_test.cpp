#include "mintmark/hash/merkle.hpp"

#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"

namespace mintmark {
namespace {

std::vector<Bytes32> random_leaves(std::size_t count) {
    SeededRng rng(count);
    std::vector<Bytes32> out(count);
    for (Bytes32& leaf : out) rng.fill(leaf);
    return out;
}

TEST(Merkle, EveryLeafIsAtItsPlaceAndNowhereElse) {
    for (const std::size_t count : {1U, 2U, 3U, 5U, 8U, 13U}) {
        const auto leaves = random_leaves(count);
        const MerkleTree tree(leaves);
        for (std::size_t i = 0; i < count; ++i) {
            const auto path = tree.path(i);
            EXPECT_TRUE(is_at(tree.root(), count, i, leaves[i], path));
            for (std::size_t j = 0; j < count; ++j)
                EXPECT_EQ(is_at(tree.root(), count, j, leaves[i], path), i == j);
        }
    }
}

TEST(Merkle, FillingAndInnerNodesAreNoLeaves) {
    const auto leaves = random_leaves(5);
    const MerkleTree tree(leaves);
    EXPECT_FALSE(is_at(tree.root(), 5, 6, Bytes32{}, tree.path(6)));
    auto shorter = tree.path(0);
    shorter.erase(shorter.begin());
    EXPECT_FALSE(is_at(tree.root(), 5, 0, tree.node(1, 0), shorter));
}

}  // namespace
}  // namespace mintmark
