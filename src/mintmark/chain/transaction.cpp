#include "mintmark/chain/transaction.hpp"

#include <vector>

#include "mintmark/chain/rlp.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

constexpr std::uint8_t kDynamicFeeType = 2;

std::vector<Bytes> fields(const Transaction& tx) {
    const Bytes to = tx.to ? rlp_bytes(*tx.to) : rlp_bytes({});
    if (tx.kind == TransactionKind::kLegacy) {
        return {rlp_uint(tx.nonce), rlp_uint(tx.max_fee), rlp_uint(tx.gas_limit), to,
                rlp_uint(tx.value), rlp_bytes(tx.data)};
    }
    return {rlp_uint(tx.chain_id), rlp_uint(tx.nonce),     rlp_uint(tx.max_priority_fee),
            rlp_uint(tx.max_fee),  rlp_uint(tx.gas_limit), to,
            rlp_uint(tx.value),    rlp_bytes(tx.data),     rlp_list({})};
}

Bytes envelope(const Transaction& tx, const std::vector<Bytes>& items) {
    Bytes out;
    if (tx.kind == TransactionKind::kDynamicFee) out.push_back(kDynamicFeeType);
    append(out, rlp_list(items));
    return out;
}

}  // namespace

Bytes32 signing_hash(const Transaction& transaction) {
    std::vector<Bytes> items = fields(transaction);
    if (transaction.kind == TransactionKind::kLegacy) {
        items.push_back(rlp_uint(transaction.chain_id));
        items.push_back(rlp_uint(0U));
        items.push_back(rlp_uint(0U));
    }
    return keccak256(envelope(transaction, items));
}

Bytes encode_signed(const Transaction& transaction, const Signature& signature) {
    std::vector<Bytes> items = fields(transaction);
    U256 v = signature.recovery_id;
    if (transaction.kind == TransactionKind::kLegacy) {  // EIP-155: 35 + 2 chain id + recovery id
        const U256 id = transaction.chain_id;
        v = *v.checked_add(*id.checked_add(id)->checked_add(35U));
    }
    items.push_back(rlp_uint(v));
    items.push_back(rlp_uint(U256::from_bytes(signature.r)));
    items.push_back(rlp_uint(U256::from_bytes(signature.s)));
    return envelope(transaction, items);
}

Bytes sign_transaction(const Transaction& transaction, const PrivateKey& key) {
    return encode_signed(transaction, key.sign(signing_hash(transaction)));
}

}  // namespace mintmark::chain
