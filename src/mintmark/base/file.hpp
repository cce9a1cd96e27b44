// Whole-file reads and atomic writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark {

enum class FileMode : std::uint8_t { kPublic /*0644*/, kSecret /*0600*/ };

/// Reads a whole file; kNotFound, kIo, or kOutOfRange above max_bytes.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path,
                                      std::uint64_t max_bytes = std::uint64_t{8} << 30U);
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path);
/// Writes to a temporary file beside `path`, syncs, renames: the file is whole or absent. Makes
/// parent folders.
[[nodiscard]] Status write_file(const std::filesystem::path& path, ByteSpan bytes,
                                FileMode mode = FileMode::kPublic);
[[nodiscard]] Status write_text(const std::filesystem::path& path, std::string_view text,
                                FileMode mode = FileMode::kPublic);

/// Unlinks temporary files of writes that are under way. Async-signal-safe: for interrupt handlers
/// that end the process.
void remove_temporary_files() noexcept;

}  // namespace mintmark
