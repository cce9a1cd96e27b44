// Base32 of RFC 4648, lower case, without padding: the text form of CIDs.
#pragma once

#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"

namespace mintmark::wire {

[[nodiscard]] std::string to_base32(ByteSpan bytes);
/// Lower case only; kMalformed on another character, an impossible length, or left-over bits that
/// are not zero: exactly one text stands for each byte string.
[[nodiscard]] Result<Bytes> from_base32(std::string_view text);

}  // namespace mintmark::wire
