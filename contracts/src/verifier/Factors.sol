// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Dense} from "./Dense.sol";
import {FR, FR_HALF, Fr} from "./Fr.sol";
import {DEPTH, LastVariables} from "./LastVariables.sol";
import {ShiftedSum} from "./ShiftedSum.sol";

/// @notice Where the factors of a program are, and what they are computed from. A *variable* is a number: those of rho,
///         then r, then z lie one behind the other (see Fr), and behind z there is room for 16 more.
struct FactorTable {
    uint256 values; // address of the factors' words, in the order of their ids
    uint256 next; // address of the word of the next factor
    uint256 points; // address of variable 0
    uint256 rEnd; // address behind r
    uint256 zEnd; // address behind z
    uint256 rLast; // trees of the last variables of r and of z (see LastVariables)
    uint256 zLast;
}

/// @title The factors of a verifier's program, each evaluated once (docs/spec/protocol.md §8a)
/// @notice Every function reads `count` records at `ptr` and appends as many factors; it returns the address behind them.
library Factors {
    /// @dev So many AT records pay for trees of the DEPTH variables before the last ones.
    uint256 private constant SECOND_TREES = 48;

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

    /// @notice EQ: u8 a, u8 b, u8 n. Of records with the same a and b the shorter one comes first: the next one goes on from it.
    function eqs(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        uint256 points = f.points;
        uint256 to = f.next;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            end := add(ptr, mul(3, count))
            let slices := not(0)
            let a := 0 // where the variables begin that `acc` lacks
            let b := 0
            let acc := 1
            for {} lt(ptr, end) { ptr := add(ptr, 3) } {
                let w := mload(ptr)
                let begin := add(points, and(shr(242, w), 0x3fc0))
                if xor(shr(240, w), slices) {
                    slices := shr(240, w)
                    a := begin
                    b := add(points, and(shr(234, w), 0x3fc0))
                    acc := 1
                }
                // the sum of two canonical products does not overflow
                let last := add(begin, and(shr(226, w), 0x3fc0))
                if and(sub(last, a), 64) {
                    let e := mulmod(mload(a), mload(b), r)
                    acc := mulmod(acc, add(e, mulmod(mload(add(a, 32)), mload(add(b, 32)), r)), r)
                    a := add(a, 64)
                    b := add(b, 64)
                }
                for {} lt(a, last) { a := add(a, 128) } {
                    let e := mulmod(mload(a), mload(b), r)
                    acc := mulmod(acc, add(e, mulmod(mload(add(a, 32)), mload(add(b, 32)), r)), r)
                    e := mulmod(mload(add(a, 64)), mload(add(b, 64)), r)
                    acc := mulmod(acc, add(e, mulmod(mload(add(a, 96)), mload(add(b, 96)), r)), r)
                    b := add(b, 128)
                }
                mstore(to, acc)
                to := add(to, 32)
            }
        }
        f.next = to;
    }

    /// @notice AT: u8 a, u8 n, u32 index. Most are slices at the end of r or of z, and those of one slice lie side by side.
    function ats(FactorTable memory f, uint256 ptr, uint256 count) internal pure returns (uint256 end) {
        unchecked {
            end = ptr + 6 * count;
            bool second =
                count >= SECOND_TREES && f.rEnd - f.points >= 128 * DEPTH && f.zEnd - f.rEnd >= 128 * DEPTH;
            if (second) {
                LastVariables.plant(f.rLast + LastVariables.SECOND, f.rEnd - 64 * DEPTH);
                LastVariables.plant(f.zLast + LastVariables.SECOND, f.zEnd - 64 * DEPTH);
            }
            while (ptr < end) {
                uint256 slice = _word(ptr) >> 240;
                uint256 n = slice & 0xff;
                uint256 behind = f.points + ((slice >> 8) + n << 6);
                uint256 tree = behind == f.zEnd ? f.zLast : behind == f.rEnd ? f.rLast : 0;
                if (tree == 0) ptr = _atsAnywhere(f, ptr, end, slice);
                else if (n <= DEPTH) ptr = _atsOfOne(f, ptr, end, tree + (32 << n));
                else if (second && n <= 2 * DEPTH) ptr = _atsOfTwo(f, ptr, end, tree, n - DEPTH);
                else ptr = _atBehind(f, ptr, tree, second);
            }
        }
    }

    /// @dev Records of the slice at `ptr`, of at most DEPTH variables, whose level of the tree is given.
    function _atsOfOne(FactorTable memory f, uint256 ptr, uint256 end, uint256 level)
        private
        pure
        returns (uint256)
    {
        uint256 to = f.next;
        assembly ("memory-safe") {
            let slice := shr(240, mload(ptr))
            let mask := shl(5, sub(shl(and(slice, 0xff), 1), 1))
            for {} lt(ptr, end) { ptr := add(ptr, 6) } {
                let w := mload(ptr)
                if xor(shr(240, w), slice) { break }
                mstore(to, mload(add(level, and(shr(203, w), mask))))
                to := add(to, 32)
            }
        }
        f.next = to;
        return ptr;
    }

    /// @dev Records of the slice at `ptr`, of DEPTH variables and `low` more.
    function _atsOfTwo(FactorTable memory f, uint256 ptr, uint256 end, uint256 tree, uint256 low)
        private
        pure
        returns (uint256)
    {
        uint256 to = f.next;
        uint256 second = tree + LastVariables.SECOND + (32 << low);
        tree += 32 << DEPTH;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let slice := shr(240, mload(ptr))
            let mask := shl(5, sub(shl(low, 1), 1))
            low := add(low, 203)
            for {} lt(ptr, end) { ptr := add(ptr, 6) } {
                let w := mload(ptr)
                if xor(shr(240, w), slice) { break }
                let high := mload(add(tree, and(shr(low, w), shl(5, sub(shl(DEPTH, 1), 1)))))
                mstore(to, mulmod(high, mload(add(second, and(shr(203, w), mask))), r))
                to := add(to, 32)
            }
        }
        f.next = to;
        return ptr;
    }

    /// @dev The record at `ptr` alone, of more than DEPTH variables; with `second` of more than twice as many.
    function _atBehind(FactorTable memory f, uint256 ptr, uint256 tree, bool second)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 w = _word(ptr);
            uint256 a = f.points + (w >> 248 << 6);
            uint256 n = w >> 240 & 0xff;
            uint256 index = w >> 208 & 0xffffffff;
            uint256 value = 1;
            if (second) {
                n -= DEPTH;
                value = _word(tree + (32 << DEPTH | (index >> n << 5 & (32 << DEPTH) - 32)));
                tree += LastVariables.SECOND;
            }
            _append(f, mulmod(value, LastVariables.at(tree, a, n, index), FR));
            return ptr + 6;
        }
    }

    /// @dev Records of the slice `slice`, wherever it is.
    function _atsAnywhere(FactorTable memory f, uint256 ptr, uint256 end, uint256 slice)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 a = f.points + (slice >> 8 << 6);
            for (; ptr < end; ptr += 6) {
                uint256 w = _word(ptr);
                if (w >> 240 != slice) break;
                _append(f, Fr.eqIndex(a, slice & 0xff, w >> 208 & 0xffffffff));
            }
            return ptr;
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
                if (na <= nb && (k == 0 || _isBlock(k, na, bound))) {
                    _append(f, _block(w, a, b, uint256(k), bound));
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

    /// @dev Whether x + k runs through all numbers that begin with the same high bits.
    function _isBlock(int256 k, uint256 na, uint256 bound) private pure returns (bool) {
        return k >= 0 && bound == 1 << na && uint256(k) & (bound - 1) == 0;
    }

    /// @dev The record `w` where shift and index have no bits in common.
    function _block(uint256 w, uint256 a, uint256 b, uint256 k, uint256 bound)
        private
        pure
        returns (uint256 value)
    {
        unchecked {
            uint256 na = w >> 240 & 0xff;
            uint256 nb = w >> 224 & 0xff;
            if (k == 0) return Fr.eqBelow(bound, a, na, b, nb);
            value = mulmod(Fr.eq(a, b, na), Fr.eqIndex(b + (na << 6), nb - na, k >> na), FR);
        }
    }

    /// @dev Sum of eq(a, x) eq(b, x + k) over x < bound with x + k >= 0.
    function _shifted(uint256 table, uint256 n, int256 k, uint256 bound) private pure returns (uint256) {
        unchecked {
            uint256 zeroOne = 32;
            if (k < 0) {
                bound = uint256(int256(bound) + k); // counted by x + k instead
                if (int256(bound) <= 0) return 0;
                (k, zeroOne) = (-k, 64);
            }
            if (bound + uint256(k) >> n != 0) return ShiftedSum.unbounded(table, n, uint256(k), zeroOne);
            return ShiftedSum.evaluate(table, n, uint256(k), bound, zeroOne);
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
