// We and a stock BullMQ (npm, pinned) on one queue.
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "mintmark/base/file.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/queue/bullmq_queue.hpp"
#include "mintmark/queue/testing.hpp"

namespace mintmark::queue {
namespace {

class BullmqTest : public ::testing::Test {
  protected:
    BullmqTest() {
        auto queue = open_queue(server_.location(), {.name = "shared", .lease_ms = 500});
        EXPECT_TRUE(queue.has_value());
        queue_ = *std::move(queue);
    }
    ~BullmqTest() override { std::filesystem::remove(log_); }
    int peer(const std::string& mode) {
        std::filesystem::remove(log_);
        testing::Process node({"node", MINTMARK_BULLMQ_PEER, MINTMARK_BULLMQ_FOLDER,
                               std::to_string(server_.port()), "shared", mode},
                              log_);
        return node.wait(60'000);
    }
    std::string output() { return read_text(log_).value_or(""); }

    testing::Server server_{testing::Server::Kind::kRedis};
    std::unique_ptr<Queue> queue_;
    std::filesystem::path log_ =
        std::filesystem::temp_directory_path() / ("bullmq-" + std::to_string(::getpid()));
};

TEST_F(BullmqTest, a_stock_worker_processes_our_jobs) {
    ASSERT_TRUE(queue_->enqueue({.kind = "x", .data = R"({"n":21})", .idempotency_key = "ours"}));
    ASSERT_TRUE(queue_->enqueue({.kind = "x",
                                 .data = R"({"n":4,"flaky":true})",
                                 .idempotency_key = "flaky",
                                 .priority = 2,
                                 .max_attempts = 3,
                                 .backoff_ms = 50}));
    ASSERT_EQ(peer("work"), 0) << output();
    const Job ours = queue_->find("ours").value();
    EXPECT_EQ(ours.state, JobState::kCompleted);
    EXPECT_EQ(ours.result, R"({"doubled":42})");
    EXPECT_EQ(ours.progress, R"({"percent":50})");
    const Job flaky = queue_->find("flaky").value();
    EXPECT_EQ(flaky.state, JobState::kCompleted);
    EXPECT_EQ(flaky.attempts, 2U);
}

TEST_F(BullmqTest, we_process_a_stock_queues_jobs) {
    ASSERT_EQ(peer("add"), 0) << output();
    const auto first = queue_->claim();
    ASSERT_TRUE(first.has_value() && first->has_value());
    EXPECT_EQ((*first)->job.id, "stock-1");
    EXPECT_EQ((*first)->job.data, R"({"image":3})");
    EXPECT_EQ((*first)->job.max_attempts, 2U);
    EXPECT_EQ((*first)->job.backoff_ms, 100);
    EXPECT_EQ(queue_->heartbeat(**first, R"({"percent":10})"), false);
    ASSERT_TRUE(queue_->complete(**first, R"({"cid":"bafy"})"));
    const auto second = queue_->claim();
    ASSERT_TRUE(second.has_value() && second->has_value());
    EXPECT_EQ((*second)->job.priority, 5U);
    EXPECT_EQ(queue_->fail(**second, {"no"}), JobState::kFailed);  // one attempt is the default
    EXPECT_EQ(queue_->cancel("stock-3"), Cancelled::kAtOnce);

    ASSERT_EQ(peer("look"), 0) << output();
    const auto seen = json::parse(output());
    ASSERT_TRUE(seen.has_value()) << output();
    EXPECT_EQ((*seen)["state"], "completed");
    EXPECT_EQ((*seen)["value"]["cid"], "bafy");
    EXPECT_EQ((*seen)["progress"]["percent"], 10);
    EXPECT_EQ((*seen)["counts"]["failed"], 2);
    EXPECT_EQ((*seen)["counts"]["delayed"], 0);
}

TEST_F(BullmqTest, a_job_whose_stock_worker_was_killed_is_ours) {
    ASSERT_TRUE(queue_->enqueue({.kind = "x", .data = "{}", .idempotency_key = "orphan"}));
    EXPECT_EQ(peer("stall"), -1);
    for (int i = 0; i < 200; ++i) {
        const auto lease = queue_->claim();
        ASSERT_TRUE(lease.has_value()) << lease.error().message;
        if (lease->has_value()) {
            EXPECT_EQ((*lease)->job.attempts, 2U);
            EXPECT_TRUE(queue_->complete(**lease, "1"));
            return;
        }
        ::poll(nullptr, 0, 50);  // the lock runs out by Redis's own clock
    }
    const Job job = queue_->find("orphan").value();
    FAIL() << "never came back: " << state_name(job.state) << ", " << job.error << ", attempts "
           << job.attempts << output();
}

}  // namespace
}  // namespace mintmark::queue
