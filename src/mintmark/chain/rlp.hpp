// Recursive length prefix (Ethereum yellow paper, appendix B).
#pragma once

#include <span>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::chain {

/// Encoding of a byte string.
[[nodiscard]] Bytes rlp_bytes(ByteSpan bytes);
/// Encoding of an integer: its big-endian bytes without leading zeros.
[[nodiscard]] Bytes rlp_uint(const U256& value);
/// Encoding of a list of encoded items.
[[nodiscard]] Bytes rlp_list(std::span<const Bytes> encoded_items);

/// A decoded item: a byte string or a list.
struct RlpItem {
    bool is_list = false;
    Bytes bytes = {};                 ///< when !is_list
    std::vector<RlpItem> items = {};  ///< when is_list
};

/// Decodes exactly one item that fills `bytes`; kMalformed on truncation, trailing bytes,
/// non-canonical lengths or single bytes, nesting deeper than 16.
[[nodiscard]] Result<RlpItem> rlp_decode(ByteSpan bytes);

}  // namespace mintmark::chain
