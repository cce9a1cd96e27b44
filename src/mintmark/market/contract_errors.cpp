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
    "AccessPass_UnitsOutOfRange(uint8 unit,uint256 units,uint256 limit)",
    "AccessPass_DaysOutOfRange(uint256 numDays,uint256 limit)",
    "AccessPass_TokenNotAccepted(address token)",
    "AccessPass_ReceivedOther(uint256 received,uint256 amount)",
    "AccessPass_NotQuotedBuyer(address caller,address buyer)",
    "AccessPass_QuoteUsed(bytes32 digest)",
    "AccessPass_NotOfCalls(uint256 passId,uint8 unit)",
    "AccessPass_VersionNotServed(uint256 modelId,uint256 versionId)",
    "AccessPass_NothingNew(uint256 passId,uint256 cumulative,uint256 metered)",
    "AccessPass_NotSignedByHolder(uint256 passId)",
    "AccessPass_VersionStillSold(uint256 modelId,uint256 versionId)",
    "RateBook_NotModelOwner(uint256 modelId,address caller)",
    "RateBook_NotReporter(uint256 modelId,address caller)",
    "RateBook_VersionNotFound(uint256 modelId,uint256 versionId)",
    "RateBook_RatesNotSet(uint256 modelId,uint256 versionId)",
    "RateBook_NothingOffered()",
    "RateBook_FreeUnitPriced(uint256 unit)",
    "RateBook_UnknownFreeUnit(uint256 freeUnits)",
    "RateBook_MultiplierOutOfRange(uint256 minPpm,uint256 maxPpm)",
    "RateBook_DiscountOutOfRange(uint256 ppm,uint256 limit)",
    "RateBook_UtilisationOutOfRange(uint256 ppm,uint256 limit)",
    "RateBook_UnitNotOffered(uint8 unit)",
    "RateBook_NothingUsed()",
    "RateBook_QuantityOutOfRange(uint256 quantity,uint256 limit)",
    "RateBook_QuoteExpired(uint256 nowSeconds,uint256 deadline)",
    "RateBook_QuoteOfZero()",
    "RateBook_QuoteNotSigned(uint256 modelId)",
    "Currencies_NotListed(address token)",
    "Currencies_Suspended(address token)",
    "Currencies_DecimalsMismatch(address token,uint256 actual,uint256 claimed)",
    "Currencies_DecimalsAboveLimit(uint256 decimals,uint256 limit)",
    "Currencies_DecimalsFixed(address token,uint256 decimals)",
    "Currencies_FeedDecimalsChanged(address feed,uint256 actual,uint256 pinned)",
    "Currencies_HeartbeatOutOfRange(uint256 heartbeat,uint256 limit)",
    "Currencies_BoundsOutOfOrder(uint256 minAnswer,uint256 maxAnswer)",
    "Currencies_AnswerOutOfBounds(address feed,int256 answer)",
    "Currencies_AnswerStale(address feed,uint256 updatedAt,uint256 heartbeat)",
    "Currencies_SequencerDown(address feed)",
    "Currencies_SequencerGrace(uint256 upSince,uint256 grace)",
    "Currencies_ZeroScale()",
    "PaymentChannels_ZeroAddress()",
    "PaymentChannels_ZeroAmount()",
    "PaymentChannels_TokenNotAccepted(address token)",
    "PaymentChannels_ValueMismatch(uint256 value,uint256 amount)",
    "PaymentChannels_ReceivedOther(uint256 received,uint256 amount)",
    "PaymentChannels_AmountAboveLimit(uint256 amount,uint256 limit)",
    "PaymentChannels_ThawPeriodOutOfRange(uint256 period,uint256 limit)",
    "PaymentChannels_NothingThawed(bytes32 channelId)",
    "PaymentChannels_StillThawing(bytes32 channelId,uint256 thawEnds)",
    "PaymentChannels_SessionOutOfRange(uint256 cap,uint256 expires)",
    "PaymentChannels_SessionWouldShrink(address signer)",
    "PaymentChannels_SessionNotLive(address signer)",
    "PaymentChannels_BatchSizeOutOfRange(uint256 size,uint256 limit)",
    "PaymentChannels_VersionNotServed(uint256 modelId,uint256 versionId)",
    "PaymentChannels_DeadlinePassed(uint256 nowSeconds,uint256 deadline)",
    "PaymentChannels_CloseNotSigned(address provider)",
    "GateBook_NotModelOwner(uint256 modelId,address caller)",
    "GateBook_GateNotFound(uint256 gateId)",
    "GateBook_TargetRefused(address target)",
    "GateBook_PeriodOutOfRange(uint256 period,uint256 minimum,uint256 maximum)",
    "GateBook_QuotaOutOfRange(uint256 quota,uint256 maxMultiple)",
    "GateBook_ThresholdOutOfRange(uint256 threshold)",
    "GateBook_Retired(uint256 gateId)",
    "QuotaLedger_BatchSizeOutOfRange(uint256 size,uint256 limit)",
    "QuotaLedger_ConsumerFixed(address consumer)",
    "QuotaLedger_ConsumerWithoutCode(address consumer)",
    "QuotaLedger_NotConsumer(address caller)",
    "QuotaLedger_OtherModel(uint256 gateId,uint256 modelId)",
    "QuotaLedger_QuotaExceeded(uint256 gateId,uint256 key,uint256 left)",
    "StakeVault_NotStakeGate(uint256 gateId)",
    "StakeVault_ZeroAmount()",
    "StakeVault_ZeroAddress()",
    "StakeVault_ReceivedOther(uint256 received,uint256 amount)",
    "StakeVault_AmountAboveLimit(uint256 amount,uint256 limit)",
    "StakeVault_Locked(uint256 gateId,uint256 lockedUntil)",
    "StakeVault_NotLedger(address caller)",
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
    Meaning{"RateBook_RatesNotSet", ErrorCode::kNotFound, "the version has no prices in dollars",
            "its owner sets them with `mintmark price set`"},
    Meaning{"RateBook_UnitNotOffered", ErrorCode::kRejected, "the model does not offer this unit",
            "look at its rates with `mintmark price show`"},
    Meaning{"Currencies_NotListed", ErrorCode::kRejected, "nothing is sold in this currency", ""},
    Meaning{"Currencies_AnswerStale", ErrorCode::kRejected, "the currency's price feed is stale",
            "try again later, or pay in another currency"},
    Meaning{"PaymentChannels_StillThawing", ErrorCode::kRejected, "the money still thaws",
            "see when it ends with `mintmark channel show`"},
    Meaning{"PaymentChannels_NothingThawed", ErrorCode::kNotFound, "nothing has thawed",
            "start with `mintmark channel thaw`"},
    Meaning{"PaymentChannels_TokenNotAccepted", ErrorCode::kRejected,
            "the token is not accepted here", ""},
    Meaning{"PaymentChannels_CloseNotSigned", ErrorCode::kRejected,
            "the consent is not the provider's, or the channel has changed since", ""},
    Meaning{"GateBook_GateNotFound", ErrorCode::kNotFound, "there is no such gate", ""},
    Meaning{"GateBook_TargetRefused", ErrorCode::kRejected,
            "the target is no contract of that kind", ""},
    Meaning{"StakeVault_Locked", ErrorCode::kRejected, "the stake is locked",
            "it is free one period after it was made, or after the epoch of its last use"},
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
