#include "mintmark/wire/protobuf.hpp"

#include <fmt/format.h>

#include "mintmark/wire/writer.hpp"

namespace mintmark::wire {
namespace {
constexpr std::uint64_t kTypeVarint = 0;
constexpr std::uint64_t kTypeBytes = 2;
constexpr std::uint64_t kMaxFieldNumber = (std::uint64_t{1} << 29U) - 1;
}  // namespace

void put_varint_field(Bytes& dst, std::uint32_t number, std::uint64_t value) {
    put_varint(dst, (std::uint64_t{number} << 3U) | kTypeVarint);
    put_varint(dst, value);
}

void put_bytes_field(Bytes& dst, std::uint32_t number, ByteSpan bytes) {
    put_varint(dst, (std::uint64_t{number} << 3U) | kTypeBytes);
    put_varint(dst, bytes.size());
    append(dst, bytes);
}

Result<std::optional<ProtobufField>> ProtobufReader::next() {
    if (reader_.empty()) return std::nullopt;
    MINTMARK_TRY(const std::uint64_t tag, reader_.varint());
    const std::uint64_t number = tag >> 3U;
    if (number == 0 || number > kMaxFieldNumber) {
        return fail(ErrorCode::kMalformed, fmt::format("protobuf: field number {}", number));
    }
    ProtobufField field{static_cast<std::uint32_t>(number), ProtobufField::Kind::kVarint, 0, {}};
    if ((tag & 7U) == kTypeVarint) {
        MINTMARK_TRY(field.value, reader_.varint());
        return field;
    }
    if ((tag & 7U) != kTypeBytes) {
        return fail(ErrorCode::kMalformed, fmt::format("protobuf: wire type {}", tag & 7U));
    }
    MINTMARK_TRY(const std::uint64_t length, reader_.varint());
    field.kind = ProtobufField::Kind::kBytes;
    MINTMARK_TRY(field.bytes, reader_.take(length));
    return field;
}

}  // namespace mintmark::wire
