#include "mintmark/market/signed_deposits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::StructHash;
using chain::U256;

constexpr std::string_view kChannels = "PaymentChannels";
constexpr std::array<std::string_view, 4> kWays = {"approve", "permit", "permit2", "erc3009"};
constexpr std::string_view kPermitType =
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
constexpr std::string_view kReceiveType =
    "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
    "uint256 validBefore,bytes32 nonce)";
constexpr std::string_view kPermissionsType = "TokenPermissions(address token,uint256 amount)";
constexpr std::string_view kWitnessType = "ChannelDeposit(address provider)";
constexpr std::string_view kPermit2Type =
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
    "uint256 deadline,ChannelDeposit witness)ChannelDeposit(address provider)"
    "TokenPermissions(address token,uint256 amount)";
constexpr std::string_view kPermit2Domain =
    "EIP712Domain(string name,uint256 chainId,address verifyingContract)";
#define MINTMARK_PERMIT2 \
    "depositWithPermit2(address,address,((address,uint256),uint256,uint256),bytes)"
#define MINTMARK_ERC3009                                        \
    "depositWithAuthorization(address,address,address,uint256," \
    "(uint256,uint256,bytes32,uint8,bytes32,bytes32))"

Result<std::string> token_text(Market& market, const Address& token, std::string_view getter) {
    MINTMARK_TRY(const auto values, market.client().call(token, getter, {}, "(string)"));
    return values[0].as_text();
}

/// The token's separator, if it is of its own name and address.
Result<Bytes32> token_separator(Market& market, const Address& token) {
    const auto refused = [](const char* why) {
        return fail(ErrorCode::kUnsupported, why, "deposit with --with approve or permit2");
    };
    const auto shown = market.client().call(token, "DOMAIN_SEPARATOR()", {}, "(bytes32)");
    if (!shown) return refused("the token has no signed transfers");
    MINTMARK_TRY(const Bytes32 separator, (*shown)[0].as_bytes32());
    MINTMARK_TRY(const std::string name, token_text(market, token, "name()"));
    const auto version = token_text(market, token, "version()");
    const chain::TypedDataDomain own{name, version ? *version : "1", market.deployment().chain_id,
                                     token};
    if (separator != own.separator()) return refused("the token's signing domain is not its own");
    return separator;
}

Result<Address> permit2_of(Market& market) {
    return market.read_address({kChannels, "PERMIT2()"});
}

Result<U256> next_nonce(Market& market, const SignedDeposit& deposit) {
    if (deposit.way != DepositWay::kPermit) {
        Bytes32 random = {};
        system_rng().fill(random);
        return U256::from_bytes(random);
    }
    MINTMARK_TRY(const auto values,
                 market.client().call(deposit.channel.token, "nonces(address)",
                                      {AbiValue(deposit.channel.buyer)}, "(uint256)"));
    return values[0].as_u256();
}

/// Permit2 moves what the buyer has allowed it once.
Status allow_permit2(Market& market, const chain::PrivateKey& key, const SignedDeposit& deposit,
                     const Address& permit2) {
    const Address& token = deposit.channel.token;
    MINTMARK_TRY(const auto allowed,
                 market.client().call(token, "allowance(address,address)",
                                      {AbiValue(key.address()), AbiValue(permit2)}, "(uint256)"));
    MINTMARK_TRY(const U256 allowance, allowed[0].as_u256());
    if (allowance >= deposit.amount) return {};
    chain::Sender sender = market.sender(key);
    MINTMARK_CHECK(explained(sender.call(token, "approve(address,uint256)",
                                         {AbiValue(permit2), AbiValue(deposit.amount)})));
    return {};
}

struct Parts {
    AbiValue v, r, s;
};

Result<Parts> parts_of(const Bytes& signature) {
    if (signature.size() != 65) return fail(ErrorCode::kMalformed, "the signature has no 65 bytes");
    Bytes32 r = {};
    Bytes32 s = {};
    std::copy_n(signature.begin(), 32, r.begin());
    std::copy_n(signature.begin() + 32, 32, s.begin());
    return Parts{AbiValue(static_cast<unsigned>(signature[64])), AbiValue(r), AbiValue(s)};
}

Result<ContractCall> call_of(const SignedDeposit& d) {
    const AbiValue buyer(d.channel.buyer);
    const AbiValue provider(d.channel.provider);
    const AbiValue token(d.channel.token);
    if (d.way == DepositWay::kPermit2) {
        const AbiValue permit(
            {AbiValue({token, AbiValue(d.amount)}), AbiValue(d.nonce), AbiValue(d.deadline)});
        return ContractCall{
            kChannels, MINTMARK_PERMIT2, {buyer, provider, permit, AbiValue(d.signature)}};
    }
    MINTMARK_TRY(const Parts parts, parts_of(d.signature));
    if (d.way == DepositWay::kAuthorisation) {
        const AbiValue authorisation({AbiValue(std::uint64_t{0}), AbiValue(d.deadline),
                                      AbiValue(d.nonce.to_bytes()), parts.v, parts.r, parts.s});
        return ContractCall{kChannels,
                            MINTMARK_ERC3009,
                            {buyer, provider, token, AbiValue(d.amount), authorisation}};
    }
    return ContractCall{
        kChannels,
        "depositWithPermit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        {provider, token, AbiValue(d.amount), AbiValue(d.deadline), parts.v, parts.r, parts.s}};
}

Bytes32 permit2_digest(const SignedDeposit& d, const Address& spender, const Address& permit2,
                       std::uint64_t chain_id) {
    const Bytes32 separator =
        StructHash(kPermit2Domain).text("Permit2").number(U256(chain_id)).address(permit2).finish();
    const Bytes32 permitted =
        StructHash(kPermissionsType).address(d.channel.token).number(d.amount).finish();
    const Bytes32 witness = StructHash(kWitnessType).address(d.channel.provider).finish();
    return chain::typed_data_hash(separator, StructHash(kPermit2Type)
                                                 .word(permitted)
                                                 .address(spender)
                                                 .number(d.nonce)
                                                 .number(U256(d.deadline))
                                                 .word(witness)
                                                 .finish());
}

}  // namespace

Result<DepositWay> parse_deposit_way(std::string_view text) {
    const auto* found = std::ranges::find(kWays, text);
    if (found != kWays.end()) return static_cast<DepositWay>(found - kWays.begin());
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no way to deposit", text),
                "approve, permit, permit2 or erc3009");
}

std::string_view deposit_way_name(DepositWay way) noexcept {
    return kWays[static_cast<std::size_t>(way)];
}

json::Json SignedDeposit::to_json() const {
    return {{"with", deposit_way_name(way)},
            {"buyer", chain::to_checksum(channel.buyer)},
            {"provider", chain::to_checksum(channel.provider)},
            {"token", chain::to_checksum(channel.token)},
            {"amount", amount.to_string()},
            {"nonce", nonce.to_string()},
            {"deadline", deadline},
            {"signature", to_hex(signature)}};
}

Result<SignedDeposit> SignedDeposit::from_json(const json::Json& value) {
    SignedDeposit out;
    MINTMARK_TRY(const std::string way, json::get_string(value, "with"));
    MINTMARK_TRY(out.way, parse_deposit_way(way));
    const std::array<std::pair<const char*, Address*>, 3> parties = {
        {{"buyer", &out.channel.buyer},
         {"provider", &out.channel.provider},
         {"token", &out.channel.token}}};
    for (const auto& [name, address] : parties) {
        MINTMARK_TRY(const std::string text, json::get_string(value, name));
        MINTMARK_TRY(*address, chain::parse_address(text));
    }
    MINTMARK_TRY(const std::string amount, json::get_string(value, "amount"));
    MINTMARK_TRY(out.amount, U256::parse(amount));
    MINTMARK_TRY(const std::string nonce, json::get_string(value, "nonce"));
    MINTMARK_TRY(out.nonce, U256::parse(nonce));
    MINTMARK_TRY(out.deadline, json::get_u64(value, "deadline"));
    MINTMARK_TRY(const std::string signature, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    return out;
}

Bytes32 authorisation_nonce(const Address& provider, const Bytes32& salt) {
    Bytes packed(12, 0);
    append(packed, provider);
    append(packed, salt);
    return keccak256(packed);
}

Bytes32 SignedDeposit::digest(const Bytes32& token_separator, const Address& spender,
                              const Address& permit2, std::uint64_t chain_id) const {
    if (way == DepositWay::kPermit2) return permit2_digest(*this, spender, permit2, chain_id);
    if (way == DepositWay::kAuthorisation) {
        const Bytes32 bound = authorisation_nonce(channel.provider, nonce.to_bytes());
        return chain::typed_data_hash(token_separator, StructHash(kReceiveType)
                                                           .address(channel.buyer)
                                                           .address(spender)
                                                           .number(amount)
                                                           .number(U256())
                                                           .number(U256(deadline))
                                                           .word(bound)
                                                           .finish());
    }
    return chain::typed_data_hash(token_separator, StructHash(kPermitType)
                                                       .address(channel.buyer)
                                                       .address(spender)
                                                       .number(amount)
                                                       .number(nonce)
                                                       .number(U256(deadline))
                                                       .finish());
}

Result<SignedDeposit> sign_deposit(Market& market, const chain::PrivateKey& key,
                                   SignedDeposit deposit) {
    deposit.channel.buyer = key.address();
    if (deposit.channel.token == Address{})
        return fail(ErrorCode::kInvalidArgument, "native currency is not signed for",
                    "leave --with out");
    MINTMARK_TRY(const Address spender, market.deployment().contract(kChannels));
    MINTMARK_TRY(const Address permit2, permit2_of(market));
    Bytes32 separator = {};
    if (deposit.way == DepositWay::kPermit2) {
        MINTMARK_CHECK(allow_permit2(market, key, deposit, permit2));
    } else {
        MINTMARK_TRY(separator, token_separator(market, deposit.channel.token));
    }
    MINTMARK_TRY(deposit.nonce, next_nonce(market, deposit));
    deposit.signature =
        key.sign(deposit.digest(separator, spender, permit2, market.deployment().chain_id))
            .to_bytes();
    return deposit;
}

Result<chain::Receipt> send_deposit(Market& market, const chain::PrivateKey& key,
                                    const SignedDeposit& deposit) {
    if (deposit.way == DepositWay::kPermit && key.address() != deposit.channel.buyer)
        return fail(ErrorCode::kInvalidArgument, "a permit's deposit is sent by its buyer",
                    "sign with --with permit2 or erc3009 for others to send");
    MINTMARK_TRY(const ContractCall call, call_of(deposit));
    return market.send(key, call);
}

}  // namespace mintmark::market
