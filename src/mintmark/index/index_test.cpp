// The index against a node that re-organises, refuses and lies; what it says is what a fresh index
// of the final chain says, and what the node's own sums say.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "mintmark/index/follower.hpp"
#include "mintmark/index/views.hpp"
#include "testing.hpp"

namespace mintmark::index {
namespace {

using chain::U256;

class IndexTest : public ::testing::Test {
  protected:
    void SetUp() override {
        path_ = std::filesystem::temp_directory_path() /
                ("mintmark-index-" + std::to_string(::getpid()) + "-" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name());
        remove();
    }
    void TearDown() override { remove(); }
    void remove() const {
        for (const char* end : {"", "-wal", "-shm"}) {
            std::filesystem::remove(path_.string() + end);
        }
    }
    Store open() { return Store::open(path_, simulated_deployment()).value(); }

    /// Every entity as text.
    static std::string dump(Store& store) {
        std::string out;
        for (const char kind : {'m', 'v', 'e', 'r', 'p', 'c', 'g', 'q', 'w', 'o'}) {
            const auto all = store.entities(kind).value();
            for (const auto& [name, value] : all) out += name + json::compact(value) + "\n";
        }
        return out;
    }
    /// What an index that sees only the final chain says.
    static std::string scratch(const std::shared_ptr<SimulatedNode>& node) {
        Store store = Store::open("", simulated_deployment()).value();
        chain::RpcClient client("http://node", node);
        Follower follower(client, store, simulated_deployment());
        EXPECT_TRUE(follower.catch_up());
        return dump(store);
    }
    static void expect_true_of(SimulatedNode& node, Store& store) {
        for (std::size_t user = 0; user < SimulatedNode::kUsers; ++user) {
            const auto key = SimulatedNode::channel(user);
            const auto channel = read_channel(store, key).value();
            EXPECT_EQ(channel.balance, U256(node.balance(user)));
            EXPECT_EQ(channel.settled, U256(node.settled(user)));
            EXPECT_EQ(read_lane(store, key, {1, 1})->settled_for, U256(node.settled(user)));
        }
    }

    std::filesystem::path path_;
};

TEST_F(IndexTest, WhateverTheChainDoesTheIndexEndsWhereAFreshOneDoes) {
    std::uint64_t reorgs = 0;
    std::uint64_t rebuilds = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        remove();
        const auto node = std::make_shared<SimulatedNode>(seed);
        SeededRng rng(seed * 1'000);
        chain::RpcClient client("http://node", node);
        FollowOptions options;
        options.keep = 12;
        options.first_range = 3;
        options.patience = 2;
        options.confirmations = seed % 3;
        auto store = std::make_unique<Store>(open());
        auto follower = std::make_unique<Follower>(client, *store, simulated_deployment(), options);
        for (int turn = 0; turn < 120; ++turn) {
            const std::uint64_t choice = rng.next() % 12;
            if (choice < 6) node->mine(rng.next() % 4);
            if (choice == 6) node->drop(1 + rng.next() % 4);
            if (choice == 7 && turn % 5 == 0) node->drop(16);
            if (choice == 8)
                node->faults.assign(1 + rng.next() % 3, rng.next() % 2 ? "429" : "limit");
            if (choice == 9) node->faults.assign(1, "network");
            if (choice == 10) node->max_range = 1 + rng.next() % 5;
            if (choice == 11) {  // a restart
                reorgs += follower->state().reorgs;
                rebuilds += follower->state().rebuilds;
                follower.reset();
                store = std::make_unique<Store>(open());
                follower =
                    std::make_unique<Follower>(client, *store, simulated_deployment(), options);
            }
            (void)follower->step();
        }
        node->faults.clear();
        for (std::uint64_t i = 0; i < options.confirmations; ++i) node->mine(0);
        node->mine(0);
        for (int i = 0; i < 300 && follower->state().lag() > options.confirmations; ++i)
            (void)follower->step();
        while (follower->step().value() != Step::kCurrent) {
        }
        reorgs += follower->state().reorgs;
        rebuilds += follower->state().rebuilds;
        EXPECT_EQ(follower->state().lag(), options.confirmations);
        EXPECT_EQ(dump(*store), scratch(node)) << "seed " << seed;
        expect_true_of(*node, *store);
    }
    EXPECT_GT(reorgs, 20U);
    EXPECT_GT(rebuilds, 0U);
}

TEST_F(IndexTest, RangesAdaptToWhatTheNodeBears) {
    const auto node = std::make_shared<SimulatedNode>(1);
    for (int i = 0; i < 400; ++i) node->mine(1);
    node->max_range = 7;
    Store store = open();
    chain::RpcClient client("http://node", node);
    Follower follower(client, store, simulated_deployment());
    ASSERT_TRUE(follower.catch_up());
    EXPECT_EQ(follower.state().tip.number, 400U);
    EXPECT_LT(node->log_requests, 200U) << "it shrinks at once and does not ask block by block";
    expect_true_of(*node, store);
}

TEST_F(IndexTest, ALyingNodeChangesNothing) {
    using Lie = SimulatedNode::Lie;
    for (const Lie lie : {Lie::kOrder, Lie::kStranger, Lie::kHash, Lie::kHalfBatch, Lie::kBlock}) {
        remove();
        const auto node = std::make_shared<SimulatedNode>(3);
        for (int i = 0; i < 20; ++i) node->mine(3);
        node->lie = lie;
        Store store = open();
        chain::RpcClient client("http://node", node);
        Follower follower(client, store, simulated_deployment());
        const auto out = follower.step();
        ASSERT_FALSE(out) << static_cast<int>(lie);
        EXPECT_EQ(store.tip()->number, 0U);
        EXPECT_EQ(follower.state().agreed_ms, 0) << "it must not look fresh";
        EXPECT_GT(follower.delay_ms(out), 100);
        node->lie = Lie::kNone;
        ASSERT_TRUE(follower.catch_up());
        expect_true_of(*node, store);
    }
}

TEST_F(IndexTest, AnotherChainIsRefused) {
    const auto node = std::make_shared<SimulatedNode>(3);
    node->mine(3);
    node->chain_id = 1;
    Store store = open();
    chain::RpcClient client("http://node", node);
    Follower follower(client, store, simulated_deployment());
    EXPECT_EQ(follower.step().error().code, ErrorCode::kChain);
    EXPECT_EQ(store.num_events().value(), 0U);
}

/// A pool whose nodes are not all as far: who profits is the buyer whose debit is forgotten.
TEST_F(IndexTest, ANodeThatIsBehindTakesNothingBack) {
    const auto node = std::make_shared<SimulatedNode>(4);
    for (int i = 0; i < 10; ++i) node->mine(2);
    Store store = open();
    chain::RpcClient client("http://node", node);
    Follower follower(client, store, simulated_deployment());
    ASSERT_TRUE(follower.catch_up());
    node->answers_head = 7;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(follower.step().value(), Step::kBehind);
    EXPECT_EQ(store.tip()->number, 10U);
    node->answers_head = ~0ULL;
    ASSERT_TRUE(follower.catch_up());
    EXPECT_EQ(follower.state().reorgs, 0U);
}

TEST_F(IndexTest, TwoWritersOfOneFileDoNotCountTwice) {
    const auto node = std::make_shared<SimulatedNode>(5);
    Store one = open();
    Store two = open();
    chain::RpcClient client("http://node", node);
    Follower first(client, one, simulated_deployment());
    Follower second(client, two, simulated_deployment());
    for (int i = 0; i < 30; ++i) {
        node->mine(2);
        if (i % 7 == 3) node->drop(2);
        const BlockRef before = one.tip().value();
        ASSERT_TRUE(first.step());
        Batch late;
        late.blocks = {{before.number + 1, Bytes32{1}, 0}};
        if (one.tip().value() != before) {
            EXPECT_EQ(two.apply(before, late).error().code, ErrorCode::kRejected);
        }
        ASSERT_TRUE(second.step());
    }
    node->mine(1);
    ASSERT_TRUE(first.catch_up());
    ASSERT_TRUE(second.catch_up());
    EXPECT_EQ(dump(one), scratch(node));
    expect_true_of(*node, two);
}

TEST_F(IndexTest, AnotherDeploymentEmptiesTheFile) {
    const auto node = std::make_shared<SimulatedNode>(6);
    node->mine(4);
    {
        Store store = open();
        chain::RpcClient client("http://node", node);
        ASSERT_TRUE(Follower(client, store, simulated_deployment()).catch_up());
        EXPECT_GT(store.num_events().value(), 0U);
    }
    EXPECT_GT(open().num_events().value(), 0U) << "it is kept";
    chain::Deployment other = simulated_deployment();
    other.contracts["AccessPass"][0] = 0xdd;
    EXPECT_EQ(Store::open(path_, other)->num_events().value(), 0U);
}

TEST_F(IndexTest, PassesMoveWithTheirOwners) {
    const auto node = std::make_shared<SimulatedNode>(7);
    for (int i = 0; i < 40; ++i) node->mine(3);
    Store store = open();
    chain::RpcClient client("http://node", node);
    ASSERT_TRUE(Follower(client, store, simulated_deployment()).catch_up());
    std::size_t passes = 0;
    for (std::size_t user = 0; user < SimulatedNode::kUsers; ++user) {
        const Address owner = SimulatedNode::channel(user).buyer;
        const auto ids = passes_of(store, owner).value();
        for (const std::uint64_t id : ids) {
            EXPECT_EQ(read_pass(store, id, 5)->owner, owner);
            EXPECT_EQ(read_pass(store, id, 5)->calls_left, 50U);
        }
        passes += ids.size();
    }
    EXPECT_GT(passes, 10U);
    EXPECT_EQ(read_pass(store, 100'000, 5).error().code, ErrorCode::kNotFound);
}

/// $MINTMARK_EVENTS events through the decoder into the file, then a start: open, follow to the
/// chain's end, read. The bar is 3 s with 1,000,000.
TEST_F(IndexTest, AStartDoesNotDependOnHowMuchThereIs) {
    const char* wanted = std::getenv("MINTMARK_EVENTS");
    const std::uint64_t events = wanted == nullptr ? 4'000 : std::stoull(wanted);
    const auto node = std::make_shared<SimulatedNode>(9);
    chain::RpcClient client("http://node", node);
    std::uint64_t stored = 0;
    {
        Store store = open();
        Follower follower(client, store, simulated_deployment());
        while (stored < events) {
            for (int i = 0; i < 100; ++i) node->mine(40);
            ASSERT_TRUE(follower.catch_up());
            node->forget_logs();
            stored = store.num_events().value();
        }
        expect_true_of(*node, store);
    }
    const auto begin = std::chrono::steady_clock::now();
    Store store = open();
    Follower follower(client, store, simulated_deployment());
    ASSERT_TRUE(follower.catch_up());
    EXPECT_EQ(read_channel(store, SimulatedNode::channel(1))->settled, U256(node->settled(1)));
    (void)search_catalogue(store, {}).value();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf(
        "{\"what\": \"index_start\", \"events\": %llu, \"seconds\": %.4f, \"megabytes\": %.1f}\n",
        static_cast<unsigned long long>(stored), took.count(),
        static_cast<double>(std::filesystem::file_size(path_)) / 1e6);
    EXPECT_LT(took.count(), 3.0);
}

TEST(Fold, APassIsNotMeteredBeyondWhatItHas) {
    json::Json state;
    Event bought{Kind::kPassBought, 1, 0, "p:1", {}, {}, ""};
    bought.topics = {U256(1U).to_bytes(), U256(1U).to_bytes(), U256(1U).to_bytes()};
    bought.data = chain::encode_values(
                      "(address,address,uint256,uint64,uint256)",
                      std::vector<chain::AbiValue>{
                          chain::AbiValue(Address{}), chain::AbiValue(Address{}),
                          chain::AbiValue(std::uint64_t{5}), chain::AbiValue(std::uint64_t{9}),
                          chain::AbiValue(std::uint64_t{1})})
                      .value();
    ASSERT_TRUE(fold(state, bought));
    Event metered{Kind::kPassMetered, 1, 1, "p:1", {}, {}, ""};
    metered.topics = {U256(1U).to_bytes(), Bytes32{}};
    metered.data =
        chain::encode_values("(uint256,bytes32)",
                             std::vector<chain::AbiValue>{chain::AbiValue(std::uint64_t{7}),
                                                          chain::AbiValue(Bytes32{})})
            .value();
    ASSERT_TRUE(fold(state, metered));
    EXPECT_EQ(state["metered"], 5);
}

TEST(Fold, AScheduleReplacesWhatHasNotBegun) {
    json::Json state;
    const auto schedule = [&](std::uint64_t number, std::uint64_t starts_at, std::uint64_t now) {
        Event event{Kind::kPriceScheduled, 1, number, "e:1/1", {}, {}, std::to_string(now)};
        event.data =
            chain::encode_values(
                "(uint32,(uint128,uint128,bool),uint64)",
                std::vector<chain::AbiValue>{
                    chain::AbiValue(number),
                    chain::AbiValue(std::vector<chain::AbiValue>{
                        chain::AbiValue(number), chain::AbiValue(number), chain::AbiValue(false)}),
                    chain::AbiValue(starts_at)})
                .value();
        EXPECT_TRUE(fold(state, event));
    };
    schedule(1, 10, 10);
    schedule(2, 100, 50);
    schedule(3, 120, 60);  // instead of the second
    EXPECT_EQ(state["current"]["number"], 1);
    EXPECT_EQ(state["latest"]["number"], 3);
}

}  // namespace
}  // namespace mintmark::index
