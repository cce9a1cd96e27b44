#include "mintmark/queue/testing.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/queue/redis_client.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::queue::testing {
namespace {

constexpr int kPollMs = 20;
// After a crash PostgreSQL syncs all databases of all tests: 26 s on a loaded disk.
constexpr int kReadyPolls = 6000;
const char* const kPostgresBin = "/usr/lib/postgresql/15/bin/";

[[noreturn]] void become(const std::vector<std::string>& words, const std::filesystem::path& log,
                         const std::string& user) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(file, 1);
    ::dup2(file, 2);
    if (!user.empty() && ::geteuid() == 0) {
        const passwd* account = ::getpwnam(user.c_str());
        if (account == nullptr || ::setgroups(0, nullptr) != 0 || ::setgid(account->pw_gid) != 0 ||
            ::setuid(account->pw_uid) != 0)
            ::_exit(126);
    }
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& words, const std::filesystem::path& log,
                 const std::string& user) {
    pid_ = ::fork();
    if (pid_ == 0) become(words, log, user);
}

Process::~Process() {
    kill_now();
}

void Process::kill_now() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

bool Process::has_ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ <= 0;
}

int Process::wait(int timeout_ms) {
    for (int waited = 0; waited <= timeout_ms; waited += kPollMs) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        ::poll(nullptr, 0, kPollMs);
    }
    kill_now();
    return -1;
}

std::uint16_t free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    MINTMARK_ASSERT(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
    MINTMARK_ASSERT(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    ::close(socket);
    return ntohs(address.sin_port);
}

Server::Server(Kind kind) : kind_(kind), port_(free_port()) {
    std::string name = (std::filesystem::temp_directory_path() / "mintmark-XXXXXX").string();
    MINTMARK_ASSERT(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
    const std::string port = std::to_string(port_);
    location_ = "redis://127.0.0.1:" + port;
    if (kind_ == Kind::kPostgres) {
        location_ = "postgresql://postgres@127.0.0.1:" + port + "/postgres";
        Process init({std::string(kPostgresBin) + "initdb", "-D", folder_ / "data", "-A", "trust",
                      "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"},
                     folder_ / "log", "postgres");
        MINTMARK_ASSERT(init.wait(60'000) == 0);
    }
    start();
}

void Server::launch() {
    const std::string port = std::to_string(port_);
    if (kind_ == Kind::kRedis) {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{"redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
                                     folder_, "--appendonly", "yes", "--appendfsync", "always",
                                     "--save", ""},
            folder_ / "log");
    } else {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{std::string(kPostgresBin) + "postgres", "-D", folder_ / "data",
                                     "-p", port, "-k", folder_, "-c", "listen_addresses=127.0.0.1"},
            folder_ / "log", "postgres");
    }
}

void Server::start() {
    launch();
    for (int i = 0; i < kReadyPolls; ++i) {
        // Children of a postmaster that was killed hold its memory until they notice.
        if (process_->has_ended()) launch();
        ::poll(nullptr, 0, kPollMs);
        if (kind_ == Kind::kPostgres && sql::open_postgres(location_)) return;
        if (kind_ == Kind::kRedis &&
            RedisClient({.host = "127.0.0.1", .port = port_}).command({"PING"}))
            return;
    }
    MINTMARK_ASSERT(false);
}

void Server::crash_and_restart() {
    process_->kill_now();
    // A postmaster that was killed leaves children behind, which end when they notice.
    if (kind_ == Kind::kPostgres) ::poll(nullptr, 0, 300);
    start();
}

Server::~Server() {
    process_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace mintmark::queue::testing
