#include "mintmark/base/large_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace mintmark {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

struct Block {
    unsigned char* at;
    std::size_t size;
    unsigned char mark;
};

/// Takes a block and marks both ends of it; none overlaps another while the marks stay.
Block take_marked(LargeBlocks& all, std::size_t size, unsigned char mark) {
    auto* at = static_cast<unsigned char*>(all.take(size));
    if (at != nullptr) at[0] = at[size / 2] = at[size - 1] = mark;
    return {at, size, mark};
}
bool is_marked(const Block& block) {
    return block.at[0] == block.mark && block.at[block.size / 2] == block.mark &&
           block.at[block.size - 1] == block.mark;
}

TEST(LargeBlocks, GivesTheSamePagesAgain) {
    LargeBlocks all(64 * kMiB);
    void* first = all.take(8 * kMiB);
    ASSERT_NE(first, nullptr);
    EXPECT_TRUE(all.owns(first));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % LargeBlocks::kGrain, 0U);
    std::memset(first, 7, 8 * kMiB);
    all.give(first);
    EXPECT_EQ(all.kept(), 8 * kMiB);
    auto* again = static_cast<unsigned char*>(all.take(4 * kMiB));
    EXPECT_EQ(again, first);
    EXPECT_EQ(again[kMiB], 7);  // not cleared in between
    all.give(again);
}

TEST(LargeBlocks, HoldsNoMoreThanWasInUseAtOneTime) {
    LargeBlocks all(64 * kMiB);
    void* a = all.take(4 * kMiB);
    void* fence = all.take(kMiB);
    all.give(a);
    void* b = all.take(5 * kMiB);  // does not fit where a was
    EXPECT_LE(all.in_use() + all.kept(), 6 * kMiB);
    EXPECT_EQ(all.in_use(), 6 * kMiB);
    all.give(b);
    all.give(fence);
    EXPECT_EQ(all.kept(), 6 * kMiB);
    all.release();
    EXPECT_EQ(all.kept(), 0U);
}

TEST(LargeBlocks, NeighboursMakeRoomTogether) {
    LargeBlocks all(8 * kMiB);
    std::vector<void*> blocks;
    while (void* at = all.take(kMiB)) blocks.push_back(at);
    EXPECT_EQ(blocks.size(), 8U);
    std::ranges::shuffle(blocks, std::mt19937(1));
    for (void* at : blocks) all.give(at);
    EXPECT_NE(all.take(8 * kMiB), nullptr);
    EXPECT_EQ(all.take(kMiB), nullptr);
}

TEST(LargeBlocks, KeptAndGonePagesMakeRoomTogether) {
    LargeBlocks all(8 * kMiB);
    void* a = all.take(2 * kMiB);
    all.give(a);  // 2 MiB kept, 6 MiB never used
    EXPECT_EQ(all.take(8 * kMiB), a);
    EXPECT_EQ(all.kept(), 0U);
}

TEST(LargeBlocks, WarmPagesAreKept) {
    LargeBlocks all(64 * kMiB);
    all.warm(16 * kMiB);
    EXPECT_EQ(all.kept(), 16 * kMiB);
    void* a = all.take(3 * kMiB);
    EXPECT_EQ(all.kept(), 13 * kMiB);
    all.warm(16 * kMiB);  // they are there
    EXPECT_EQ(all.kept(), 13 * kMiB);
    all.give(a);
}

TEST(LargeBlocks, RefusesWhatIsTooLarge) {
    LargeBlocks all(8 * kMiB);
    EXPECT_EQ(all.take(9 * kMiB), nullptr);
    EXPECT_EQ(all.take(~std::size_t{0}), nullptr);
    int local = 0;
    EXPECT_FALSE(all.owns(&local));
    EXPECT_FALSE(all.owns(nullptr));
}

TEST(LargeBlocks, NoTwoBlocksOverlap) {
    LargeBlocks all(96 * kMiB);
    std::mt19937 rng(7);
    std::vector<Block> blocks;
    std::size_t in_use = 0, most = 0;
    for (unsigned step = 0; step < 20000; ++step) {
        if (blocks.empty() || rng() % 2 == 0) {
            const Block made =
                take_marked(all, kMiB + rng() % (6 * kMiB), static_cast<unsigned char>(step));
            if (made.at != nullptr) blocks.push_back(made);
        } else {
            std::swap(blocks[rng() % blocks.size()], blocks.back());
            ASSERT_TRUE(is_marked(blocks.back())) << step;
            all.give(blocks.back().at);
            blocks.pop_back();
        }
        in_use = all.in_use();
        most = std::max(most, in_use);
        ASSERT_LE(in_use + all.kept(), most);
        if (step % 1000 == 999) all.release(), most = in_use;
    }
    for (const Block& block : blocks) all.give(block.at);
    EXPECT_EQ(all.in_use(), 0U);
}

TEST(LargeBlocks, ThreadsShareThem) {
    LargeBlocks all(256 * kMiB);
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&all, t] {
            std::mt19937 rng(t);
            for (unsigned step = 0; step < 300; ++step) {
                const Block block = take_marked(all, kMiB + rng() % (8 * kMiB),
                                                static_cast<unsigned char>(16 * t + step % 16));
                ASSERT_NE(block.at, nullptr);
                ASSERT_TRUE(is_marked(block));
                all.give(block.at);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(all.in_use(), 0U);
}

}  // namespace
}  // namespace mintmark
