// Several gateways and one database: what a buyer could gain by asking two of them at once.
#include "mintmark/ledger/shared.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "mintmark/ledger/shared_schema.hpp"
#include "mintmark/ledger/testing.hpp"

namespace mintmark::ledger {
namespace {

using testing::Client;
using testing::cost;
using testing::PostgresPlace;
using testing::request;

constexpr auto kLook = std::chrono::milliseconds(5);  ///< between two looks at what others do

class SharedTest : public ::testing::Test {
  protected:
    void open_two() {
        a_ = place_.open("a").client;
        b_ = place_.open("b").client;
    }
    void close_two() {
        a_ = nullptr;
        b_ = nullptr;
    }
    void fund(std::uint64_t limit, std::optional<Amount> exposure = {}) {
        ASSERT_TRUE(a_->fund("grant:a", limit, exposure));
        ASSERT_TRUE(b_->fund("grant:a", limit, exposure));
    }
    /// How often `attempt` worked in `times` attempts at each of both at once.
    int race(int times, const std::function<Status(Client&, const std::string& id)>& attempt) {
        std::atomic<int> worked = 0;
        std::vector<std::thread> threads;
        for (Client* const client : {a_.get(), b_.get()}) {
            threads.emplace_back([&, client, name = std::string(client == a_.get() ? "a" : "b")] {
                for (int i = 0; i < times; ++i) {
                    if (attempt(*client, name + std::to_string(i))) ++worked;
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        return worked;
    }
    std::vector<std::string> audited() { return audit(place_.location()).value(); }
    std::unique_ptr<sql::Database> database() { return *sql::open_postgres(place_.location()); }

    PostgresPlace place_;
    std::unique_ptr<Client> a_, b_;
};

TEST_F(SharedTest, CreditIsSpentOnceBetweenTwoGateways) {
    open_two();
    fund(30);
    const int paid = race(30, [](Client& client, const std::string& id) -> Status {
        MINTMARK_CHECK(client.done(client.ledger->reserve(request(id, 2))));
        return client.done(client.ledger->finish(id, cost(1)));
    });
    EXPECT_GE(paid, 28);  // near the end a reservation of the other may stand in the way
    EXPECT_LE(paid, 30);
    ASSERT_TRUE(a_->ledger->refresh("grant:a"));
    EXPECT_EQ(a_->ledger->account("grant:a")->used(), Amount(static_cast<std::uint64_t>(paid)));
    EXPECT_EQ(a_->ledger->account("grant:a")->reserved, Amount(0U));
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, ANonceIsUsedByOneGateway) {
    open_two();
    const int used = race(25, [](Client& client, const std::string& id) {
        return client.done(client.ledger->use_nonce({"x402", id.substr(1), "", 0}));
    });
    EXPECT_EQ(used, 25);
}

TEST_F(SharedTest, AVoucherCountsOnceForBoth) {
    open_two();
    fund(1'000, Amount(3U));
    EXPECT_TRUE(a_->done(a_->ledger->record_voucher("grant:a", "", 10U, "{}")));
    EXPECT_TRUE(b_->done(b_->ledger->record_voucher("grant:a", "", 10U, "{}"))) << "the same";
    EXPECT_FALSE(b_->done(b_->ledger->record_voucher("grant:a", "", 9U, "{}"))) << "an older one";
    const int paid = race(13, [](Client& client, const std::string& id) -> Status {
        MINTMARK_CHECK(client.done(client.ledger->reserve(request(id, 1))));
        return client.done(client.ledger->finish(id, cost(1)));
    });
    EXPECT_EQ(paid, 13) << "10 signed and 3 on trust, not twice that";
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, OneOfTwoRequestsWithAnIdempotencyKeyIsPaid) {
    open_two();
    fund(1'000);
    const int paid = race(20, [](Client& client, const std::string& id) -> Status {
        RequestRow row = request(id, 1);
        row.idempotency_key = "once-" + id.substr(1);
        MINTMARK_CHECK(client.done(client.ledger->reserve(row)));
        return client.done(client.ledger->finish(id, cost(1)));
    });
    EXPECT_EQ(paid, 20);
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, ABudgetHoldsOverBoth) {
    open_two();
    fund(1'000'000);
    KeyRow key;
    key.id = "k";
    key.hash = "h";
    key.budget = 17;
    EXPECT_TRUE(a_->done(a_->ledger->put_key(key)));
    const int paid = race(20, [](Client& client, const std::string& id) -> Status {
        MINTMARK_CHECK(client.done(client.ledger->reserve(request(id, 1, 1))));
        return client.done(client.ledger->finish(id, cost(1, 1)));
    });
    EXPECT_EQ(paid, 17);
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, AKeyIsKnownToTheOtherAndItsRevocationHolds) {
    open_two();
    fund(100);
    KeyRow key;
    key.id = "k";
    key.hash = "h";
    EXPECT_TRUE(a_->done(a_->ledger->put_key(key)));
    ASSERT_TRUE(b_->ledger->load_key("h"));
    ASSERT_NE(b_->ledger->key_by_hash("h"), nullptr);
    EXPECT_EQ(b_->ledger->key_by_hash("h"), b_->ledger->key("k"));
    EXPECT_TRUE(b_->done(b_->ledger->reserve(request("1", 1))));
    key.is_revoked = true;
    EXPECT_TRUE(a_->done(a_->ledger->put_key(key)));
    const auto refused = b_->done(b_->ledger->reserve(request("2", 1)));
    ASSERT_FALSE(refused.has_value()) << "at once, whatever b remembers";
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    EXPECT_TRUE(b_->ledger->key("k")->row.is_revoked);
}

/// A gateway that froze while it served: the others close its request, and it cannot charge it.
TEST_F(SharedTest, WhoStoppedBeatingIsBuriedAndCannotCharge) {
    SharedOptions silent;
    silent.name = "a";
    silent.beat_every = std::chrono::hours(1);
    a_ = place_.open(silent).client;
    ASSERT_TRUE(a_->fund("grant:a", 10));
    EXPECT_TRUE(a_->done(a_->ledger->reserve(request("free", 3))));
    EXPECT_TRUE(a_->done(a_->ledger->reserve(request("half", 4))));
    EXPECT_TRUE(a_->done(a_->ledger->progress("half", 2U, 0)));
    SharedOptions watchful;
    watchful.name = "b";
    watchful.beat_every = std::chrono::milliseconds(10);
    watchful.patience = std::chrono::milliseconds(30);
    b_ = place_.open(watchful).client;
    while (b_->ledger->find("half").value()->end.state == "reserved")
        std::this_thread::sleep_for(kLook);
    EXPECT_EQ(b_->ledger->find("half").value()->end.state, "interrupted");
    EXPECT_EQ(b_->ledger->find("free").value()->end.state, "released");
    const auto late = a_->done(a_->ledger->finish("half", cost(4)));
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, ErrorCode::kInterrupted);
    ASSERT_TRUE(b_->fund("grant:a", 10));
    ASSERT_TRUE(b_->ledger->refresh("grant:a"));
    EXPECT_EQ(b_->ledger->account("grant:a")->used(), Amount(2U));
    EXPECT_TRUE(b_->done(b_->ledger->reserve(request("all", 8)))) << "what it held is free";
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, TwoGatewaysOfOneNameDoNotRun) {
    a_ = place_.open("a").client;
    SharedOptions options;
    options.location = place_.location();
    options.name = "a";
    const auto second = open_shared(options, Client().on_commit());
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
}

/// Text that PostgreSQL cannot hold must not stop the ledger for everybody.
TEST_F(SharedTest, BytesThatAreNoTextStopNobody) {
    open_two();
    fund(100);
    for (const std::string& odd :
         {std::string("\xff\xfe"), std::string("a\0b", 3), std::string("hex:00"),
          std::string("\xc3\x28"), std::string("\\\"'")}) {
        RequestRow row = request("odd-" + std::to_string(odd.size()) + std::to_string(odd[0]), 1);
        row.idempotency_key = odd;
        EXPECT_TRUE(a_->done(a_->ledger->reserve(row)));
        EXPECT_TRUE(a_->done(a_->ledger->finish(row.id, cost(1))));
        EXPECT_TRUE(b_->ledger->find_idempotent("k", odd).value().has_value());
    }
    EXPECT_FALSE(b_->ledger->find_idempotent("k", "\xff").value().has_value());
    // What no column takes is refused alone.
    RequestRow bad = request("bad", 1);
    bad.endpoint = std::string("\0", 1);
    const std::uint64_t first = a_->ledger->reserve(bad).value();
    const std::uint64_t second = a_->ledger->reserve(request("good", 1)).value();
    EXPECT_FALSE(a_->done(first));
    EXPECT_TRUE(a_->done(second));
    EXPECT_FALSE(a_->ledger->finish("bad", cost(1)).has_value());
}

/// The server dies under load and comes back: nothing is lost, nothing is there twice.
TEST_F(SharedTest, AServerThatDiesIsWaitedFor) {
    open_two();
    fund(1'000'000);
    std::atomic<bool> is_over = false;
    std::atomic<std::uint64_t> acknowledged = 0;
    std::vector<std::thread> threads;
    for (Client* const client : {a_.get(), b_.get()}) {
        threads.emplace_back([&, client, name = std::string(client == a_.get() ? "a" : "b")] {
            for (int i = 0; !is_over; ++i) {
                const std::string id = name + std::to_string(i);
                if (!client->done(client->ledger->reserve(request(id, 2)))) continue;
                if (client->done(client->ledger->finish(id, cost(1)))) ++acknowledged;
            }
        });
    }
    while (acknowledged < 20) std::this_thread::sleep_for(kLook);
    PostgresPlace::crash_and_restart();
    const std::uint64_t before = acknowledged;
    while (acknowledged < before + 20) std::this_thread::sleep_for(kLook);
    is_over = true;
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(a_->ledger->refresh("grant:a"));
    EXPECT_EQ(a_->ledger->account("grant:a")->used(), Amount(acknowledged.load()));
    EXPECT_EQ(a_->ledger->account("grant:a")->reserved, Amount(0U));
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(SharedTest, TheAuditSeesASpoiltTotal) {
    open_two();
    fund(100);
    EXPECT_TRUE(a_->done(a_->ledger->reserve(request("1", 3))));
    EXPECT_TRUE(a_->done(a_->ledger->finish("1", cost(3))));
    EXPECT_THAT(audited(), ::testing::IsEmpty());
    ASSERT_TRUE(database()->run("UPDATE lanes SET used=used+1"));
    EXPECT_THAT(audited(), ::testing::SizeIs(1));
}

TEST_F(SharedTest, TablesOfAnOlderProgramAreBroughtUpAndOfANewerRefused) {
    open_two();
    fund(100);
    EXPECT_TRUE(a_->done(a_->ledger->reserve(request("1", 3))));
    EXPECT_TRUE(a_->done(a_->ledger->finish("1", cost(3))));
    close_two();
    ASSERT_TRUE(database()->script("DROP TABLE secrets; UPDATE ledger_schema SET version=1"));
    EXPECT_FALSE(inspect_shared(place_.location()).value().is_current);
    open_two();
    EXPECT_TRUE(a_->ledger->find("1").value().has_value());
    const SharedState state = inspect_shared(place_.location()).value();
    EXPECT_TRUE(state.is_current);
    EXPECT_THAT(state.gateways, ::testing::ElementsAre("a", "b"));
    EXPECT_THAT(state.problems, ::testing::IsEmpty());
    close_two();
    ASSERT_TRUE(database()->run("UPDATE ledger_schema SET version=$1", {schema_version() + 1}));
    const auto newer = open_shared({.location = place_.location()}, Client().on_commit());
    ASSERT_FALSE(newer.has_value());
    EXPECT_EQ(newer.error().code, ErrorCode::kUnsupported);
}

TEST_F(SharedTest, ManyGatewaysMayStartAtOnce) {
    std::vector<std::thread> threads;
    std::atomic<int> opened = 0;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            if (open_shared({.location = place_.location()}, Client().on_commit())) ++opened;
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(opened, 6);
}

TEST_F(SharedTest, NoServerIsSaidPlainly) {
    const auto none = open_shared({.location = "postgresql://127.0.0.1:1/x"}, Client().on_commit());
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, ErrorCode::kNetwork);
    EXPECT_THAT(none.error().message, ::testing::HasSubstr("PostgreSQL"));
}

}  // namespace
}  // namespace mintmark::ledger
