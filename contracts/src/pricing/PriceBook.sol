// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPriceBook} from "../interfaces/IPriceBook.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {PICO, PicoAmount} from "../types/PicoAmount.sol";
import {RateBook} from "./RateBook.sol";
import {RateEpochs} from "./RateEpochs.sol";

/// @title PriceBook
/// @notice Nobody but a model's owner has a say here, and the owner's own increases wait for the notice. Prices of passes
/// in native currency stand here; prices in dollars per unit of use in RateBook.
contract PriceBook is IPriceBook, RateBook {
    /// @notice Most calls in one pass.
    uint256 public constant MAX_CALLS = 1_000_000_000;

    /// @notice Most days in one pass, or in one renewal.
    uint256 public constant MAX_DAYS = 3650;

    /// @notice Highest price of one call or one day: 10^24 wei.
    PicoAmount public constant MAX_PRICE = PicoAmount.wrap(1e36);

    /// @notice Longest notice that a price book can be deployed with.
    uint64 public constant MAX_NOTICE = 30 days;

    struct NativeBook {
        Epoch current;
        Epoch latest;
    }

    mapping(ModelId modelId => mapping(VersionId versionId => NativeBook)) private _book;

    /// @param registry_ the ModelRegistry
    /// @param currencies_ the Currencies
    /// @param notice_ seconds, 1 to MAX_NOTICE
    constructor(IModelRegistry registry_, ICurrencies currencies_, uint64 notice_)
        RateEpochs(registry_, notice_)
        RateBook(currencies_)
    {
        if (notice_ == 0 || notice_ > MAX_NOTICE) revert PriceBook_NoticeOutOfRange(notice_, MAX_NOTICE);
    }

    /// @inheritdoc IPriceBook
    function setPrice(ModelId modelId, VersionId versionId, Price calldata price) external {
        if (_registry.modelOwner(modelId) != msg.sender) revert PriceBook_NotModelOwner(modelId, msg.sender);
        if (_registry.statusOf(modelId, versionId) == IModelRegistry.Status.None) {
            revert PriceBook_VersionNotFound(modelId, versionId);
        }
        _checkPrice(price);

        NativeBook storage book = _book[modelId][versionId];
        Epoch memory current = _started(book.latest) ? book.latest : book.current;
        bool delayed = current.number != 0 && _increases(current.price, price);
        Epoch memory next = Epoch({
            price: price,
            startsAt: uint64(block.timestamp) + (delayed ? notice : 0),
            number: book.latest.number + 1
        });
        (book.current, book.latest) = (current, next);
        emit PriceScheduled(modelId, versionId, next.number, price, next.startsAt);
    }

    /// @inheritdoc IPriceBook
    function quotePass(ModelId modelId, VersionId versionId, uint256 calls, uint256 numDays)
        external
        view
        returns (uint256)
    {
        if (calls == 0 || calls > MAX_CALLS) revert PriceBook_CallsOutOfRange(calls, MAX_CALLS);
        _checkDays(numDays);
        Price memory price = currentPrice(modelId, versionId).price;
        return
            _roundUpToWei(
                PicoAmount.unwrap(price.perCall) * calls + PicoAmount.unwrap(price.perDay) * numDays
            );
    }

    /// @inheritdoc IPriceBook
    function quoteDays(ModelId modelId, VersionId versionId, uint256 numDays)
        external
        view
        returns (uint256)
    {
        _checkDays(numDays);
        return _roundUpToWei(PicoAmount.unwrap(currentPrice(modelId, versionId).price.perDay) * numDays);
    }

    /// @inheritdoc IPriceBook
    function latestPrice(ModelId modelId, VersionId versionId) external view returns (Epoch memory) {
        return _book[modelId][versionId].latest;
    }

    /// @inheritdoc IPriceBook
    function currentPrice(ModelId modelId, VersionId versionId) public view returns (Epoch memory epoch) {
        NativeBook storage book = _book[modelId][versionId];
        epoch = _started(book.latest) ? book.latest : book.current;
        if (epoch.number == 0) revert PriceBook_PriceNotSet(modelId, versionId);
    }

    function _started(Epoch storage epoch) private view returns (bool) {
        return epoch.number != 0 && epoch.startsAt <= block.timestamp;
    }

    function _checkPrice(Price calldata price) private pure {
        (uint256 perCall, uint256 perDay) =
            (PicoAmount.unwrap(price.perCall), PicoAmount.unwrap(price.perDay));
        if (price.free != (perCall == 0 && perDay == 0)) {
            revert PriceBook_FreeFlagMismatch(price.perCall, price.perDay, price.free);
        }
        if (perCall > PicoAmount.unwrap(MAX_PRICE)) {
            revert PriceBook_PriceAboveLimit(price.perCall, MAX_PRICE);
        }
        if (perDay > PicoAmount.unwrap(MAX_PRICE)) revert PriceBook_PriceAboveLimit(price.perDay, MAX_PRICE);
    }

    function _checkDays(uint256 numDays) private pure {
        if (numDays == 0 || numDays > MAX_DAYS) revert PriceBook_DaysOutOfRange(numDays, MAX_DAYS);
    }

    function _increases(Price memory from, Price calldata to) private pure returns (bool) {
        return PicoAmount.unwrap(to.perCall) > PicoAmount.unwrap(from.perCall)
            || PicoAmount.unwrap(to.perDay) > PicoAmount.unwrap(from.perDay);
    }

    function _roundUpToWei(uint256 pico) private pure returns (uint256) {
        return Math.ceilDiv(pico, PICO);
    }
}
