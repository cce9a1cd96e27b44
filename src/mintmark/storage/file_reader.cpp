#include "mintmark/storage/file_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mintmark::storage {
namespace {

std::unexpected<Error> io_error(const char* what, const std::filesystem::path& path) {
    const int saved = errno;
    return fail(saved == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(saved)));
}

}  // namespace

Result<FileReader> FileReader::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return io_error("open", path);
    return FileReader(fd, path);
}

FileReader::FileReader(FileReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
}

FileReader::~FileReader() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> FileReader::read(std::span<std::uint8_t> out) {
    std::size_t got = 0;
    while (got < out.size()) {
        const ssize_t n = ::read(fd_, out.data() + got, out.size() - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("read", path_);
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    return got;
}

Result<FileWriter> FileWriter::create(const std::filesystem::path& path) {
    std::error_code ec;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
    std::filesystem::path temporary = fmt::format("{}.tmp.{}", path.string(), ::getpid());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return io_error("create", temporary);
    return FileWriter(fd, std::move(temporary), path);
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      temporary_(std::move(other.temporary_)),
      path_(std::move(other.path_)) {}

FileWriter& FileWriter::operator=(FileWriter&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(temporary_, other.temporary_);
    std::swap(path_, other.path_);
    return *this;
}

void FileWriter::discard() noexcept {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
    fd_ = -1;
}

FileWriter::~FileWriter() {
    discard();
}

Status FileWriter::write(ByteSpan bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return io_error("write", temporary_);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Status FileWriter::commit() {
    if (::fsync(fd_) != 0) return io_error("sync", temporary_);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return io_error("rename to", path_);
    ::close(std::exchange(fd_, -1));
    return {};
}

}  // namespace mintmark::storage
