#include "mintmark/gateway/facilitator.hpp"

#include <fmt/format.h>

#include "mintmark/chain/sender.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/gateway/log.hpp"

namespace mintmark::gateway {
namespace {

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

}  // namespace

Result<std::unique_ptr<Facilitator>> Facilitator::open(const std::string& rpc_url,
                                                       const PaymentTerms& terms,
                                                       const chain::PrivateKey& key) {
    std::unique_ptr<Facilitator> out(new Facilitator(rpc_url, terms, key));
    MINTMARK_CHECK(out->client_.expect_chain_id(terms.chain_id));
    MINTMARK_TRY(const auto answer,
                 out->client_.call(terms.asset, "DOMAIN_SEPARATOR()", {}, "(bytes32)"));
    MINTMARK_TRY(const Bytes32 separator, answer[0].as_bytes32());
    const chain::TypedDataDomain domain{terms.name, terms.version, terms.chain_id, terms.asset};
    const Bytes32 wanted = domain.separator();
    if (separator == wanted) return out;
    return fail(ErrorCode::kInvalidArgument,
                "x402: the token's EIP-712 domain has another name or version than the file says",
                "see its name() and version()");
}

Facilitator::~Facilitator() {
    pool_.join();
}

Status Facilitator::check_now(const Payment& payment) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    MINTMARK_TRY(const auto used,
                 client_.call(terms_.asset, "authorizationState(address,bytes32)",
                              {AbiValue(payment.from), AbiValue(payment.nonce)}, "(bool)"));
    MINTMARK_TRY(const bool is_used, used[0].as_bool());
    if (is_used) return no("nonce_already_used");
    MINTMARK_TRY(const auto balance, client_.call(terms_.asset, "balanceOf(address)",
                                                  {AbiValue(payment.from)}, "(uint256)"));
    MINTMARK_TRY(const chain::U256 amount, balance[0].as_u256());
    if (amount < payment.value) return no("insufficient_funds");
    MINTMARK_TRY(const auto arguments, arguments_of(payment));
    MINTMARK_TRY(Bytes data, chain::encode_call(kTransfer, arguments));
    const auto done = client_.call({key_.address(), terms_.asset, std::move(data), {}});
    if (done) return {};
    if (done.error().code == ErrorCode::kNetwork) return std::unexpected(done.error());
    return no("invalid_transaction_state");
}

Settlement Facilitator::pay(const Payment& payment) {
    Settlement out;
    const auto arguments = arguments_of(payment);
    const auto data = arguments ? chain::encode_call(kTransfer, *arguments)
                                : Result<Bytes>(std::unexpected(arguments.error()));
    if (!data) {
        out.reason = "invalid_payload";
        return out;
    }
    chain::Sender sender(client_, key_, terms_.chain_id);
    chain::Intent intent;
    intent.to = terms_.asset;
    intent.data = *data;
    const auto receipt = sender.send(intent);
    if (receipt) {
        out.is_paid = true;
        out.transaction = to_hex(receipt->transaction_hash);
        return out;
    }
    // Perhaps it was sent, and only its receipt is missing: the chain knows.
    const auto used = client_.call(terms_.asset, "authorizationState(address,bytes32)",
                                   {AbiValue(payment.from), AbiValue(payment.nonce)}, "(bool)");
    const auto is_used = used ? (*used)[0].as_bool() : Result<bool>(std::unexpected(used.error()));
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

serving::Task<Settlement> Facilitator::settle(const Payment& payment) {
    auto work = [this, payment] { return pay(payment); };
    co_return co_await serving::offload<Settlement>(pool_, std::move(work));
}

}  // namespace mintmark::gateway
