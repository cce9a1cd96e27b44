#include "mintmark/pcs/srs_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mintmark::srs_file {
namespace {

Status check_range(std::uint64_t size, std::uint64_t offset, std::uint64_t length) {
    if (offset <= size && length <= size - offset) return {};
    return fail(
        ErrorCode::kMalformed,
        fmt::format("SRS file: ends after {} bytes, {} expected at {}", size, length, offset),
        "the file is cut off: copy or download it again");
}

}  // namespace

Status MemorySource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
    MINTMARK_CHECK(check_range(bytes_.size(), offset, out.size()));
    std::ranges::copy(bytes_.subspan(offset, out.size()), out.begin());
    return {};
}

Result<FileSource> FileSource::open(const std::filesystem::path& path) {
    std::error_code ec;
    const auto status = std::filesystem::status(path, ec);
    if (!std::filesystem::exists(status)) {
        return fail(ErrorCode::kNotFound, fmt::format("no SRS file {}", path.string()),
                    "make one with `mintmark zk gen-srs`, or fetch a .ptau of a ceremony");
    }
    const std::uint64_t size = std::filesystem::is_regular_file(status)
                                   ? std::filesystem::file_size(path, ec)
                                   : std::uint64_t{0};
    std::ifstream file(path, std::ios::binary);
    if (!std::filesystem::is_regular_file(status) || ec || !file) {
        return fail(ErrorCode::kIo, fmt::format("cannot read the SRS file {}", path.string()));
    }
    return FileSource(std::move(file), size);
}

Status FileSource::read(std::uint64_t offset, std::span<std::uint8_t> out) {
    MINTMARK_CHECK(check_range(size_, offset, out.size()));
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    // Chars may be viewed as unsigned bytes ([basic.lval]).
    file_.read(reinterpret_cast<char*>(out.data()),  // NOLINT
               static_cast<std::streamsize>(out.size()));
    if (!file_) return fail(ErrorCode::kIo, "SRS file: cannot read");
    return {};
}

std::uint64_t load_le(ByteSpan bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8U) | bytes[i];
    return value;
}

std::uint64_t load_be(ByteSpan bytes) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
    return value;
}

}  // namespace mintmark::srs_file
