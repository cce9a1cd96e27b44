// Test support: real Redis and PostgreSQL servers of Debian's packages, on free ports, in a
// temporary folder, ended with the object.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mintmark::queue::testing {

/// A child process; its output goes to `log`.
class Process {
  public:
    /// user: run as this account when we are root (PostgreSQL refuses root); empty: as we are.
    Process(const std::vector<std::string>& words, const std::filesystem::path& log,
            const std::string& user = {});
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    /// Exit status; kills after `timeout_ms` and returns -1.
    int wait(int timeout_ms);
    void kill_now();
    [[nodiscard]] bool has_ended();

  private:
    pid_t pid_ = -1;
};

[[nodiscard]] std::uint16_t free_port();

class Server {
  public:
    enum class Kind { kRedis, kPostgres };
    explicit Server(Kind kind);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    [[nodiscard]] const std::string& location() const noexcept { return location_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// kill -9, then the same data again.
    void crash_and_restart();

  private:
    void start();
    void launch();

    Kind kind_;
    std::filesystem::path folder_;
    std::uint16_t port_;
    std::string location_ = {};
    std::unique_ptr<Process> process_ = {};
};

}  // namespace mintmark::queue::testing
