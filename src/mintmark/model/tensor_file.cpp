#include "mintmark/model/tensor_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <system_error>

namespace mintmark::model {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

std::unexpected<Error> bad(const std::string& tensor, std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format("onnx: tensor '{}': {}", tensor, what));
}

/// A decimal number of bytes; absent keys are 0.
Result<std::uint64_t> number_of(const onnx::TensorProto& tensor, std::string_view key) {
    for (const auto& entry : tensor.external_data()) {
        if (entry.key() != key) continue;
        const std::string& text = entry.value();
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size())
            return bad(tensor.name(), fmt::format("external {} is no number", key));
        return value;
    }
    return 0;
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
           folder.end();
}

}  // namespace

Result<std::shared_ptr<const DataFile>> DataFile::open(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        const int saved = errno;
        return fail(saved == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                    fmt::format("open {}: {}", path.string(), std::strerror(saved)));
    }
    struct stat info = {};
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        ::close(fd);
        return fail(ErrorCode::kIo, fmt::format("{} is no regular file", path.string()));
    }
    return std::shared_ptr<const DataFile>(
        new DataFile(fd, static_cast<std::uint64_t>(info.st_size), path.filename().string()));
}

DataFile::~DataFile() {
    ::close(fd_);
}

Status DataFile::read_at(std::uint64_t offset, std::span<std::uint8_t> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got =
            ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(ErrorCode::kIo, fmt::format("{} ended early", name_));
        done += static_cast<std::size_t>(got);
    }
    return {};
}

Status read_range(const FileRange& range, std::int32_t onnx_type, std::size_t count,
                  const std::string& tensor, std::vector<double>& out) {
    MINTMARK_TRY(const std::size_t width, element_bytes(onnx_type, tensor));
    if (range.length / width != count || range.length % width != 0) {
        return bad(tensor,
                   fmt::format("{} bytes for {} elements of {} bytes", range.length, count, width));
    }
    out.reserve(out.size() + count);
    std::vector<std::uint8_t> piece(std::min<std::uint64_t>(kPiece, range.length));
    for (std::uint64_t at = 0; at < range.length; at += piece.size()) {
        piece.resize(std::min<std::uint64_t>(kPiece, range.length - at));
        MINTMARK_CHECK(range.file->read_at(range.offset + at, piece));
        append_elements(onnx_type, piece, out);
    }
    return {};
}

Result<std::shared_ptr<const DataFile>> ExternalData::open(const std::string& tensor,
                                                           const std::string& location) const {
    if (const auto it = files_.find(location); it != files_.end()) return it->second;
    if (folder_.empty()) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("onnx: tensor '{}' keeps its data in another file", tensor),
                    "load the model by its path");
    }
    const std::filesystem::path relative(location);
    const bool climbs = std::ranges::find(relative, "..") != relative.end();
    if (location.empty() || relative.is_absolute() || climbs ||
        location.find('\0') != std::string::npos) {
        return bad(tensor, fmt::format("external file '{}' is no path inside the model's folder",
                                       location));
    }
    std::error_code error;
    const auto folder = std::filesystem::canonical(folder_, error);
    const auto path = error ? folder : std::filesystem::canonical(folder / relative, error);
    if (error) {
        return fail(
            ErrorCode::kNotFound,
            fmt::format("onnx: tensor '{}': external file '{}' is missing", tensor, location),
            "keep it beside the ONNX file");
    }
    if (!is_below(path, folder)) {
        return bad(tensor,
                   fmt::format("external file '{}' is a link out of the model's folder", location));
    }
    MINTMARK_TRY(auto file, DataFile::open(path));
    files_[location] = file;
    return file;
}

Result<FileRange> ExternalData::find(const onnx::TensorProto& tensor) const {
    std::string location;
    for (const auto& entry : tensor.external_data())
        if (entry.key() == "location") location = entry.value();
    MINTMARK_TRY(const std::uint64_t offset, number_of(tensor, "offset"));
    MINTMARK_TRY(const std::uint64_t length, number_of(tensor, "length"));
    MINTMARK_TRY(auto file, open(tensor.name(), location));
    const std::uint64_t size = file->size();
    if (offset > size || length > size - offset) {
        return bad(tensor.name(),
                   fmt::format("bytes {} to {} lie beyond the end of '{}' ({} bytes)", offset,
                               offset + length, location, size));
    }
    return FileRange{std::move(file), offset, length == 0 ? size - offset : length};
}

}  // namespace mintmark::model
