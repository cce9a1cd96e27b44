// Runs of text in which nothing is special, eight bytes at a time: most of a head and of a body is
// such text.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace mintmark {
namespace plain_text {

inline constexpr std::uint64_t kOnes = 0x0101010101010101;
inline constexpr std::uint64_t kHighBits = kOnes * 0x80;

/// A high bit at the first byte of the word that is `mark`; above that one they say nothing.
constexpr std::uint64_t marked(std::uint64_t word, char mark) {
    const std::uint64_t differs = word ^ (kOnes * static_cast<unsigned char>(mark));
    return (differs - kOnes) & ~differs & kHighBits;
}
/// The same of bytes below 0x20, and of those from 0x80 on.
constexpr std::uint64_t outside(std::uint64_t word) {
    return ((word - kOnes * 0x20) | word) & kHighBits;
}

}  // namespace plain_text

/// Place of the first byte from `from` on that is below 0x20, from 0x80 on, or one of the marks;
/// text.size() when there is none.
template <char... kMarks>
[[nodiscard]] std::size_t find_special(std::string_view text, std::size_t from) {
    std::uint64_t word = 0;
    for (; from + sizeof word <= text.size(); from += sizeof word) {
        std::memcpy(&word, text.data() + from, sizeof word);
        if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
        const std::uint64_t found =
            (plain_text::outside(word) | ... | plain_text::marked(word, kMarks));
        if (found != 0) return from + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
    for (; from < text.size(); ++from) {
        const auto byte = static_cast<unsigned char>(text[from]);
        if (byte < 0x20 || byte >= 0x80 || (false || ... || (text[from] == kMarks))) return from;
    }
    return from;
}

}  // namespace mintmark
