// Reservations, charges, vouchers, budgets, and what is left of them after a crash: the same of a
// file and of a database that is shared.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "mintmark/base/rng.hpp"
#include "mintmark/ledger/testing.hpp"

namespace mintmark::ledger {
namespace {

using testing::Client;
using testing::cost;
using testing::request;

template <class Place>
class LedgerTest : public ::testing::Test {
  protected:
    /// Another run of the same gateway.
    std::uint64_t open() {
        client_ = nullptr;
        auto opened = place_.open("a");
        client_ = std::move(opened.client);
        return opened.recovered;
    }
    Ledger& ledger() { return *client_->ledger; }
    std::vector<std::string> audited() {
        client_ = nullptr;
        return audit(place_.location()).value();
    }

    Place place_;
    std::unique_ptr<Client> client_;
};

using Places = ::testing::Types<testing::FilePlace, testing::PostgresPlace>;
TYPED_TEST_SUITE(LedgerTest, Places);

TYPED_TEST(LedgerTest, ParallelRequestsCannotReserveMoreThanThereIs) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 10));
    EXPECT_TRUE(client.done(ledger.reserve(request("1", 6))));
    const auto second = client.done(ledger.reserve(request("2", 5)));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kInsufficientFunds);
    EXPECT_TRUE(client.done(ledger.finish("1", cost(3))));
    EXPECT_TRUE(client.done(ledger.reserve(request("2", 7))));
    EXPECT_FALSE(client.done(ledger.reserve(request("3", 1))));
    EXPECT_TRUE(client.done(ledger.finish("2", cost(7))));
    EXPECT_EQ(ledger.account("grant:a")->used(), Amount(10U));
    EXPECT_THAT(this->audited(), ::testing::IsEmpty());
}

TYPED_TEST(LedgerTest, ALyingCostIsCutToTheReservation) {
    this->open();
    Client& client = *this->client_;
    ASSERT_TRUE(client.fund("grant:a", 100));
    EXPECT_TRUE(client.done(this->ledger().reserve(request("1", 5, 7))));
    EXPECT_TRUE(client.done(this->ledger().finish("1", cost(50, 70))));
    EXPECT_EQ(this->ledger().account("grant:a")->used(), Amount(5U));
    EXPECT_FALSE(client.done(this->ledger().finish("1", cost(5)))) << "charged twice";
    EXPECT_THAT(this->audited(), ::testing::IsEmpty());
}

TYPED_TEST(LedgerTest, ABudgetStopsAndComesBackWithARestart) {
    this->open();
    ASSERT_TRUE(this->client_->fund("grant:a", 1000));
    KeyRow key;
    key.id = "k";
    key.hash = "h";
    key.buyer = "b";
    key.budget = 10;
    EXPECT_TRUE(this->client_->done(this->ledger().put_key(key)));
    EXPECT_TRUE(this->client_->done(this->ledger().reserve(request("1", 1, 6))));
    const auto second = this->client_->done(this->ledger().reserve(request("2", 1, 5)));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kPriceExceeded);
    EXPECT_FALSE(this->client_->done(this->ledger().reserve(request("3", 1, ~std::uint64_t{0}))))
        << "overflow";
    EXPECT_TRUE(this->client_->done(this->ledger().finish("1", cost(1, 6))));
    this->open();
    ASSERT_TRUE(this->client_->fund("grant:a", 1000));
    ASSERT_NE(this->ledger().key_by_hash("h"), nullptr);
    EXPECT_EQ(this->ledger().key_by_hash("h")->row.spent, 6U);
    EXPECT_FALSE(this->client_->done(this->ledger().reserve(request("4", 1, 5))));
    EXPECT_TRUE(this->client_->done(this->ledger().reserve(request("5", 1, 4))));
}

TYPED_TEST(LedgerTest, UnsignedUseStopsAtTheExposure) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100, Amount(10U)));
    EXPECT_TRUE(client.done(ledger.reserve(request("1", 10))));
    EXPECT_TRUE(client.done(ledger.finish("1", cost(10))));
    const auto second = client.done(ledger.reserve(request("2", 1)));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kRejected);
    EXPECT_TRUE(client.done(ledger.record_voucher("grant:a", "", 10U, "{}")));
    EXPECT_FALSE(client.done(ledger.record_voucher("grant:a", "", 9U, "{}"))) << "an older one";
    EXPECT_TRUE(client.done(ledger.reserve(request("2", 10))));
}

/// Whose row is shared is held to the same as whose row is copied.
TYPED_TEST(LedgerTest, ASharedRowIsReservedAsAnyOther) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 10));
    const auto share = [](RequestRow row, bool is_whole) {
        row.is_whole = is_whole;
        return std::make_shared<const RequestRow>(std::move(row));
    };
    EXPECT_TRUE(client.done(ledger.reserve_row(share(request("1", 6), true))));
    EXPECT_FALSE(ledger.reserve_row(share(request("1", 1), true))) << "the id runs";
    EXPECT_FALSE(client.done(ledger.reserve_row(share(request("2", 5), true)))) << "too much";
    EXPECT_TRUE(client.done(ledger.reserve_row(share(request("3", 4), false))));
    EXPECT_TRUE(client.done(ledger.finish("1", cost(2))));
    EXPECT_TRUE(client.done(ledger.finish("3", cost(4))));
    EXPECT_EQ(ledger.account("grant:a")->used(), Amount(6U));
    const auto found = ledger.find("1").value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->row.account, "grant:a");
    EXPECT_EQ(found->end.units, Amount(2U));
}

TYPED_TEST(LedgerTest, IdempotencyKeysHoldOnePlaceAndKeepTheAnswer) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100));
    RequestRow row = request("1", 1);
    row.idempotency_key = "i";
    EXPECT_TRUE(client.done(ledger.reserve(row)));
    RequestRow again = request("2", 1);
    again.idempotency_key = "i";
    EXPECT_EQ(client.done(ledger.reserve(again)).error().code, ErrorCode::kAlreadyExists);
    Outcome outcome = cost(1);
    outcome.body = std::string("answer \xff\x00\\", 10);  // bytes, whatever they are
    EXPECT_TRUE(client.done(ledger.finish("1", outcome)));
    const auto found = ledger.find_idempotent("k", "i").value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->end.body, outcome.body);
    EXPECT_FALSE(ledger.find_idempotent("other", "i").value().has_value());
}

/// A buyer's second request that looked for the answer before the first one ended must not pay too.
TYPED_TEST(LedgerTest, AnIdempotencyKeyThatWasAnsweredIsNotReservedAgain) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100));
    RequestRow row = request("1", 1);
    row.idempotency_key = "i";
    EXPECT_TRUE(client.done(ledger.reserve(row)));
    EXPECT_TRUE(client.done(ledger.finish("1", cost(1))));
    ledger.forget_idempotency("k", "i");
    row.id = "2";
    EXPECT_EQ(client.done(ledger.reserve(row)).error().code, ErrorCode::kAlreadyExists);
    row.id = "3";
    row.idempotency_key = "other";
    EXPECT_TRUE(client.done(ledger.reserve(row)));
}

/// A request that failed has cost nothing and may be sent again under its key.
TYPED_TEST(LedgerTest, AnIdempotencyKeyOfAFailureIsFree) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100));
    RequestRow row = request("1", 1);
    row.idempotency_key = "i";
    EXPECT_TRUE(client.done(ledger.reserve(row)));
    Outcome outcome = cost(0);
    outcome.state = "failed";
    EXPECT_TRUE(client.done(ledger.finish("1", outcome)));
    ledger.forget_idempotency("k", "i");
    row.id = "2";
    EXPECT_TRUE(client.done(ledger.reserve(row)));
}

TYPED_TEST(LedgerTest, NoncesAreUsedOnceAcrossRestarts) {
    this->open();
    EXPECT_TRUE(this->client_->done(this->ledger().use_nonce({"x402", "n", "", 0})));
    EXPECT_FALSE(this->client_->done(this->ledger().use_nonce({"x402", "n", "", 0})));
    this->open();
    EXPECT_FALSE(this->client_->done(this->ledger().use_nonce({"x402", "n", "", 0})));
    EXPECT_TRUE(this->client_->done(this->ledger().use_nonce({"x402", "m", "", 0})));
}

/// The disk refused the charge, the buyer got nothing: it comes back, once.
TYPED_TEST(LedgerTest, AChargeThatIsTakenBackIsGone) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100));
    KeyRow key;
    key.id = "k";
    key.hash = "h";
    EXPECT_TRUE(client.done(ledger.put_key(key)));
    EXPECT_TRUE(client.done(ledger.reserve(request("1", 8, 9))));
    EXPECT_TRUE(client.done(ledger.finish("1", cost(7, 8))));
    EXPECT_TRUE(client.done(ledger.take_back(request("1", 8, 9), 7U, 8)));
    EXPECT_EQ(ledger.account("grant:a")->used(), Amount(0U));
    EXPECT_EQ(ledger.key("k")->row.spent, 0U);
    EXPECT_EQ(ledger.find("1").value()->end.state, "released");
    EXPECT_THAT(this->audited(), ::testing::IsEmpty());
}

TYPED_TEST(LedgerTest, UseIsSummedByDayKeyAndModel) {
    this->open();
    Client& client = *this->client_;
    Ledger& ledger = this->ledger();
    ASSERT_TRUE(client.fund("grant:a", 100));
    for (const char* id : {"1", "2", "3"}) {
        RequestRow row = request(id, 1, 5);
        row.model = *id == '3' ? "other" : "m";
        row.created_ms = 1'764'201'600'000;  // 2025-11-27 00:00 UTC
        EXPECT_TRUE(client.done(ledger.reserve(row)));
        EXPECT_TRUE(client.done(ledger.finish(id, cost(1, 5))));
    }
    const auto sums = ledger.usage_of("b", 0).value();
    ASSERT_EQ(sums.size(), 2U);
    EXPECT_EQ(sums[0].day, "2025-11-27");
    EXPECT_EQ(sums[0].model, "m");
    EXPECT_EQ(sums[0].requests, 2U);
    EXPECT_EQ(sums[0].usd, 10U);
    EXPECT_THAT(ledger.accounts_of("b").value(), ::testing::ElementsAre("grant:a"));
    EXPECT_TRUE(ledger.usage_of("nobody", 0).value().empty());
}

TYPED_TEST(LedgerTest, WhatTheChainHasCountedIsTheBase) {
    this->open();
    ASSERT_TRUE(this->ledger().set_terms("pass:1", {60U, Amount(5U)}, "", 40U));
    EXPECT_EQ(this->ledger().account("pass:1")->available(), Amount(5U));
    ASSERT_TRUE(this->ledger().set_terms("pass:1", {60U, Amount(500U)}, "", 40U));
    EXPECT_EQ(this->ledger().account("pass:1")->available(), Amount(60U));
    // Another lane of the same account takes from the same limit, also after a restart.
    ASSERT_TRUE(this->ledger().set_terms("pass:1", {60U, {}}, "other", 7U));
    RequestRow row = request("1", 25);
    row.account = "pass:1";
    row.lane = "other";
    ASSERT_TRUE(this->client_->done(this->ledger().reserve(row)));
    EXPECT_TRUE(this->client_->done(this->ledger().finish("1", cost(25))));
    this->open();
    ASSERT_TRUE(this->ledger().set_terms("pass:1", {60U, {}}, "", 40U));
    ASSERT_TRUE(this->ledger().refresh("pass:1"));
    EXPECT_EQ(this->ledger().account("pass:1")->available(), Amount(35U));
    ASSERT_TRUE(this->ledger().set_terms("pass:1", {35U, {}}, "other", 32U)) << "settled";
    EXPECT_EQ(this->ledger().account("pass:1")->available(), Amount(35U));
}

TYPED_TEST(LedgerTest, AWholeAnswerIsChargedOnceWhateverWasWrittenBefore) {
    this->open();
    Client& client = *this->client_;
    ASSERT_TRUE(client.fund("grant:a", 100));
    for (const std::string id : {"at once", "late", "with progress"}) {
        RequestRow row = request(id, 10);
        row.is_whole = true;
        const auto reserved = this->ledger().reserve(row);
        ASSERT_TRUE(client.done(reserved));
        EXPECT_FALSE(this->ledger().reserve(row)) << "the id runs";
        if (id == "late") std::this_thread::sleep_for(2 * Journal::kLinger);
        if (id == "with progress") this->ledger().progress(id, 3U, 0);
        ASSERT_TRUE(client.done(this->ledger().finish(id, cost(7))));
        const auto record = this->ledger().find(id).value();
        ASSERT_TRUE(record.has_value()) << id;
        EXPECT_EQ(record->end.state, "settled");
        EXPECT_EQ(record->row.units_reserved, Amount(10U));
        EXPECT_EQ(record->end.units, Amount(7U));
    }
    EXPECT_EQ(this->ledger().account("grant:a")->used(), Amount(21U));
    EXPECT_THAT(this->audited(), ::testing::IsEmpty());
}

TYPED_TEST(LedgerTest, AWholeAnswerThatIsTakenBackIsOneReleasedRow) {
    this->open();
    Client& client = *this->client_;
    ASSERT_TRUE(client.fund("grant:a", 100));
    RequestRow row = request("1", 10);
    row.is_whole = true;
    ASSERT_TRUE(client.done(this->ledger().reserve(row)));
    ASSERT_TRUE(this->ledger().finish("1", cost(7)).has_value());
    ASSERT_TRUE(client.done(this->ledger().take_back(row, 7U, 0)));
    EXPECT_EQ(this->ledger().find("1").value()->end.state, "released");
    EXPECT_THAT(this->audited(), ::testing::IsEmpty());
}

/// A child that is killed between any two steps: what it acknowledged is there, nothing is there
/// twice, and what was open is released or charged with what it had produced.
TYPED_TEST(LedgerTest, KilledAtSeededPoints) {
    std::uint64_t acknowledged_total = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        int pipe_ends[2];
        ASSERT_EQ(::pipe(pipe_ends), 0);
        this->client_ = nullptr;  // no threads and no connections over a fork
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(pipe_ends[0]);
            SeededRng rng(seed);
            this->open();
            (void)this->client_->fund("grant:a", 1'000'000);
            const std::uint64_t steps = 3 + rng.next() % 40;
            for (std::uint64_t i = 0; i < steps; ++i) {
                const std::string id = std::to_string(seed) + "-" + std::to_string(i);
                RequestRow row = request(id, 10);
                row.is_whole = rng.next() % 2 == 0;
                (void)this->ledger().reserve(row);
                if (rng.next() % 3 == 0) this->ledger().progress(id, 4U, 0);
                if (rng.next() % 4 == 0) continue;
                const std::uint64_t sequence = this->ledger().finish(id, cost(7)).value();
                if (rng.next() % 2 == 0 && this->client_->done(sequence)) {
                    (void)!::write(pipe_ends[1], id.c_str(), id.size() + 1);
                }
            }
            ::kill(::getpid(), SIGKILL);
        }
        ::close(pipe_ends[1]);
        std::string acknowledged;
        std::array<char, 4096> buffer;
        for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
            acknowledged.append(buffer.data(), static_cast<std::size_t>(n));
        }
        ::close(pipe_ends[0]);
        ::waitpid(child, nullptr, 0);
        this->open();
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = acknowledged.find('\0', begin)) != std::string::npos;
             begin = end + 1) {
            const auto record =
                this->ledger().find(acknowledged.substr(begin, end - begin)).value();
            ASSERT_TRUE(record.has_value()) << "a paid request is lost";
            EXPECT_EQ(record->end.state, "settled");
            EXPECT_EQ(record->end.units, Amount(7U));
            ++acknowledged_total;
        }
        ASSERT_TRUE(this->client_->fund("grant:a", 1'000'000));
        ASSERT_TRUE(this->ledger().refresh("grant:a"));
        EXPECT_EQ(this->ledger().account("grant:a")->reserved, Amount(0U));
        EXPECT_THAT(this->audited(), ::testing::IsEmpty());
    }
    EXPECT_GT(acknowledged_total, 20U);
}

}  // namespace
}  // namespace mintmark::ledger
