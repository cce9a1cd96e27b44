// Test support: a batcher with its ledger, its file of intents and a simulated chain.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "mintmark/base/rng.hpp"
#include "mintmark/settlement/batcher.hpp"
#include "simulated_chain.hpp"

namespace mintmark::settlement::testing {

inline Address buyer(std::size_t number) {
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
    [[nodiscard]] std::string file() const { return (folder_ / "settle.db").string(); }
    /// As after a crash: everything that was in memory is gone.
    void start() { start(file()); }
    void start(const std::string& location) {
        batcher_.reset();
        intents_ = std::make_unique<Intents>(Intents::open(location).value());
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

}  // namespace mintmark::settlement::testing
