// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Dense} from "./Dense.sol";
import {FR, FR_HALF, Fr, TOP} from "./Fr.sol";
import {ShiftedSum} from "./ShiftedSum.sol";

/// @notice Where the factors of a program are, and what they are computed from. A *variable* is a number: those of rho,
///         then r, then z lie one behind the other (see Fr), and behind z there is room for 16 more.
struct FactorTable {
    uint256 values; // address of the factors' words, in the order of their ids
    uint256 next; // address of the word of the next factor
    uint256 points; // address of variable 0
    uint256 rEnd; // address behind r
    uint256 zEnd; // address behind z
    uint256 rTop; // eq tables of the TOP highest variables of r and of z
    uint256 zTop;
}

/// @title The factors of a verifier's program, each evaluated once (docs/spec/protocol.md §8a)
/// @notice Every function reads `count` records at `ptr` and appends as many factors; it returns the address behind them.
library Factors {
    /// @notice Appends 1, x, x^2, … (`count` words), times `scale`.
    function powers(FactorTable memory f, uint256 scale, uint256 x, uint256 count) internal pure {
        uint256 to = f.next;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let end := add(to, shl(5, count))
            for {} lt(to, end) { to := add(to, 32) } {
                mstore(to, scale)
                scale := mulmod(scale, x, r)
            }
        }
        f.next = to;
    }

    /// @notice Appends the negatives of the last `count` factors.
    function negatives(FactorTable memory f, uint256 count) internal pure {
        uint256 to = f.next;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let end := add(to, shl(5, count))
            let from := sub(to, shl(5, count))
            for {} lt(to, end) { to := add(to, 32) } {
                mstore(to, sub(r, mload(from))) // never 0: powers of a challenge, which is 0 once in 2^254
                from := add(from, 32)
            }
        }
        f.next = to;
    }

    /// @notice Appends eq of the first i variables of two points, i = 0 … n.
    function prefixes(FactorTable memory f, uint256 a, uint256 b, uint256 n) internal pure {
        uint256 to = f.next;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let acc := 1
            mstore(to, acc)
            for { let end := add(a, shl(6, n)) } lt(a, end) { a := add(a, 64) } {
                let e := add(mulmod(mload(a), mload(b), r), mulmod(mload(add(a, 32)), mload(add(b, 32)), r))
                acc := mulmod(acc, e, r)
                to := add(to, 32)
                mstore(to, acc)
                b := add(b, 64)
            }
            to := add(to, 32)
        }
        f.next = to;
    }

    /// @notice Appends 2^-i, i = 0 … n.
    function halves(FactorTable memory f, uint256 n) internal pure {
        unchecked {
            powers(f, 1, FR_HALF, n + 1);
        }
    }

    /// @notice Constants: the words themselves.
    function constants(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        uint256 to = f.next;
        assembly ("memory-safe") {
            let size := shl(5, count)
            mcopy(to, ptr, size)
            end := add(ptr, size)
            to := add(to, size)
        }
        f.next = to;
    }

    /// @notice EQ: u8 a, u8 b, u8 n.
    function eqs(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            uint256 points = f.points;
            uint256 to = f.next;
            end = ptr + 3 * count;
            for (; ptr < end; ptr += 3) {
                uint256 w = _word(ptr);
                uint256 value =
                    Fr.eq(points + (w >> 248 << 6), points + ((w >> 240 & 0xff) << 6), w >> 232 & 0xff);
                assembly ("memory-safe") {
                    mstore(to, value)
                    to := add(to, 32)
                }
            }
            f.next = to;
        }
    }

    /// @notice AT: u8 a, u8 n, u32 index.
    function ats(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            uint256 points = f.points;
            uint256 to = f.next;
            end = ptr + 6 * count;
            for (; ptr < end; ptr += 6) {
                uint256 w = _word(ptr);
                uint256 a = points + (w >> 248 << 6);
                uint256 n = w >> 240 & 0xff;
                uint256 value = _at(f, a, n, w >> 208 & 0xffffffff);
                assembly ("memory-safe") {
                    mstore(to, value)
                    to := add(to, 32)
                }
            }
            f.next = to;
        }
    }

    /// @dev The highest variables of r and of z have tables.
    function _at(FactorTable memory f, uint256 a, uint256 n, uint256 index) private pure returns (uint256) {
        unchecked {
            if (n < TOP) return Fr.eqIndex(a, n, index);
            uint256 behind = a + (n << 6);
            uint256 top = 0;
            if (behind == f.zEnd) top = f.zTop;
            else if (behind == f.rEnd) top = f.rTop;
            else return Fr.eqIndex(a, n, index);
            uint256 value = Fr.eqIndex(a, n - TOP, index);
            assembly ("memory-safe") {
                let entry := and(shr(sub(n, TOP), index), sub(shl(TOP, 1), 1))
                value := mulmod(value, mload(add(top, shl(5, entry))), FR)
            }
            return value;
        }
    }

    /// @notice LT: u8 a, u8 n, u32 bound.
    function belows(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            end = ptr + 6 * count;
            for (; ptr < end; ptr += 6) {
                uint256 w = _word(ptr);
                _append(f, Fr.lt(w >> 208 & 0xffffffff, f.points + (w >> 248 << 6), w >> 240 & 0xff));
            }
        }
    }

    /// @notice SHIFT: u8 a, u8 na, u8 b, u8 nb, i32 k, u32 bound. Records of the same points lie side by side.
    function shifts(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            end = ptr + 12 * count;
            uint256 points = 0; // of the table
            uint256 table = 0;
            uint256 n = 0;
            for (; ptr < end; ptr += 12) {
                uint256 w = _word(ptr);
                uint256 a = f.points + (w >> 248 << 6);
                uint256 na = w >> 240 & 0xff;
                uint256 b = f.points + ((w >> 232 & 0xff) << 6);
                uint256 nb = w >> 224 & 0xff;
                uint256 bound = w >> 160 & 0xffffffff;
                int256 k = int256(int32(uint32(w >> 192)));
                if (k == 0 && na <= nb) {
                    _append(f, Fr.eqBelow(bound, a, na, b, nb));
                    continue;
                }
                if (table == 0 || w >> 224 != points) {
                    (table, n) = ShiftedSum.prepare(a, na, b, nb);
                    points = w >> 224;
                }
                _append(f, _shifted(table, n, k, bound));
            }
        }
    }

    /// @dev Sum of eq(a, x) eq(b, x + k) over x < bound with x + k >= 0.
    function _shifted(uint256 table, uint256 n, int256 k, uint256 bound) private pure returns (uint256) {
        unchecked {
            if (k >= 0) return ShiftedSum.evaluate(table, n, uint256(k), bound, 32);
            int256 rest = int256(bound) + k; // counted by x + k instead
            if (rest <= 0) return 0;
            return ShiftedSum.evaluate(table, n, uint256(-k), uint256(rest), 64);
        }
    }

    /// @notice DENSE: u8 a, u8 na, u8 b, u8 nb, u24 rows, u32 dim, u16 stride, i48 k.
    function denses(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            end = ptr + 19 * count;
            for (; ptr < end; ptr += 19) {
                uint256 w = _word(ptr);
                _append(f, Dense.strided(w, f.points));
            }
        }
    }

    /// @notice REGROUP (see Dense).
    function regroups(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256) {
        unchecked {
            for (; count != 0; --count) {
                uint256 value;
                (value, ptr) = Dense.regroup(ptr, f.points, f.zEnd);
                _append(f, value);
            }
            return ptr;
        }
    }

    /// @notice SUM: u16 number of products, each three u16 ids.
    function sums(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        uint256 to = f.next;
        uint256 values = f.values;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            for {} count { count := sub(count, 1) } {
                let sum := 0
                let last := add(add(ptr, 2), mul(6, shr(240, mload(ptr))))
                for { ptr := add(ptr, 2) } lt(ptr, last) { ptr := add(ptr, 6) } {
                    let w := mload(ptr)
                    let p := mload(add(values, and(shr(235, w), 0x1fffe0)))
                    p := mulmod(p, mload(add(values, and(shr(219, w), 0x1fffe0))), r)
                    sum := addmod(sum, mulmod(p, mload(add(values, and(shr(203, w), 0x1fffe0))), r), r)
                }
                mstore(to, sum)
                to := add(to, 32)
            }
        }
        f.next = to;
        return ptr;
    }

    function _append(FactorTable memory f, uint256 value) private pure {
        uint256 to = f.next;
        assembly ("memory-safe") {
            mstore(to, value)
        }
        unchecked {
            f.next = to + 32;
        }
    }

    function _word(uint256 ptr) private pure returns (uint256 w) {
        assembly ("memory-safe") {
            w := mload(ptr)
        }
    }
}
