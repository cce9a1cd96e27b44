// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";
import {PicoAmount} from "../types/PicoAmount.sol";
import {IRateBook} from "./IRateBook.sol";

/// @title Prices
/// @notice Of passes in native currency: per call and per day, in pico-wei; one price per version, set by the model's
/// owner. Of everything else in dollars: IRateBook.
interface IPriceBook is IRateBook {
    /// @dev `free` must be said: a price of zero without it is refused, and so is a price with it.
    struct Price {
        PicoAmount perCall;
        PicoAmount perDay;
        bool free;
    }

    /// @dev An epoch is one price from one time on. Epoch 0 means that no price was ever set.
    struct Epoch {
        Price price;
        uint64 startsAt;
        uint32 number;
    }

    error PriceBook_PriceNotSet(ModelId modelId, VersionId versionId);
    error PriceBook_VersionNotFound(ModelId modelId, VersionId versionId);
    error PriceBook_NotModelOwner(ModelId modelId, address caller);
    error PriceBook_FreeFlagMismatch(PicoAmount perCall, PicoAmount perDay, bool free);
    error PriceBook_PriceAboveLimit(PicoAmount price, PicoAmount limit);
    error PriceBook_CallsOutOfRange(uint256 calls, uint256 limit);
    error PriceBook_DaysOutOfRange(uint256 numDays, uint256 limit);
    error PriceBook_NoticeOutOfRange(uint256 notice, uint256 limit);

    event PriceScheduled(
        ModelId indexed modelId, VersionId indexed versionId, uint32 epoch, Price price, uint64 startsAt
    );

    /// @notice Sets the price of a version. A first price or one that is nowhere higher holds at once, any other after
    /// the notice; either replaces a scheduled price that has not started.
    function setPrice(ModelId modelId, VersionId versionId, Price calldata price) external;

    /// @notice The price of a pass in wei, rounded up once.
    /// @param calls 1 to MAX_CALLS
    /// @param numDays 1 to MAX_DAYS
    function quotePass(ModelId modelId, VersionId versionId, uint256 calls, uint256 numDays)
        external
        view
        returns (uint256 priceWei);

    /// @notice The price of further days of a pass in wei, rounded up once.
    function quoteDays(ModelId modelId, VersionId versionId, uint256 numDays)
        external
        view
        returns (uint256 priceWei);

    /// @notice The price that holds now; reverts when none was set.
    function currentPrice(ModelId modelId, VersionId versionId) external view returns (Epoch memory epoch);

    /// @notice The latest price that was set; it may start in the future.
    function latestPrice(ModelId modelId, VersionId versionId) external view returns (Epoch memory epoch);
}
