#include "mintmark/chain/typed_data.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {

StructHash::StructHash(std::string_view encode_type) {
    word(keccak256(as_bytes(encode_type)));
}

StructHash& StructHash::number(const U256& value) {
    return word(value.to_bytes());
}

StructHash& StructHash::address(const Address& value) {
    Bytes32 padded = {};
    std::ranges::copy(value, padded.begin() + 12);
    return word(padded);
}

StructHash& StructHash::flag(bool value) {
    return number(value ? 1U : 0U);
}

StructHash& StructHash::word(const Bytes32& value) {
    append(encoded_, value);
    return *this;
}

StructHash& StructHash::bytes(ByteSpan value) {
    return word(keccak256(value));
}

StructHash& StructHash::text(std::string_view value) {
    return bytes(as_bytes(value));
}

Bytes32 StructHash::finish() const {
    return keccak256(encoded_);
}

Bytes32 TypedDataDomain::separator() const {
    return StructHash(
               "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        .text(name)
        .text(version)
        .number(chain_id)
        .address(verifying_contract)
        .finish();
}

Bytes32 typed_data_hash(const Bytes32& domain_separator, const Bytes32& struct_hash) {
    Bytes message = {0x19, 0x01};
    append(message, domain_separator);
    append(message, struct_hash);
    return keccak256(message);
}

Bytes32 typed_data_hash(const TypedDataDomain& domain, const Bytes32& struct_hash) {
    return typed_data_hash(domain.separator(), struct_hash);
}

Bytes32 personal_message_hash(ByteSpan message) {
    const std::string prefix = fmt::format(
        "\x19"
        "Ethereum Signed Message:\n{}",
        message.size());
    Bytes bytes;
    append(bytes, as_bytes(prefix));
    append(bytes, message);
    return keccak256(bytes);
}

}  // namespace mintmark::chain
