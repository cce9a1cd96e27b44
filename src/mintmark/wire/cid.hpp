// Content identifiers, version 1, of SHA-256 digests (github.com/multiformats/cid).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"

namespace mintmark::wire {

/// Multicodec of the bytes that a CID names.
enum class Codec : std::uint8_t { kRaw = 0x55, kDagPb = 0x70 };

/// CIDv1 with sha2-256. Immutable value.
struct Cid {
    Codec codec = Codec::kRaw;
    Bytes32 digest = {};  ///< SHA-256 of the block

    /// 01, codec, 12 (sha2-256), 20 (length), digest: 36 bytes.
    [[nodiscard]] Bytes to_bytes() const;
    /// Multibase base32: "b" and 58 letters, e.g. "bafkrei…".
    [[nodiscard]] std::string to_string() const;

    /// kMalformed; kUnsupported for another version, codec or hash.
    [[nodiscard]] static Result<Cid> from_bytes(ByteSpan bytes);
    /// Accepts multibase base32 only; kUnsupported for CIDv0 ("Qm…") and other bases.
    [[nodiscard]] static Result<Cid> parse(std::string_view text);

    auto operator<=>(const Cid&) const = default;
};

}  // namespace mintmark::wire
