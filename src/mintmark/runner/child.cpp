#include "mintmark/runner/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace mintmark::runner {
namespace {

constexpr std::size_t kMaxLine = std::size_t{2} << 20U;
constexpr int kCannotStart = 127;

/// Everything that exec needs, made before the fork: between fork and exec nothing may allocate.
struct Prepared {
    std::vector<char*> argv, envp;
    std::string input, errors, folder;
    rlimit memory = {}, file = {};
    pid_t parent = 0;
    int out = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

/// Only async-signal-safe calls.
[[noreturn]] void become(const Prepared& what) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != what.parent) ::_exit(kCannotStart);  // it died before we asked
    const rlimit none = {0, 0};
    const bool is_limited = ::setrlimit(RLIMIT_CORE, &none) == 0 &&
                            ::setrlimit(RLIMIT_AS, &what.memory) == 0 &&
                            ::setrlimit(RLIMIT_FSIZE, &what.file) == 0;
    const int in = ::open(what.input.c_str(), O_RDONLY);
    const int errors = what.errors.empty()
                           ? STDERR_FILENO
                           : ::open(what.errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (!is_limited || in < 0 || errors < 0) ::_exit(kCannotStart);
    if (!what.folder.empty() && ::chdir(what.folder.c_str()) != 0) ::_exit(kCannotStart);
    ::dup2(in, STDIN_FILENO);
    ::dup2(what.out, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) ::signal(signal, SIG_DFL);
    ::execvpe(what.argv[0], what.argv.data(), what.envp.data());
    ::_exit(kCannotStart);
}

}  // namespace

Result<Child> Child::start(const ChildOptions& options) {
    if (options.command.empty()) return fail(ErrorCode::kInvalidArgument, "no program");
    std::array<int, 2> ends = {-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorCode::kIo, "cannot make a pipe");
    Prepared what;
    what.argv = pointers(options.command);
    what.envp = pointers(options.environment);
    what.input = options.input.empty() ? "/dev/null" : options.input.string();
    what.errors = options.errors.string();
    what.folder = options.folder.string();
    what.memory = {options.limits.memory_bytes, options.limits.memory_bytes};
    what.file = {options.limits.file_bytes, options.limits.file_bytes};
    what.parent = ::getpid();
    what.out = ends[1];
    const pid_t pid = ::fork();
    if (pid == 0) become(what);
    ::close(ends[1]);
    if (pid < 0) {
        ::close(ends[0]);
        return fail(ErrorCode::kIo,
                    fmt::format("cannot start {}: {}", options.command[0], std::strerror(errno)));
    }
    ::setpgid(pid, pid);  // on both sides: kill() may come before the child has done it
    return Child(pid, ends[0]);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::exchange(other.out_, -1)),
      status_(other.status_),
      is_reaped_(other.is_reaped_),
      pending_(std::move(other.pending_)),
      ready_(std::move(other.ready_)) {}

Child::~Child() {
    if (pid_ > 0 && !is_reaped_) {
        kill();
        ::waitpid(pid_, nullptr, 0);
    }
    if (out_ >= 0) ::close(out_);
}

void Child::kill() noexcept {
    if (pid_ > 0 && !is_reaped_) ::kill(-pid_, SIGKILL);
}

void Child::take_lines() {
    std::size_t begin = 0;
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n', begin)) {
        ready_.push_back(pending_.substr(begin, end - begin));
        begin = end + 1;
    }
    pending_.erase(0, begin);
    if (pending_.size() > kMaxLine) kill();
}

/// Reads what is there within the time; false: nothing came.
bool Child::read_some(int timeout_ms) {
    pollfd wait = {out_, POLLIN, 0};
    if (::poll(&wait, out_ < 0 ? 0 : 1, timeout_ms) <= 0) return false;
    std::array<char, 65536> buffer;
    const ssize_t count = ::read(out_, buffer.data(), buffer.size());
    if (count > 0) {
        pending_.append(buffer.data(), static_cast<std::size_t>(count));
        take_lines();
        return true;
    }
    if (count == 0 || errno != EINTR) {
        ::close(out_);
        out_ = -1;
    }
    return false;
}

std::vector<std::string> Child::lines(int timeout_ms) {
    constexpr int kClosedMs = 20;  // its output is closed: it ends soon
    if (ready_.empty()) (void)read_some(out_ < 0 ? std::min(timeout_ms, kClosedMs) : timeout_ms);
    return std::exchange(ready_, {});
}

bool Child::has_ended() {
    if (!is_reaped_) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
        ::kill(-pid_, SIGKILL);  // what it has left behind
        is_reaped_ = true;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        while (read_some(0)) {
        }
    }
    return ready_.empty();
}

}  // namespace mintmark::runner
