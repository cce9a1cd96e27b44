// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";

/// @title Sums of eq(x, a) eq(y, a + k) over a < bound, in time linear in the number of variables
/// @notice Adds k bit by bit, lowest first: a state is the carry, and whether the bits of `a` so far are below those of
///         the bound.
library ShiftedSum {
    /// @notice Per variable five words: eq(x_i, s) eq(y_i, t) at `table + 160 i + 64 s + 32 t`, then the sum of the
    ///         products with s = t; below 4 FR each.
    /// @dev Written behind the free memory pointer, which stays.
    /// @param x a point of `nx` variables, `y` one of `ny`; the shorter one counts as padded with zeros
    /// @return table begin of the words
    /// @return n max(nx, ny)
    function prepare(uint256 x, uint256 nx, uint256 y, uint256 ny)
        internal
        pure
        returns (uint256 table, uint256 n)
    {
        n = nx > ny ? nx : ny;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            table := mload(0x40)
            nx := add(x, shl(6, nx))
            ny := add(y, shl(6, ny))
            let to := table
            for { let end := add(to, mul(160, n)) } lt(to, end) { to := add(to, 160) } {
                let x0 := 1
                let x1 := 0
                if lt(x, nx) {
                    x0 := mload(x)
                    x1 := mload(add(x, 32))
                    x := add(x, 64)
                }
                let y0 := 1
                if lt(y, ny) {
                    y0 := mload(y)
                    y := add(y, 64)
                }
                let p := mulmod(x0, y0, r)
                let q := add(y0, sub(r, p))
                mstore(to, p)
                mstore(add(to, 32), add(x0, sub(r, p)))
                mstore(add(to, 64), q)
                q := add(x1, sub(mul(2, r), q))
                mstore(add(to, 96), q)
                mstore(add(to, 128), add(p, q))
            }
        }
    }

    /// @notice Sum of eq(x, a) eq(y, a + k) over a < bound, for bound <= 2^n with all a + k < 2^n.
    /// @param zeroOne 32; or 64 for the same sum with x and y in each other's place
    function evaluate(uint256 table, uint256 n, uint256 k, uint256 bound, uint256 zeroOne)
        internal
        pure
        returns (uint256 sum)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let oneZero := sub(96, zeroOne)
            let f0 := 1 // any bits of a, by carry
            let f1 := 0
            let b1 := 0 // bits of a below the bound, carry 1; carry 0 is `sum`
            for { n := add(table, mul(160, n)) } lt(table, n) { table := add(table, 160) } {
                switch and(k, 1)
                case 0 {
                    switch and(bound, 1)
                    case 0 {
                        sum := add(mulmod(sum, mload(table), r), mulmod(b1, mload(add(table, zeroOne)), r))
                        b1 := 0
                    }
                    default {
                        sum := mulmod(sum, mload(add(table, 96)), r)
                        sum := add(sum, mulmod(f0, mload(table), r))
                        sum := add(sum, mulmod(f1, mload(add(table, zeroOne)), r))
                        b1 := mulmod(b1, mload(add(table, oneZero)), r)
                    }
                    f0 := add(
                        mulmod(f0, mload(add(table, 128)), r),
                        mulmod(f1, mload(add(table, zeroOne)), r)
                    )
                    f1 := mulmod(f1, mload(add(table, oneZero)), r)
                }
                default {
                    switch and(bound, 1)
                    case 0 {
                        sum := mulmod(sum, mload(add(table, zeroOne)), r)
                        b1 := mulmod(b1, mload(table), r)
                    }
                    default {
                        b1 := mulmod(b1, mload(add(table, 96)), r)
                        b1 := add(b1, mulmod(sum, mload(add(table, oneZero)), r))
                        b1 := add(b1, mulmod(f1, mload(table), r))
                        sum := mulmod(f0, mload(add(table, zeroOne)), r)
                    }
                    f1 := mulmod(f1, mload(add(table, 128)), r)
                    f1 := add(f1, mulmod(f0, mload(add(table, oneZero)), r))
                    f0 := mulmod(f0, mload(add(table, zeroOne)), r)
                }
                k := shr(1, k)
                bound := shr(1, bound)
            }
            if bound { sum := f0} // it was 2^n
            sum := mod(sum, r)
        }
    }

    /// @notice Sum of eq(x, a) eq(y, a + k) over all a with a + k < 2^n.
    /// @param zeroOne as above
    function unbounded(uint256 table, uint256 n, uint256 k, uint256 zeroOne)
        internal
        pure
        returns (uint256 sum)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let oneZero := sub(96, zeroOne)
            sum := 1
            let carry := 0
            for { n := add(table, mul(160, n)) } lt(table, n) { table := add(table, 160) } {
                switch and(k, 1)
                case 0 {
                    sum := mulmod(sum, mload(add(table, 128)), r)
                    if carry {
                        sum := add(sum, mulmod(carry, mload(add(table, zeroOne)), r))
                        carry := mulmod(carry, mload(add(table, oneZero)), r)
                    }
                }
                default {
                    carry := mulmod(carry, mload(add(table, 128)), r)
                    carry := add(carry, mulmod(sum, mload(add(table, oneZero)), r))
                    sum := mulmod(sum, mload(add(table, zeroOne)), r)
                }
                k := shr(1, k)
            }
            sum := mod(sum, r)
        }
    }
}
