#include "mintmark/wire/writer.hpp"

namespace mintmark::wire {
namespace {
void put_big_endian(Bytes& dst, std::uint64_t value, unsigned num_bytes) {
    for (unsigned i = num_bytes; i > 0; --i) {
        dst.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
    }
}
}  // namespace

void put_varint(Bytes& dst, std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) {
        dst.push_back(static_cast<std::uint8_t>(value | 0x80U));
    }
    dst.push_back(static_cast<std::uint8_t>(value));
}

void put_u16(Bytes& dst, std::uint16_t value) {
    put_big_endian(dst, value, 2);
}

void put_u32(Bytes& dst, std::uint32_t value) {
    put_big_endian(dst, value, 4);
}

void put_u64(Bytes& dst, std::uint64_t value) {
    put_big_endian(dst, value, 8);
}

}  // namespace mintmark::wire
