#include "mintmark/market/revenue.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kRouter = "RevenueRouter";

std::unexpected<Error> nothing() {
    return fail(ErrorCode::kNotFound, "nothing to claim",
                "money is earned when calls settle: `mintmark infer settle`");
}

}  // namespace

Result<CreatorAccount> creator_account(Market& market, std::uint64_t model) {
    const std::vector<AbiValue> id = {AbiValue(model)};
    CreatorAccount out;
    MINTMARK_TRY(const auto account,
                 market.read({kRouter, "creatorAccount(uint256)", id}, "(uint256,uint256)"));
    MINTMARK_TRY(out.earned, account[0].as_u256());
    MINTMARK_TRY(out.claimed, account[1].as_u256());
    MINTMARK_TRY(out.claimable, market.read_number({kRouter, "claimable(uint256)", id}));
    return out;
}

Result<PlatformAccount> platform_account(Market& market) {
    PlatformAccount out;
    MINTMARK_TRY(out.treasury, market.read_address({kRouter, "treasury()"}));
    MINTMARK_TRY(const U256 ppm, market.read_number({kRouter, "platformPpm()"}));
    MINTMARK_TRY(out.ppm, AbiValue(ppm).as_u64());
    MINTMARK_TRY(out.claimable, market.read_number({kRouter, "platformClaimable()"}));
    return out;
}

Result<Claimed> claim_creator(Market& market, const chain::PrivateKey& key, std::uint64_t model) {
    MINTMARK_TRY(const CreatorAccount account, creator_account(market, model));
    if (account.claimable.is_zero()) return nothing();
    Claimed out = {account.claimable, {}, {}};
    MINTMARK_TRY(out.to,
                 market.read_address({"ModelRegistry", "payoutOf(uint256)", {AbiValue(model)}}));
    MINTMARK_TRY(out.receipt, market.send(key, {kRouter, "claim(uint256)", {AbiValue(model)}}));
    return out;
}

Result<Claimed> claim_platform(Market& market, const chain::PrivateKey& key) {
    MINTMARK_TRY(const PlatformAccount account, platform_account(market));
    if (account.claimable.is_zero()) return nothing();
    Claimed out = {account.claimable, account.treasury, {}};
    MINTMARK_TRY(out.receipt, market.send(key, {kRouter, "claimPlatform()"}));
    return out;
}

Result<CreatorAccount> creator_account(Market& market, std::uint64_t model, const Address& token) {
    const std::vector<AbiValue> id = {AbiValue(model), AbiValue(token)};
    CreatorAccount out;
    MINTMARK_TRY(const auto account, market.read({kRouter, "creatorAccount(uint256,address)", id},
                                                 "(uint256,uint256)"));
    MINTMARK_TRY(out.earned, account[0].as_u256());
    MINTMARK_TRY(out.claimed, account[1].as_u256());
    MINTMARK_TRY(out.claimable, market.read_number({kRouter, "claimable(uint256,address)", id}));
    return out;
}

Result<Claimed> claim_creator(Market& market, const chain::PrivateKey& key, std::uint64_t model,
                              const Address& token) {
    MINTMARK_TRY(const CreatorAccount account, creator_account(market, model, token));
    if (account.claimable.is_zero()) return nothing();
    Claimed out = {account.claimable, {}, {}};
    MINTMARK_TRY(out.to,
                 market.read_address({"ModelRegistry", "payoutOf(uint256)", {AbiValue(model)}}));
    MINTMARK_TRY(
        out.receipt,
        market.send(key, {kRouter, "claim(uint256,address)", {AbiValue(model), AbiValue(token)}}));
    return out;
}

Result<Claimed> claim_platform(Market& market, const chain::PrivateKey& key, const Address& token) {
    Claimed out;
    MINTMARK_TRY(out.amount,
                 market.read_number({kRouter, "platformClaimable(address)", {AbiValue(token)}}));
    if (out.amount.is_zero()) return nothing();
    MINTMARK_TRY(out.to, market.read_address({kRouter, "treasury()"}));
    MINTMARK_TRY(out.receipt,
                 market.send(key, {kRouter, "claimPlatform(address)", {AbiValue(token)}}));
    return out;
}

Result<Claimed> collect_royalty(Market& market, const chain::PrivateKey& key,
                                const RoyaltyRef& royalty) {
    const std::vector<AbiValue> what = {AbiValue(royalty.model), AbiValue(royalty.ancestor),
                                        AbiValue(royalty.token)};
    Claimed out;
    MINTMARK_TRY(out.amount, market.read_number(
                                 {kRouter, "royaltyCollectable(uint256,uint256,address)", what}));
    if (out.amount.is_zero()) return nothing();
    MINTMARK_TRY(out.receipt,
                 market.send(key, {kRouter, "collectRoyalty(uint256,uint256,address)", what}));
    return out;
}

Result<std::uint64_t> node_part(Market& market, std::uint64_t model) {
    MINTMARK_TRY(const auto rates, market.read({kRouter, "ratesOf(uint256)", {AbiValue(model)}},
                                               "(uint32,uint32,uint32,uint32)"));
    return rates[2].as_u64();
}

Result<chain::Receipt> accept_token(Market& market, const chain::PrivateKey& key,
                                    const Address& token) {
    return market.send(key, {"RevenueRouter", "addToken(address)", {AbiValue(token)}});
}

Result<chain::Receipt> stop_token(Market& market, const chain::PrivateKey& key,
                                  const Address& token, bool stopped) {
    return market.send(
        key, {"RevenueRouter", "stopToken(address,bool)", {AbiValue(token), AbiValue(stopped)}});
}

Result<chain::Receipt> set_node_part(Market& market, const chain::PrivateKey& key,
                                     std::uint64_t model, std::uint64_t ppm) {
    return market.send(key,
                       {kRouter, "setNodePpm(uint256,uint32)", {AbiValue(model), AbiValue(ppm)}});
}

Result<chain::U256> node_claimable(Market& market, const Address& node, const Address& token) {
    return market.read_number(
        {kRouter, "nodeClaimable(address,address)", {AbiValue(node), AbiValue(token)}});
}

Result<Claimed> claim_node(Market& market, const chain::PrivateKey& key, const Address& token) {
    Claimed out;
    out.to = key.address();
    MINTMARK_TRY(out.amount, node_claimable(market, out.to, token));
    if (out.amount.is_zero()) return nothing();
    MINTMARK_TRY(out.receipt, market.send(key, {kRouter,
                                                "claimNode(address,address)",
                                                {AbiValue(token), AbiValue(out.to)}}));
    return out;
}

}  // namespace mintmark::market
