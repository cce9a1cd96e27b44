// A child process under limits that ends when its parent does, and says what it does line by line.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/jobs/config.hpp"

namespace mintmark::runner {

/// How a process ends that could not get the memory it asked for.
inline constexpr int kOutOfMemoryStatus = 86;

struct ChildOptions {
    std::vector<std::string> command = {};
    std::filesystem::path input = {};   ///< standard input; empty: nothing
    std::filesystem::path errors = {};  ///< standard error; empty: this process's
    std::filesystem::path folder = {};  ///< working folder; empty: this process's
    /// "NAME=value"; everything else of this process's environment is left out.
    std::vector<std::string> environment = {};
    jobs::Limits limits = {};
};

/// A running child. Leads a process group; is killed (kill -9) with it by kill(), by the
/// destructor, and by the kernel when the thread that started it ends, however that happens.
class Child {
  public:
    /// kNotFound when the program cannot be started, kIo.
    [[nodiscard]] static Result<Child> start(const ChildOptions& options);
    Child(Child&& other) noexcept;
    Child& operator=(Child&& other) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    /// Lines of its standard output (without their ends) that come within `timeout_ms`; empty when
    /// there were none. Lines above 2 MiB end the child.
    [[nodiscard]] std::vector<std::string> lines(int timeout_ms);
    /// It has ended, and lines() has given all it said.
    [[nodiscard]] bool has_ended();
    /// Once it has ended: its status, or minus the signal that ended it.
    [[nodiscard]] int status() const noexcept { return status_; }
    void kill() noexcept;

  private:
    Child(pid_t pid, int out) : pid_(pid), out_(out) {}
    void take_lines();
    bool read_some(int timeout_ms);

    pid_t pid_;
    int out_;
    int status_ = 0;
    bool is_reaped_ = false;
    std::string pending_ = {};  ///< begin of a line
    std::vector<std::string> ready_ = {};
};

}  // namespace mintmark::runner
