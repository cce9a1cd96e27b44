// Big-endian writer and total reader for fixed-layout records (keys, proofs).
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "mintmark/base/bytes.hpp"

namespace mintmark {

class ByteWriter {
  public:
    /// Appends the low `width` bytes of `value`, most significant first.
    void put(std::uint64_t value, std::size_t width) {
        for (std::size_t i = width; i > 0; --i)
            bytes_.push_back(static_cast<std::uint8_t>(i > 8 ? 0 : value >> (8 * (i - 1))));
    }
    void put(ByteSpan bytes) { append(bytes_, bytes); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] Bytes take() && { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

/// Reads past the end give zeroes and clear ok(); so a parser checks once per record.
class ByteReader {
  public:
    explicit ByteReader(ByteSpan bytes) noexcept : left_(bytes) {}

    /// The next `width` (at most 8) bytes, big-endian.
    [[nodiscard]] std::uint64_t get(std::size_t width) noexcept {
        std::uint64_t value = 0;
        for (const std::uint8_t byte : take(width)) value = (value << 8) | byte;
        return value;
    }
    template <class T>
    [[nodiscard]] T get_as() noexcept {
        return static_cast<T>(get(sizeof(T)));
    }
    /// The next n bytes, or an empty span (and not ok) when there are fewer.
    [[nodiscard]] ByteSpan take(std::size_t n) noexcept {
        if (n > left_.size()) {
            ok_ = false;
            left_ = {};
            return {};
        }
        const ByteSpan head = left_.first(n);
        left_ = left_.subspan(n);
        return head;
    }
    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t left() const noexcept { return left_.size(); }

  private:
    ByteSpan left_;
    bool ok_ = true;
};

}  // namespace mintmark
