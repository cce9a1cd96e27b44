#include "mintmark/chain/address.hpp"
#include "mintmark/market/revenue.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

constexpr std::string_view kRouter = "RevenueRouter";

}  // namespace

Result<VaultInfo> get_vault(Market& market, std::uint64_t model, const Address& account,
                            const Address& token) {
    VaultInfo out;
    MINTMARK_TRY(out.address,
                 market.read_address({kRouter, "vaultOf(uint256)", {AbiValue(model)}}));
    if (out.address == Address{}) {
        return fail(ErrorCode::kNotFound, "the model has no vault",
                    "its owner makes one with `mintmark vault open`");
    }
    MINTMARK_TRY(const auto rates, market.read({kRouter, "ratesOf(uint256)", {AbiValue(model)}},
                                               "(uint32,uint32,uint32,uint32)"));
    MINTMARK_TRY(out.ppm, rates[3].as_u64());
    const std::string vault = chain::to_checksum(out.address);
    MINTMARK_TRY(out.shares, market.read_number({vault, "totalSupply()"}));
    MINTMARK_TRY(out.held, market.read_number({vault, "balanceOf(address)", {AbiValue(account)}}));
    MINTMARK_TRY(out.claimable,
                 market.read_number(
                     {vault, "claimable(address,address)", {AbiValue(account), AbiValue(token)}}));
    return out;
}

Result<chain::Receipt> open_vault(Market& market, const chain::PrivateKey& key,
                                  const VaultOrder& order) {
    return market.send(key, {kRouter,
                             "openVault(uint256,uint32,uint256,address)",
                             {AbiValue(order.model), AbiValue(order.ppm), AbiValue(order.shares),
                              AbiValue(order.to)}});
}

Result<chain::Receipt> send_shares(Market& market, const chain::PrivateKey& key,
                                   std::uint64_t model, const Address& to,
                                   const chain::U256& shares) {
    MINTMARK_TRY(const VaultInfo vault, get_vault(market, model, key.address(), kNative));
    if (vault.held < shares)
        return fail(ErrorCode::kInsufficientFunds, "the wallet holds fewer shares than that");
    const std::string address = chain::to_checksum(vault.address);
    return market.send(key,
                       {address, "transfer(address,uint256)", {AbiValue(to), AbiValue(shares)}});
}

Result<Claimed> claim_shares(Market& market, const chain::PrivateKey& key, std::uint64_t model,
                             const Address& token) {
    MINTMARK_TRY(const VaultInfo vault, get_vault(market, model, key.address(), token));
    if (vault.claimable.is_zero()) {
        return fail(ErrorCode::kNotFound, "this wallet has no income of the vault to claim",
                    "income comes when the model is paid, and by `mintmark revenue collect`");
    }
    const std::string address = chain::to_checksum(vault.address);
    Claimed out = {vault.claimable, key.address(), {}};
    MINTMARK_TRY(out.receipt, market.send(key, {address,
                                                "claim(address,address)",
                                                {AbiValue(token), AbiValue(key.address())}}));
    return out;
}

}  // namespace mintmark::market
