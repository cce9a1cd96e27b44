#include "mintmark/gateway/facilitator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/sender.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/gateway/log.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::size_t kTagBytes = 8;
constexpr std::size_t kMostDistrusted = 100'000;

using chain::AbiValue;

constexpr std::string_view kTransfer =
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,"
    "bytes32)";
/// Of FiatTokenV2_2, USDC's contract: the token asks the wallet.
constexpr std::string_view kWalletTransfer =
    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
constexpr std::uint8_t kV = 27;

Result<Bytes> exact_transfer(const Payment& payment, Signer signer) {
    std::vector<AbiValue> words = {AbiValue(payment.from),         AbiValue(payment.to),
                                   AbiValue(payment.value),        AbiValue(payment.valid_after),
                                   AbiValue(payment.valid_before), AbiValue(payment.nonce)};
    if (signer == Signer::kUnknown) {
        words.emplace_back(payment.wallet_signature());
        return chain::encode_call(kWalletTransfer, words);
    }
    MINTMARK_TRY(const chain::Signature signature, chain::Signature::from_bytes(payment.signature));
    words.emplace_back(static_cast<unsigned>(kV + signature.recovery_id));
    words.emplace_back(signature.r);
    words.emplace_back(signature.s);
    return chain::encode_call(kTransfer, words);
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

Result<Transfer> transfer_of(const Payment& payment, Signer signer, const chain::U256& amount) {
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
                                                  witness, AbiValue(payment.wallet_signature())}));
        return out;
    }
    out.to = payment.accepted.asset;
    MINTMARK_TRY(out.data, exact_transfer(payment, signer));
    return out;
}

}  // namespace

Result<std::unique_ptr<Facilitator>> Facilitator::open(const std::string& rpc_url,
                                                       const PaymentTerms& terms,
                                                       const chain::PrivateKey& key,
                                                       std::uint64_t wallet_gas) {
    std::unique_ptr<Facilitator> out(new Facilitator(rpc_url, terms, key, wallet_gas));
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

Status Facilitator::check_signer(const Payment& payment, Signer signer) {
    if (signer == Signer::kPayer) return {};
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    if (wallet_gas_ == 0) return no(bad_signature(payment.accepted.scheme));
    if (distrusted_.contains(payment.from)) return no("this wallet has taken back what it signed");
    MINTMARK_TRY(const Bytes code, client_.code(payment.from));
    if (!code.empty()) return ask_wallet(payment);
    return no(payment.has_cover() ? "invalid_exact_evm_payload_undeployed_smart_wallet"
                                  : bad_signature(payment.accepted.scheme));
}

Status Facilitator::ask_wallet(const Payment& payment) {
    chain::CallRequest question;
    question.to = payment.from;
    question.gas = wallet_gas_;
    MINTMARK_TRY(question.data, chain::encode_call("isValidSignature(bytes32,bytes)",
                                                   {AbiValue(payment.digest()),
                                                    AbiValue(payment.wallet_signature())}));
    const auto answer = client_.call(question);
    if (!answer && answer.error().code == ErrorCode::kNetwork)
        return std::unexpected(answer.error());
    Bytes yes(32);
    std::ranges::copy(Bytes{0x16, 0x26, 0xba, 0x7e}, yes.begin());
    if (answer && *answer == yes) return {};
    return fail(ErrorCode::kRejected, std::string(bad_signature(payment.accepted.scheme)));
}

void Facilitator::distrust(const Address& wallet) {
    if (distrusted_.size() == kMostDistrusted) distrusted_.erase(distrusted_.begin());
    distrusted_.insert(wallet);
    log_event(LogLevel::kWarning, "a wallet contract signed a payment and then refused it",
              {{"wallet", to_hex(wallet)}, {"advice", "x402.wallet_gas = 0 refuses them all"}});
}

Status Facilitator::check_now(const Payment& payment, Signer signer) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    const Status checked = check_token();
    // The operator's mistake, not the payer's.
    if (!checked && checked.error().code == ErrorCode::kInvalidArgument)
        return fail(ErrorCode::kChain, checked.error().message);
    MINTMARK_CHECK(checked);
    MINTMARK_CHECK(check_signer(payment, signer));
    MINTMARK_TRY(const bool is_used, is_spent(payment));
    if (is_used) return no("nonce_already_used");
    MINTMARK_TRY(const auto balance, client_.call(terms_.asset, "balanceOf(address)",
                                                  {AbiValue(payment.from)}, "(uint256)"));
    MINTMARK_TRY(const chain::U256 amount, balance[0].as_u256());
    if (amount < payment.value) return no("insufficient_funds");
    if (payment.accepted.scheme == PaymentScheme::kUpto) MINTMARK_CHECK(check_permit(payment));
    return simulate(payment, signer);
}

Status Facilitator::check_permit(const Payment& payment) {
    MINTMARK_TRY(const auto answer,
                 client_.call(terms_.asset, "allowance(address,address)",
                              {AbiValue(payment.from), AbiValue(permit2_address())}, "(uint256)"));
    MINTMARK_TRY(const chain::U256 allowed, answer[0].as_u256());
    if (allowed < payment.value) return fail(ErrorCode::kRejected, "permit2_allowance_required");
    return {};
}

Status Facilitator::simulate(const Payment& payment, Signer signer) {
    MINTMARK_TRY(Transfer transfer, transfer_of(payment, signer, payment.value));
    chain::CallRequest call{key_.address(), transfer.to, std::move(transfer.data), {}, {}};
    if (signer == Signer::kUnknown) call.gas = wallet_gas_;
    const auto done = client_.call(call);
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

Settlement Facilitator::pay(const Payment& payment, Signer signer, const chain::U256& amount) {
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
    auto transfer = transfer_of(payment, signer, amount);
    if (!transfer) {
        out.reason = "invalid_payload";
        return out;
    }
    chain::Sender sender(client_, key_, terms_.chain_id);
    chain::Intent intent;
    intent.to = transfer->to;
    intent.data = std::move(transfer->data);
    if (signer == Signer::kUnknown) intent.gas_limit = wallet_gas_;
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
    if (signer == Signer::kUnknown && receipt.error().code == ErrorCode::kChain)
        distrust(payment.from);
    return out;
}

serving::Task<Status> Facilitator::recognise(const Payment& payment, Signer signer) {
    if (signer == Signer::kPayer) co_return Status{};
    auto work = [this, payment, signer] {
        return std::make_shared<Status>(check_signer(payment, signer));
    };
    const auto done = co_await serving::offload<std::shared_ptr<Status>>(pool_, std::move(work));
    co_return *done;
}

serving::Task<Status> Facilitator::verify(const Payment& payment, Signer signer) {
    auto work = [this, payment, signer] {
        return std::make_shared<Status>(check_now(payment, signer));
    };
    const auto done = co_await serving::offload<std::shared_ptr<Status>>(pool_, std::move(work));
    co_return *done;
}

serving::Task<Settlement> Facilitator::settle(const Payment& payment, Signer signer,
                                              const chain::U256& amount) {
    auto work = [this, payment, signer, amount] { return pay(payment, signer, amount); };
    co_return co_await serving::offload<Settlement>(pool_, std::move(work));
}

}  // namespace mintmark::gateway
