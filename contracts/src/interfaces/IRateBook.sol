// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";
import {Unit} from "../types/Unit.sol";

/// @title Prices in dollars: a rate per unit of use
/// @notice Rates are in pico-dollars (10^-12 dollar): $0.05 per million tokens is 50,000 per token. A bill is computed
/// with all its digits and rounded once, up, when it becomes an amount of a currency.
interface IRateBook {
    /// @notice What a version charges. A unit with a rate is sold, a unit whose bit is set in `freeUnits` is free, any
    /// other unit is not offered: using it has no price rather than the price zero.
    struct RateCard {
        uint64[12] rates; // pico-dollars per unit; durations per second
        uint64 minimum; // pico-dollars; the least that a use of any priced unit costs
        uint32 minMultiplierPpm; // at no utilisation; 250,000 to 1,000,000
        uint32 maxMultiplierPpm; // at full utilisation; 1,000,000 to 4,000,000
        uint32 discountPpm; // for those who pass `discountGate`; at most 900,000
        uint16 freeUnits; // bit i: unit i is free
        uint64 discountGate; // a gate of QuotaLedger; 0 exactly when there is no discount
    }

    /// @dev Number 0 means that no card was ever set.
    struct CardEpoch {
        RateCard card;
        uint48 startsAt;
        uint32 number;
    }

    /// @notice Which price: everybody's, or that of a holder whom the discount gate lets through.
    enum Tariff {
        Public,
        Holder
    }

    /// @notice A price that the model's owner, or whom he named, offers to one buyer off-chain.
    struct Quote {
        ModelId modelId;
        VersionId versionId;
        address buyer;
        address token;
        uint256 amount; // the token's smallest unit; not zero
        Unit unit;
        uint256 units;
        uint256 numDays;
        uint256 nonce;
        uint256 deadline;
    }

    error RateBook_NotModelOwner(ModelId modelId, address caller);
    error RateBook_NotReporter(ModelId modelId, address caller);
    error RateBook_VersionNotFound(ModelId modelId, VersionId versionId);
    error RateBook_RatesNotSet(ModelId modelId, VersionId versionId);
    error RateBook_NothingOffered();
    error RateBook_FreeUnitPriced(uint256 unit);
    error RateBook_UnknownFreeUnit(uint256 freeUnits);
    error RateBook_MultiplierOutOfRange(uint256 minPpm, uint256 maxPpm);
    error RateBook_DiscountOutOfRange(uint256 ppm, uint256 limit);
    error RateBook_UtilisationOutOfRange(uint256 ppm, uint256 limit);
    error RateBook_UnitNotOffered(Unit unit);
    error RateBook_NothingUsed();
    error RateBook_QuantityOutOfRange(uint256 quantity, uint256 limit);
    error RateBook_QuoteExpired(uint256 nowSeconds, uint256 deadline);
    error RateBook_QuoteOfZero();
    error RateBook_QuoteNotSigned(ModelId modelId);

    event RatesScheduled(
        ModelId indexed modelId, VersionId indexed versionId, uint32 epoch, RateCard card, uint48 startsAt
    );
    event UtilisationReported(ModelId indexed modelId, uint32 ppm);
    event ReporterChanged(ModelId indexed modelId, address indexed reporter);
    event QuoterChanged(ModelId indexed modelId, address indexed quoter);

    /// @notice Sets a version's card. The first one and one that is nowhere worse for a buyer hold at once, any other
    /// after the notice; either replaces a card that has not started. Only the model's owner.
    function setRates(ModelId modelId, VersionId versionId, RateCard calldata card) external;

    /// @notice Says how busy the model's nodes are. It counts for UTILISATION_TTL and moves prices only within the card's
    /// multipliers. The model's owner or his reporter.
    function reportUtilisation(ModelId modelId, uint32 ppm) external;

    /// @notice Names who reports utilisation; zero for nobody. It ends when the model changes hands.
    function setReporter(ModelId modelId, address reporter) external;

    /// @notice Names who signs quotes besides the owner; zero for nobody. It ends when the model changes hands.
    function setQuoter(ModelId modelId, address quoter) external;

    /// @notice What a use costs now: `usd / scale` dollars, exactly.
    /// @param quantities by Unit; durations in milliseconds; at most MAX_QUANTITY each, not all zero
    function usageCost(ModelId modelId, VersionId versionId, uint256[12] calldata quantities, Tariff tariff)
        external
        view
        returns (uint256 usd, uint256 scale);

    /// @notice What a use costs now in the currency's smallest unit, rounded up once.
    function quoteUsage(
        ModelId modelId,
        VersionId versionId,
        address token,
        uint256[12] calldata quantities,
        Tariff tariff
    ) external view returns (uint256 amount);

    /// @notice What a prepaid pass costs now: units of one kind and days, without the utilisation's multiplier.
    function quoteUnits(
        ModelId modelId,
        VersionId versionId,
        address token,
        Unit unit,
        uint256 units,
        uint256 numDays,
        Tariff tariff
    ) external view returns (uint256 amount);

    /// @notice What one call of the canonical version costs now, in pico-dollars rounded up. Give the most tokens that
    /// the call may produce: the real use costs no more.
    function estimateCallCost(
        ModelId modelId,
        uint256 inputTokens,
        uint256 outputTokens,
        uint256 width,
        uint256 height,
        uint256 steps
    ) external view returns (uint256 picoUsd);

    /// @notice The factor on prices that the utilisation gives now, in parts per million.
    function multiplierOf(ModelId modelId, VersionId versionId) external view returns (uint256 ppm);

    /// @notice The card that holds now; reverts when none was set.
    function currentRates(ModelId modelId, VersionId versionId) external view returns (CardEpoch memory epoch);

    /// @notice The latest card that was set; it may start in the future.
    function latestRates(ModelId modelId, VersionId versionId) external view returns (CardEpoch memory epoch);

    /// @notice Reverts unless the quote holds now and is signed by the model's owner or his quoter.
    /// @return digest the EIP-712 digest, to be used once
    function checkQuote(Quote calldata quote, bytes calldata signature) external view returns (bytes32 digest);

    /// @notice The EIP-712 digest of a quote.
    function quoteDigest(Quote calldata quote) external view returns (bytes32 digest);
}
