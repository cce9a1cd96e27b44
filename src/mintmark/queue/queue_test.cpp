// One suite for all engines: what queue.hpp says, and who would profit if it were not so.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "mintmark/queue/bullmq_queue.hpp"
#include "mintmark/queue/rules.hpp"
#include "mintmark/queue/sql_queue.hpp"
#include "mintmark/queue/testing.hpp"

namespace mintmark::queue {
namespace {

enum class Engine { kSqlite, kPostgres, kRedis };

testing::Server& server(Engine engine) {
    static std::map<Engine, std::unique_ptr<testing::Server>> servers;
    auto& found = servers[engine];
    if (found == nullptr)
        found = std::make_unique<testing::Server>(engine == Engine::kRedis
                                                      ? testing::Server::Kind::kRedis
                                                      : testing::Server::Kind::kPostgres);
    return *found;
}

class QueueTest : public ::testing::TestWithParam<Engine> {
  protected:
    QueueTest() {
        static int count = 0;
        name_ = "q" + std::to_string(::getpid()) + "-" + std::to_string(++count);
        if (GetParam() == Engine::kSqlite) {
            file_ = std::filesystem::temp_directory_path() / ("mintmark-" + name_ + ".db");
            location_ = file_.string();
        } else {
            location_ = server(GetParam()).location();
        }
        queue_ = connect();
    }
    ~QueueTest() override {
        queue_.reset();
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::error_code ignored;
            if (!file_.empty()) std::filesystem::remove(file_.string() + suffix, ignored);
        }
    }
    std::unique_ptr<Queue> connect() {
        auto queue = open_queue(
            location_, {.name = name_, .lease_ms = 30'000, .now_ms = [this] { return now_; }});
        EXPECT_TRUE(queue.has_value()) << queue.error().message;
        return *std::move(queue);
    }
    std::string add(NewJob job) {
        if (job.kind.empty()) job.kind = "proof";
        if (job.data.empty()) job.data = R"({"n":1})";
        auto added = queue_->enqueue(job);
        EXPECT_TRUE(added.has_value()) << added.error().message;
        return added ? added->id : "";
    }
    Lease claim() {
        auto lease = queue_->claim();
        EXPECT_TRUE(lease.has_value()) << lease.error().message;
        EXPECT_TRUE(lease && lease->has_value());
        return lease && *lease ? **lease : Lease{};
    }
    bool idle() {
        const auto lease = queue_->claim();
        EXPECT_TRUE(lease.has_value()) << lease.error().message;
        return lease && !lease->has_value();
    }
    JobState state(const std::string& id) { return queue_->find(id).value().state; }
    // Locks in Redis run out by its own clock, so there the worker's death is made by hand: what
    // is left is exactly what an expired lock leaves.
    void expire(const Lease& lease) {
        now_ += 30'001;
        if (GetParam() != Engine::kRedis) return;
        RedisClient redis(*RedisAddress::parse(location_));
        const std::string prefix = "bull:" + name_ + ":";
        ASSERT_TRUE(redis.command({"DEL", prefix + lease.job.id + ":lock"}));
        ASSERT_TRUE(redis.command({"DEL", prefix + "stalled-check"}));
        ASSERT_TRUE(redis.command({"SADD", prefix + "stalled", lease.job.id}));
    }

    std::int64_t now_ = 1'700'000'000'000;
    std::string name_, location_;
    std::filesystem::path file_;
    std::unique_ptr<Queue> queue_;
};

TEST_P(QueueTest, a_job_runs_and_its_result_is_kept) {
    const std::string id = add({.data = R"({"model":7})", .idempotency_key = "req-1"});
    EXPECT_EQ(id, "req-1");
    const Lease lease = claim();
    EXPECT_EQ(lease.job.data, R"({"model":7})");
    EXPECT_EQ(lease.job.attempts, 1U);
    EXPECT_EQ(queue_->heartbeat(lease, R"({"percent":40})"), false);
    EXPECT_EQ(queue_->find(id)->progress, R"({"percent":40})");
    ASSERT_TRUE(queue_->complete(lease, R"("bafy")"));
    const Job job = queue_->find(id).value();
    EXPECT_EQ(job.state, JobState::kCompleted);
    EXPECT_EQ(job.result, R"("bafy")");
    EXPECT_EQ(job.finished_ms, now_);
    EXPECT_TRUE(idle());
    EXPECT_EQ((*queue_->counts())[JobState::kCompleted], 1U);
}

TEST_P(QueueTest, one_key_is_one_job_whoever_asks_and_however_often) {
    const NewJob job = {.kind = "proof", .data = R"({"a":1})", .idempotency_key = "same"};
    EXPECT_TRUE(queue_->enqueue(job)->created);
    EXPECT_FALSE(connect()->enqueue(job)->created);
    NewJob other = job;
    other.data = R"({"a":2})";
    EXPECT_EQ(queue_->enqueue(other).error().code, ErrorCode::kAlreadyExists);
    const Lease lease = claim();
    EXPECT_TRUE(idle());
    ASSERT_TRUE(queue_->complete(lease, "1"));
    EXPECT_FALSE(queue_->enqueue(job)->created);  // finished: known all the same
    EXPECT_TRUE(idle());
}

TEST_P(QueueTest, priorities_first_then_arrival) {
    const std::string low = add({.priority = 9}), first = add(NewJob{}),
                      urgent = add({.priority = 1}), second = add(NewJob{});
    std::vector<std::string> order;
    for (int i = 0; i < 4; ++i) order.push_back(claim().job.id);
    EXPECT_EQ(order, (std::vector<std::string>{first, second, urgent, low}));
}

TEST_P(QueueTest, a_delayed_job_waits_for_its_time) {
    const std::string id = add({.delay_ms = 5'000});
    EXPECT_EQ(state(id), JobState::kDelayed);
    now_ += 4'999;
    EXPECT_TRUE(idle());
    now_ += 1;
    EXPECT_EQ(claim().job.id, id);
}

TEST_P(QueueTest, failures_come_back_later_and_end_as_dead_letters) {
    const std::string id = add({.max_attempts = 3, .backoff_ms = 1'000});
    EXPECT_EQ(queue_->fail(claim(), {"out of memory"}), JobState::kDelayed);
    EXPECT_EQ(queue_->find(id)->error, "out of memory");
    now_ += 499;
    EXPECT_TRUE(idle());  // the back-off is at least half
    now_ += 501;
    EXPECT_EQ(queue_->fail(claim(), {"again"}), JobState::kDelayed);
    now_ += 999;
    EXPECT_TRUE(idle());  // and doubles
    now_ += 1'001;
    EXPECT_EQ(queue_->fail(claim(), {"for good"}), JobState::kFailed);
    const auto dead = queue_->list(JobState::kFailed, 10);
    ASSERT_EQ(dead->size(), 1U);
    EXPECT_EQ((*dead)[0].error, "for good");
    now_ += 10'000'000;
    EXPECT_TRUE(idle());
    ASSERT_TRUE(queue_->retry(id));
    EXPECT_EQ(claim().job.attempts, 1U);
    EXPECT_EQ(queue_->retry(id).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(QueueTest, a_final_failure_is_not_tried_again) {
    const std::string id = add({.max_attempts = 5});
    EXPECT_EQ(queue_->fail(claim(), {"bad input", Failure::Kind::kFinal}), JobState::kFailed);
    EXPECT_EQ(state(id), JobState::kFailed);
}

// The attacker: a worker that was slow, lost its lease, and now reports over the one that has it.
TEST_P(QueueTest, who_lost_the_lease_can_report_nothing) {
    const std::string id = add(NewJob{});
    const Lease old = claim();
    expire(old);
    const Lease fresh = claim();
    EXPECT_EQ(fresh.job.id, id);
    EXPECT_EQ(fresh.job.attempts, 2U);
    EXPECT_EQ(queue_->heartbeat(old, "{}").error().code, ErrorCode::kRejected);
    EXPECT_EQ(queue_->complete(old, "1").error().code, ErrorCode::kRejected);
    EXPECT_EQ(queue_->fail(old, {"x"}).error().code, ErrorCode::kRejected);
    EXPECT_EQ(queue_->heartbeat(fresh, ""), false);
    ASSERT_TRUE(queue_->complete(fresh, "2"));
    EXPECT_EQ(queue_->complete(old, "2").error().code, ErrorCode::kRejected);
    EXPECT_EQ(queue_->find(id)->result, "2");
}

TEST_P(QueueTest, a_report_repeated_after_a_lost_answer_is_no_error) {
    add(NewJob{});
    const Lease lease = claim();
    ASSERT_TRUE(queue_->complete(lease, "1"));
    EXPECT_TRUE(queue_->complete(lease, "1"));
    EXPECT_EQ(queue_->complete(lease, "2").error().code, ErrorCode::kRejected);
}

// The attacker: a job that kills its worker, over and over.
TEST_P(QueueTest, a_job_that_kills_its_workers_ends) {
    const std::string id = add({.max_attempts = 2});
    expire(claim());
    expire(claim());
    EXPECT_TRUE(idle());
    EXPECT_EQ(state(id), JobState::kFailed);
}

TEST_P(QueueTest, cancelling_at_each_stage) {
    const std::string waiting = add(NewJob{}), delayed = add({.delay_ms = 1'000}),
                      prioritized = add({.priority = 3});
    for (const std::string& id : {waiting, delayed, prioritized}) {
        EXPECT_EQ(queue_->cancel(id), Cancelled::kAtOnce);
        EXPECT_EQ(state(id), JobState::kCancelled);
        EXPECT_EQ(queue_->cancel(id), Cancelled::kTooLate);
    }
    now_ += 2'000;
    EXPECT_TRUE(idle());
    const std::string active = add(NewJob{});
    const Lease lease = claim();
    EXPECT_EQ(queue_->cancel(active), Cancelled::kRequested);
    EXPECT_EQ(queue_->heartbeat(lease, ""), true);
    EXPECT_EQ(queue_->fail(lease, {"stopped", Failure::Kind::kCancelled}), JobState::kCancelled);
    EXPECT_EQ(queue_->cancel("none").error().code, ErrorCode::kNotFound);
    EXPECT_EQ((*queue_->counts())[JobState::kCancelled], 4U);
    EXPECT_EQ((*queue_->counts())[JobState::kFailed], 0U);
    ASSERT_TRUE(queue_->retry(active));
    EXPECT_EQ(claim().job.id, active);
}

TEST_P(QueueTest, a_cancelled_job_does_not_come_back_by_failing) {
    const std::string id = add({.max_attempts = 5});
    const Lease lease = claim();
    EXPECT_EQ(queue_->cancel(id), Cancelled::kRequested);
    EXPECT_EQ(queue_->fail(lease, {"x"}), JobState::kCancelled);
    const std::string lost = add({.max_attempts = 5});
    const Lease dead = claim();
    EXPECT_EQ(queue_->cancel(lost), Cancelled::kRequested);
    expire(dead);
    EXPECT_TRUE(idle());
    EXPECT_EQ(state(lost), JobState::kCancelled);
}

TEST_P(QueueTest, counts_lists_and_purge) {
    const std::string done = add(NewJob{});
    ASSERT_TRUE(queue_->complete(claim(), "1"));
    now_ += 10'000;
    const std::string late = add(NewJob{});
    ASSERT_TRUE(queue_->complete(claim(), "1"));
    const std::string waiting = add(NewJob{});
    const auto listed = queue_->list(JobState::kCompleted, 10).value();
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0].id, late);
    EXPECT_EQ(queue_->list(JobState::kCompleted, 1)->size(), 1U);
    EXPECT_EQ(queue_->purge(JobState::kCompleted, 5'000), 1U);
    EXPECT_EQ(queue_->find(done).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(state(waiting), JobState::kWaiting);
    EXPECT_EQ(queue_->purge(JobState::kWaiting, 0).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(QueueTest, bad_jobs_are_refused) {
    const NewJob good = {.kind = "proof", .data = "{}"};
    NewJob bad = good;
    bad.data = "{";
    EXPECT_EQ(queue_->enqueue(bad).error().code, ErrorCode::kInvalidArgument);
    bad = good;
    for (const char* key : {"12", "a:b", "a b", "a/b"}) {
        bad.idempotency_key = key;
        EXPECT_EQ(queue_->enqueue(bad).error().code, ErrorCode::kInvalidArgument) << key;
    }
    bad = good;
    bad.max_attempts = 0;
    EXPECT_EQ(queue_->enqueue(bad).error().code, ErrorCode::kInvalidArgument);
    bad = good;
    bad.priority = kMaxPriority + 1;
    EXPECT_EQ(queue_->enqueue(bad).error().code, ErrorCode::kInvalidArgument);
}

// Four processes share one queue: each job is taken once.
TEST_P(QueueTest, processes_share_a_queue) {
    constexpr int kJobs = 60, kProcesses = 4;
    for (int i = 0; i < kJobs; ++i) add(NewJob{});
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    for (int p = 0; p < kProcesses; ++p) {
        if (::fork() != 0) continue;
        auto queue = open_queue(location_, {.name = name_, .now_ms = [this] { return now_; }});
        while (queue) {
            auto lease = (*queue)->claim();
            if (!lease || !*lease || !(*queue)->complete(**lease, "1")) break;
            const std::string line = (*lease)->job.id + "\n";
            if (::write(pipes[1], line.data(), line.size()) < 0) break;
        }
        ::_exit(0);
    }
    ::close(pipes[1]);
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(pipes[0], buffer, sizeof buffer)) > 0;)
        all.append(buffer, static_cast<std::size_t>(n));
    ::close(pipes[0]);
    for (int p = 0; p < kProcesses; ++p) ::wait(nullptr);
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), kJobs);
    EXPECT_EQ((*queue_->counts())[JobState::kCompleted], static_cast<std::uint64_t>(kJobs));
}

INSTANTIATE_TEST_SUITE_P(Engines, QueueTest,
                         ::testing::Values(Engine::kSqlite, Engine::kPostgres, Engine::kRedis),
                         [](const auto& tested) -> std::string {
                             switch (tested.param) {
                                 case Engine::kSqlite:
                                     return "Sqlite";
                                 case Engine::kPostgres:
                                     return "Postgres";
                                 default:
                                     return "Redis";
                             }
                         });

class Crash : public ::testing::TestWithParam<Engine> {};

// kill -9 of the server between any two calls: what was acknowledged is there, once.
TEST_P(Crash, server_killed_and_restarted_loses_nothing) {
    testing::Server own(GetParam() == Engine::kRedis ? testing::Server::Kind::kRedis
                                                     : testing::Server::Kind::kPostgres);
    auto queue = open_queue(own.location(), {.name = "crash"});
    ASSERT_TRUE(queue.has_value());
    const NewJob job = {.kind = "proof", .data = "{}", .idempotency_key = "paid"};
    ASSERT_TRUE((*queue)->enqueue(job).has_value());
    own.crash_and_restart();
    auto again = (*queue)->enqueue(job);  // the first call after it may fail: the caller repeats
    if (!again) again = (*queue)->enqueue(job);
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_FALSE(again->created);
    const auto lease = (*queue)->claim();
    ASSERT_TRUE(lease.has_value() && lease->has_value());
    own.crash_and_restart();
    Status done = (*queue)->complete(**lease, "1");
    if (!done) done = (*queue)->complete(**lease, "1");
    EXPECT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ((*queue)->find("paid")->state, JobState::kCompleted);
}

INSTANTIATE_TEST_SUITE_P(Servers, Crash, ::testing::Values(Engine::kPostgres, Engine::kRedis));

TEST(Backoff, doubles_within_its_bounds) {
    SeededRng rng(1);
    for (std::uint32_t attempts = 1; attempts < 40; ++attempts) {
        const double full = std::min(3'600'000.0, 1'000.0 * std::pow(2.0, attempts - 1));
        for (int i = 0; i < 50; ++i) {
            const auto delay = static_cast<double>(backoff_delay_ms(1'000, attempts, rng));
            EXPECT_GE(delay, full / 2);
            EXPECT_LE(delay, full);
        }
    }
    EXPECT_EQ(backoff_delay_ms(0, 5, rng), 0);
}

}  // namespace
}  // namespace mintmark::queue
