#include "mintmark/market/allowance.hpp"

#include "mintmark/market/contract_errors.hpp"

namespace mintmark::market {

using chain::AbiValue;
using chain::U256;

Status allow(Market& market, const chain::PrivateKey& key, std::string_view spender,
             const Address& token, const U256& amount) {
    MINTMARK_TRY(const Address contract, market.deployment().contract(spender));
    MINTMARK_TRY(const auto allowed,
                 market.client().call(token, "allowance(address,address)",
                                      {AbiValue(key.address()), AbiValue(contract)}, "(uint256)"));
    MINTMARK_TRY(const U256 allowance, allowed[0].as_u256());
    if (allowance >= amount) return {};
    chain::Sender sender = market.sender(key);
    if (!allowance.is_zero()) {
        MINTMARK_CHECK(explained(sender.call(token, "approve(address,uint256)",
                                             {AbiValue(contract), AbiValue(U256())})));
    }
    MINTMARK_CHECK(explained(
        sender.call(token, "approve(address,uint256)", {AbiValue(contract), AbiValue(amount)})));
    return {};
}

}  // namespace mintmark::market
