// The batcher against a chain that loses answers, re-organises and lies, and against the crash of
// its own process at every point: what is signed settles once, to the last unit.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "mintmark/base/rng.hpp"
#include "mintmark/settlement/batcher.hpp"
#include "simulated_chain.hpp"

namespace mintmark::settlement {
namespace {

using chain::U256;

Address buyer(std::size_t number) {
    Address out = {};
    out[0] = 0xaa;
    out[19] = static_cast<std::uint8_t>(number + 1);
    return out;
}

class SettlementTest : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("mintmark-settlement-" + std::to_string(::getpid()) + "-" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fresh();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void fresh() {
        batcher_.reset();
        intents_.reset();
        ledger_.reset();
        std::filesystem::remove_all(folder_);
        node_ = std::make_shared<SimulatedChain>();
        client_ = std::make_unique<chain::RpcClient>("http://node", node_);
        ledger_ = sql::open((folder_ / "ledger.db").string()).value();
        ASSERT_TRUE(ledger_->script(
            "CREATE TABLE lanes(account TEXT NOT NULL, lane TEXT NOT NULL, used TEXT, signed TEXT, "
            "base TEXT NOT NULL DEFAULT '0', voucher TEXT, PRIMARY KEY(account, lane))"));
        options_.confirmations = 3;
        options_.age_ms = 1'000;
        options_.stuck_ms = 10'000;
        options_.recheck_ms = 20'000;
        for (std::size_t i = 0; i < 4; ++i) node_->genesis[buyer(i)] = {1'000, 0, 0};
        start();
    }
    /// As after a crash: everything that was in memory is gone.
    void start() {
        batcher_.reset();
        intents_ =
            std::make_unique<Intents>(Intents::open((folder_ / "settle.db").string()).value());
        batcher_ = std::make_unique<Batcher>(
            *client_, deployment_, key_, *ledger_, *intents_, options_,
            [this](const std::string& what, const std::string&) { told_.push_back(what); });
    }
    void sign(std::size_t number, std::uint64_t total, Bytes signature = {1}) {
        market::Voucher voucher;
        voucher.channel = {buyer(number), {}, {}};
        voucher.version = {1, 1};
        voucher.cumulative = total;
        voucher.valid_until = ~std::uint64_t{0} >> 1U;
        voucher.signature = std::move(signature);
        ASSERT_TRUE(
            ledger_->run("INSERT INTO lanes(account,lane,voucher) VALUES($1,'1/1',$2) "
                         "ON CONFLICT(account,lane) DO UPDATE SET voucher=excluded.voucher",
                         {"channel:" + to_hex(buyer(number)), json::compact(voucher.to_json())}));
    }
    Status step(std::int64_t later_ms = 2'000) { return batcher_->step(now_ms_ += later_ms); }
    void settle_down() {
        node_->fault = {};
        for (int i = 0; i < 40; ++i) {
            EXPECT_TRUE(step(5'000)) << i;
            node_->mine();
            const Counts& counts = batcher_->counts();
            if (i > 8 && counts.open == 0 && counts.due == 0) break;
        }
    }
    std::uint64_t settled(std::size_t number) { return node_->channels()[buyer(number)].settled; }

    std::filesystem::path folder_;
    std::shared_ptr<SimulatedChain> node_;
    std::unique_ptr<chain::RpcClient> client_;
    const chain::Deployment deployment_ = SimulatedChain::deployment();
    SeededRng rng_{7};
    const chain::PrivateKey key_ = chain::PrivateKey::generate(rng_);
    std::unique_ptr<sql::Database> ledger_;
    std::unique_ptr<Intents> intents_;
    Options options_;
    std::unique_ptr<Batcher> batcher_;
    std::vector<std::string> told_;
    std::int64_t now_ms_ = 1'800'000'000'000;
};

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
