// Reservations, charges, vouchers, budgets, and what is left of them after a crash.
#include "mintmark/ledger/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "mintmark/base/rng.hpp"

namespace mintmark::ledger {
namespace {

class LedgerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("mintmark-ledger-" + std::to_string(::getpid()) + "-" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
    }
    void TearDown() override {
        ledger_ = nullptr;
        std::filesystem::remove_all(folder_);
    }
    std::uint64_t open() {
        ledger_ = nullptr;
        auto opened = Ledger::open(folder_ / "ledger.db",
                                   [this](std::uint64_t sequence, const Status& status) {
                                       const std::lock_guard lock(mutex_);
                                       if (status) committed_ = sequence;
                                       changed_.notify_all();
                                   });
        EXPECT_TRUE(opened.has_value());
        ledger_ = std::move(opened->ledger);
        committed_ = 0;
        return opened->recovered;
    }
    void wait(std::uint64_t sequence) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return committed_ >= sequence; });
    }
    void fund(const std::string& account, std::uint64_t limit,
              std::optional<Amount> exposure = {}) {
        ASSERT_TRUE(ledger_->set_terms(account, {limit, exposure}, "", 0U));
    }
    static RequestRow request(const std::string& id, std::uint64_t units, std::uint64_t usd = 0) {
        RequestRow row;
        row.id = id;
        row.account = "grant:a";
        row.key_id = "k";
        row.buyer = "b";
        row.units_reserved = units;
        row.usd_reserved = usd;
        return row;
    }
    static Outcome cost(std::uint64_t units, std::uint64_t usd = 0) {
        Outcome out;
        out.units = units;
        out.usd = usd;
        return out;
    }
    std::vector<std::string> audited() {
        ledger_ = nullptr;
        return audit(folder_ / "ledger.db").value();
    }

    std::filesystem::path folder_;
    std::unique_ptr<Ledger> ledger_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t committed_ = 0;
};

TEST_F(LedgerTest, ParallelRequestsCannotReserveMoreThanThereIs) {
    open();
    fund("grant:a", 10);
    EXPECT_TRUE(ledger_->reserve(request("1", 6)).has_value());
    const auto second = ledger_->reserve(request("2", 5));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kInsufficientFunds);
    EXPECT_TRUE(ledger_->finish("1", cost(3)).has_value());
    EXPECT_TRUE(ledger_->reserve(request("2", 7)).has_value());
    EXPECT_FALSE(ledger_->reserve(request("3", 1)).has_value());
    EXPECT_TRUE(ledger_->finish("2", cost(7)).has_value());
    EXPECT_EQ(ledger_->account("grant:a")->used(), Amount(10U));
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(LedgerTest, ALyingCostIsCutToTheReservation) {
    open();
    fund("grant:a", 100);
    EXPECT_TRUE(ledger_->reserve(request("1", 5, 7)).has_value());
    EXPECT_TRUE(ledger_->finish("1", cost(50, 70)).has_value());
    EXPECT_EQ(ledger_->account("grant:a")->used(), Amount(5U));
    EXPECT_FALSE(ledger_->finish("1", cost(5)).has_value()) << "charged twice";
    EXPECT_THAT(audited(), ::testing::IsEmpty());
}

TEST_F(LedgerTest, ABudgetStopsAndComesBackWithARestart) {
    open();
    fund("grant:a", 1000);
    KeyRow key;
    key.id = "k";
    key.hash = "h";
    key.buyer = "b";
    key.budget = 10;
    ledger_->put_key(key);
    EXPECT_TRUE(ledger_->reserve(request("1", 1, 6)).has_value());
    const auto second = ledger_->reserve(request("2", 1, 5));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kPriceExceeded);
    EXPECT_FALSE(ledger_->reserve(request("3", 1, ~std::uint64_t{0})).has_value()) << "overflow";
    wait(ledger_->finish("1", cost(1, 6)).value());
    open();
    fund("grant:a", 1000);
    ASSERT_NE(ledger_->key_by_hash("h"), nullptr);
    EXPECT_EQ(ledger_->key_by_hash("h")->row.spent, 6U);
    EXPECT_FALSE(ledger_->reserve(request("4", 1, 5)).has_value());
    EXPECT_TRUE(ledger_->reserve(request("5", 1, 4)).has_value());
}

TEST_F(LedgerTest, UnsignedUseStopsAtTheExposure) {
    open();
    fund("grant:a", 100, Amount(10U));
    EXPECT_TRUE(ledger_->reserve(request("1", 10)).has_value());
    EXPECT_TRUE(ledger_->finish("1", cost(10)).has_value());
    const auto second = ledger_->reserve(request("2", 1));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::kRejected);
    EXPECT_TRUE(ledger_->record_voucher("grant:a", "", 10U, "{}").has_value());
    EXPECT_FALSE(ledger_->record_voucher("grant:a", "", 9U, "{}").has_value()) << "an older one";
    EXPECT_TRUE(ledger_->reserve(request("2", 10)).has_value());
}

TEST_F(LedgerTest, IdempotencyKeysHoldOnePlaceAndKeepTheAnswer) {
    open();
    fund("grant:a", 100);
    RequestRow row = request("1", 1);
    row.idempotency_key = "i";
    EXPECT_TRUE(ledger_->reserve(row).has_value());
    RequestRow again = request("2", 1);
    again.idempotency_key = "i";
    EXPECT_EQ(ledger_->reserve(again).error().code, ErrorCode::kAlreadyExists);
    Outcome outcome = cost(1);
    outcome.body = "answer";
    wait(ledger_->finish("1", outcome).value());
    const auto found = ledger_->find_idempotent("k", "i").value();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->end.body, "answer");
    EXPECT_FALSE(ledger_->find_idempotent("other", "i").value().has_value());
}

/// A buyer's second request that looked for the answer before the first one ended must not pay too.
TEST_F(LedgerTest, AnIdempotencyKeyThatWasAnsweredIsNotReservedAgain) {
    open();
    fund("grant:a", 100);
    RequestRow row = request("1", 1);
    row.idempotency_key = "i";
    EXPECT_TRUE(ledger_->reserve(row).has_value());
    wait(ledger_->finish("1", cost(1)).value());
    ledger_->forget_idempotency("k", "i");
    row.id = "2";
    EXPECT_EQ(ledger_->reserve(row).error().code, ErrorCode::kAlreadyExists);
    row.id = "3";
    row.idempotency_key = "other";
    EXPECT_TRUE(ledger_->reserve(row).has_value());
}

TEST_F(LedgerTest, NoncesAreUsedOnceAcrossRestarts) {
    open();
    wait(ledger_->use_nonce({"x402", "n", "", 0}).value());
    EXPECT_FALSE(ledger_->use_nonce({"x402", "n", "", 0}).has_value());
    open();
    EXPECT_FALSE(ledger_->use_nonce({"x402", "n", "", 0}).has_value());
    EXPECT_TRUE(ledger_->use_nonce({"x402", "m", "", 0}).has_value());
}

TEST_F(LedgerTest, WhatTheChainHasCountedIsTheBase) {
    open();
    ASSERT_TRUE(ledger_->set_terms("pass:1", {60U, Amount(5U)}, "", 40U));
    EXPECT_EQ(ledger_->account("pass:1")->available(), Amount(5U));
    ASSERT_TRUE(ledger_->set_terms("pass:1", {60U, Amount(500U)}, "", 40U));
    EXPECT_EQ(ledger_->account("pass:1")->available(), Amount(60U));
    // Another lane of the same account takes from the same limit, also after a restart.
    ASSERT_TRUE(ledger_->set_terms("pass:1", {60U, {}}, "other", 7U));
    RequestRow row = request("1", 25);
    row.account = "pass:1";
    row.lane = "other";
    ASSERT_TRUE(ledger_->reserve(row).has_value());
    wait(ledger_->finish("1", cost(25)).value());
    open();
    ASSERT_TRUE(ledger_->set_terms("pass:1", {60U, {}}, "", 40U));
    EXPECT_EQ(ledger_->account("pass:1")->available(), Amount(35U));
    ASSERT_TRUE(ledger_->set_terms("pass:1", {35U, {}}, "other", 32U)) << "settled";
    EXPECT_EQ(ledger_->account("pass:1")->available(), Amount(35U));
}

/// A child that is killed between any two steps: what it acknowledged is there, nothing is there
/// twice, and what was open is released or charged with what it had produced.
TEST_F(LedgerTest, KilledAtSeededPoints) {
    std::uint64_t acknowledged_total = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        int pipe_ends[2];
        ASSERT_EQ(::pipe(pipe_ends), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(pipe_ends[0]);
            SeededRng rng(seed);
            open();
            fund("grant:a", 1'000'000);
            const std::uint64_t steps = 3 + rng.next() % 40;
            for (std::uint64_t i = 0; i < steps; ++i) {
                const std::string id = std::to_string(seed) + "-" + std::to_string(i);
                (void)ledger_->reserve(request(id, 10));
                if (rng.next() % 3 == 0) ledger_->progress(id, 4U, 0);
                if (rng.next() % 4 == 0) continue;
                const std::uint64_t sequence = ledger_->finish(id, cost(7)).value();
                if (rng.next() % 2 == 0) {
                    wait(sequence);
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
        open();
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = acknowledged.find('\0', begin)) != std::string::npos;
             begin = end + 1) {
            const auto record = ledger_->find(acknowledged.substr(begin, end - begin)).value();
            ASSERT_TRUE(record.has_value()) << "a paid request is lost";
            EXPECT_EQ(record->end.state, "settled");
            EXPECT_EQ(record->end.units, Amount(7U));
            ++acknowledged_total;
        }
        fund("grant:a", 1'000'000);
        EXPECT_EQ(ledger_->account("grant:a")->reserved, Amount(0U));
        EXPECT_THAT(audited(), ::testing::IsEmpty());
    }
    EXPECT_GT(acknowledged_total, 20U);
}

}  // namespace
}  // namespace mintmark::ledger
