#include "mintmark/gateway/facilitator.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/sender.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/gateway/log.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::size_t kTagBytes = 8;

using chain::AbiValue;

constexpr std::string_view kTransfer =
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,"
    "bytes32)";
constexpr std::uint8_t kV = 27;

Result<std::vector<AbiValue>> arguments_of(const Payment& payment) {
    MINTMARK_TRY(const chain::Signature signature, chain::Signature::from_bytes(payment.signature));
    return std::vector<AbiValue>{AbiValue(payment.from),
                                 AbiValue(payment.to),
                                 AbiValue(payment.value),
                                 AbiValue(payment.valid_after),
                                 AbiValue(payment.valid_before),
                                 AbiValue(payment.nonce),
                                 AbiValue(static_cast<unsigned>(kV + signature.recovery_id)),
                                 AbiValue(signature.r),
                                 AbiValue(signature.s)};
}

constexpr std::string_view kSettle =
    "settle(((address,uint256),uint256,uint256),uint256,address,(address,address,uint256),bytes)";

AbiValue list(std::vector<AbiValue> items) {
    return AbiValue(std::move(items));
}

struct Transfer {
    Address to = {};
    Bytes data = {};
};

Result<Transfer> transfer_of(const Payment& payment, const chain::U256& amount) {
    Transfer out;
    if (payment.accepted.scheme == PaymentScheme::kUpto) {
        const AbiValue permitted = list({AbiValue(payment.token), AbiValue(payment.value)});
        const AbiValue permit = list({permitted, AbiValue(chain::U256::from_bytes(payment.nonce)),
                                      AbiValue(payment.valid_before)});
        const AbiValue witness = list(
            {AbiValue(payment.to), AbiValue(payment.facilitator), AbiValue(payment.valid_after)});
        out.to = upto_proxy_address();
        MINTMARK_TRY(out.data,
                     chain::encode_call(kSettle, {permit, AbiValue(amount), AbiValue(payment.from),
                                                  witness, AbiValue(payment.signature)}));
        return out;
    }
    MINTMARK_TRY(const auto arguments, arguments_of(payment));
    out.to = payment.accepted.asset;
    MINTMARK_TRY(out.data, chain::encode_call(kTransfer, arguments));
    return out;
}

}  // namespace

Result<std::unique_ptr<Facilitator>> Facilitator::open(const std::string& rpc_url,
                                                       const PaymentTerms& terms,
                                                       const chain::PrivateKey& key) {
    std::unique_ptr<Facilitator> out(new Facilitator(rpc_url, terms, key));
    const Status checked = out->check_token();
    if (!checked && checked.error().code != ErrorCode::kNetwork)
        return std::unexpected(checked.error());
    return out;
}

Status Facilitator::check_token() {
    if (is_checked_) return {};
    MINTMARK_CHECK(client_.expect_chain_id(terms_.chain_id));
    MINTMARK_TRY(const auto answer,
                 client_.call(terms_.asset, "DOMAIN_SEPARATOR()", {}, "(bytes32)"));
    MINTMARK_TRY(const Bytes32 separator, answer[0].as_bytes32());
    const chain::TypedDataDomain domain{terms_.name, terms_.version, terms_.chain_id, terms_.asset};
    if (separator != domain.separator()) {
        return fail(ErrorCode::kInvalidArgument,
                    "x402: the token's EIP-712 domain has another name or version than the file "
                    "says",
                    "see its name() and version()");
    }
    is_checked_ = true;
    return {};
}

Facilitator::~Facilitator() {
    pool_.join();
}

Status Facilitator::check_now(const Payment& payment) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    const Status checked = check_token();
    // The operator's mistake, not the payer's.
    if (!checked && checked.error().code == ErrorCode::kInvalidArgument)
        return fail(ErrorCode::kChain, checked.error().message);
    MINTMARK_CHECK(checked);
    MINTMARK_TRY(const bool is_used, is_spent(payment));
    if (is_used) return no("nonce_already_used");
    MINTMARK_TRY(const auto balance, client_.call(terms_.asset, "balanceOf(address)",
                                                  {AbiValue(payment.from)}, "(uint256)"));
    MINTMARK_TRY(const chain::U256 amount, balance[0].as_u256());
    if (amount < payment.value) return no("insufficient_funds");
    if (payment.accepted.scheme == PaymentScheme::kUpto) MINTMARK_CHECK(check_permit(payment));
    return simulate(payment);
}

Status Facilitator::check_permit(const Payment& payment) {
    MINTMARK_TRY(const auto answer,
                 client_.call(terms_.asset, "allowance(address,address)",
                              {AbiValue(payment.from), AbiValue(permit2_address())}, "(uint256)"));
    MINTMARK_TRY(const chain::U256 allowed, answer[0].as_u256());
    if (allowed < payment.value) return fail(ErrorCode::kRejected, "permit2_allowance_required");
    return {};
}

Status Facilitator::simulate(const Payment& payment) {
    MINTMARK_TRY(Transfer transfer, transfer_of(payment, payment.value));
    const auto done = client_.call({key_.address(), transfer.to, std::move(transfer.data), {}});
    if (done) return {};
    if (done.error().code == ErrorCode::kNetwork) return std::unexpected(done.error());
    return fail(ErrorCode::kRejected, "invalid_transaction_state");
}

Result<bool> Facilitator::is_spent(const Payment& payment) {
    if (payment.accepted.scheme == PaymentScheme::kUpto) {
        // One bit per nonce: the first 31 bytes say which word, the last one which bit.
        Bytes32 word_of = {};
        std::copy_n(payment.nonce.begin(), payment.nonce.size() - 1, word_of.begin() + 1);
        MINTMARK_TRY(
            const auto answer,
            client_.call(permit2_address(), "nonceBitmap(address,uint256)",
                         {AbiValue(payment.from), AbiValue(chain::U256::from_bytes(word_of))},
                         "(uint256)"));
        MINTMARK_TRY(const chain::U256 word, answer[0].as_u256());
        const std::uint8_t bit = payment.nonce.back();
        return (word.to_bytes()[31U - bit / 8U] >> (bit % 8U) & 1U) != 0;
    }
    MINTMARK_TRY(const auto used,
                 client_.call(terms_.asset, "authorizationState(address,bytes32)",
                              {AbiValue(payment.from), AbiValue(payment.nonce)}, "(bool)"));
    return used[0].as_bool();
}

Settlement Facilitator::pay(const Payment& payment, const chain::U256& amount) {
    Settlement out;
    out.amount = amount;
    const bool is_upto = payment.accepted.scheme == PaymentScheme::kUpto;
    if (amount > payment.value || (!is_upto && amount != payment.value)) {
        out.reason = "invalid_upto_evm_payload_settlement_exceeds_amount";
        return out;
    }
    if (amount.is_zero()) {  // the signature runs out by itself
        out.is_paid = true;
        return out;
    }
    auto transfer = transfer_of(payment, amount);
    if (!transfer) {
        out.reason = "invalid_payload";
        return out;
    }
    chain::Sender sender(client_, key_, terms_.chain_id);
    chain::Intent intent;
    intent.to = transfer->to;
    intent.data = std::move(transfer->data);
    // Two gateways of one wallet would else sign the same bytes, and both take the one transfer for
    // theirs. Contracts do not read behind their arguments.
    std::array<std::uint8_t, kTagBytes> tag = {};
    system_rng().fill(tag);
    intent.data.insert(intent.data.end(), tag.begin(), tag.end());
    const auto receipt = sender.send(intent);
    if (receipt) {
        out.is_paid = true;
        out.transaction = to_hex(receipt->transaction_hash);
        return out;
    }
    // Perhaps it was sent, and only its receipt is missing: the chain knows.
    const auto is_used = is_spent(payment);
    const bool is_unknown = receipt.error().code == ErrorCode::kNetwork;
    log_event(LogLevel::kWarning, "a payment was not settled",
              {{"payer", to_hex(payment.from)},
               {"nonce", to_hex(payment.nonce)},
               {"reason", receipt.error().message},
               {"counts_as_paid", is_unknown}});
    out.is_paid = is_unknown && (!is_used || *is_used);
    out.reason = out.is_paid ? "" : "transaction_failed";
    return out;
}

serving::Task<Status> Facilitator::verify(const Payment& payment) {
    auto work = [this, payment] { return std::make_shared<Status>(check_now(payment)); };
    const auto done = co_await serving::offload<std::shared_ptr<Status>>(pool_, std::move(work));
    co_return *done;
}

serving::Task<Settlement> Facilitator::settle(const Payment& payment, const chain::U256& amount) {
    auto work = [this, payment, amount] { return pay(payment, amount); };
    co_return co_await serving::offload<Settlement>(pool_, std::move(work));
}

}  // namespace mintmark::gateway
