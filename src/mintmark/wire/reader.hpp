// Reading bytes from outside: every read is bounds-checked and an error is a Result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mintmark/base/bytes.hpp"

namespace mintmark::wire {

/// A cursor over bytes that it does not own. A failed read leaves the cursor where it was.
class ByteReader {
  public:
    explicit ByteReader(ByteSpan bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }
    [[nodiscard]] bool empty() const noexcept { return remaining() == 0; }

    /// The next n bytes, viewed in place; kMalformed when fewer are left.
    [[nodiscard]] Result<ByteSpan> take(std::uint64_t n);
    /// Big-endian unsigned integers.
    [[nodiscard]] Result<std::uint8_t> u8();
    [[nodiscard]] Result<std::uint16_t> u16();
    [[nodiscard]] Result<std::uint32_t> u32();
    [[nodiscard]] Result<std::uint64_t> u64();
    /// Unsigned LEB128 (protobuf, multiformats): at most 10 bytes, no needless last zero byte.
    [[nodiscard]] Result<std::uint64_t> varint();
    /// As many of them as `out` has places. Where one is malformed the cursor stays before it.
    [[nodiscard]] Status varints(std::span<std::uint64_t> out);
    /// kMalformed when bytes are left.
    [[nodiscard]] Status expect_end() const;

  private:
    [[nodiscard]] Result<std::uint64_t> big_endian(std::size_t num_bytes);

    ByteSpan bytes_;
    std::size_t position_ = 0;
};

}  // namespace mintmark::wire
