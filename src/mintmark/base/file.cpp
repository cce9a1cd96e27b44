#include "mintmark/base/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace mintmark {
namespace {

std::unexpected<Error> io_error(const char* what, const std::filesystem::path& path) {
    const int saved = errno;
    const auto code = saved == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return fail(code, fmt::format("{} {}: {}", what, path.string(), std::strerror(saved)));
}

/// Temporary files that exist now, where a signal handler may read them: fixed memory only.
struct TemporarySlot {
    std::atomic<bool> is_taken = false;
    std::atomic<bool> is_live = false;
    std::array<char, 4096> path = {};
};
std::array<TemporarySlot, 32> temporary_slots;

/// Registers a temporary file while it lives in this scope.
class TemporaryGuard {
  public:
    explicit TemporaryGuard(const std::string& path) noexcept {
        for (TemporarySlot& slot : temporary_slots) {
            if (path.size() >= slot.path.size() || slot.is_taken.exchange(true)) continue;
            path.copy(slot.path.data(), path.size());
            slot.path[path.size()] = '\0';
            slot.is_live = true;
            slot_ = &slot;
            return;
        }
    }
    ~TemporaryGuard() {
        if (slot_ == nullptr) return;
        slot_->is_live = false;
        slot_->is_taken = false;
    }
    TemporaryGuard(const TemporaryGuard&) = delete;
    TemporaryGuard& operator=(const TemporaryGuard&) = delete;

  private:
    TemporarySlot* slot_ = nullptr;
};

/// Closes on scope exit.
class Fd {
  public:
    explicit Fd(int fd) noexcept : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

Status write_all(int fd, ByteSpan bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("cannot write", path);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    if (::fsync(fd) != 0) return io_error("cannot sync", path);
    return {};
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return io_error("cannot open", path);
    struct stat info = {};
    if (::fstat(fd.get(), &info) != 0) return io_error("cannot stat", path);
    if (!S_ISREG(info.st_mode)) {
        return fail(ErrorCode::kIo, fmt::format("{} is not a regular file", path.string()));
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > max_bytes) {
        return fail(ErrorCode::kOutOfRange, fmt::format("{} has {} bytes, at most {} are read",
                                                        path.string(), size, max_bytes));
    }
    Bytes out(size);
    std::size_t got = 0;
    while (got < out.size()) {
        const ssize_t n = ::read(fd.get(), out.data() + got, out.size() - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("cannot read", path);
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    out.resize(got);
    return out;
}

Result<std::string> read_text(const std::filesystem::path& path) {
    MINTMARK_TRY(const Bytes bytes, read_file(path));
    return std::string(bytes.begin(), bytes.end());
}

Status write_file(const std::filesystem::path& path, ByteSpan bytes, FileMode mode) {
    std::error_code ec;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
    const std::filesystem::path tmp = fmt::format("{}.tmp.{}", path.string(), ::getpid());
    const mode_t bits = mode == FileMode::kSecret ? 0600 : 0644;
    const TemporaryGuard guard(tmp.string());
    Status done;
    {
        const Fd fd(::open(tmp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, bits));
        if (fd.get() < 0) return io_error("cannot create", tmp);
        done = write_all(fd.get(), bytes, tmp);
    }
    if (done && ::rename(tmp.c_str(), path.c_str()) != 0) done = io_error("cannot rename to", path);
    if (!done) ::unlink(tmp.c_str());
    return done;
}

Status write_text(const std::filesystem::path& path, std::string_view text, FileMode mode) {
    return write_file(path, as_bytes(text), mode);
}

void remove_temporary_files() noexcept {
    for (const TemporarySlot& slot : temporary_slots) {
        if (slot.is_live) ::unlink(slot.path.data());
    }
}

}  // namespace mintmark
