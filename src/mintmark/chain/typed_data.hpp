// Hashes of what wallets sign: EIP-712 structures and EIP-191 personal messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::chain {

/// hashStruct of EIP-712, built member by member in the order of the type:
///   StructHash("Mail(Person from,Person to,string contents)Person(string name,address wallet)")
///       .word(from_hash).word(to_hash).text("Hello").finish()
class StructHash {
  public:
    /// encodeType: the struct, then the structs that it refers to in alphabetical order.
    explicit StructHash(std::string_view encode_type);
    StructHash& number(const U256& value);      ///< uintN
    StructHash& address(const Address& value);  ///< address
    StructHash& flag(bool value);               ///< bool
    StructHash& word(const Bytes32& value);     ///< bytes32, or the hash of a nested struct
    StructHash& bytes(ByteSpan value);          ///< bytes (hashed)
    StructHash& text(std::string_view value);   ///< string (hashed)
    [[nodiscard]] Bytes32 finish() const;

  private:
    Bytes encoded_;
};

/// EIP712Domain(string name,string version,uint256 chainId,address verifyingContract).
struct TypedDataDomain {
    std::string name;
    std::string version;
    std::uint64_t chain_id;
    Address verifying_contract;
    [[nodiscard]] Bytes32 separator() const;
};

/// keccak256(0x1901 ‖ separator ‖ struct hash): what is signed.
[[nodiscard]] Bytes32 typed_data_hash(const Bytes32& domain_separator, const Bytes32& struct_hash);
[[nodiscard]] Bytes32 typed_data_hash(const TypedDataDomain& domain, const Bytes32& struct_hash);
/// EIP-191 version 0x45: "\x19Ethereum Signed Message:\n" ‖ length ‖ message.
[[nodiscard]] Bytes32 personal_message_hash(ByteSpan message);

}  // namespace mintmark::chain
