// A ledger that moves from a file to a database: what was used, signed and spent stays so.
#include "mintmark/ledger/copy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "mintmark/ledger/testing.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {
namespace {

using testing::Client;
using testing::cost;
using testing::FilePlace;
using testing::PostgresPlace;
using testing::request;

class CopyTest : public ::testing::Test {
  protected:
    /// A gateway's life: more requests than a page, a voucher, keys, a nonce, names of strangers.
    void live(int requests) {
        auto opened = from_.open("a");
        Client& client = *opened.client;
        ASSERT_TRUE(client.fund("grant:a", 100'000));
        ASSERT_TRUE(client.ledger->set_terms("channel:b", {1'000U, Amount(50U)}, "1/1", 7U));
        std::uint64_t last =
            client.ledger->put_key({"k", "h", "b", std::string("\xff name"), "s", 90'000});
        for (int i = 0; i < requests; ++i) {
            const std::string id = std::to_string(i);
            RequestRow row = request(id, 9, 5);
            if (i % 3 == 0) row.idempotency_key = "key " + id;
            ASSERT_TRUE(client.ledger->reserve(row).has_value());
            Outcome end = cost(static_cast<std::uint64_t>(i % 9), 1);
            end.body = std::string("a\0b\xfe", 4);
            if (i % 50 != 7) last = client.ledger->finish(id, end).value();
        }
        const std::string voucher = R"({"cumulative":"20"})";
        last = client.ledger->record_voucher("channel:b", "1/1", 20U, voucher).value();
        last = client.ledger->use_nonce({"x402", "n", "note", 5}).value();
        ASSERT_TRUE(client.done(last));
    }
    std::int64_t count(const std::string& table) {
        const auto database = *sql::open_postgres(to_.location());
        const auto answer = database->run("SELECT count(*) FROM " + table);
        return answer ? sql::integer(answer->rows[0], 0) : 0;
    }
    Result<Copied> copy() { return copy_to_shared(from_.location(), to_.location()); }

    FilePlace from_;
    PostgresPlace to_;
};

TEST_F(CopyTest, WhatWasUsedSignedAndSpentStaysSo) {
    ASSERT_NO_FATAL_FAILURE(live(1'203));
    const auto copied = copy();
    ASSERT_TRUE(copied.has_value()) << copied.error().message;
    EXPECT_EQ(copied->requests, 1'203U);
    EXPECT_EQ(copied->lanes, 2U);
    EXPECT_EQ(copied->keys, 1U);
    EXPECT_EQ(copied->nonces, 1U);
    EXPECT_THAT(audit(to_.location()).value(), ::testing::IsEmpty());

    auto file = from_.open("a");
    auto shared = to_.open("a");
    EXPECT_EQ(shared.recovered, 0U);
    for (Client* client : {file.client.get(), shared.client.get()}) {
        ASSERT_TRUE(client->fund("grant:a", 100'000));
        ASSERT_TRUE(client->ledger->set_terms("channel:b", {1'000U, Amount(50U)}, "1/1", 7U));
        ASSERT_TRUE(client->ledger->refresh("grant:a"));
        ASSERT_TRUE(client->ledger->refresh("channel:b"));
        ASSERT_TRUE(client->ledger->load_key("h"));
    }
    Ledger& a = *file.client->ledger;
    Ledger& b = *shared.client->ledger;
    EXPECT_EQ(a.account("grant:a")->used(), b.account("grant:a")->used());
    EXPECT_EQ(b.account("grant:a")->reserved, Amount(0U));
    const LaneState lane = b.account("channel:b")->lanes.at("1/1");
    EXPECT_EQ(lane.signed_total, Amount(20U));
    EXPECT_EQ(lane.base, Amount(7U));
    EXPECT_EQ(lane.voucher, a.account("channel:b")->lanes.at("1/1").voucher);
    EXPECT_EQ(a.key("k")->row.spent, b.key("k")->row.spent);
    const auto kept = b.find_idempotent("k", "key 33").value();
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->end.body, std::string("a\0b\xfe", 4));
    EXPECT_FALSE(shared.client->done(b.use_nonce({"x402", "n", "", 5}))) << "a payment twice";
    RequestRow again = request("new", 9);
    again.idempotency_key = "key 33";
    EXPECT_FALSE(shared.client->done(b.reserve(again))) << "a request twice";
}

TEST_F(CopyTest, ADatabaseThatIsNotEmptyIsLeftAsItIs) {
    ASSERT_NO_FATAL_FAILURE(live(5));
    ASSERT_TRUE(copy().has_value());
    const auto again = copy();
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(count("requests"), 5);
}

TEST_F(CopyTest, AFileThatAGatewayHasOpenIsNotCopied) {
    ASSERT_NO_FATAL_FAILURE(live(5));
    {
        const auto running = from_.open("a");
        const auto refused = copy();
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
        ASSERT_TRUE(running.client->fund("grant:a", 100)) << "it goes on";
    }
    EXPECT_TRUE(copy().has_value());
}

TEST_F(CopyTest, AFileThatDoesNotAgreeWithItselfIsNotCopied) {
    ASSERT_NO_FATAL_FAILURE(live(5));
    {
        const auto file = *sql::open_sqlite(from_.location());
        ASSERT_TRUE(file->run("UPDATE lanes SET used='1' WHERE account='grant:a'"));
    }
    const auto refused = copy();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
    EXPECT_EQ(count("requests"), 0);
}

TEST_F(CopyTest, AFailureHalfwayLeavesNothing) {
    ASSERT_NO_FATAL_FAILURE(live(20));
    {
        // PostgreSQL takes no zero byte in a text: the last of the tables fails.
        const auto file = *sql::open_sqlite(from_.location());
        ASSERT_TRUE(file->run("INSERT INTO nonces VALUES($1,'n2','',1)", {std::string("a\0b", 3)}));
    }
    EXPECT_FALSE(copy().has_value());
    for (const char* table : {"requests", "lanes", "keys", "nonces"}) EXPECT_EQ(count(table), 0);
    {
        const auto file = *sql::open_sqlite(from_.location());
        ASSERT_TRUE(file->run("DELETE FROM nonces WHERE nonce='n2'"));
    }
    EXPECT_TRUE(copy().has_value()) << "and can be done again";
}

TEST_F(CopyTest, WhatIsThereIsSaidPlainly) {
    EXPECT_EQ(copy().error().code, ErrorCode::kNotFound);
    ASSERT_NO_FATAL_FAILURE(live(1));
    EXPECT_EQ(copy_to_shared(from_.location(), "other.db").error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(copy_to_shared(from_.location(), "postgresql://127.0.0.1:1/x").error().code,
              ErrorCode::kNetwork);
}

}  // namespace
}  // namespace mintmark::ledger
