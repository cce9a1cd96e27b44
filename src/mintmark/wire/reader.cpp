#include "mintmark/wire/reader.hpp"

#include <fmt/format.h>

namespace mintmark::wire {

Result<ByteSpan> ByteReader::take(std::uint64_t n) {
    if (n > remaining()) {
        return fail(ErrorCode::kMalformed, fmt::format("{} bytes wanted at byte {}, {} are left", n,
                                                       position_, remaining()));
    }
    const ByteSpan out = bytes_.subspan(position_, static_cast<std::size_t>(n));
    position_ += out.size();
    return out;
}

Result<std::uint64_t> ByteReader::big_endian(std::size_t num_bytes) {
    MINTMARK_TRY(const ByteSpan bytes, take(num_bytes));
    std::uint64_t value = 0;
    for (const std::uint8_t b : bytes) value = (value << 8U) | b;
    return value;
}

Result<std::uint8_t> ByteReader::u8() {
    MINTMARK_TRY(const std::uint64_t value, big_endian(1));
    return static_cast<std::uint8_t>(value);
}

Result<std::uint16_t> ByteReader::u16() {
    MINTMARK_TRY(const std::uint64_t value, big_endian(2));
    return static_cast<std::uint16_t>(value);
}

Result<std::uint32_t> ByteReader::u32() {
    MINTMARK_TRY(const std::uint64_t value, big_endian(4));
    return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> ByteReader::u64() {
    return big_endian(8);
}

Result<std::uint64_t> ByteReader::varint() {
    constexpr unsigned kLastShift = 63;  // the tenth byte holds one bit
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < remaining(); ++i) {
        const std::uint8_t b = bytes_[position_ + i];
        const auto shift = static_cast<unsigned>(7 * i);
        if (shift == kLastShift && b > 1) return fail(ErrorCode::kMalformed, "varint above 2^64-1");
        value |= std::uint64_t{b & 0x7fU} << shift;
        if (b >= 0x80U) continue;
        if (b == 0 && i > 0) return fail(ErrorCode::kMalformed, "varint is not minimal");
        position_ += i + 1;
        return value;
    }
    return fail(ErrorCode::kMalformed, "varint is cut off");
}

Status ByteReader::varints(std::span<std::uint64_t> out) {
    for (std::uint64_t& value : out) {
        const std::size_t left = remaining();
        const std::uint8_t* at = bytes_.data() + position_;
        if (left >= 1 && at[0] < 0x80U) {  // what weights are: one byte or two
            value = at[0];
            position_ += 1;
        } else if (left >= 2 && at[1] < 0x80U && at[1] != 0) {
            value = (at[0] & 0x7fU) | unsigned{at[1]} << 7U;
            position_ += 2;
        } else {
            MINTMARK_TRY(value, varint());
        }
    }
    return {};
}

Status ByteReader::expect_end() const {
    if (empty()) return {};
    return fail(ErrorCode::kMalformed, fmt::format("{} bytes too many", remaining()));
}

}  // namespace mintmark::wire
