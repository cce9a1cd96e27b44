#include "mintmark/chain/address.hpp"

#include <algorithm>
#include <cctype>

#include "mintmark/chain/rlp.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {

std::string to_checksum(const Address& address) {
    std::string out = to_hex(address);
    const Bytes32 hash = keccak256(as_bytes(std::string_view(out).substr(2)));
    for (std::size_t i = 0; i < 40; ++i) {
        const unsigned nibble = (hash[i / 2] >> (i % 2 == 0 ? 4U : 0U)) & 15U;
        char& c = out[i + 2];
        if (nibble >= 8 && c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

Result<Address> parse_address(std::string_view text) {
    if (!text.starts_with("0x") || text.size() != 42) {
        return fail(ErrorCode::kMalformed, "address: \"0x\" and 40 hex digits expected");
    }
    MINTMARK_TRY(const Bytes bytes, from_hex(text));
    Address out;
    std::ranges::copy(bytes, out.begin());
    const std::string_view digits = text.substr(2);
    const bool has_lower = std::ranges::any_of(digits, [](char c) { return c >= 'a' && c <= 'f'; });
    const bool has_upper = std::ranges::any_of(digits, [](char c) { return c >= 'A' && c <= 'F'; });
    if (has_lower && has_upper && to_checksum(out) != text) {
        return fail(ErrorCode::kMalformed, "address: the checksum in its letters' case is wrong",
                    "check for a mistyped digit");
    }
    return out;
}

Address contract_address(const Address& sender, std::uint64_t nonce) {
    const Bytes32 hash = keccak256(rlp_list(std::array{rlp_bytes(sender), rlp_uint(nonce)}));
    Address out;
    std::copy(hash.begin() + 12, hash.end(), out.begin());
    return out;
}

}  // namespace mintmark::chain
