// JSON values (RFC 8259) whose errors are Results, never exceptions. Objects keep the order of
// their keys. Read outside input through the getters below: nlohmann's own operator[] and get<T>()
// trust their caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "mintmark/base/file.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark::json {

using Json = nlohmann::ordered_json;

/// Arrays and objects may nest this deep.
inline constexpr std::size_t kMaxDepth = 64;

/// Parses a whole text; kMalformed with the byte position otherwise, or when nested deeper than
/// kMaxDepth.
[[nodiscard]] Result<Json> parse(std::string_view text);
/// Reads and parses a file; errors name the file. Files above max_bytes are refused.
[[nodiscard]] Result<Json> read(const std::filesystem::path& path,
                                std::uint64_t max_bytes = std::uint64_t{1} << 30U);
/// Two spaces a level, a newline at the end. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string pretty(const Json& value);
/// One line, no spaces.
[[nodiscard]] std::string compact(const Json& value);
/// Writes pretty(value) atomically.
[[nodiscard]] Status write(const std::filesystem::path& path, const Json& value,
                           FileMode mode = FileMode::kPublic);

/// The member, or nullptr when `object` is no object or lacks the key.
[[nodiscard]] const Json* find(const Json& object, std::string_view key);

/// Members by key: kMalformed naming the key when it is missing or has another type. Numbers are
/// not converted from strings; get_double accepts integers.
[[nodiscard]] Result<std::string> get_string(const Json& object, std::string_view key);
[[nodiscard]] Result<std::uint64_t> get_u64(const Json& object, std::string_view key);
[[nodiscard]] Result<std::int64_t> get_i64(const Json& object, std::string_view key);
[[nodiscard]] Result<double> get_double(const Json& object, std::string_view key);
[[nodiscard]] Result<bool> get_bool(const Json& object, std::string_view key);
/// A copy of the member; use find() for large ones.
[[nodiscard]] Result<Json> get_array(const Json& object, std::string_view key);
[[nodiscard]] Result<Json> get_object(const Json& object, std::string_view key);

}  // namespace mintmark::json
