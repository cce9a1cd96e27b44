// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A price in 10^-12 of a currency's smallest unit (pico-wei for the native currency), so that a price per unit
/// below one wei, or below one millionth of a dollar, is still a price. A sum of prices is rounded once, up.
type PicoAmount is uint128;

/// @dev Pico-amounts in one smallest unit.
uint256 constant PICO = 1e12;
