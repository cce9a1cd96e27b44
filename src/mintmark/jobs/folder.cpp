#include "mintmark/jobs/folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace mintmark::jobs {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "mintmark-job-";

fs::path base_of(const fs::path& parent) {
    std::error_code ec;
    return parent.empty() ? fs::temp_directory_path(ec) : parent;
}

}  // namespace

Result<JobFolder> JobFolder::make(const fs::path& parent) {
    const fs::path base = base_of(parent);
    std::error_code ec;
    fs::create_directories(base, ec);
    std::string pattern = (base / fmt::format("{}{}-XXXXXX", kPrefix, ::getpid())).string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        return fail(ErrorCode::kIo,
                    fmt::format("cannot make {}: {}", pattern, std::strerror(errno)));
    }
    return JobFolder(pattern);
}

JobFolder::~JobFolder() {
    std::error_code ec;
    if (!path_.empty()) fs::remove_all(path_, ec);
}

void sweep(const fs::path& parent) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(base_of(parent), ec)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kPrefix)) continue;
        pid_t pid = 0;
        const char* begin = name.data() + kPrefix.size();
        const auto [end, error] = std::from_chars(begin, name.data() + name.size(), pid);
        if (error != std::errc() || end == begin || pid <= 0) continue;
        const bool is_dead = ::kill(pid, 0) != 0 && errno == ESRCH;
        std::error_code ignored;
        if (is_dead) fs::remove_all(entry.path(), ignored);
    }
}

}  // namespace mintmark::jobs
