#include "mintmark/market/contract_errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "mintmark/base/assert.hpp"

namespace mintmark::market {
namespace {

// clang-format off
constexpr std::array kErrors = {
    "AccessPass_DeadlinePassed(uint256 nowSeconds,uint256 deadline)",
    "AccessPass_ZeroAddress()",
    "AccessPass_VersionNotForSale(uint256 modelId,uint256 versionId)",
    "AccessPass_PriceAboveMax(uint256 price,uint256 maxPrice)",
    "AccessPass_Underpaid(uint256 paid,uint256 price)",
    "AccessPass_NotModelOwner(uint256 modelId,address caller)",
    "AccessPass_ResalePpmAboveLimit(uint256 ppm,uint256 limit)",
    "AccessPass_NotTransferable(uint256 passId)",
    "AccessPass_NotAuthorised(uint256 passId,address caller)",
    "AccessPass_NotSettler(address caller)",
    "AccessPass_SettlerFixed(address settler)",
    "AccessPass_SettlerNotFixed()",
    "AccessPass_SettlerWithoutCode(address settler)",
    "AccessPass_Expired(uint256 passId,uint256 expires)",
    "AccessPass_NotEnoughCalls(uint256 units,uint256 callsLeft)",
    "AccessPass_NotRefundable(uint256 passId,uint256 expires)",
    "AccessPass_NotRenewable(uint256 passId,uint256 expires)",
    "AccessPass_NothingToRefund(uint256 passId)",
    "AccessPass_UnexpectedValue(uint256 value)",
    "InvalidProof()",
    "ModelMismatch()",
    "InputCommitmentMismatch()",
    "OutputMismatch()",
    "UnsupportedProofSystem(bytes4 proofSystemId)",
    "VerificationRefused_ModelDeprecated(uint256 modelId)",
    "ModelRegistry_ModelNotFound(uint256 modelId)",
    "ModelRegistry_VersionNotFound(uint256 modelId,uint256 versionId)",
    "ModelRegistry_NotOwner(uint256 modelId,address caller)",
    "ModelRegistry_NotCurator(uint256 modelId,address caller)",
    "ModelRegistry_LengthOutOfRange(uint256 length,uint256 limit)",
    "ModelRegistry_ZeroHash(uint256 field)",
    "ModelRegistry_ZeroAddress()",
    "ModelRegistry_ZeroParameterCount()",
    "ModelRegistry_SchemeNotAllowed(string uri)",
    "ModelRegistry_CommitmentMissing(bytes32 commitment)",
    "ModelRegistry_CommitmentTooYoung(uint256 age,uint256 minimum)",
    "ModelRegistry_CommitmentTooOld(uint256 age,uint256 maximum)",
    "ModelRegistry_KeyNotStopped(address verifyingKey)",
    "ModelRegistry_KeyHashMismatch(bytes32 actual,bytes32 claimed)",
    "ModelRegistry_KeyWithoutInput(address verifyingKey)",
    "ModelRegistry_VerifierWithoutCode(address verifier)",
    "ModelRegistry_StatusChangeRefused(uint8 from,uint8 to)",
    "ModelRegistry_NotCanonicalisable(uint256 versionId,uint8 status)",
    "PriceBook_PriceNotSet(uint256 modelId,uint256 versionId)",
    "PriceBook_VersionNotFound(uint256 modelId,uint256 versionId)",
    "PriceBook_NotModelOwner(uint256 modelId,address caller)",
    "PriceBook_FreeFlagMismatch(uint128 perCall,uint128 perDay,bool free)",
    "PriceBook_PriceAboveLimit(uint128 price,uint128 limit)",
    "PriceBook_CallsOutOfRange(uint256 calls,uint256 limit)",
    "PriceBook_DaysOutOfRange(uint256 numDays,uint256 limit)",
    "PriceBook_NoticeOutOfRange(uint256 notice,uint256 limit)",
    "RevenueRouter_ModelNotFound(uint256 modelId)",
    "RevenueRouter_PayoutNotConfirmed(uint256 modelId)",
    "RevenueRouter_PlatformPpmAboveLimit(uint256 ppm,uint256 limit)",
    "RevenueRouter_ZeroAddress()",
    "ERC721NonexistentToken(uint256 tokenId)",
    "ERC721InsufficientApproval(address operator,uint256 tokenId)",
    "EnforcedPause()",
    "AccessManagedUnauthorized(address caller)",
    "VerifierRouter_SystemKnown(bytes4 system)",
    "VerifierRouter_SystemUnknown(bytes4 system)",
    "VerifierRouter_SystemDisabled(bytes4 system)",
    "VerifierRouter_VerifierWithoutCode(address verifier)",
    "VerifierRouter_VerifierMismatch(address actual,address expected)",
    "VerifierRouter_CodehashMismatch(bytes32 actual,bytes32 expected)",
    "VerifierRouter_ZeroGasLimit()",
    "VerifierRouter_VersionNotServed(uint256 modelId,uint256 versionId,uint8 status)",
    "VerifierRouter_PayoutNotConfirmed(uint256 modelId)",
    "VerifierRouter_RequestExpired(uint256 nowSeconds,uint256 deadline)",
    "VerifierRouter_RequestSettled(bytes32 nullifier)",
    "VerifierRouter_PassMismatch(uint256 passId,uint256 modelId,uint256 versionId)",
    "VerifierRouter_NotSignedByHolder(uint256 passId)",
    "VerifierRouter_TooFewInstances(uint256 words,uint256 minimum)",
    "VerifierRouter_InputMismatch(bytes32 actual,bytes32 expected)",
    "VerifierRouter_ProofRejected()",
};
// clang-format on

chain::AbiError parse_error(std::string_view text) {
    const std::size_t open = text.find('(');
    chain::AbiError out;
    out.name = text.substr(0, open);
    std::string_view rest = text.substr(open + 1, text.size() - open - 2);
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view item = rest.substr(0, comma);
        const std::size_t space = item.find(' ');
        auto type = chain::AbiType::parse(item.substr(0, space));
        MINTMARK_ASSERT(type.has_value());
        out.inputs.push_back({std::string(item.substr(space + 1)), *std::move(type), false});
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return out;
}

struct Meaning {
    std::string_view name;
    ErrorCode code;
    std::string_view message;
    std::string_view hint;
};

constexpr std::array kMeanings = {
    Meaning{"AccessPass_Expired", ErrorCode::kExpired, "the pass has expired",
            "buy another one with `mintmark pass buy`"},
    Meaning{"AccessPass_DeadlinePassed", ErrorCode::kExpired, "the order's deadline has passed",
            "try again"},
    Meaning{"AccessPass_PriceAboveMax", ErrorCode::kPriceExceeded,
            "the price is above what you allow", "raise --max-price, or buy less"},
    Meaning{"AccessPass_NotEnoughCalls", ErrorCode::kOutOfRange, "the pass has no calls left",
            "buy another one with `mintmark pass buy`"},
    Meaning{"AccessPass_VersionNotForSale", ErrorCode::kRejected,
            "this version of the model is not for sale",
            "look at its status with `mintmark model show`"},
    Meaning{"AccessPass_NotRefundable", ErrorCode::kRejected,
            "nothing to refund yet: the pass runs and its version is not revoked",
            "wait until the pass has expired"},
    Meaning{"AccessPass_NothingToRefund", ErrorCode::kNotFound,
            "nothing is left in the pass's escrow", ""},
    Meaning{"AccessPass_NotAuthorised", ErrorCode::kRejected, "the pass is somebody else's",
            "choose its owner with --wallet"},
    Meaning{"ERC721NonexistentToken", ErrorCode::kNotFound, "there is no such token",
            "look with `mintmark pass list` or `mintmark model list`"},
    Meaning{"VerifierRouter_RequestSettled", ErrorCode::kAlreadyExists,
            "this request has settled already; another proof of it settles nothing", ""},
    Meaning{"VerifierRouter_RequestExpired", ErrorCode::kExpired,
            "the request's deadline has passed", "the buyer has to sign a new request"},
    Meaning{"VerifierRouter_ProofRejected", ErrorCode::kRejected, "the contract rejects the proof",
            "prove again with `mintmark infer prove`: the payout address may have changed"},
    Meaning{"VerifierRouter_NotSignedByHolder", ErrorCode::kRejected,
            "the request is not signed by the pass's holder", ""},
    Meaning{"VerifierRouter_InputMismatch", ErrorCode::kRejected,
            "the proof is of another input than the one that was signed", ""},
    Meaning{"VerifierRouter_PassMismatch", ErrorCode::kRejected,
            "the pass is for another model or version", ""},
    Meaning{"VerifierRouter_VersionNotServed", ErrorCode::kRejected,
            "this version of the model is not served any more", ""},
    Meaning{"ModelRegistry_ModelNotFound", ErrorCode::kNotFound, "there is no such model",
            "look with `mintmark model list`"},
    Meaning{"ModelRegistry_VersionNotFound", ErrorCode::kNotFound, "there is no such version",
            "look with `mintmark model list`"},
    Meaning{"ModelRegistry_NotOwner", ErrorCode::kRejected, "the model is somebody else's",
            "choose its owner with --wallet"},
    Meaning{"PriceBook_PriceNotSet", ErrorCode::kNotFound, "the version has no price", ""},
    Meaning{"RevenueRouter_PayoutNotConfirmed", ErrorCode::kRejected,
            "the model has changed hands and its new owner has confirmed no payout address", ""},
};

}  // namespace

const std::vector<chain::AbiError>& contract_errors() {
    static const std::vector<chain::AbiError> kParsed = [] {
        std::vector<chain::AbiError> out;
        for (const std::string_view text : kErrors) out.push_back(parse_error(text));
        return out;
    }();
    return kParsed;
}

Error explain(Error error) {
    if (error.code != ErrorCode::kChain) return error;
    for (const Meaning& meaning : kMeanings) {
        if (!error.message.contains(std::string(meaning.name) + "(")) continue;
        const std::size_t at = error.message.find(meaning.name);
        return {meaning.code, std::string(meaning.message) + ": " + error.message.substr(at),
                std::string(meaning.hint)};
    }
    return error;
}

}  // namespace mintmark::market
