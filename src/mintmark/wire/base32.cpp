#include "mintmark/wire/base32.hpp"

namespace mintmark::wire {
namespace {
constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";

int digit(char c) noexcept {
    if (c >= 'a' && c <= 'z') return c - 'a';
    if (c >= '2' && c <= '7') return c - '2' + 26;
    return -1;
}
}  // namespace

std::string to_base32(ByteSpan bytes) {
    std::string out;
    out.reserve((bytes.size() * 8 + 4) / 5);
    std::uint32_t bits = 0;
    unsigned num_bits = 0;
    for (const std::uint8_t b : bytes) {
        bits = (bits << 8U) | b;
        num_bits += 8;
        for (; num_bits >= 5; num_bits -= 5) {
            out.push_back(kAlphabet[(bits >> (num_bits - 5)) & 31U]);
        }
        bits &= 31U;  // fewer than five are left
    }
    if (num_bits > 0) out.push_back(kAlphabet[(bits << (5 - num_bits)) & 31U]);
    return out;
}

Result<Bytes> from_base32(std::string_view text) {
    Bytes out;
    out.reserve(text.size() * 5 / 8);
    std::uint32_t bits = 0;
    unsigned num_bits = 0;
    for (const char c : text) {
        const int value = digit(c);
        if (value < 0) return fail(ErrorCode::kMalformed, "base32: not a lower-case digit");
        bits = ((bits << 5U) | static_cast<std::uint32_t>(value)) & 0xfffU;
        num_bits += 5;
        if (num_bits < 8) continue;
        num_bits -= 8;
        out.push_back(static_cast<std::uint8_t>(bits >> num_bits));
    }
    const std::uint32_t left = bits & ((1U << num_bits) - 1);
    if (num_bits >= 5 || left != 0) return fail(ErrorCode::kMalformed, "base32: left-over bits");
    return out;
}

}  // namespace mintmark::wire
