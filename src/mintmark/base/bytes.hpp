// Byte strings and hexadecimal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;
using Bytes32 = std::array<std::uint8_t, 32>;
using Address = std::array<std::uint8_t, 20>;

/// Lower-case hex, two digits a byte, "0x" in front.
[[nodiscard]] std::string to_hex(ByteSpan bytes);
/// Reads hex with or without "0x", any case, even number of digits; kMalformed otherwise.
[[nodiscard]] Result<Bytes> from_hex(std::string_view hex);
/// As from_hex, but exactly 32 bytes.
[[nodiscard]] Result<Bytes32> bytes32_from_hex(std::string_view hex);

/// Appends src to dst.
void append(Bytes& dst, ByteSpan src);
/// The bytes of a string, no copy.
[[nodiscard]] ByteSpan as_bytes(std::string_view text) noexcept;

}  // namespace mintmark
