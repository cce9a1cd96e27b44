#include "mintmark/chain/rlp.hpp"

namespace mintmark::chain {
namespace {

constexpr std::uint8_t kString = 0x80;
constexpr std::uint8_t kList = 0xc0;
constexpr std::uint64_t kMaxShort = 55;
constexpr unsigned kMaxDepth = 16;

void put_header(Bytes& dst, std::uint8_t kind, std::uint64_t size) {
    if (size <= kMaxShort) {
        dst.push_back(static_cast<std::uint8_t>(kind + size));
        return;
    }
    const Bytes length = U256(size).to_minimal_bytes();
    dst.push_back(static_cast<std::uint8_t>(kind + kMaxShort + length.size()));
    append(dst, length);
}

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("RLP: ") + what);
}

struct Header {
    bool is_list;
    ByteSpan payload;
    ByteSpan rest;
};

Result<std::uint64_t> long_length(ByteSpan bytes) {
    if (bytes[0] == 0) return malformed("length with a leading zero");
    std::uint64_t size = 0;
    for (const std::uint8_t b : bytes) size = (size << 8U) | b;  // at most 8 bytes
    if (size <= kMaxShort) return malformed("long form of a short length");
    return size;
}

Result<Header> read_header(ByteSpan bytes) {
    if (bytes.empty()) return malformed("cut off");
    const std::uint8_t first = bytes[0];
    if (first < kString) return Header{false, bytes.first(1), bytes.subspan(1)};
    const bool is_list = first >= kList;
    std::uint64_t size = first & (is_list ? 0x3fU : 0x7fU);
    bytes = bytes.subspan(1);
    if (size > kMaxShort) {
        const std::uint64_t length_bytes = size - kMaxShort;
        if (length_bytes > bytes.size()) return malformed("cut off");
        MINTMARK_TRY(size, long_length(bytes.first(length_bytes)));
        bytes = bytes.subspan(length_bytes);
    }
    if (size > bytes.size()) return malformed("cut off");
    const Header header{is_list, bytes.first(size), bytes.subspan(size)};
    if (!is_list && size == 1 && header.payload[0] < kString) {
        return malformed("single byte with a length");
    }
    return header;
}

Result<RlpItem> decode(const Header& header, unsigned depth) {
    RlpItem item;
    item.is_list = header.is_list;
    if (!header.is_list) {
        item.bytes.assign(header.payload.begin(), header.payload.end());
        return item;
    }
    if (depth == kMaxDepth) return malformed("nested too deep");
    for (ByteSpan rest = header.payload; !rest.empty();) {
        MINTMARK_TRY(const Header next, read_header(rest));
        MINTMARK_TRY(RlpItem child, decode(next, depth + 1));
        item.items.push_back(std::move(child));
        rest = next.rest;
    }
    return item;
}

}  // namespace

Bytes rlp_bytes(ByteSpan bytes) {
    if (bytes.size() == 1 && bytes[0] < kString) return {bytes[0]};
    Bytes out;
    put_header(out, kString, bytes.size());
    append(out, bytes);
    return out;
}

Bytes rlp_uint(const U256& value) {
    return rlp_bytes(value.to_minimal_bytes());
}

Bytes rlp_list(std::span<const Bytes> encoded_items) {
    std::uint64_t size = 0;
    for (const Bytes& item : encoded_items) size += item.size();
    Bytes out;
    put_header(out, kList, size);
    for (const Bytes& item : encoded_items) append(out, item);
    return out;
}

Result<RlpItem> rlp_decode(ByteSpan bytes) {
    MINTMARK_TRY(const Header header, read_header(bytes));
    if (!header.rest.empty()) return malformed("bytes behind the item");
    return decode(header, 0);
}

}  // namespace mintmark::chain
