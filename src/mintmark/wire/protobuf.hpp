// The part of the protobuf wire format that dag-pb and UnixFS need: varint (0) and length-delimited
// (2) fields. Source: protobuf.dev/programming-guides/encoding.
#pragma once

#include <cstdint>
#include <optional>

#include "mintmark/base/bytes.hpp"
#include "mintmark/wire/reader.hpp"

namespace mintmark::wire {

/// Appends `number: value` as a varint field.
void put_varint_field(Bytes& dst, std::uint32_t number, std::uint64_t value);
/// Appends `number: bytes` as a length-delimited field.
void put_bytes_field(Bytes& dst, std::uint32_t number, ByteSpan bytes);

/// One field as it stands in a message.
struct ProtobufField {
    enum class Kind : std::uint8_t { kVarint, kBytes };
    std::uint32_t number;
    Kind kind;
    std::uint64_t value;  ///< kVarint
    ByteSpan bytes;       ///< kBytes: a view into the message
};

/// Walks over the fields of a message, in their order.
class ProtobufReader {
  public:
    explicit ProtobufReader(ByteSpan message) noexcept : reader_(message) {}
    /// The next field; nullopt at the end; kMalformed on truncation, on field number 0 or one above
    /// 2^29-1, and on wire types 1, 3, 4, 5 (fixed-width numbers and groups).
    [[nodiscard]] Result<std::optional<ProtobufField>> next();

  private:
    ByteReader reader_;
};

}  // namespace mintmark::wire
