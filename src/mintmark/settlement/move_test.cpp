// Settlements that move to a database of several gateways, at any moment: each is sent once.
#include "mintmark/settlement/move.hpp"

#include "mintmark/ledger/copy.hpp"
#include "mintmark/ledger/testing.hpp"
#include "mintmark/settlement/testing.hpp"

namespace mintmark::settlement {
namespace {

using testing::SettlementTest;

class MoveTest : public SettlementTest {
  protected:
    void SetUp() override {
        SettlementTest::SetUp();
        shared_ = sql::open_postgres(place_.location()).value();
    }
    /// The gateway stops, and its settlements move.
    Result<Moved> move() {
        batcher_.reset();
        intents_.reset();
        return move_from(file());
    }
    Result<Moved> move_from(const std::string& from) {
        MINTMARK_TRY(auto transaction, sql::Transaction::begin(*shared_));
        MINTMARK_TRY(const Moved moved, move_to_shared(from, *shared_));
        MINTMARK_CHECK(transaction.commit());
        return moved;
    }
    void forget() {
        batcher_.reset();
        intents_.reset();
        ASSERT_TRUE(shared_->script("DROP TABLE IF EXISTS intents; DROP TABLE IF EXISTS settled"));
    }
    std::size_t rows(const std::string& table) {
        const auto answer = shared_->run("SELECT 1 FROM " + table);
        return answer ? answer->rows.size() : 0;
    }

    ledger::testing::PostgresPlace place_;
    std::unique_ptr<sql::Database> shared_;
};

/// The gateway dies at the n-th word with its node, moves, and another one goes on.
TEST_F(MoveTest, ABatchInFlightIsNeitherLostNorSentTwice) {
    std::size_t in_flight = 0;
    for (const char* how : {"refused", "lost"}) {
        for (std::size_t at = 0; at < 30; at += 2) {
            fresh();
            sign(0, 100);
            sign(1, 200);
            node_->fault = [at, how](std::size_t request, const std::string&) {
                return request == at ? how : request > at ? "refused" : "";
            };
            for (int i = 0; i < 6 && step(); ++i) node_->mine();
            const auto moved = move();
            ASSERT_TRUE(moved.has_value()) << moved.error().message;
            in_flight += moved->open;
            start(place_.location());
            settle_down();
            EXPECT_EQ(settled(0), 100U) << how << at;
            EXPECT_EQ(settled(1), 200U) << how << at;
            EXPECT_EQ(node_->settlements(), 1U) << how << at << ": it was sent twice";
            EXPECT_EQ(intents_->count(IntentState::kFinal).value(), 1U);
            forget();
        }
    }
    EXPECT_GT(in_flight, 8U);
}

TEST_F(MoveTest, WhatIsDoneStaysDone) {
    for (std::size_t i = 0; i < 4; ++i) sign(i, 100 + i);
    settle_down();
    const auto moved = move();
    ASSERT_TRUE(moved.has_value()) << moved.error().message;
    EXPECT_EQ(moved->intents, 1U);
    EXPECT_EQ(moved->open, 0U);
    EXPECT_EQ(moved->lanes, 4U);
    start(place_.location());
    settle_down();
    EXPECT_EQ(node_->settlements(), 1U);
    sign(0, 150);
    settle_down();
    EXPECT_EQ(settled(0), 150U);
    EXPECT_EQ(node_->settlements(), 2U);
}

TEST_F(MoveTest, WhatCannotMoveIsLeftAsItIs) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    EXPECT_EQ(move_from(file()).error().code, ErrorCode::kAlreadyExists) << "a gateway has it open";
    EXPECT_EQ(move_from((folder_ / "other.db").string()).error().code, ErrorCode::kNotFound);
    const std::string ledger = (folder_ / "ledger.db").string();
    EXPECT_EQ(move_from(ledger).error().code, ErrorCode::kMalformed) << "another file";
    ASSERT_TRUE(move().has_value());
    EXPECT_EQ(move().error().code, ErrorCode::kAlreadyExists) << "it has moved already";
    EXPECT_EQ(rows("intents"), 1U);
}

/// With the ledger in one transaction: a failure of either leaves nothing of both.
TEST_F(MoveTest, LedgerAndSettlementsMoveTogetherOrNotAtAll) {
    sign(0, 100);
    ASSERT_TRUE(step());
    ASSERT_TRUE(step());
    batcher_.reset();
    intents_.reset();
    ledger::testing::FilePlace books;
    {
        const auto client = books.open("a").client;
        ASSERT_TRUE(client->done(client->ledger->use_nonce({"x402", "n", "", 5})));
    }
    const auto copy = [&](const std::string& from) {
        const auto beside = [&](sql::Database& to) -> Status {
            MINTMARK_CHECK(move_to_shared(from, to));
            return {};
        };
        return ledger::copy_to_shared(books.location(), place_.location(), beside);
    };
    EXPECT_EQ(copy((folder_ / "ledger.db").string()).error().code, ErrorCode::kMalformed);
    EXPECT_EQ(rows("nonces"), 0U) << "the ledger alone has moved";
    ASSERT_TRUE(copy(file()).has_value());
    EXPECT_EQ(rows("nonces"), 1U);
    EXPECT_EQ(rows("intents"), 1U);
}

}  // namespace
}  // namespace mintmark::settlement
