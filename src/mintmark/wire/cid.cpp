#include "mintmark/wire/cid.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/wire/base32.hpp"
#include "mintmark/wire/reader.hpp"
#include "mintmark/wire/writer.hpp"

namespace mintmark::wire {
namespace {
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kSha256 = 0x12;
constexpr std::uint64_t kDigestBytes = 32;

Status expect(ByteReader& reader, std::uint64_t wanted, const char* what) {
    MINTMARK_TRY(const std::uint64_t got, reader.varint());
    if (got == wanted) return {};
    return fail(ErrorCode::kUnsupported,
                fmt::format("CID: {} {:#x}, only {:#x} is supported", what, got, wanted));
}
}  // namespace

Bytes Cid::to_bytes() const {
    Bytes out;
    put_varint(out, kVersion);
    put_varint(out, static_cast<std::uint64_t>(codec));
    put_varint(out, kSha256);
    put_varint(out, kDigestBytes);
    append(out, digest);
    return out;
}

std::string Cid::to_string() const {
    return "b" + to_base32(to_bytes());
}

Result<Cid> Cid::from_bytes(ByteSpan bytes) {
    ByteReader reader(bytes);
    MINTMARK_CHECK(expect(reader, kVersion, "version"));
    MINTMARK_TRY(const std::uint64_t codec, reader.varint());
    Cid cid;
    if (codec == static_cast<std::uint64_t>(Codec::kDagPb)) {
        cid.codec = Codec::kDagPb;
    } else if (codec != static_cast<std::uint64_t>(Codec::kRaw)) {
        return fail(ErrorCode::kUnsupported, fmt::format("CID: codec {:#x}", codec));
    }
    MINTMARK_CHECK(expect(reader, kSha256, "hash"));
    MINTMARK_CHECK(expect(reader, kDigestBytes, "digest length"));
    MINTMARK_TRY(const ByteSpan digest, reader.take(kDigestBytes));
    std::ranges::copy(digest, cid.digest.begin());
    MINTMARK_CHECK(reader.expect_end());
    return cid;
}

Result<Cid> Cid::parse(std::string_view text) {
    if (text.starts_with("Qm")) {
        return fail(ErrorCode::kUnsupported, "CID: version 0 is not supported",
                    "convert it with `ipfs cid base32`");
    }
    if (!text.starts_with("b")) {
        return fail(ErrorCode::kUnsupported, "CID: only base32 (\"b…\") is supported");
    }
    MINTMARK_TRY(const Bytes bytes, from_base32(text.substr(1)));
    return from_bytes(bytes);
}

}  // namespace mintmark::wire
