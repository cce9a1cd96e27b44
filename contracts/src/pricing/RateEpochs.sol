// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRateBook} from "../interfaces/IRateBook.sol";
import {UsageCost} from "../libraries/UsageCost.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {UNITS} from "../types/Unit.sol";

/// @title Rate cards in epochs
/// @notice A card is the price of record. What moves without notice is only the utilisation, between the card's own two
/// multipliers.
abstract contract RateEpochs is IRateBook {
    using UsageCost for RateCard;

    uint256 private constant PPM = 1_000_000;

    /// @notice Lowest factor at no utilisation.
    uint32 public constant MIN_MULTIPLIER_PPM = 250_000;

    /// @notice Highest factor at full utilisation.
    uint32 public constant MAX_MULTIPLIER_PPM = 4_000_000;

    /// @notice Highest discount, so that no price is discounted to zero.
    uint32 public constant MAX_DISCOUNT_PPM = 900_000;

    /// @notice Seconds for which a reported utilisation counts; after them the factor is one.
    uint256 public constant UTILISATION_TTL = 1 hours;

    struct Book {
        CardEpoch current;
        CardEpoch latest;
    }

    struct Utilisation {
        uint32 ppm;
        uint48 reportedAt;
    }

    /// @dev Somebody named by an owner; counts only while that owner owns the model.
    struct Delegate {
        address owner;
        address account;
    }

    /// @notice Seconds between the setting of a higher price and its start.
    uint64 public immutable notice;

    IModelRegistry internal immutable _registry;

    mapping(ModelId modelId => mapping(VersionId versionId => Book)) private _cards;
    mapping(ModelId modelId => Utilisation) private _utilisation;
    mapping(ModelId modelId => Delegate) private _reporter;

    constructor(IModelRegistry registry_, uint64 notice_) {
        (_registry, notice) = (registry_, notice_);
    }

    /// @inheritdoc IRateBook
    function setRates(ModelId modelId, VersionId versionId, RateCard calldata card) external {
        _checkOwner(modelId);
        if (_registry.statusOf(modelId, versionId) == IModelRegistry.Status.None) {
            revert RateBook_VersionNotFound(modelId, versionId);
        }
        _checkCard(card);
        Book storage book = _cards[modelId][versionId];
        if (_started(book.latest)) book.current = book.latest;
        bool delayed = book.current.number != 0 && _isWorse(book.current.card, card);
        CardEpoch storage next = book.latest;
        next.card = card;
        next.startsAt = uint48(block.timestamp + (delayed ? notice : 0));
        emit RatesScheduled(modelId, versionId, ++next.number, card, next.startsAt);
    }

    /// @inheritdoc IRateBook
    function reportUtilisation(ModelId modelId, uint32 ppm) external {
        address owner = _registry.modelOwner(modelId);
        if (msg.sender != owner && msg.sender != _accountOf(_reporter[modelId], owner)) {
            revert RateBook_NotReporter(modelId, msg.sender);
        }
        if (ppm > PPM) revert RateBook_UtilisationOutOfRange(ppm, PPM);
        _utilisation[modelId] = Utilisation(ppm, uint48(block.timestamp));
        emit UtilisationReported(modelId, ppm);
    }

    /// @inheritdoc IRateBook
    function setReporter(ModelId modelId, address reporter) external {
        _checkOwner(modelId);
        _reporter[modelId] = Delegate(msg.sender, reporter);
        emit ReporterChanged(modelId, reporter);
    }

    /// @inheritdoc IRateBook
    function multiplierOf(ModelId modelId, VersionId versionId) external view returns (uint256) {
        return _multiplier(modelId, currentRates(modelId, versionId).card);
    }

    /// @inheritdoc IRateBook
    function latestRates(ModelId modelId, VersionId versionId) external view returns (CardEpoch memory) {
        return _cards[modelId][versionId].latest;
    }

    /// @inheritdoc IRateBook
    function currentRates(ModelId modelId, VersionId versionId) public view returns (CardEpoch memory epoch) {
        Book storage book = _cards[modelId][versionId];
        epoch = _started(book.latest) ? book.latest : book.current;
        if (epoch.number == 0) revert RateBook_RatesNotSet(modelId, versionId);
    }

    /// @dev From the lower factor at utilisation 0 straight to one at a half, and from there straight to the higher one.
    function _multiplier(ModelId modelId, RateCard memory card) internal view returns (uint256) {
        Utilisation memory reading = _utilisation[modelId];
        if (block.timestamp > reading.reportedAt + UTILISATION_TTL) return PPM;
        if (reading.ppm <= PPM / 2) {
            return card.minMultiplierPpm + (PPM - card.minMultiplierPpm) * reading.ppm / (PPM / 2);
        }
        return PPM + (card.maxMultiplierPpm - PPM) * (reading.ppm - PPM / 2) / (PPM / 2);
    }

    function _accountOf(Delegate storage delegate, address owner) internal view returns (address) {
        return delegate.owner == owner ? delegate.account : address(0);
    }

    function _checkOwner(ModelId modelId) internal view {
        if (_registry.modelOwner(modelId) != msg.sender) revert RateBook_NotModelOwner(modelId, msg.sender);
    }

    function _started(CardEpoch storage epoch) private view returns (bool) {
        return epoch.number != 0 && epoch.startsAt <= block.timestamp;
    }

    function _checkCard(RateCard calldata card) private pure {
        if (card.freeUnits >= 1 << UNITS) revert RateBook_UnknownFreeUnit(card.freeUnits);
        bool offered = card.freeUnits != 0;
        for (uint256 i = 0; i < UNITS; ++i) {
            if (card.rates[i] == 0) continue;
            offered = true;
            if ((card.freeUnits >> i) & 1 == 1) revert RateBook_FreeUnitPriced(i);
        }
        if (!offered) revert RateBook_NothingOffered();
        if (
            card.minMultiplierPpm < MIN_MULTIPLIER_PPM || card.minMultiplierPpm > PPM
                || card.maxMultiplierPpm < PPM || card.maxMultiplierPpm > MAX_MULTIPLIER_PPM
        ) revert RateBook_MultiplierOutOfRange(card.minMultiplierPpm, card.maxMultiplierPpm);
        if (card.discountPpm > MAX_DISCOUNT_PPM || (card.discountPpm == 0) != (card.discountGate == 0)) {
            revert RateBook_DiscountOutOfRange(card.discountPpm, MAX_DISCOUNT_PPM);
        }
    }

    /// @dev Whether any use by anybody could cost more, or is no longer offered.
    function _isWorse(RateCard memory from, RateCard calldata to) private pure returns (bool) {
        for (uint256 i = 0; i < UNITS; ++i) {
            bool stillFree = (to.freeUnits >> i) & 1 == 1;
            if (to.rates[i] > from.rates[i]) {
                // A unit that was not offered before is no increase.
                if (from.isOffered(i)) return true;
            } else if (to.rates[i] == 0 && !stillFree && from.isOffered(i)) {
                return true;
            }
        }
        return to.minimum > from.minimum || to.minMultiplierPpm > from.minMultiplierPpm
            || to.maxMultiplierPpm > from.maxMultiplierPpm || to.discountPpm < from.discountPpm
            || (from.discountGate != 0 && to.discountGate != from.discountGate);
    }
}
