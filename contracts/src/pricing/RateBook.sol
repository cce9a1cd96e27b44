// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRateBook} from "../interfaces/IRateBook.sol";
import {HolderSignature} from "../libraries/HolderSignature.sol";
import {QuoteHash} from "../libraries/QuoteHash.sol";
import {UsageCost} from "../libraries/UsageCost.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {UNITS, Unit} from "../types/Unit.sol";
import {RateEpochs} from "./RateEpochs.sol";

/// @title RateBook
/// @notice Bills, estimates and signed quotes over the cards of RateEpochs.
abstract contract RateBook is RateEpochs, EIP712 {
    using UsageCost for RateCard;

    uint256 private constant PPM = 1_000_000;

    /// @notice Largest side of an image, and the most steps, of an estimate.
    uint256 public constant MAX_SIDE = 65_536;

    ICurrencies private immutable _currencies;

    mapping(ModelId modelId => Delegate) private _quoter;

    constructor(ICurrencies currencies_) EIP712("Mintmark Prices", "1") {
        _currencies = currencies_;
    }

    /// @inheritdoc IRateBook
    function setQuoter(ModelId modelId, address quoter) external {
        _checkOwner(modelId);
        _quoter[modelId] = Delegate(msg.sender, quoter);
        emit QuoterChanged(modelId, quoter);
    }

    /// @inheritdoc IRateBook
    function quoteUsage(
        ModelId modelId,
        VersionId versionId,
        address token,
        uint256[12] calldata quantities,
        Tariff tariff
    ) external view returns (uint256) {
        (uint256 usd, uint256 scale) = usageCost(modelId, versionId, quantities, tariff);
        return _currencies.fromUsd(token, usd, scale);
    }

    /// @inheritdoc IRateBook
    function quoteUnits(
        ModelId modelId,
        VersionId versionId,
        address token,
        Unit unit,
        uint256 units,
        uint256 numDays,
        Tariff tariff
    ) external view returns (uint256) {
        uint256[12] memory quantities;
        quantities[uint256(Unit.Day)] = numDays;
        // A pass of days alone names Day as its unit.
        quantities[uint256(unit)] += UsageCost.isDuration(uint256(unit)) ? units * UsageCost.MILLI : units;
        RateCard memory card = currentRates(modelId, versionId).card;
        uint256 usd = card.bill(quantities, PPM, _discount(card, tariff));
        return _currencies.fromUsd(token, usd, UsageCost.SCALE);
    }

    /// @inheritdoc IRateBook
    /// @dev Counts the call, the image and its pixel-steps when the card offers them; tokens must be offered if used.
    function estimateCallCost(
        ModelId modelId,
        uint256 inputTokens,
        uint256 outputTokens,
        uint256 width,
        uint256 height,
        uint256 steps
    ) external view returns (uint256) {
        if (width > MAX_SIDE || height > MAX_SIDE || steps > MAX_SIDE) {
            revert RateBook_QuantityOutOfRange(Math.max(Math.max(width, height), steps), MAX_SIDE);
        }
        VersionId versionId = _registry.canonicalVersion(modelId);
        RateCard memory card = currentRates(modelId, versionId).card;
        uint256[12] memory quantities;
        if (card.isOffered(uint256(Unit.Call))) quantities[uint256(Unit.Call)] = 1;
        quantities[uint256(Unit.InputToken)] = inputTokens;
        quantities[uint256(Unit.OutputToken)] = outputTokens;
        if (width * height != 0) {
            bool perImage = card.isOffered(uint256(Unit.Image));
            if (perImage) quantities[uint256(Unit.Image)] = 1;
            // An image costs something by the piece, by the step, or by both.
            if (!perImage || card.isOffered(uint256(Unit.PixelStep))) {
                quantities[uint256(Unit.PixelStep)] = width * height * Math.max(steps, 1);
            }
        }
        uint256 usd = card.bill(quantities, _multiplier(modelId, card), 0);
        return Math.ceilDiv(usd, UsageCost.SCALE / 1e12);
    }

    /// @inheritdoc IRateBook
    function checkQuote(Quote calldata quote, bytes calldata signature)
        external
        view
        returns (bytes32 digest)
    {
        if (block.timestamp > quote.deadline) {
            revert RateBook_QuoteExpired(block.timestamp, quote.deadline);
        }
        if (quote.amount == 0) revert RateBook_QuoteOfZero();
        digest = quoteDigest(quote);
        address owner = _registry.modelOwner(quote.modelId);
        address quoter = _accountOf(_quoter[quote.modelId], owner);
        if (owner == address(0) || !HolderSignature.isBy(owner, quoter, digest, signature)) {
            revert RateBook_QuoteNotSigned(quote.modelId);
        }
    }

    /// @inheritdoc IRateBook
    function usageCost(ModelId modelId, VersionId versionId, uint256[12] calldata quantities, Tariff tariff)
        public
        view
        returns (uint256 usd, uint256 scale)
    {
        RateCard memory card = currentRates(modelId, versionId).card;
        usd = card.bill(quantities, _multiplier(modelId, card), _discount(card, tariff));
        return (usd, UsageCost.SCALE);
    }

    /// @inheritdoc IRateBook
    function quoteDigest(Quote calldata quote) public view returns (bytes32) {
        return _hashTypedDataV4(QuoteHash.structHash(quote));
    }

    function _discount(RateCard memory card, Tariff tariff) private pure returns (uint256) {
        return tariff == Tariff.Holder ? card.discountPpm : 0;
    }
}
