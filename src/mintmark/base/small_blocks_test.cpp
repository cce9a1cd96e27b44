#include "mintmark/base/small_blocks.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace mintmark {
namespace {

/// As operator new and delete do.
void* allocate(std::size_t size) {
    SmallBlocks* mine = SmallBlocks::of_thread();
    void* at = mine != nullptr ? mine->take(size) : nullptr;
    return at != nullptr ? at : std::malloc(SmallBlocks::rounded(size));
}
void release(void* at, std::size_t size) {
    SmallBlocks* mine = SmallBlocks::of_thread();
    if (mine == nullptr || !mine->give(at, size)) std::free(at);
}

TEST(SmallBlocks, EveryClassHoldsItsLargestSize) {
    SmallBlocks mine;
    for (std::size_t size = 0; size < 3000; ++size) {
        const std::size_t got = SmallBlocks::rounded(size);
        ASSERT_GE(got, size);
        ASSERT_EQ(SmallBlocks::rounded(got), got);
        void* block = std::malloc(got);
        if (!mine.give(block, size)) {
            ASSERT_GT(size, 1000U);
            std::free(block);
            continue;
        }
        void* again = mine.take(got);  // the largest that may get it
        ASSERT_EQ(again, block);
        std::memset(again, 1, got);
        std::free(again);
    }
}

TEST(SmallBlocks, BelongToOneThreadAndItsTime) {
    EXPECT_EQ(SmallBlocks::of_thread(), nullptr);
    {
        SmallBlocks mine;
        EXPECT_EQ(SmallBlocks::of_thread(), &mine);
        std::thread([] { EXPECT_EQ(SmallBlocks::of_thread(), nullptr); }).join();
    }
    EXPECT_EQ(SmallBlocks::of_thread(), nullptr);
}

TEST(SmallBlocks, KeepsNoMoreThanIsSaid) {
    SmallBlocks mine;
    std::size_t kept = 0;
    for (int i = 0; i < 10'000; ++i) {
        void* block = std::malloc(SmallBlocks::rounded(100));
        if (mine.give(block, 100)) {
            ++kept;
        } else {
            std::free(block);
        }
    }
    EXPECT_LE(kept * 100, 64U << 10U);
    EXPECT_GT(kept, 100U);
}

/// Blocks come from and go to threads that keep none, and nobody's bytes change.
TEST(SmallBlocks, ManySizesAndThreadsMixed) {
    struct Block {
        unsigned char* at;
        std::size_t size;
        unsigned char mark;
    };
    SmallBlocks mine;
    std::mt19937 random(7);
    std::vector<Block> live;
    const auto drop = [&](const Block& block) {
        for (std::size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.at[i], block.mark);
        release(block.at, block.size);
    };
    for (int round = 0; round < 300; ++round) {
        const auto churn = [&] {
            for (int i = 0; i < 100; ++i) {
                const std::size_t size = random() % (random() % 4 == 0 ? 2000 : 120);
                const auto mark = static_cast<unsigned char>(random());
                auto* at = static_cast<unsigned char*>(allocate(size));
                std::memset(at, mark, size);
                live.push_back({at, size, mark});
                std::swap(live[random() % live.size()], live.back());
                if (live.size() < 300) continue;
                drop(live.back());
                live.pop_back();
            }
        };
        if (round % 3 == 0) {
            std::thread(churn).join();
        } else {
            churn();
        }
    }
    for (const Block& block : live) drop(block);
}

}  // namespace
}  // namespace mintmark
