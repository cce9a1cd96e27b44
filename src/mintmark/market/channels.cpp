#include "mintmark/market/channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/allowance.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/market/fields.hpp"
#include "mintmark/market/settling.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kChannels = "PaymentChannels";
constexpr std::string_view kVoucherType =
    "Voucher(bytes32 channelId,uint256 modelId,uint256 versionId,uint128 cumulative,"
    "uint64 validUntil,bytes32 receiptRoot)";
constexpr std::string_view kCloseType =
    "Close(bytes32 channelId,uint256 settled,uint256 nonce,uint256 deadline)";
constexpr std::size_t kMaxItems = 256;
constexpr unsigned kCumulativeBits = 128;
#define MINTMARK_SETTLE                                                             \
    "settleMany((uint256,uint256,address,address),(address,uint128,uint64,bytes32," \
    "bytes)[])"

Result<chain::TypedDataDomain> domain(const chain::Deployment& deployment) {
    MINTMARK_TRY(const Address contract, deployment.contract(kChannels));
    return chain::TypedDataDomain{"Mintmark Channels", "1", deployment.chain_id, contract};
}

bool is_native(const Address& token) {
    return token == Address{};
}

bool same_batch(const Voucher& a, const Voucher& b) {
    return a.version.model == b.version.model && a.version.version == b.version.version &&
           a.channel.provider == b.channel.provider && a.channel.token == b.channel.token;
}

}  // namespace

ContractCall channel_settlement(std::span<const Voucher> vouchers) {
    const Voucher& first = vouchers.front();
    std::vector<AbiValue> items;
    for (const Voucher& voucher : vouchers) {
        items.push_back(AbiValue({AbiValue(voucher.channel.buyer), AbiValue(voucher.cumulative),
                                  AbiValue(voucher.valid_until), AbiValue(voucher.receipt_root),
                                  AbiValue(voucher.signature)}));
    }
    const AbiValue batch({AbiValue(first.version.model), AbiValue(first.version.version),
                          AbiValue(first.channel.provider), AbiValue(first.channel.token)});
    return {kChannels, MINTMARK_SETTLE, {batch, AbiValue(std::move(items))}};
}

Bytes32 ChannelKey::id() const {
    Bytes packed;
    for (const Address* address : {&buyer, &provider, &token}) {
        packed.insert(packed.end(), 12, 0);
        append(packed, *address);
    }
    return keccak256(packed);
}

json::Json Voucher::to_json() const {
    return {{"buyer", chain::to_checksum(channel.buyer)},
            {"provider", chain::to_checksum(channel.provider)},
            {"token", chain::to_checksum(channel.token)},
            {"modelId", version.model},
            {"versionId", version.version},
            {"cumulative", cumulative.to_string()},
            {"validUntil", valid_until},
            {"receiptRoot", to_hex(receipt_root)},
            {"signature", to_hex(signature)}};
}

Result<Voucher> Voucher::from_json(const json::Json& value) {
    Voucher out;
    MINTMARK_TRY(out.channel.buyer, get_address(value, "buyer"));
    MINTMARK_TRY(out.channel.provider, get_address(value, "provider"));
    MINTMARK_TRY(out.channel.token, get_address(value, "token"));
    MINTMARK_TRY(out.version.model, json::get_u64(value, "modelId"));
    MINTMARK_TRY(out.version.version, json::get_u64(value, "versionId"));
    MINTMARK_TRY(const std::string total, json::get_string(value, "cumulative"));
    MINTMARK_TRY(out.cumulative, U256::parse(total));
    if (out.cumulative.bit_length() > kCumulativeBits) {
        return fail(ErrorCode::kOutOfRange, "a voucher's total has at most 128 bits");
    }
    MINTMARK_TRY(out.valid_until, json::get_u64(value, "validUntil"));
    MINTMARK_TRY(const std::string root, json::get_string(value, "receiptRoot"));
    MINTMARK_TRY(out.receipt_root, bytes32_from_hex(root));
    MINTMARK_TRY(const std::string signature, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    return out;
}

Result<Bytes32> Voucher::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const chain::TypedDataDomain where, domain(deployment));
    return chain::typed_data_hash(where, chain::StructHash(kVoucherType)
                                             .word(channel.id())
                                             .number(version.model)
                                             .number(version.version)
                                             .number(cumulative)
                                             .number(valid_until)
                                             .word(receipt_root)
                                             .finish());
}

Result<Bytes32> CloseConsent::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const chain::TypedDataDomain where, domain(deployment));
    return chain::typed_data_hash(where, chain::StructHash(kCloseType)
                                             .word(channel_id)
                                             .number(settled)
                                             .number(nonce)
                                             .number(deadline)
                                             .finish());
}

std::string_view voucher_status_name(VoucherStatus status) noexcept {
    constexpr std::array<std::string_view, 7> kNames = {
        "settled", "settled in part", "nothing new", "expired",
        "empty",   "not signed",      "cap reached"};
    const auto index = static_cast<std::size_t>(status);
    return index < kNames.size() ? kNames[index] : "unknown";
}

Result<std::uint8_t> token_decimals(Market& market, const Address& token) {
    if (is_native(token)) return std::uint8_t{18};
    MINTMARK_TRY(const auto values, market.client().call(token, "decimals()", {}, "(uint8)"));
    MINTMARK_TRY(const std::uint64_t decimals, values[0].as_u64());
    return static_cast<std::uint8_t>(decimals);
}

Result<ChannelInfo> read_channel(Market& market, const ChannelKey& channel) {
    const std::vector<AbiValue> id = {AbiValue(channel.id())};
    MINTMARK_TRY(const auto values, market.read({kChannels, "getChannel(bytes32)", id},
                                                "(uint128,uint128,uint128,uint64,uint64)"));
    ChannelInfo out;
    MINTMARK_TRY(out.balance, values[0].as_u256());
    MINTMARK_TRY(out.settled, values[1].as_u256());
    MINTMARK_TRY(out.thawing, values[2].as_u256());
    MINTMARK_TRY(out.thaw_ends, values[3].as_u64());
    MINTMARK_TRY(out.closes, values[4].as_u64());
    MINTMARK_TRY(out.exposure_limit, market.read_number({kChannels, "exposureLimit(bytes32)", id}));
    return out;
}

Result<U256> settled_for(Market& market, const ChannelKey& channel, const VersionRef& version) {
    return market.read_number(
        {kChannels,
         "settledFor(bytes32,uint256,uint256)",
         {AbiValue(channel.id()), AbiValue(version.model), AbiValue(version.version)}});
}

Result<chain::Receipt> deposit(Market& market, const chain::PrivateKey& key,
                               const ChannelKey& channel, const U256& amount) {
    if (!is_native(channel.token)) {
        MINTMARK_CHECK(allow(market, key, kChannels, channel.token, amount));
    }
    return market.send(key, {kChannels,
                             "deposit(address,address,address,uint256)",
                             {AbiValue(channel.buyer), AbiValue(channel.provider),
                              AbiValue(channel.token), AbiValue(amount)},
                             is_native(channel.token) ? amount : U256()});
}

Result<chain::Receipt> authorise_session(Market& market, const chain::PrivateKey& key,
                                         const ChannelKey& channel, const SessionOrder& session) {
    return market.send(
        key, {kChannels,
              "authoriseSession(address,address,address,uint96,uint64)",
              {AbiValue(channel.provider), AbiValue(channel.token), AbiValue(session.signer),
               AbiValue(session.cap), AbiValue(session.expires)}});
}

Result<VoucherSettlement> settle_vouchers(Market& market, const chain::PrivateKey& key,
                                          std::span<const Voucher> vouchers) {
    const bool fits = !vouchers.empty() && vouchers.size() <= kMaxItems &&
                      std::ranges::all_of(vouchers, [&](const Voucher& voucher) {
                          return same_batch(voucher, vouchers.front());
                      });
    if (!fits) {
        return fail(ErrorCode::kInvalidArgument,
                    "a batch is 1 to 256 vouchers of one version, provider and token");
    }
    const ContractCall call = channel_settlement(vouchers);
    MINTMARK_TRY(const auto answer, market.read(call, "(uint8[],uint256)"));
    VoucherSettlement out;
    MINTMARK_TRY(const auto statuses, answer[0].as_items());
    for (const AbiValue& status : statuses) {
        MINTMARK_TRY(const std::uint64_t number, status.as_u64());
        out.statuses.push_back(static_cast<VoucherStatus>(number));
    }
    MINTMARK_TRY(out.total, answer[1].as_u256());
    if (out.total.is_zero() && !out.statuses.empty()) {
        return fail(ErrorCode::kRejected,
                    fmt::format("nothing to settle: {}", voucher_status_name(out.statuses[0])));
    }
    MINTMARK_TRY(out.receipt, market.send(key, call));
    return out;
}

Result<chain::Receipt> thaw(Market& market, const chain::PrivateKey& key, const ChannelKey& channel,
                            const U256& amount) {
    return market.send(key,
                       {kChannels,
                        "thaw(address,address,uint256)",
                        {AbiValue(channel.provider), AbiValue(channel.token), AbiValue(amount)}});
}

Result<chain::Receipt> withdraw(Market& market, const chain::PrivateKey& key,
                                const ChannelKey& channel, const Address& to) {
    return market.send(key, {kChannels,
                             "withdraw(address,address,address)",
                             {AbiValue(channel.provider), AbiValue(channel.token), AbiValue(to)}});
}

Result<chain::Receipt> close_as_provider(Market& market, const chain::PrivateKey& key,
                                         const ChannelKey& channel) {
    return market.send(key, {kChannels,
                             "closeAsProvider(address,address)",
                             {AbiValue(channel.buyer), AbiValue(channel.token)}});
}

Result<chain::Receipt> close_with_consent(Market& market, const chain::PrivateKey& key,
                                          const ChannelKey& channel, std::uint64_t deadline,
                                          const Bytes& signature) {
    return market.send(key, {kChannels,
                             "close(address,address,address,uint256,bytes)",
                             {AbiValue(channel.provider), AbiValue(channel.token),
                              AbiValue(key.address()), AbiValue(deadline), AbiValue(signature)}});
}

}  // namespace mintmark::market
