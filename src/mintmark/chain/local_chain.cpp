#include "mintmark/chain/local_chain.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "mintmark/chain/rpc.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/net/http_client.hpp"
#include "mintmark/net/interrupt.hpp"

namespace mintmark::chain {
namespace {

namespace fs = std::filesystem;

constexpr int kPollMs = 30;
constexpr int kStopTimeoutMs = 15'000;
constexpr std::size_t kLogTail = 600;

#if defined(__aarch64__)
constexpr const char* kBinary = "contracts/node_modules/@foundry-rs/anvil-linux-arm64/bin/anvil";
#else
constexpr const char* kBinary = "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
#endif

/// What the pid file says; start_time tells our process from a later one with the same number.
struct PidFile {
    LocalChain chain;
    std::uint64_t start_time;  ///< clock ticks since boot
};

fs::path pid_path(const fs::path& folder) {
    return folder / "anvil.json";
}

fs::path log_path(const fs::path& folder) {
    return folder / "anvil.log";
}

/// Field 22 of /proc/<pid>/stat (proc(5)); nullopt when there is no such process or it is a zombie.
std::optional<std::uint64_t> start_time_of(std::int64_t pid) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
        std::fopen(fmt::format("/proc/{}/stat", pid).c_str(), "re"), &std::fclose);
    std::array<char, 2048> text = {};
    if (file == nullptr || std::fgets(text.data(), text.size(), file.get()) == nullptr) return {};
    const char* rest = std::strrchr(text.data(), ')');  // the name before it may hold anything
    if (rest == nullptr || std::strlen(rest) < 3 || rest[2] == 'Z') return {};
    constexpr int kSkipped = 20;  // fields 3 to 21, and the gap before the first
    for (int i = 0; i < kSkipped && rest != nullptr; ++i) rest = std::strchr(rest + 1, ' ');
    if (rest == nullptr) return {};
    return std::strtoull(rest, nullptr, 10);
}

bool is_running(const PidFile& file) {
    return start_time_of(file.chain.pid) == file.start_time;
}

Result<PidFile> read_pid_file(const fs::path& folder) {
    MINTMARK_TRY(const json::Json value, json::read(pid_path(folder)));
    PidFile out = {};
    MINTMARK_TRY(out.chain.pid, json::get_i64(value, "pid"));
    MINTMARK_TRY(out.start_time, json::get_u64(value, "startTime"));
    MINTMARK_TRY(out.chain.rpc_url, json::get_string(value, "rpcUrl"));
    MINTMARK_TRY(const std::uint64_t port, json::get_u64(value, "port"));
    if (out.chain.pid <= 1 || port > 0xffff) {
        return fail(ErrorCode::kMalformed, pid_path(folder).string() + " is damaged");
    }
    out.chain.port = static_cast<std::uint16_t>(port);
    return out;
}

Status write_pid_file(const fs::path& folder, const PidFile& file) {
    return json::write(pid_path(folder), {{"pid", file.chain.pid},
                                          {"startTime", file.start_time},
                                          {"rpcUrl", file.chain.rpc_url},
                                          {"port", file.chain.port}});
}

/// Binds the port for a moment: tells a taken one, and chooses one for 0.
Result<std::uint16_t> probe_port(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: what the API wants
    const bool free = fd >= 0 && ::bind(fd, generic, size) == 0 && ::listen(fd, 1) == 0 &&
                      ::getsockname(fd, generic, &size) == 0;
    if (fd >= 0) ::close(fd);
    if (!free) {
        return fail(ErrorCode::kIo, fmt::format("port {} on 127.0.0.1 is taken", port),
                    "choose another with --port, or stop what is using it");
    }
    return ntohs(address.sin_port);
}

std::vector<std::string> arguments(const LocalChainOptions& options, std::uint16_t port) {
    return {options.binary.string(),
            "--host",
            "127.0.0.1",
            "--port",
            std::to_string(port),
            "--chain-id",
            std::to_string(options.chain_id),
            "--hardfork",
            options.hardfork,
            "--state",
            fs::absolute(options.folder / "state.json").string()};
}

/// Starts the program in a session of its own, so that it outlives the terminal.
Result<pid_t> spawn(const std::vector<std::string>& words, const fs::path& log) {
    std::vector<char*> argv;
    for (const std::string& word : words)
        argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, words[0].c_str(), &files, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        return fail(ErrorCode::kIo,
                    fmt::format("cannot start {}: {}", words[0], std::strerror(error)));
    }
    return pid;
}

std::string log_tail(const fs::path& folder) {
    std::string text = read_text(log_path(folder)).value_or("");
    if (text.size() > kLogTail) text.erase(0, text.size() - kLogTail);
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

/// Collects the exit status if it is our child; harmless otherwise.
void reap(std::int64_t pid) {
    ::waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG);
}

bool wait_until_gone(const PidFile& file, int timeout_ms) {
    for (int waited = 0; waited <= timeout_ms; waited += kPollMs) {
        reap(file.chain.pid);
        if (!is_running(file)) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(kPollMs));
    }
    return false;
}

Status wait_until_ready(const PidFile& file, const LocalChainOptions& options) {
    net::HttpClientOptions http;
    http.timeout_ms = 2'000;
    http.max_attempts = 1;
    RpcClient client(file.chain.rpc_url, std::make_shared<net::HttpClient>(http));
    for (int waited = 0; waited < options.ready_timeout_ms; waited += kPollMs) {
        reap(file.chain.pid);
        if (!is_running(file)) {
            return fail(ErrorCode::kIo, "anvil ended at once: " + log_tail(options.folder));
        }
        if (const auto id = client.chain_id()) return client.expect_chain_id(options.chain_id);
        net::interruptible_sleep(kPollMs);
        MINTMARK_CHECK(net::check_interrupted());
    }
    return fail(ErrorCode::kIo, "anvil does not answer: " + log_tail(options.folder));
}

void kill_now(const PidFile& file) {
    if (is_running(file)) ::kill(static_cast<pid_t>(file.chain.pid), SIGKILL);
    wait_until_gone(file, kStopTimeoutMs);
}

std::optional<fs::path> binary_above(fs::path folder) {
    std::error_code ec;
    for (;; folder = folder.parent_path()) {
        if (fs::path candidate = folder / kBinary; fs::exists(candidate, ec)) return candidate;
        if (folder == folder.parent_path()) return {};
    }
}

std::optional<fs::path> binary_in_path() {
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        const fs::path candidate = fs::path(rest.substr(0, colon)) / "anvil";
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    return {};
}

}  // namespace

Result<fs::path> find_anvil() {
    std::error_code ec;
    if (const char* named = std::getenv("MINTMARK_ANVIL"); named != nullptr && *named != '\0') {
        if (::access(named, X_OK) == 0) return fs::path(named);
        return fail(ErrorCode::kNotFound, fmt::format("MINTMARK_ANVIL: no program {}", named));
    }
    if (const auto found = binary_above(fs::current_path(ec))) return *found;
    if (const auto found = binary_above(fs::read_symlink("/proc/self/exe", ec))) return *found;
    if (const auto found = binary_in_path()) return *found;
    return fail(ErrorCode::kNotFound, "anvil, the local chain, is not installed",
                "run `make setup`, or name the program in MINTMARK_ANVIL");
}

Result<LocalChain> start_local_chain(const LocalChainOptions& given) {
    LocalChainOptions options = given;
    if (const auto running = local_chain_status(options.folder)) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("the local chain already runs at {}", running->rpc_url),
                    "stop it with `mintmark chain down`");
    }
    if (options.binary.empty()) {
        MINTMARK_TRY(options.binary, find_anvil());
    }
    MINTMARK_TRY(const std::uint16_t port, probe_port(options.port));
    std::error_code ec;
    fs::create_directories(options.folder, ec);
    if (ec)
        return fail(ErrorCode::kIo, fmt::format("{}: {}", options.folder.string(), ec.message()));
    MINTMARK_TRY(const pid_t pid, spawn(arguments(options, port), log_path(options.folder)));
    const PidFile file{{fmt::format("http://127.0.0.1:{}", port), port, pid},
                       start_time_of(pid).value_or(0)};
    Status ready = write_pid_file(options.folder, file);
    if (ready) ready = wait_until_ready(file, options);
    if (!ready) {
        kill_now(file);
        fs::remove(pid_path(options.folder), ec);
        return std::unexpected(std::move(ready).error());
    }
    return file.chain;
}

Result<LocalChain> local_chain_status(const fs::path& folder) {
    const auto file = read_pid_file(folder);
    if (file && is_running(*file)) return file->chain;
    if (!file && file.error().code != ErrorCode::kNotFound) return std::unexpected(file.error());
    return fail(ErrorCode::kNotFound, "the local chain does not run",
                "start it with `mintmark chain up`");
}

Status stop_local_chain(const fs::path& folder) {
    const auto file = read_pid_file(folder);
    if (!file || !is_running(*file)) {
        std::error_code ec;
        fs::remove(pid_path(folder), ec);  // left behind by a crash
        return fail(ErrorCode::kNotFound, "the local chain does not run");
    }
    ::kill(static_cast<pid_t>(file->chain.pid), SIGINT);  // anvil saves its state on this signal
    if (!wait_until_gone(*file, kStopTimeoutMs)) {
        return fail(ErrorCode::kIo,
                    fmt::format("anvil (process {}) does not end", file->chain.pid));
    }
    std::error_code ec;
    fs::remove(pid_path(folder), ec);
    return {};
}

}  // namespace mintmark::chain
