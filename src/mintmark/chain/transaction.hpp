// Transactions: legacy with replay protection (EIP-155) and dynamic fee (EIP-1559).
#pragma once

#include <cstdint>
#include <optional>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/signer.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::chain {

enum class TransactionKind : std::uint8_t { kLegacy, kDynamicFee };

/// A transaction before it is signed. Amounts in wei. The access list is always empty.
struct Transaction {
    TransactionKind kind = TransactionKind::kDynamicFee;
    std::uint64_t chain_id = 0;
    std::uint64_t nonce = 0;
    std::uint64_t gas_limit = 0;
    U256 max_priority_fee = {};      ///< per gas; kDynamicFee only
    U256 max_fee = {};               ///< per gas; the gas price when kLegacy
    std::optional<Address> to = {};  ///< none: creates a contract
    U256 value = {};
    Bytes data = {};
};

/// The hash that is signed.
[[nodiscard]] Bytes32 signing_hash(const Transaction& transaction);
/// The bytes that eth_sendRawTransaction takes; their Keccak-256 is the transaction's hash.
[[nodiscard]] Bytes encode_signed(const Transaction& transaction, const Signature& signature);
[[nodiscard]] Bytes sign_transaction(const Transaction& transaction, const PrivateKey& key);

}  // namespace mintmark::chain
