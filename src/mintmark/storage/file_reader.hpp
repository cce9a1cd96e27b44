// Reading a file piece by piece.
#pragma once

#include <filesystem>
#include <span>

#include "mintmark/base/bytes.hpp"

namespace mintmark::storage {

/// An open file; moves only.
class FileReader {
  public:
    /// kNotFound, kIo.
    [[nodiscard]] static Result<FileReader> open(const std::filesystem::path& path);
    FileReader(FileReader&& other) noexcept;
    FileReader& operator=(FileReader&& other) noexcept;
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;
    ~FileReader();
    /// Fills `out`; fewer bytes only at the end of the file. kIo.
    [[nodiscard]] Result<std::size_t> read(std::span<std::uint8_t> out);

  private:
    FileReader(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}

    int fd_;
    std::filesystem::path path_;
};

/// A file that appears under its name when it is whole: written beside it, renamed by commit().
class FileWriter {
  public:
    /// Makes parent folders. kIo.
    [[nodiscard]] static Result<FileWriter> create(const std::filesystem::path& path);
    FileWriter(FileWriter&& other) noexcept;
    FileWriter& operator=(FileWriter&& other) noexcept;
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;
    /// Without commit(), nothing is left behind.
    ~FileWriter();
    [[nodiscard]] Status write(ByteSpan bytes);
    [[nodiscard]] Status commit();

  private:
    FileWriter(int fd, std::filesystem::path temporary, std::filesystem::path path)
        : fd_(fd), temporary_(std::move(temporary)), path_(std::move(path)) {}
    void discard() noexcept;

    int fd_;
    std::filesystem::path temporary_;
    std::filesystem::path path_;
};

}  // namespace mintmark::storage
