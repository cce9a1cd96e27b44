#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "mintmark/base/file.hpp"

extern char** environ;

namespace mintmark::app {
namespace {

namespace fs = std::filesystem;

/// A folder that goes with everything in it.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string pattern = (fs::temp_directory_path() / "mintmark-XXXXXX").string();
        if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
    }
    ~ScratchFolder() {
        std::error_code ec;
        if (!path_.empty()) fs::remove_all(path_, ec);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

}  // namespace

Result<std::string> run_process(const std::vector<std::string>& arguments,
                                const std::string& input) {
    const ScratchFolder scratch;
    if (scratch.path().empty()) return fail(ErrorCode::kIo, "cannot make a temporary folder");
    const std::string in = (scratch.path() / "in").string();
    const std::string out = (scratch.path() / "out").string();
    MINTMARK_CHECK(write_text(in, input));
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.data()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT,
                                       0600);
    pid_t pid = 0;
    const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        return fail(ErrorCode::kNotFound, fmt::format("cannot start {}", arguments[0]),
                    "install it, or run: make setup");
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return fail(ErrorCode::kIo, "cannot wait for " + arguments[0]);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(ErrorCode::kIo, fmt::format("{} failed", fmt::join(arguments, " ")));
    }
    return read_text(out);
}

Result<fs::path> contracts_folder() {
    if (const char* path = std::getenv("MINTMARK_CONTRACTS")) return fs::path(path);
    std::error_code ec;
    for (fs::path from : {fs::current_path(ec), fs::read_symlink("/proc/self/exe", ec)}) {
        for (;;) {
            if (fs::exists(from / "contracts" / "foundry.toml", ec)) return from / "contracts";
            if (!from.has_relative_path()) break;
            from = from.parent_path();
        }
    }
    return fail(ErrorCode::kNotFound, "the contracts folder of Mintmark is not found",
                "set MINTMARK_CONTRACTS to it");
}

}  // namespace mintmark::app
