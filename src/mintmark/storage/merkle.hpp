// Merkle trees of SHA-256 as in RFC 6962, section 2.1: leaves and nodes hash in separate domains.
#pragma once

#include <span>
#include <vector>

#include "mintmark/base/bytes.hpp"

namespace mintmark::storage {

/// SHA-256(00 ‖ data).
[[nodiscard]] Bytes32 merkle_leaf(ByteSpan data);
/// Root over leaf hashes, in order: node = SHA-256(01 ‖ left ‖ right), the left subtree is the
/// largest full one. No leaves: SHA-256 of nothing.
[[nodiscard]] Bytes32 merkle_root(std::span<const Bytes32> leaves);

}  // namespace mintmark::storage
