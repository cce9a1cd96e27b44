#include "mintmark/market/gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/market/settling.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kLedger = "QuotaLedger";
constexpr std::string_view kUsageType =
    "Usage(uint256 gateId,uint256 versionId,uint256 key,uint256 epoch,address provider,"
    "uint64 cumulative,bytes32 receiptRoot)";
constexpr std::array<std::string_view, 5> kKinds = {"none", "nft", "votes", "stake", "predicate"};
constexpr std::array<std::string_view, 8> kStatuses = {
    "settled",    "settled in part", "nothing new",  "version not served",
    "epoch over", "not signed",      "not entitled", "exhausted"};
#define MINTMARK_TERMS "(uint8,address,uint128,uint64,uint32,uint32)"
#define MINTMARK_USAGES \
    "settleMany((uint256,uint256,uint256,uint256,address,uint64,bytes32,bytes)[])"

Result<Address> vault_of(Market& market) {
    return market.read_address({kLedger, "stakeVault()"});
}

template <class T>
Status read_into(T& out, const AbiValue& value) {
    MINTMARK_TRY(const std::uint64_t number, value.as_u64());
    out = static_cast<T>(number);
    return {};
}

Result<GateTerms> terms_from(const AbiValue& value) {
    MINTMARK_TRY(const auto fields, value.as_items());
    GateTerms out;
    MINTMARK_CHECK(read_into(out.kind, fields[0]));
    MINTMARK_TRY(out.target, fields[1].as_address());
    MINTMARK_TRY(out.threshold, fields[2].as_u256());
    MINTMARK_CHECK(read_into(out.quota, fields[3]));
    MINTMARK_CHECK(read_into(out.max_multiple, fields[4]));
    MINTMARK_CHECK(read_into(out.period, fields[5]));
    return out;
}

}  // namespace

std::string_view gate_kind_name(GateKind kind) noexcept {
    const auto index = static_cast<std::size_t>(kind);
    return index < kKinds.size() ? kKinds[index] : kKinds[0];
}

Result<GateKind> parse_gate_kind(std::string_view name) {
    const auto found = std::find(kKinds.begin() + 1, kKinds.end(), name);
    if (found != kKinds.end()) return static_cast<GateKind>(found - kKinds.begin());
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no kind of gate", name),
                "one of nft, votes, stake, predicate");
}

json::Json QuotaUsage::to_json() const {
    return {{"gateId", gate},
            {"versionId", version},
            {"key", key.to_string()},
            {"epoch", epoch},
            {"account", chain::to_checksum(account)},
            {"provider", chain::to_checksum(provider)},
            {"cumulative", cumulative},
            {"receiptRoot", to_hex(receipt_root)},
            {"signature", to_hex(signature)}};
}

Result<QuotaUsage> QuotaUsage::from_json(const json::Json& value) {
    QuotaUsage out;
    MINTMARK_TRY(out.gate, json::get_u64(value, "gateId"));
    MINTMARK_TRY(out.version, json::get_u64(value, "versionId"));
    MINTMARK_TRY(const std::string key_text, json::get_string(value, "key"));
    MINTMARK_TRY(out.key, U256::parse(key_text));
    MINTMARK_TRY(out.epoch, json::get_u64(value, "epoch"));
    MINTMARK_TRY(const std::string account_text, json::get_string(value, "account"));
    MINTMARK_TRY(out.account, chain::parse_address(account_text));
    MINTMARK_TRY(const std::string provider_text, json::get_string(value, "provider"));
    MINTMARK_TRY(out.provider, chain::parse_address(provider_text));
    MINTMARK_TRY(out.cumulative, json::get_u64(value, "cumulative"));
    MINTMARK_TRY(const std::string root, json::get_string(value, "receiptRoot"));
    MINTMARK_TRY(out.receipt_root, bytes32_from_hex(root));
    MINTMARK_TRY(const std::string signature_text, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature_text));
    return out;
}

Result<Bytes32> QuotaUsage::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const Address ledger, deployment.contract(kLedger));
    const chain::TypedDataDomain domain{"Mintmark Quotas", "1", deployment.chain_id, ledger};
    return chain::typed_data_hash(domain, chain::StructHash(kUsageType)
                                              .number(gate)
                                              .number(version)
                                              .number(key)
                                              .number(epoch)
                                              .address(provider)
                                              .number(cumulative)
                                              .word(receipt_root)
                                              .finish());
}

Result<CreatedGate> create_gate(Market& market, const chain::PrivateKey& key, std::uint64_t model,
                                const GateTerms& terms) {
    const AbiValue what({AbiValue(static_cast<std::uint64_t>(terms.kind)), AbiValue(terms.target),
                         AbiValue(terms.threshold), AbiValue(terms.quota),
                         AbiValue(std::uint64_t{terms.max_multiple}),
                         AbiValue(std::uint64_t{terms.period})});
    MINTMARK_TRY(chain::Receipt receipt, market.send(key, {kLedger,
                                                           "createGate(uint256," MINTMARK_TERMS ")",
                                                           {AbiValue(model), what}}));
    MINTMARK_TRY(
        const U256 id,
        market.topic(receipt,
                     {kLedger, "GateCreated(uint256,uint256," MINTMARK_TERMS ",uint64)", 1}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(id).as_u64());
    return CreatedGate{number, std::move(receipt)};
}

Result<GateInfo> read_gate(Market& market, std::uint64_t id) {
    MINTMARK_TRY(const auto values, market.read({kLedger, "getGate(uint256)", {AbiValue(id)}},
                                                "((uint256," MINTMARK_TERMS ",uint64,uint64))"));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    GateInfo out;
    MINTMARK_TRY(out.model, fields[0].as_u64());
    MINTMARK_TRY(out.terms, terms_from(fields[1]));
    MINTMARK_TRY(const std::uint64_t retired_from, fields[3].as_u64());
    MINTMARK_TRY(const std::uint64_t now, market.now());
    MINTMARK_TRY(
        const U256 epoch,
        market.read_number({kLedger, "epochAt(uint256,uint256)", {AbiValue(id), AbiValue(now)}}));
    MINTMARK_TRY(const U256 start,
                 market.read_number(
                     {kLedger, "epochStart(uint256,uint256)", {AbiValue(id), AbiValue(epoch)}}));
    MINTMARK_TRY(out.epoch, AbiValue(epoch).as_u64());
    MINTMARK_TRY(out.epoch_start, AbiValue(start).as_u64());
    out.is_retired = retired_from <= out.epoch + 1;
    return out;
}

Result<U256> remaining_quota(Market& market, const QuotaUsage& who) {
    return market.read_number(
        {kLedger,
         "remaining(uint256,uint256,address,uint256)",
         {AbiValue(who.gate), AbiValue(who.version), AbiValue(who.account), AbiValue(who.key)}});
}

Result<U256> used_through(Market& market, const QuotaUsage& who) {
    return market.read_number(
        {kLedger,
         "usedThrough(uint256,uint256,uint256,address)",
         {AbiValue(who.gate), AbiValue(who.key), AbiValue(who.epoch), AbiValue(who.provider)}});
}

ContractCall quota_settlement(const QuotaUsage& usage) {
    const AbiValue item({AbiValue(usage.gate), AbiValue(usage.version), AbiValue(usage.key),
                         AbiValue(usage.epoch), AbiValue(usage.account), AbiValue(usage.cumulative),
                         AbiValue(usage.receipt_root), AbiValue(usage.signature)});
    return {kLedger, MINTMARK_USAGES, {AbiValue(std::vector<AbiValue>{item})}};
}

Result<chain::Receipt> settle_quota(Market& market, const chain::PrivateKey& key,
                                    const QuotaUsage& usage) {
    if (usage.provider != key.address()) {
        return fail(ErrorCode::kRejected, "the usage is signed for another provider",
                    "settle with the wallet " + chain::to_checksum(usage.provider));
    }
    MINTMARK_TRY(const Address ledger, market.deployment().contract(kLedger));
    const ContractCall call = quota_settlement(usage);
    MINTMARK_TRY(const Bytes data, chain::encode_call(call.signature, call.arguments));
    chain::CallRequest request;
    request.from = key.address();
    request.to = ledger;
    request.data = data;
    MINTMARK_TRY(const Bytes answer, explained(market.client().call(request)));
    MINTMARK_TRY(const auto values, chain::decode_values("(uint8[])", answer));
    MINTMARK_TRY(const auto statuses, values[0].as_items());
    if (statuses.empty()) return fail(ErrorCode::kChain, "the ledger gave no status");
    MINTMARK_TRY(const std::uint64_t status, statuses[0].as_u64());
    if (status > 1) {
        return fail(ErrorCode::kRejected,
                    fmt::format("the ledger refuses the usage: {}",
                                status < kStatuses.size() ? kStatuses[status] : "unknown"));
    }
    return market.send(key, call);
}

Result<chain::Receipt> stake(Market& market, const chain::PrivateKey& key, std::uint64_t gate,
                             const U256& amount) {
    MINTMARK_TRY(const Address vault, vault_of(market));
    MINTMARK_TRY(const GateInfo info, read_gate(market, gate));
    if (info.terms.kind != GateKind::kStake) {
        return fail(ErrorCode::kRejected, "this gate takes no stakes");
    }
    chain::Sender sender = market.sender(key);
    MINTMARK_CHECK(explained(sender.call(info.terms.target, "approve(address,uint256)",
                                         {AbiValue(vault), AbiValue(amount)})));
    return explained(
        sender.call(vault, "stake(uint256,uint256)", {AbiValue(gate), AbiValue(amount)}));
}

Result<chain::Receipt> unstake(Market& market, const chain::PrivateKey& key, std::uint64_t gate,
                               const U256& amount) {
    MINTMARK_TRY(const Address vault, vault_of(market));
    return explained(
        market.sender(key).call(vault, "unstake(uint256,uint256,address)",
                                {AbiValue(gate), AbiValue(amount), AbiValue(key.address())}));
}

}  // namespace mintmark::market
