#include "mintmark/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace mintmark {
namespace {
int nibble(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

std::string to_hex(ByteSpan bytes) {
    static constexpr auto kPairs = [] {
        constexpr std::string_view kDigits = "0123456789abcdef";
        std::array<std::array<char, 2>, 256> out = {};
        for (unsigned b = 0; b < 256; ++b) out[b] = {kDigits[b >> 4U], kDigits[b & 15U]};
        return out;
    }();
    std::string out(2 + 2 * bytes.size(), '0');
    out[1] = 'x';
    char* at = out.data() + 2;
    for (const std::uint8_t b : bytes) {
        std::memcpy(at, kPairs[b].data(), 2);
        at += 2;
    }
    return out;
}

Result<Bytes> from_hex(std::string_view hex) {
    if (hex.starts_with("0x") || hex.starts_with("0X")) hex.remove_prefix(2);
    if (hex.size() % 2 != 0) return fail(ErrorCode::kMalformed, "hex: odd number of digits");
    Bytes out;
    out.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int hi = nibble(hex[i]);
        const int lo = nibble(hex[i + 1]);
        if (hi < 0 || lo < 0) return fail(ErrorCode::kMalformed, "hex: not a hexadecimal digit");
        out.push_back(static_cast<std::uint8_t>(hi * 16 + lo));
    }
    return out;
}

Result<Bytes32> bytes32_from_hex(std::string_view hex) {
    MINTMARK_TRY(const Bytes bytes, from_hex(hex));
    if (bytes.size() != 32) return fail(ErrorCode::kMalformed, "hex: 32 bytes expected");
    Bytes32 out;
    std::ranges::copy(bytes, out.begin());
    return out;
}

void append(Bytes& dst, ByteSpan src) {
    dst.insert(dst.end(), src.begin(), src.end());
}

ByteSpan as_bytes(std::string_view text) noexcept {
    // Chars may be viewed as unsigned bytes ([basic.lval]).
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};  // NOLINT
}

}  // namespace mintmark
