#include "mintmark/market/passes.hpp"

#include <fmt/format.h>

#include "mintmark/chain/typed_data.hpp"
#include "mintmark/market/amount.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kPass = "AccessPass";
constexpr std::uint64_t kOrderSeconds = 600;
constexpr std::uint64_t kPageSize = 2'000;
constexpr std::string_view kBought =
    "PassBought(uint256,uint256,uint256,address,address,uint256,uint64,uint256)";

constexpr std::string_view kUsageType =
    "PassUsage(uint256 passId,uint64 cumulative,uint64 validUntil,address node,bytes32 "
    "receiptRoot)";

}  // namespace

Result<Bytes32> PassUsage::digest(const chain::Deployment& deployment) const {
    MINTMARK_TRY(const Address contract, deployment.contract(kPass));
    const chain::TypedDataDomain domain{"Mintmark Passes", "1", deployment.chain_id, contract};
    return chain::typed_data_hash(domain, chain::StructHash(kUsageType)
                                              .number(pass)
                                              .number(cumulative)
                                              .number(valid_until)
                                              .address(node)
                                              .word(receipt_root)
                                              .finish());
}

Result<U256> quote_pass(Market& market, const PassOrder& order) {
    return market.read_number({"PriceBook",
                               "quotePass(uint256,uint256,uint256,uint256)",
                               {AbiValue(order.version.model), AbiValue(order.version.version),
                                AbiValue(order.calls), AbiValue(order.days)}});
}

Result<BoughtPass> buy_pass(Market& market, const chain::PrivateKey& key, const PassOrder& order) {
    MINTMARK_TRY(const U256 price, quote_pass(market, order));
    if (price > order.max_price) {
        return fail(ErrorCode::kPriceExceeded,
                    fmt::format("the price is {}, above your limit of {}", format_amount(price),
                                format_amount(order.max_price)),
                    "raise --max-price, or buy fewer calls or days");
    }
    MINTMARK_TRY(const std::uint64_t now, market.now());
    const AbiValue what({AbiValue(order.version.model), AbiValue(order.version.version),
                         AbiValue(order.calls), AbiValue(order.days), AbiValue(order.max_price),
                         AbiValue(now + kOrderSeconds), AbiValue(order.to)});
    MINTMARK_TRY(chain::Receipt receipt,
                 market.send(key, {kPass,
                                   "buy((uint256,uint256,uint256,uint256,uint256,uint256,address))",
                                   {what},
                                   price}));
    MINTMARK_TRY(const U256 id, market.topic(receipt, {kPass, kBought, 1}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(id).as_u64());
    return BoughtPass{number, price, std::move(receipt)};
}

Result<PassInfo> get_pass(Market& market, std::uint64_t id) {
    PassInfo out;
    out.id = id;
    const std::vector<AbiValue> argument = {AbiValue(id)};
    MINTMARK_TRY(const auto pass,
                 market.read({kPass, "getPass(uint256)", argument},
                             "(uint128,uint64,uint64,uint64,uint32,(bool,uint24),uint8,bool,"
                             "uint64,address)"));
    MINTMARK_TRY(out.escrow, pass[0].as_u256());
    MINTMARK_TRY(out.calls_left, pass[1].as_u64());
    MINTMARK_TRY(out.expires, pass[2].as_u64());
    MINTMARK_TRY(const std::uint64_t unit, pass[6].as_u64());
    out.unit = static_cast<Unit>(unit);
    MINTMARK_TRY(out.metered, pass[8].as_u64());
    MINTMARK_TRY(out.token, pass[9].as_address());
    MINTMARK_TRY(const auto holders, market.read({kPass, "holdersOf(uint256)", argument},
                                                 "(uint256,uint256,address,address)"));
    MINTMARK_TRY(out.version.model, holders[0].as_u64());
    MINTMARK_TRY(out.version.version, holders[1].as_u64());
    MINTMARK_TRY(out.owner, holders[2].as_address());
    MINTMARK_TRY(out.user, holders[3].as_address());
    return out;
}

Result<std::vector<PassInfo>> list_passes(Market& market, const Address& owner) {
    MINTMARK_TRY(const U256 count, market.read_number({kPass, "totalPasses()"}));
    MINTMARK_TRY(const std::uint64_t total, AbiValue(count).as_u64());
    std::vector<PassInfo> out;
    for (std::uint64_t from = 1; from <= total; from += kPageSize) {
        MINTMARK_TRY(const auto page,
                     market.read({kPass,
                                  "passesOf(address,uint256,uint256)",
                                  {AbiValue(owner), AbiValue(from), AbiValue(kPageSize)}},
                                 "(uint256[])"));
        MINTMARK_TRY(const auto ids, page[0].as_items());
        for (const AbiValue& id : ids) {
            MINTMARK_TRY(const std::uint64_t number, id.as_u64());
            MINTMARK_TRY(PassInfo info, get_pass(market, number));
            out.push_back(std::move(info));
        }
    }
    return out;
}

Result<chain::Receipt> refund_pass(Market& market, const chain::PrivateKey& key, std::uint64_t id,
                                   const Address& to) {
    return market.send(key, {kPass, "refund(uint256,address)", {AbiValue(id), AbiValue(to)}});
}

ContractCall pass_settlement(const PassUsage& usage, const Bytes& signature) {
    const chain::AbiValue what({chain::AbiValue(usage.pass), chain::AbiValue(usage.cumulative),
                                chain::AbiValue(usage.valid_until), chain::AbiValue(usage.node),
                                chain::AbiValue(usage.receipt_root)});
    return {"AccessPass",
            "settleUsage((uint256,uint64,uint64,address,bytes32),bytes)",
            {what, chain::AbiValue(signature)}};
}

}  // namespace mintmark::market
