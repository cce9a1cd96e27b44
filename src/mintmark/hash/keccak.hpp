// Keccak-256 with the original padding, as the EVM uses it (not SHA3-256 of FIPS 202).
#pragma once

#include "mintmark/base/bytes.hpp"

namespace mintmark {

/// Keccak-256 of `data`, any length. Total. Source: Keccak reference 3.0, pad10*1 with domain byte
/// 0x01, rate 136 bytes; Ethereum yellow paper, KEC.
[[nodiscard]] Bytes32 keccak256(ByteSpan data) noexcept;

}  // namespace mintmark
