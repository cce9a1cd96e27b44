#include "mintmark/market/licensing.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/market/amount.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kTerms = "LicenseTerms";
constexpr std::string_view kToken = "LicenseToken";
constexpr std::uint64_t kOrderSeconds = 600;
constexpr std::string_view kMinted =
    "LicenseMinted(uint256,uint256,bytes32,address,address,uint256,uint48)";
#define MINTMARK_TERMS_TYPE "(uint8,uint8,bool,bool,bool,uint32,uint32,uint128,address,bytes32)"

AbiValue to_abi(const LicenseTerms& terms) {
    return AbiValue({AbiValue(terms.is_fine_tune ? 1U : 0U), AbiValue(terms.is_relative ? 1U : 0U),
                     AbiValue(terms.is_transferable), AbiValue(terms.needs_approval),
                     AbiValue(terms.is_reciprocal), AbiValue(terms.share_ppm),
                     AbiValue(terms.duration), AbiValue(terms.mint_fee), AbiValue(terms.currency),
                     AbiValue(Bytes32{})});
}

Result<MadeLicense> made(Market& market, chain::Receipt receipt, const U256& fee) {
    MINTMARK_TRY(const U256 id, market.topic(receipt, {kToken, kMinted, 1}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(id).as_u64());
    return MadeLicense{number, fee, std::move(receipt)};
}

}  // namespace

Result<Bytes32> register_terms(Market& market, const chain::PrivateKey& key,
                               const LicenseTerms& terms) {
    const std::vector<AbiValue> argument = {to_abi(terms)};
    MINTMARK_TRY(const auto out,
                 market.read({kTerms, "idOf(" MINTMARK_TERMS_TYPE ")", argument}, "(bytes32)"));
    MINTMARK_TRY(const Bytes32 id, out[0].as_bytes32());
    MINTMARK_TRY(const auto known,
                 market.read({kTerms, "isRegistered(bytes32)", {AbiValue(id)}}, "(bool)"));
    MINTMARK_TRY(const bool is_known, known[0].as_bool());
    if (!is_known) {
        MINTMARK_CHECK(market.send(key, {kTerms, "register(" MINTMARK_TERMS_TYPE ")", argument}));
    }
    return id;
}

Result<LicenseTerms> get_terms(Market& market, const Bytes32& terms_id) {
    MINTMARK_TRY(const auto out, market.read({kTerms, "termsOf(bytes32)", {AbiValue(terms_id)}},
                                             MINTMARK_TERMS_TYPE));
    LicenseTerms terms;
    MINTMARK_TRY(const std::uint64_t right, out[0].as_u64());
    MINTMARK_TRY(const std::uint64_t policy, out[1].as_u64());
    terms.is_fine_tune = right == 1;
    terms.is_relative = policy == 1;
    MINTMARK_TRY(terms.is_transferable, out[2].as_bool());
    MINTMARK_TRY(terms.needs_approval, out[3].as_bool());
    MINTMARK_TRY(terms.is_reciprocal, out[4].as_bool());
    MINTMARK_TRY(terms.share_ppm, out[5].as_u64());
    MINTMARK_TRY(terms.duration, out[6].as_u64());
    MINTMARK_TRY(terms.mint_fee, out[7].as_u256());
    MINTMARK_TRY(terms.currency, out[8].as_address());
    return terms;
}

Result<chain::Receipt> offer_license(Market& market, const chain::PrivateKey& key,
                                     std::uint64_t model, const Bytes32& terms_id) {
    return market.send(key, {kToken,
                             "offer(uint256,bytes32,bool)",
                             {AbiValue(model), AbiValue(terms_id), AbiValue(true)}});
}

Result<MadeLicense> buy_license(Market& market, const chain::PrivateKey& key,
                                const LicenseOrder& order) {
    MINTMARK_TRY(const LicenseTerms terms, get_terms(market, order.terms_id));
    if (terms.currency != Address{}) {
        return fail(ErrorCode::kUnsupported, "these terms ask for a token",
                    "approve LicenseToken and call its mint with another client");
    }
    if (terms.mint_fee > order.max_fee) {
        return fail(ErrorCode::kPriceExceeded,
                    fmt::format("the fee is {}, above your limit of {}",
                                format_amount(terms.mint_fee), format_amount(order.max_fee)),
                    "raise --max-fee");
    }
    MINTMARK_TRY(const std::uint64_t now, market.now());
    const AbiValue what({AbiValue(order.model), AbiValue(order.terms_id), AbiValue(order.to),
                         AbiValue(order.max_fee), AbiValue(order.max_share_ppm),
                         AbiValue(now + kOrderSeconds)});
    MINTMARK_TRY(chain::Receipt receipt,
                 market.send(key, {kToken,
                                   "mint((uint256,bytes32,address,uint256,uint32,uint256))",
                                   {what},
                                   terms.mint_fee}));
    return made(market, std::move(receipt), terms.mint_fee);
}

Result<MadeLicense> grant_license(Market& market, const chain::PrivateKey& key,
                                  const LicenseOrder& order) {
    MINTMARK_TRY(
        chain::Receipt receipt,
        market.send(key, {kToken,
                          "grant(uint256,bytes32,address)",
                          {AbiValue(order.model), AbiValue(order.terms_id), AbiValue(order.to)}}));
    return made(market, std::move(receipt), U256());
}

Result<LicenseInfo> get_license(Market& market, std::uint64_t id) {
    const std::vector<AbiValue> argument = {AbiValue(id)};
    MINTMARK_TRY(const auto out, market.read({kToken, "getLicense(uint256)", argument},
                                             "(uint64,uint48,uint64,bytes32)"));
    LicenseInfo license;
    license.id = id;
    MINTMARK_TRY(license.model, out[0].as_u64());
    MINTMARK_TRY(license.expires, out[1].as_u64());
    MINTMARK_TRY(license.used_by, out[2].as_u64());
    MINTMARK_TRY(license.terms_id, out[3].as_bytes32());
    MINTMARK_TRY(license.terms, get_terms(market, license.terms_id));
    MINTMARK_TRY(license.owner, market.read_address({kToken, "ownerOf(uint256)", argument}));
    return license;
}

}  // namespace mintmark::market
