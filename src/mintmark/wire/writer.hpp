// Appending integers to byte strings.
#pragma once

#include <cstdint>

#include "mintmark/base/bytes.hpp"

namespace mintmark::wire {

/// Unsigned LEB128, 1 to 10 bytes.
void put_varint(Bytes& dst, std::uint64_t value);
/// Big-endian.
void put_u16(Bytes& dst, std::uint16_t value);
void put_u32(Bytes& dst, std::uint32_t value);
void put_u64(Bytes& dst, std::uint64_t value);

}  // namespace mintmark::wire
