// Children under limits, jobs' folders, and the worker's loop with a shell script as executor.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "mintmark/base/file.hpp"
#include "mintmark/jobs/folder.hpp"
#include "mintmark/jobs/shelf.hpp"
#include "mintmark/runner/child.hpp"
#include "mintmark/runner/worker.hpp"

namespace mintmark::runner {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

jobs::Limits roomy() {
    jobs::Limits out;
    out.memory_bytes = std::uint64_t{1} << 45U;  // a sanitizer's shadow is address space too
    return out;
}

ChildOptions shell(const std::string& script) {
    ChildOptions out;
    out.command = {"/bin/sh", "-c", script};
    out.environment = {"PATH=/usr/bin:/bin", "WORD=hello"};
    out.limits = roomy();
    return out;
}

std::vector<std::string> all_lines(Child& child) {
    std::vector<std::string> out;
    while (!child.has_ended()) {
        for (std::string& line : child.lines(100)) out.push_back(std::move(line));
    }
    return out;
}

TEST(Child, SaysAndEnds) {
    ASSERT_EQ(::setenv("MINTMARK_PASSWORD", "secret", 1), 0);
    auto child = Child::start(shell("echo $WORD; echo [$MINTMARK_PASSWORD]; exit 7"));
    ASSERT_TRUE(child);
    EXPECT_EQ(all_lines(*child), (std::vector<std::string>{"hello", "[]"}));
    EXPECT_EQ(child->status(), 7);
    auto missing = Child::start({.command = {"/no/such/program"}, .limits = roomy()});
    ASSERT_TRUE(missing);
    EXPECT_TRUE(all_lines(*missing).empty());
    EXPECT_EQ(missing->status(), 127);
}

TEST(Child, IsKilledWithItsChildren) {
    auto child = Child::start(shell("sleep 100 & echo $!; wait"));
    ASSERT_TRUE(child);
    std::vector<std::string> lines;
    while (lines.empty()) lines = child->lines(1000);
    const auto grandchild = static_cast<pid_t>(std::stoi(lines[0]));
    const auto begin = Clock::now();
    child->kill();
    all_lines(*child);
    EXPECT_EQ(child->status(), -SIGKILL);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
    for (int i = 0; i < 100 && ::kill(grandchild, 0) == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // init has to reap it
    }
    EXPECT_FALSE(fs::exists(fmt::format("/proc/{}/cwd", grandchild)) && ::kill(grandchild, 0) == 0);
}

TEST(Child, IsEndedWithTheThreadThatMadeIt) {
    pid_t pid = 0;
    std::thread([&] {
        auto child = Child::start(shell("echo $$; exec sleep 100"));
        std::vector<std::string> lines;
        while (lines.empty()) lines = child->lines(1000);
        pid = static_cast<pid_t>(std::stoi(lines[0]));
        [[maybe_unused]] static const Child* kept =
            new Child(std::move(*child));  // NOLINT: nobody kills it but the kernel
    }).join();
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(Child, MayNotTakeMoreThanItsLimits) {
    auto options = shell("head -c 2000000 /dev/zero > big; echo $?; wc -c < big");
    auto folder = jobs::JobFolder::make({});
    ASSERT_TRUE(folder);
    options.folder = folder->path();
    options.limits.file_bytes = 1'000'000;
    auto child = Child::start(options);
    ASSERT_TRUE(child);
    const auto lines = all_lines(*child);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_NE(lines[0], "0");
    EXPECT_LE(std::stoi(lines[1]), 1'000'000);
}

TEST(Folder, GoesWithItsObjectAndWithADeadWorker) {
    fs::path path;
    const auto parent = jobs::JobFolder::make({});
    ASSERT_TRUE(parent);
    {
        const auto folder = jobs::JobFolder::make(parent->path());
        ASSERT_TRUE(folder);
        path = folder->path();
        EXPECT_TRUE(fs::exists(path));
        jobs::sweep(parent->path());
        EXPECT_TRUE(fs::exists(path)) << "its worker lives";
    }
    EXPECT_FALSE(fs::exists(path));
    const fs::path left = parent->path() / "mintmark-job-999999999-abcdef";
    const fs::path other = parent->path() / "mintmark-job-x";
    fs::create_directories(left / "a");
    fs::create_directories(other);
    jobs::sweep(parent->path());
    EXPECT_FALSE(fs::exists(left));
    EXPECT_TRUE(fs::exists(other));
}

TEST(Shelf, GivesWhatItWasGiven) {
    const auto folder = jobs::JobFolder::make({});
    ASSERT_TRUE(folder);
    const jobs::Shelf shelf(folder->path() / "store");
    const auto cid = shelf.put("hello");
    ASSERT_TRUE(cid);
    ASSERT_TRUE(shelf.get(*cid, folder->path() / "out"));
    EXPECT_EQ(*read_text(folder->path() / "out"), "hello");
    EXPECT_FALSE(shelf.get(*cid, folder->path() / "out2", 4)) << "above the limit";
    wire::Cid unknown = *cid;
    unknown.digest[0] ^= 1;
    EXPECT_FALSE(shelf.get(unknown, folder->path() / "out3"));
}

/// A queue in a folder and a worker whose executor is a shell script.
class Worker : public testing::Test {
  protected:
    void SetUp() override {
        auto made = jobs::JobFolder::make({});
        ASSERT_TRUE(made);
        folder_ = std::make_unique<jobs::JobFolder>(*std::move(made));
        options_.config.queue = (folder_->path() / "jobs.db").string();
        options_.config.work = folder_->path();
        options_.config.limits = roomy();
        options_.config.lease_ms = 600;
        options_.environment = {"PATH=/usr/bin:/bin"};
        queue::QueueOptions options;
        options.lease_ms = options_.config.lease_ms;
        queue_ = *queue::open_queue(options_.config.queue, options);
    }
    queue::Lease claim(std::uint32_t attempts = 3) {
        queue::NewJob job;
        job.kind = "proof";
        job.data = R"({"model": "a", "input": [[1]]})";
        job.max_attempts = attempts;
        job.backoff_ms = 600'000;  // what is retried is not what is claimed next
        EXPECT_TRUE(queue_->enqueue(job));
        return queue_->claim()->value();
    }
    Ending run(const queue::Lease& lease, const std::string& script) {
        options_.command = {"/bin/sh", "-c", script};
        return run_job(*queue_, lease, options_);
    }
    std::string error_of(const queue::Lease& lease) { return queue_->find(lease.job.id)->error; }

    std::unique_ptr<jobs::JobFolder> folder_;
    WorkerOptions options_;
    std::unique_ptr<queue::Queue> queue_;
};

TEST_F(Worker, CompletesWithProgress) {
    const auto lease = claim();
    const std::string script =
        R"(cat > /dev/null; echo '{"progress": {"part": 0.5}}'; echo noise; sleep 0.5;)"
        R"( echo '{"result": {"x": 1}}')";
    EXPECT_EQ(run(lease, script), Ending::kCompleted);
    const auto job = queue_->find(lease.job.id);
    EXPECT_EQ(job->result, R"({"x":1})");
    EXPECT_EQ(job->progress, R"({"part":0.5})");
}

TEST_F(Worker, SaysWhetherAFailureIsTheLast) {
    const auto first = claim();
    EXPECT_EQ(run(first, R"(echo '{"error": "bad input", "final": true}')"), Ending::kFailed);
    EXPECT_EQ(error_of(first), "bad input");
    const auto second = claim();
    EXPECT_EQ(run(second, R"(echo '{"error": "no network", "final": false}')"), Ending::kRetried);
    const auto third = claim();
    EXPECT_EQ(run(third, "kill -SEGV $$"), Ending::kRetried);
    EXPECT_EQ(error_of(third), "its process ended with -11");
    const auto fourth = claim(1);
    EXPECT_EQ(run(fourth, "exit 3"), Ending::kFailed) << "no attempt left";
    const auto fifth = claim();
    EXPECT_EQ(run(fifth, R"(echo '{"result": {}}'; exit 1)"), Ending::kRetried)
        << "a result of a process that failed is none";
    const auto sixth = claim();
    EXPECT_EQ(run(sixth, "exit 86"), Ending::kFailed);
    EXPECT_NE(error_of(sixth).find("memory"), std::string::npos);
}

TEST_F(Worker, StopsACancelledJobSoon) {
    const auto lease = claim();
    EXPECT_EQ(*queue_->cancel(lease.job.id), queue::Cancelled::kRequested);
    const auto begin = Clock::now();
    EXPECT_EQ(run(lease, "sleep 100"), Ending::kCancelled);
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
    EXPECT_EQ(queue_->find(lease.job.id)->state, queue::JobState::kCancelled);
}

TEST_F(Worker, EndsAJobThatTakesTooLong) {
    options_.config.limits.time_s = 1;
    const auto lease = claim();
    EXPECT_EQ(run(lease, "sleep 100"), Ending::kFailed);
    EXPECT_EQ(error_of(lease), "it took longer than 1 s");
}

TEST_F(Worker, DropsAJobWhoseLeaseIsLost) {
    const auto lease = claim();
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    const auto other = queue_->claim();
    ASSERT_TRUE(other && *other) << "another worker has it now";
    EXPECT_EQ(run(lease, R"(sleep 0.3; echo '{"result": {"who": "first"}}')"), Ending::kLost);
    EXPECT_EQ(run(**other, R"(echo '{"result": {"who": "second"}}')"), Ending::kCompleted);
    EXPECT_EQ(queue_->find(lease.job.id)->result, R"({"who":"second"})");
}

TEST_F(Worker, RefusesNonsenseWithoutRunningIt) {
    queue::NewJob job;
    job.kind = "shell";
    job.data = R"({"command": "touch /tmp/x"})";
    ASSERT_TRUE(queue_->enqueue(job));
    const auto lease = queue_->claim()->value();
    EXPECT_EQ(run(lease, R"(echo '{"result": {}}')"), Ending::kFailed);
}

TEST_F(Worker, LeavesNothingBehind) {
    EXPECT_EQ(run(claim(), R"(echo '{"result": {}}')"), Ending::kCompleted);
    for (const auto& entry : fs::directory_iterator(folder_->path())) {
        EXPECT_FALSE(entry.path().filename().string().starts_with("mintmark-job-"));
    }
}

}  // namespace
}  // namespace mintmark::runner
