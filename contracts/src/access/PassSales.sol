// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IERC5192} from "../interfaces/IERC5192.sol";
import {IERC5643} from "../interfaces/IERC5643.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRateBook} from "../interfaces/IRateBook.sol";
import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {Unit} from "../types/Unit.sol";
import {PassBase} from "./PassBase.sol";

/// @title Sale and renewal of passes
abstract contract PassSales is PassBase, IERC5643, IERC5192 {
    using SafeCast for uint256;

    /// @notice Most units in one pass.
    uint256 public constant MAX_UNITS = 1 << 46;

    /// @notice Most days in one pass, or in one renewal.
    uint256 public constant MAX_DAYS = 3650;

    /// @dev What is stored of a sale.
    struct Sale {
        ModelId modelId;
        VersionId versionId;
        Unit unit;
        bool inDollars;
        uint256 units;
        uint256 numDays;
        address token;
        uint256 price;
        address to;
    }

    mapping(bytes32 digest => bool) private _quoteUsed;

    /// @inheritdoc IAccessPass
    function buy(Order calldata order) external payable nonReentrant whenNotPaused returns (PassId passId) {
        _checkOrder(order.modelId, order.versionId, order.deadline, order.to);
        uint256 price = _priceBook.quotePass(order.modelId, order.versionId, order.calls, order.numDays);
        if (price > order.maxPrice) revert AccessPass_PriceAboveMax(price, order.maxPrice);
        passId = _sell(
            Sale(
                order.modelId,
                order.versionId,
                Unit.Call,
                false,
                order.calls,
                order.numDays,
                address(0),
                price,
                order.to
            )
        );
    }

    /// @inheritdoc IAccessPass
    function buyUnits(UnitOrder calldata order)
        external
        payable
        nonReentrant
        whenNotPaused
        returns (PassId passId)
    {
        _checkOrder(order.modelId, order.versionId, order.deadline, order.to);
        _checkUnits(order.unit, order.units, order.numDays);
        uint256 price = _priceBook.quoteUnits(
            order.modelId, order.versionId, order.token, order.unit, order.units, order.numDays, order.tariff
        );
        if (price > order.maxPrice) revert AccessPass_PriceAboveMax(price, order.maxPrice);
        if (order.tariff == IRateBook.Tariff.Holder) {
            uint64 gateId = _priceBook.currentRates(order.modelId, order.versionId).card.discountGate;
            _quotaLedger.consume(gateId, order.modelId, msg.sender, order.gateKey, 1);
        }
        passId = _sell(
            Sale(
                order.modelId,
                order.versionId,
                order.unit,
                true,
                order.units,
                order.numDays,
                order.token,
                price,
                order.to
            )
        );
        emit PassPaidIn(passId, order.token, order.unit, 0);
    }

    /// @inheritdoc IAccessPass
    function buyQuoted(IRateBook.Quote calldata quote, bytes calldata signature, address to)
        external
        payable
        nonReentrant
        whenNotPaused
        returns (PassId passId)
    {
        _checkOrder(quote.modelId, quote.versionId, quote.deadline, to);
        _checkUnits(quote.unit, quote.units, quote.numDays);
        if (msg.sender != quote.buyer) revert AccessPass_NotQuotedBuyer(msg.sender, quote.buyer);
        bytes32 digest = _priceBook.checkQuote(quote, signature);
        if (_quoteUsed[digest]) revert AccessPass_QuoteUsed(digest);
        _quoteUsed[digest] = true;
        passId = _sell(
            Sale(
                quote.modelId,
                quote.versionId,
                quote.unit,
                true,
                quote.units,
                quote.numDays,
                quote.token,
                quote.amount,
                to
            )
        );
        emit PassPaidIn(passId, quote.token, quote.unit, digest);
    }

    /// @notice Adds days to a pass that has not ended, at today's price per day, rounded up to whole days, in the pass's
    /// currency. The price joins the escrow. Of native currency `msg.value` is the most that the caller pays; a surplus goes
    /// back to him. Only the owner or his operator: anybody else could put off the end of a pass, and with it the refund.
    function renewSubscription(uint256 tokenId, uint64 duration) external payable nonReentrant whenNotPaused {
        PassId passId = PassId.wrap(tokenId);
        _checkHolder(passId);
        Pass storage pass = _pass[tokenId];
        if (!isRenewable(tokenId)) revert AccessPass_NotRenewable(passId, pass.expires);
        uint256 numDays = Math.ceilDiv(duration, 1 days);
        uint256 price = _priceOfDays(pass, numDays);
        pass.expires = (pass.expires + numDays * 1 days).toUint64();
        pass.escrow = (pass.escrow + price).toUint128();
        emit PassRenewed(passId, pass.expires, price);
        emit SubscriptionUpdate(tokenId, pass.expires);
        _collect(pass.token, price);
    }

    /// @inheritdoc IERC5643
    /// @dev Not ended, calls left, version still for sale.
    function isRenewable(uint256 tokenId) public view returns (bool) {
        Pass storage pass = _pass[tokenId];
        return block.timestamp <= pass.expires && pass.callsLeft != 0
            && _statusOf(pass) == IModelRegistry.Status.Active;
    }

    function _sell(Sale memory sale) private returns (PassId passId) {
        passId = PassId.wrap(++totalPasses);
        _store(passId, sale);
        _safeMint(sale.to, PassId.unwrap(passId));
        _collect(sale.token, sale.price);
    }

    function _store(PassId passId, Sale memory sale) private {
        Terms memory terms = _terms[sale.modelId];
        uint64 expires = (block.timestamp + sale.numDays * 1 days).toUint64();
        Pass storage pass = _pass[PassId.unwrap(passId)];
        (pass.escrow, pass.callsLeft, pass.expires) = (sale.price.toUint128(), sale.units.toUint64(), expires);
        (pass.modelId, pass.versionId, pass.terms, pass.unit, pass.inDollars) =
        (
            ModelId.unwrap(sale.modelId).toUint64(),
            VersionId.unwrap(sale.versionId).toUint32(),
            terms,
            sale.unit,
            sale.inDollars
        );
        if (sale.token != address(0)) pass.token = sale.token;
        emit PassBought(
            passId, sale.modelId, sale.versionId, msg.sender, sale.to, sale.units, expires, sale.price
        );
        if (terms.transferable) emit Unlocked(PassId.unwrap(passId));
        else emit Locked(PassId.unwrap(passId));
    }

    function _priceOfDays(Pass storage pass, uint256 numDays) private view returns (uint256) {
        (ModelId modelId, VersionId versionId) = (ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId));
        if (!pass.inDollars) return _priceBook.quoteDays(modelId, versionId, numDays);
        if (numDays == 0 || numDays > MAX_DAYS) revert AccessPass_DaysOutOfRange(numDays, MAX_DAYS);
        return
            _priceBook.quoteUnits(
                modelId, versionId, pass.token, Unit.Day, 0, numDays, IRateBook.Tariff.Public
            );
    }

    function _checkOrder(ModelId modelId, VersionId versionId, uint256 deadline, address to) private view {
        if (block.timestamp > deadline) revert AccessPass_DeadlinePassed(block.timestamp, deadline);
        if (to == address(0)) revert AccessPass_ZeroAddress();
        if (settler == address(0)) revert AccessPass_SettlerNotFixed();
        if (_registry.statusOf(modelId, versionId) != IModelRegistry.Status.Active) {
            revert AccessPass_VersionNotForSale(modelId, versionId);
        }
    }

    function _checkUnits(Unit unit, uint256 units, uint256 numDays) private pure {
        if (unit == Unit.Day || units == 0 || units > MAX_UNITS) {
            revert AccessPass_UnitsOutOfRange(unit, units, MAX_UNITS);
        }
        if (numDays == 0 || numDays > MAX_DAYS) revert AccessPass_DaysOutOfRange(numDays, MAX_DAYS);
    }
}
