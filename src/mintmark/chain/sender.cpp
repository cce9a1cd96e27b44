#include "mintmark/chain/sender.hpp"

#include <fmt/format.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/transaction.hpp"

namespace mintmark::chain {
namespace {

CallRequest to_call(const Intent& intent, const Address& from) {
    return {from, intent.to, intent.data, intent.value, intent.gas_limit};
}

Result<U256> max_cost(const Intent& intent, std::uint64_t gas_limit, const Fees& fees) {
    const auto gas = fees.max_fee.checked_mul(gas_limit);
    const auto cost = gas ? gas->checked_add(intent.value) : std::nullopt;
    if (!cost) return fail(ErrorCode::kOutOfRange, "the transaction's cost exceeds 2^256 wei");
    return *cost;
}

}  // namespace

Sender::Sender(RpcClient& client, const PrivateKey& key, std::uint64_t chain_id)
    : client_(&client), key_(&key), chain_id_(chain_id) {}

Result<Quote> Sender::quote(const Intent& intent) {
    Quote out = {};
    MINTMARK_TRY(out.gas_estimate, client_->estimate_gas(to_call(intent, address())));
    out.gas_limit = intent.gas_limit.value_or(out.gas_estimate + out.gas_estimate / 4);
    MINTMARK_TRY(out.fees, client_->suggest_fees());
    MINTMARK_TRY(out.max_cost, max_cost(intent, out.gas_limit, out.fees));
    return out;
}

Status Sender::check_funds(const Quote& quote) {
    MINTMARK_TRY(const U256 balance, client_->balance(address()));
    if (balance >= quote.max_cost) return {};
    return fail(ErrorCode::kInsufficientFunds,
                fmt::format("{} has {} of the native currency, the transaction may need {}",
                            to_checksum(address()), format_units(balance, 18),
                            format_units(quote.max_cost, 18)),
                "send the account some native currency");
}

Result<Receipt> Sender::send(const Intent& intent, const WaitOptions& options) {
    MINTMARK_CHECK(client_->expect_chain_id(chain_id_));
    MINTMARK_TRY(const Quote costs, quote(intent));
    MINTMARK_CHECK(check_funds(costs));
    Transaction tx;
    tx.kind = costs.fees.dynamic ? TransactionKind::kDynamicFee : TransactionKind::kLegacy;
    tx.chain_id = chain_id_;
    MINTMARK_TRY(tx.nonce, client_->nonce(address()));
    tx.gas_limit = costs.gas_limit;
    tx.max_fee = costs.fees.max_fee;
    tx.max_priority_fee = costs.fees.max_priority_fee;
    tx.to = intent.to;
    tx.value = intent.value;
    tx.data = intent.data;
    MINTMARK_TRY(const Bytes32 hash, client_->send_raw(sign_transaction(tx, *key_)));
    MINTMARK_TRY(Receipt receipt, client_->wait_for_receipt(hash, options));
    if (receipt.success) return receipt;
    // It went through in the estimate: ask again for the reason.
    const auto replay = client_->call(to_call(intent, address()));
    const std::string why =
        replay ? "reverted (out of gas, or the state has changed since)" : replay.error().message;
    return fail(ErrorCode::kChain, fmt::format("transaction {} {}", to_hex(hash), why));
}

Result<Receipt> Sender::call(const Address& to, std::string_view signature,
                             const std::vector<AbiValue>& arguments, const U256& value) {
    Intent intent;
    intent.to = to;
    intent.value = value;
    MINTMARK_TRY(intent.data, encode_call(signature, arguments));
    return send(intent);
}

}  // namespace mintmark::chain
