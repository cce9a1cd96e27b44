// Test support: a ledger with somebody who waits for it, in a file or in a PostgreSQL server of its
// own.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "mintmark/ledger/shared.hpp"

namespace mintmark::ledger::testing {

/// A ledger and what its journal has reported.
class Client {
  public:
    Journal::OnCommit on_commit();
    /// Until the entry is durable; the reason when it was refused.
    Status done(std::uint64_t sequence);
    Status done(const Result<std::uint64_t>& sequence);
    /// Makes an account usable.
    Status fund(const std::string& account, std::uint64_t limit,
                std::optional<Amount> exposure = {});
    /// Waits until the database was away, or is there again.
    void wait_for_health(bool is_healthy);

    std::unique_ptr<Ledger> ledger;  ///< ends first

  private:
    struct Reports {
        std::mutex mutex;
        std::condition_variable changed;
        std::uint64_t committed = 0;
        std::map<std::uint64_t, Error> refused;
        bool is_healthy = true;
    };
    std::shared_ptr<Reports> reports_ = std::make_shared<Reports>();
};

struct OpenedClient {
    std::unique_ptr<Client> client;
    std::uint64_t recovered = 0;
};

/// A folder of this test.
class FilePlace {
  public:
    FilePlace();
    ~FilePlace();
    FilePlace(const FilePlace&) = delete;
    FilePlace& operator=(const FilePlace&) = delete;
    OpenedClient open(const std::string& name);
    [[nodiscard]] std::string location() const { return (folder_ / "ledger.db").string(); }

  private:
    std::filesystem::path folder_;
};

/// A database of this test in the server that all tests of a process share.
class PostgresPlace {
  public:
    PostgresPlace();
    OpenedClient open(const std::string& name);
    OpenedClient open(SharedOptions options);
    [[nodiscard]] const std::string& location() const { return location_; }
    /// kill -9 of the whole server, then the same data again.
    static void crash_and_restart();

  private:
    std::string location_;
};

/// Of "b" with key "k", charged to "grant:a".
RequestRow request(const std::string& id, std::uint64_t units, std::uint64_t usd = 0);
Outcome cost(std::uint64_t units, std::uint64_t usd = 0);

}  // namespace mintmark::ledger::testing
