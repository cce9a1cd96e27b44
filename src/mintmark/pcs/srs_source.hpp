// Random access to the bytes of an SRS file, so that a part of a large file can be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark::srs_file {

/// Bytes with a known size.
class Source {
  public:
    virtual ~Source() = default;
    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
    /// Fills `out` from `offset`; kMalformed when the source ends before, kIo when the disk fails.
    [[nodiscard]] virtual Status read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;

    /// Fixed-size read.
    template <std::size_t N>
    [[nodiscard]] Result<std::array<std::uint8_t, N>> read_array(std::uint64_t offset) {
        std::array<std::uint8_t, N> bytes;
        MINTMARK_CHECK(read(offset, bytes));
        return bytes;
    }
};

/// Bytes in memory, which must outlive the source.
class MemorySource final : public Source {
  public:
    explicit MemorySource(ByteSpan bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::uint8_t> out) override;

  private:
    ByteSpan bytes_;
};

/// A regular file.
class FileSource final : public Source {
  public:
    /// kNotFound or kIo when there is no readable regular file.
    [[nodiscard]] static Result<FileSource> open(const std::filesystem::path& path);
    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::uint8_t> out) override;

  private:
    FileSource(std::ifstream file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

    std::ifstream file_;
    std::uint64_t size_;
};

/// The integer at `bytes`, little-endian.
[[nodiscard]] std::uint64_t load_le(ByteSpan bytes) noexcept;
/// The integer at `bytes`, big-endian.
[[nodiscard]] std::uint64_t load_be(ByteSpan bytes) noexcept;

}  // namespace mintmark::srs_file
