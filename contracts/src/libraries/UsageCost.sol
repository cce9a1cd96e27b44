// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRateBook} from "../interfaces/IRateBook.sol";
import {UNITS, Unit} from "../types/Unit.sol";

/// @title The arithmetic of a bill
/// @notice All digits are kept: the result is in parts of a dollar, SCALE of them, and nothing here divides.
library UsageCost {
    uint256 internal constant PPM = 1_000_000;

    /// @dev Milliseconds in the priced unit of a duration.
    uint256 internal constant MILLI = 1000;

    /// @dev Parts of a dollar in a result: pico, times MILLI, times PPM for the multiplier, times PPM for the discount.
    uint256 internal constant SCALE = 1e12 * MILLI * PPM * PPM;

    /// @dev Most of one unit: 2^56, so that no sum overflows.
    uint256 internal constant MAX_QUANTITY = 1 << 56;

    /// @dev `quantities` by Unit, durations in milliseconds. `multiplierPpm` ≤ 4,000,000, `discountPpm` < PPM.
    /// Zero only when every unit that is used is declared free.
    function bill(
        IRateBook.RateCard memory card,
        uint256[12] memory quantities,
        uint256 multiplierPpm,
        uint256 discountPpm
    ) internal pure returns (uint256 usd) {
        bool used;
        for (uint256 i = 0; i < UNITS; ++i) {
            uint256 quantity = quantities[i];
            if (quantity == 0) continue;
            if (quantity > MAX_QUANTITY) {
                revert IRateBook.RateBook_QuantityOutOfRange(quantity, MAX_QUANTITY);
            }
            if (!isOffered(card, i)) revert IRateBook.RateBook_UnitNotOffered(Unit(i));
            used = true;
            usd += quantity * card.rates[i] * (isDuration(i) ? 1 : MILLI);
        }
        if (!used) revert IRateBook.RateBook_NothingUsed();
        if (usd == 0) return 0;
        usd *= multiplierPpm * (PPM - discountPpm);
        uint256 least = card.minimum * (MILLI * PPM * PPM);
        if (usd < least) usd = least;
    }

    /// @dev Whether the unit is sold or declared free.
    function isOffered(IRateBook.RateCard memory card, uint256 unit) internal pure returns (bool) {
        return card.rates[unit] != 0 || isFree(card, unit);
    }

    /// @dev Whether the unit is declared free.
    function isFree(IRateBook.RateCard memory card, uint256 unit) internal pure returns (bool) {
        return (card.freeUnits >> unit) & 1 == 1;
    }

    /// @dev Whether a unit is priced per second and counted in milliseconds.
    function isDuration(uint256 unit) internal pure returns (bool) {
        return unit >= uint256(Unit.AudioSecond) && unit <= uint256(Unit.GpuSecond);
    }
}
