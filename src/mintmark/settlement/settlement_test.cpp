// The batcher against a chain that loses answers, re-organises and lies, and against the crash of
// its own process at every point: what is signed settles once, to the last unit.
#include "mintmark/settlement/testing.hpp"

namespace mintmark::settlement {
namespace {

using chain::U256;
using testing::buyer;
using testing::SettlementTest;

TEST_F(SettlementTest, ABatchIsOneTransactionAndIsDoneOnce) {
    for (std::size_t i = 0; i < 4; ++i) sign(i, 100 + i);
    ASSERT_TRUE(step(0));
    EXPECT_TRUE(node_->pool.empty()) << "not ripe yet";
    ASSERT_TRUE(step());
    EXPECT_EQ(node_->pool.size(), 1U);
    settle_down();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(settled(i), 100 + i);
    EXPECT_EQ(node_->settlements(), 1U);
    EXPECT_EQ(batcher_->counts().final, 1U);
    EXPECT_EQ(batcher_->counts().due, 0U);
    sign(0, 150);
    settle_down();
    EXPECT_EQ(settled(0), 150U);
    EXPECT_EQ(node_->settlements(), 2U);
}

/// The gateway dies at the n-th word with its node, before it or after it, for every n.
TEST_F(SettlementTest, DyingAnywhereLosesAndDoublesNothing) {
    std::size_t points = 0;
    for (const char* how : {"refused", "lost"}) {
        for (std::size_t at = 0; at < 30; ++at) {
            fresh();
            sign(0, 100);
            sign(1, 200);
            node_->fault = [at, how](std::size_t request, const std::string&) {
                return request == at ? how : request > at ? "refused" : "";
            };
            bool has_died = false;
            for (int i = 0; i < 6 && !has_died; ++i) {
                has_died = !step();
                node_->mine();
            }
            points += has_died ? 1 : 0;
            start();
            settle_down();
            EXPECT_EQ(settled(0), 100U) << how << at;
            EXPECT_EQ(settled(1), 200U) << how << at;
            EXPECT_EQ(node_->settlements(), 1U) << how << at << ": it was sent twice";
            EXPECT_EQ(intents_->count(IntentState::kFinal).value(), 1U);
        }
    }
    EXPECT_GT(points, 30U);
}

TEST_F(SettlementTest, WhatAReorganisationTakesBackIsSentAgain) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    node_->mine();
    ASSERT_TRUE(step());
    EXPECT_EQ(settled(0), 100U);
    node_->take_back(1);
    EXPECT_EQ(settled(0), 0U);
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(batcher_->counts().taken_back, 1U);
    EXPECT_EQ(batcher_->counts().sent, 1U) << "the same transaction, not another one";
}

/// Deeper than the confirmations: what counted as final is gone, and the next number with it.
TEST_F(SettlementTest, WhatCountedAsFinalAndWasTakenBackIsSettledAgain) {
    sign(0, 100);
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    sign(1, 50);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    node_->take_back(100);
    EXPECT_EQ(settled(0), 0U);
    settle_down();
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(settled(1), 50U);
}

TEST_F(SettlementTest, AStuckOneIsReplacedAnEighthDearerUpToTheCap) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    const U256 first = node_->pool.at(0).max_fee;
    node_->base_fee *= 20;  // it will not be mined
    node_->mine();
    ASSERT_TRUE(step(options_.stuck_ms));
    const U256 second = node_->pool.at(0).max_fee;
    EXPECT_EQ(node_->pool.size(), 1U);
    EXPECT_GE(second, first.checked_mul(1125U)->divide(1000).quotient);
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(batcher_->counts().replaced, 1U);

    sign(0, 200);
    node_->base_fee = 300'000'000'000;  // above the cap
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(step());
    EXPECT_TRUE(node_->pool.empty());
    EXPECT_GT(batcher_->counts().above_cap, 0U);
    node_->base_fee = 1'000'000'000;
    settle_down();
    EXPECT_EQ(settled(0), 200U);
}

/// Whoever hands in a worthless voucher wants the provider to pay gas for it.
TEST_F(SettlementTest, WhatWouldNotSettleIsNotSent) {
    sign(0, 100, {0xff});
    sign(1, 50);
    settle_down();
    EXPECT_EQ(settled(0), 0U);
    EXPECT_EQ(settled(1), 50U) << "the others of the batch are paid";
    EXPECT_EQ(batcher_->counts().sent, 1U);
    EXPECT_GT(batcher_->counts().refused_vouchers, 0U);
    EXPECT_FALSE(told_.empty());
}

TEST_F(SettlementTest, AnOlderVoucherAfterANewerOneSettlesNothing) {
    sign(0, 100);
    settle_down();
    sign(0, 40);
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(node_->settlements(), 1U);
}

TEST_F(SettlementTest, TwoGatewaysOfOneWalletPayOnce) {
    sign(0, 100);
    Intents others = Intents::open((folder_ / "other.db").string()).value();
    Batcher other(*client_, deployment_, key_, *ledger_, others, options_, {});
    ASSERT_TRUE(step());
    ASSERT_TRUE(other.step(now_ms_));
    ASSERT_TRUE(step());
    ASSERT_TRUE(other.step(now_ms_));  // it sees the first one's number as pending
    for (int i = 0; i < 40; ++i) {
        node_->mine();
        ASSERT_TRUE(step(3'000));
        ASSERT_TRUE(other.step(now_ms_));
    }
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(node_->settlements(), 1U);
    EXPECT_EQ(other.counts().open, 0U);
    sign(0, 130);
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(step(3'000));
        ASSERT_TRUE(other.step(now_ms_));
        node_->mine();
    }
    EXPECT_EQ(settled(0), 130U);
    EXPECT_EQ(node_->settlements(), 2U);
}

TEST_F(SettlementTest, ANumberThatSomebodyElseUsedIsGivenUp) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    node_->use_number();
    settle_down();
    EXPECT_EQ(batcher_->counts().dropped, 1U);
    EXPECT_EQ(settled(0), 100U);
}

/// The buyer starts to take his escrow back: what he has signed is settled before that, however
/// little and young it is.
TEST_F(SettlementTest, AThawIsAnsweredAtOnce) {
    options_.age_ms = 1'000'000'000;
    start();
    sign(0, 1);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(step());
    EXPECT_TRUE(node_->pool.empty());
    node_->genesis[buyer(0)].thawing = 1'000;
    ASSERT_TRUE(step());
    EXPECT_EQ(node_->pool.size(), 1U);
    settle_down();
    EXPECT_EQ(settled(0), 1U);
}

TEST_F(SettlementTest, ValueMakesABatchRipe) {
    options_.age_ms = 1'000'000'000;
    options_.value = 90U;
    start();
    sign(0, 50);
    ASSERT_TRUE(step());
    EXPECT_TRUE(node_->pool.empty());
    sign(1, 45);
    ASSERT_TRUE(step());
    EXPECT_EQ(node_->pool.size(), 1U);
}

TEST_F(SettlementTest, GasAboveTheWorthWaits) {
    options_.max_gas_percent = 50;
    start();
    sign(0, 100);  // 100 wei
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(step());
    EXPECT_TRUE(node_->pool.empty());
    EXPECT_GT(batcher_->counts().above_cap, 0U);
}

TEST_F(SettlementTest, ALyingNodeIsNotBelieved) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    node_->mine();
    node_->lies_about_receipts = true;
    EXPECT_FALSE(step());
    EXPECT_EQ(intents_->count(IntentState::kFinal).value(), 0U);
    node_->lies_about_receipts = false;
    node_->hides_receipts = true;  // the number is used, the receipt is not given
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(step());
    node_->hides_receipts = false;
    settle_down();
    EXPECT_EQ(settled(0), 100U);
    EXPECT_EQ(node_->settlements(), 1U);
    node_->chain_id = 1;
    EXPECT_EQ(step().error().code, ErrorCode::kChain) << "nothing is sent to another chain";
}

TEST_F(SettlementTest, RandomTroubleEndsExact) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        fresh();
        SeededRng rng(seed);
        std::array<std::uint64_t, 4> totals = {};
        node_->fault = [&](std::size_t, const std::string&) -> std::string {
            const std::uint64_t dice = rng.next() % 20;
            return dice == 0 ? "lost" : dice == 1 ? "refused" : dice == 2 ? "429" : "";
        };
        for (int turn = 0; turn < 80; ++turn) {
            const std::size_t who = rng.next() % 4;
            if (rng.next() % 3 == 0 && totals[who] < 900) {
                totals[who] += 1 + rng.next() % 20;
                sign(who, totals[who]);
            }
            (void)step(1'500);
            if (rng.next() % 2 == 0) node_->mine();
            if (rng.next() % 9 == 0) node_->take_back(1 + rng.next() % 2);
            if (rng.next() % 15 == 0) node_->base_fee = 1'000'000'000ULL << (rng.next() % 4);
            if (rng.next() % 10 == 0) start();
        }
        settle_down();
        settle_down();
        for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(settled(i), totals[i]) << seed;
    }
}

}  // namespace
}  // namespace mintmark::settlement
