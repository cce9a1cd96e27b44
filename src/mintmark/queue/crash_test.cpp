// Workers and servers killed with kill -9 at random moments of a load (seeded): no job is lost, no
// job is finished twice. MINTMARK_CRASHES: how many (short by default), MINTMARK_SEED.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "mintmark/base/rng.hpp"
#include "mintmark/queue/queue.hpp"
#include "mintmark/queue/testing.hpp"

namespace mintmark::queue {
namespace {

constexpr std::int64_t kLeaseMs = 400;
constexpr std::size_t kWorkers = 3;
constexpr int kJobsPerCrash = 6;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Works until it is killed. What the queue accepts as finished is written down afterwards: a
// record may miss a job (killed in between), and never has one twice.
[[noreturn]] void work(const std::string& location, int record) {
    for (;;) {
        auto queue = open_queue(location, {.name = "crash", .lease_ms = kLeaseMs});
        while (queue) {
            auto lease = (*queue)->claim();
            if (!lease) break;  // the server is away
            if (!*lease) {
                ::poll(nullptr, 0, 5);
                continue;
            }
            const bool kept = (*queue)->heartbeat(**lease, "1").has_value();
            if (!kept || !(*queue)->complete(**lease, "\"" + (*lease)->token + "\"")) continue;
            const std::string line = (*lease)->job.id + " " + (*lease)->token + "\n";
            if (::write(record, line.data(), line.size()) < 0) ::_exit(1);
        }
        ::poll(nullptr, 0, 20);
    }
}

class Load {
  public:
    explicit Load(std::optional<testing::Server::Kind> kind) {
        if (kind) {
            location_ = server_.emplace(*kind).location();
        } else {
            location_ = std::filesystem::temp_directory_path() /
                        ("mintmark-crash-" + std::to_string(::getpid()) + ".db");
        }
        std::string name = std::filesystem::temp_directory_path() / "mintmark-crash-XXXXXX";
        record_ = ::mkostemp(name.data(), O_APPEND);
        if (record_ < 0) ::abort();
        ::unlink(name.c_str());
        for (pid_t& worker : workers_) worker = start();
    }
    ~Load() {
        for (const pid_t worker : workers_) stop(worker);
        ::close(record_);
        queue_.reset();
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::error_code ignored;
            if (!server_) std::filesystem::remove(location_ + suffix, ignored);
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // A job counts as ours once enqueue said so; a call without an answer is repeated.
    void enqueue(int count) {
        for (int i = 0; i < count; ++i) {
            const NewJob job = {.kind = "x",
                                .data = "{}",
                                .idempotency_key = "job-" + std::to_string(num_jobs_++),
                                .max_attempts = 1'000,
                                .backoff_ms = 10};
            retry([&](Queue& queue) { return queue.enqueue(job).has_value(); });
        }
    }
    void kill_worker(std::size_t which) {
        stop(workers_[which]);
        workers_[which] = start();
    }
    [[nodiscard]] bool has_server() const noexcept { return server_.has_value(); }
    void kill_server() { server_->crash_and_restart(); }
    void wait_until_done() {
        retry([&](Queue& queue) {
            const auto counts = queue.counts();
            return counts && (*counts)[JobState::kCompleted] == num_jobs_;
        });
    }
    // The token in the kept result is the one run that counts; no record may name another.
    void check() {
        for (pid_t& worker : workers_) stop(std::exchange(worker, 0));
        ::lseek(record_, 0, SEEK_SET);
        std::map<std::string, int> finished;
        std::string line;
        for (char c = 0; ::read(record_, &c, 1) == 1;) {
            if (c != '\n') {
                line += c;
                continue;
            }
            const auto space = line.find(' ');
            const std::string id = line.substr(0, space), token = line.substr(space + 1);
            EXPECT_EQ(++finished[id], 1) << id << " finished twice";
            retry([&](Queue& queue) {
                const auto job = queue.find(id);
                if (job) {
                    EXPECT_EQ(job->result, "\"" + token + "\"");
                }
                return job.has_value();
            });
            line.clear();
        }
        EXPECT_GT(finished.size(), 0U);
    }

  private:
    pid_t start() {
        const pid_t pid = ::fork();
        if (pid == 0) work(location_, record_);
        return pid;
    }
    static void stop(pid_t pid) {
        if (pid <= 0) return;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    template <class F>
    void retry(F&& attempt) {
        for (int i = 0; i < 3'000; ++i) {
            if (queue_ == nullptr) {
                auto queue = open_queue(location_, {.name = "crash", .lease_ms = kLeaseMs});
                if (queue) queue_ = *std::move(queue);
            }
            if (queue_ != nullptr && attempt(*queue_)) return;
            ::poll(nullptr, 0, 10);
        }
        FAIL() << "gave up";
    }

    std::optional<testing::Server> server_ = {};
    std::string location_ = {};
    int record_ = -1;
    pid_t workers_[kWorkers] = {};
    std::unique_ptr<Queue> queue_ = {};
    std::uint64_t num_jobs_ = 0;
};

class CrashLoad : public ::testing::TestWithParam<std::optional<testing::Server::Kind>> {};

TEST_P(CrashLoad, nothing_is_lost_and_nothing_finishes_twice) {
    const std::uint64_t num_crashes = setting("MINTMARK_CRASHES", 8);
    const std::uint64_t seed = setting("MINTMARK_SEED", 1);
    RecordProperty("seed", std::to_string(seed));
    SeededRng rng(seed);
    Load load(GetParam());
    for (std::uint64_t i = 0; i < num_crashes; ++i) {
        load.enqueue(kJobsPerCrash);
        ::poll(nullptr, 0, static_cast<int>(rng.next() % 30));
        // Servers take long to come back: one crash in eight is theirs.
        if (rng.next() % 8 == 0 && load.has_server()) {
            load.kill_server();
        } else {
            load.kill_worker(rng.next() % kWorkers);
        }
    }
    load.wait_until_done();
    load.check();
}

INSTANTIATE_TEST_SUITE_P(Engines, CrashLoad,
                         ::testing::Values(std::nullopt, testing::Server::Kind::kRedis,
                                           testing::Server::Kind::kPostgres),
                         [](const auto& tested) -> std::string {
                             if (!tested.param) return "Sqlite";
                             return *tested.param == testing::Server::Kind::kRedis ? "Redis"
                                                                                   : "Postgres";
                         });

}  // namespace
}  // namespace mintmark::queue
