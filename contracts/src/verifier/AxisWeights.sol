// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @title The weights that axis maps give to tensor axes (docs/spec/protocol.md §3)
/// @notice Every function returns `w~(z) = sum of w(j) eq(z, j)` over the indices j of one tensor axis. An *axis* is one
///         word, `point << 32 | log << 24 | dim` (the low 32 bits as in the key); `z` is the slice of the axis.
library AxisWeights {
    /// @dev An axis without variables, index 0 with weight 1 (SUMWIN with p = 255).
    uint256 internal constant NO_AXIS = 1;

    struct Window {
        uint256 stride;
        uint256 dilation;
        int256 offset;
        uint256 dim; // of the tensor axis
        uint256 log;
        uint256 z;
    }

    function dimOf(uint256 axis) internal pure returns (uint256) {
        return axis & 0xffffff;
    }

    function logOf(uint256 axis) internal pure returns (uint256) {
        return axis >> 24 & 0xff;
    }

    function pointOf(uint256 axis) internal pure returns (uint256) {
        return axis >> 32;
    }

    /// @notice WIN: sum of eq(p, a) eq(t, b) eq(z, s a + e b + off) over a < dim_p, b < dim_t with the index in range.
    /// @dev Cost about dim_p * dim_t * 50 gas plus three eq tables.
    function window(uint256 p, uint256 t, Window memory w) internal pure returns (uint256 sum) {
        unchecked {
            uint256 tableP = _scratch();
            uint256 tableT = Fr.eqTable(tableP, pointOf(p), logOf(p));
            uint256 tableZ = Fr.eqTable(tableT, pointOf(t), logOf(t));
            Fr.eqTable(tableZ, w.z, w.log);
            int256 start = w.offset;
            for (uint256 end = tableT + (dimOf(t) << 5); tableT < end; tableT += 32) {
                uint256 part = _strided(tableP, dimOf(p), tableZ, w, start);
                assembly ("memory-safe") {
                    sum := addmod(sum, mulmod(mload(tableT), part, FR), FR)
                }
                start += int256(w.dilation);
            }
        }
    }

    /// @notice SUMWIN: sum of eq(p, a) eq(z, s a + e b + off) over a < dim_p, b < taps with the index in range.
    /// @dev O(log) for windows that are equal parts of disjoint blocks of a power of two inside the axis, and for one
    ///      range without an axis; otherwise about dim_p * taps * 50 gas.
    function sumWindow(uint256 p, uint256 taps, Window memory w) internal pure returns (uint256 sum) {
        unchecked {
            if (taps == 0) return 0;
            uint256 s = w.stride;
            if (p & 0xffffffff == NO_AXIS) {
                if (taps == 1 || w.dilation == 1) return _range(taps, w);
            } else if (w.offset >= 0 && s != 0 && s & (s - 1) == 0 && s >> w.log == 0) {
                uint256 last = uint256(w.offset) + w.dilation * (taps - 1);
                if (last < s && s * (dimOf(p) - 1) + last < w.dim) return _blocks(p, taps, w);
            }
            uint256 tableP = _scratch();
            uint256 tableZ = Fr.eqTable(tableP, pointOf(p), logOf(p));
            Fr.eqTable(tableZ, w.z, w.log);
            int256 start = w.offset;
            for (; taps != 0; --taps) {
                uint256 part = _strided(tableP, dimOf(p), tableZ, w, start);
                assembly ("memory-safe") {
                    sum := addmod(sum, part, FR)
                }
                start += int256(w.dilation);
            }
        }
    }

    /// @notice REGROUP: sum over f of eq(dest point, f in the dest box) eq(z, f in the source box).
    /// @param dest address of `count` axes: the environment's
    /// @param src the tensor axes packed as in the key, 32 bits each, the last one lowest
    /// @param z the joint slice of the tensor axes
    /// @dev Cost about 120 gas per element: the dense row-major list of eq(dest point, f), contracted axis by axis.
    function regroup(uint256 dest, uint256 count, uint256 src, uint256 z)
        internal
        pure
        returns (uint256 sum)
    {
        unchecked {
            uint256 values = _scratch();
            uint256 n = 1;
            assembly ("memory-safe") {
                mstore(values, 1)
            }
            for (dest += count << 5; count != 0; --count) {
                dest -= 32;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(dest)
                }
                n = _prependAxis(values, n, axis);
            }
            for (; src != 0; src >>= 32) {
                uint256 dim = src & 0xffffff;
                if (dim == 0) revert Verifier_MalformedKey(src);
                if (dim == 1) continue;
                uint256 log = src >> 24 & 0xff;
                Fr.eqTable(values + (n << 5), z, log);
                z += log << 6;
                contractAxis(values, values + (n << 5), dim, n / dim);
                n /= dim;
            }
            assembly ("memory-safe") {
                sum := mload(values)
            }
        }
    }

    /// @dev The outer product of an axis' eq table, not padded, with the `n` words at `values`; returns the new number.
    function _prependAxis(uint256 values, uint256 n, uint256 axis) private pure returns (uint256 grown) {
        unchecked {
            uint256 dim = dimOf(axis);
            grown = n * dim;
            uint256 table = n == 1 ? values : values + (grown << 5);
            Fr.eqTable(table, pointOf(axis), logOf(axis));
            if (n == 1) return grown; // the list was the word 1
            uint256 size = n << 5;
            assembly ("memory-safe") {
                for { let to := add(values, sub(shl(5, grown), size)) } dim { to := sub(to, size) } {
                    dim := sub(dim, 1)
                    let e := mload(add(table, shl(5, dim)))
                    for { let i := 0 } lt(i, size) { i := add(i, 32) } {
                        mstore(add(to, i), mulmod(e, mload(add(values, i)), FR))
                    }
                }
            }
        }
    }

    /// @notice values[i] = sum of values[dim i + j] table[j] over j < dim, for i < rows.
    function contractAxis(uint256 values, uint256 table, uint256 dim, uint256 rows) internal pure {
        assembly ("memory-safe") {
            let from := values
            let width := shl(5, dim)
            for { let to := values } rows { rows := sub(rows, 1) } {
                let sum := 0
                let t := table
                for { let end := add(from, width) } lt(from, end) { from := add(from, 32) } {
                    sum := addmod(sum, mulmod(mload(from), mload(t), FR), FR)
                    t := add(t, 32)
                }
                mstore(to, sum)
                to := add(to, 32)
            }
        }
    }

    /// @dev Sum of eq(z, j) over offset <= j < offset + taps inside the axis.
    function _range(uint256 taps, Window memory w) private pure returns (uint256) {
        unchecked {
            int256 high = w.offset + int256(taps);
            if (high > int256(w.dim)) high = int256(w.dim);
            int256 low = w.offset < 0 ? int256(0) : w.offset;
            if (low >= high) return 0;
            if (low + 1 == high) return Fr.eqIndex(w.z, w.log, uint256(low));
            return Fr.sub(Fr.lt(uint256(high), w.z, w.log), Fr.lt(uint256(low), w.z, w.log));
        }
    }

    /// @dev Index s a + e b + off = block a, place e b + off in the block: the sum splits into a product.
    function _blocks(uint256 p, uint256 taps, Window memory w) private pure returns (uint256 sum) {
        unchecked {
            uint256 k; // log2 of the stride
            while (w.stride >> k != 1) ++k;
            uint256 place = uint256(w.offset);
            if (taps == w.stride) {
                sum = 1; // the whole block
            } else {
                for (; taps != 0; --taps) {
                    sum += Fr.eqIndex(w.z, k, place); // fewer taps than 2^16, each below 2^254: reduced below
                    place += w.dilation;
                    sum %= FR;
                }
            }
            uint256 blocks = Fr.eqBelow(dimOf(p), pointOf(p), logOf(p), w.z + (k << 6), w.log - k);
            assembly ("memory-safe") {
                sum := mulmod(sum, blocks, FR)
            }
        }
    }

    /// @dev Sum of tableP[a] tableZ[s a + start] over a < rows with 0 <= s a + start < dim.
    function _strided(uint256 tableP, uint256 rows, uint256 tableZ, Window memory w, int256 start)
        private
        pure
        returns (uint256 sum)
    {
        unchecked {
            int256 room = int256(w.dim) - start; // s a must be below it
            if (room <= 0) return 0;
            uint256 s = w.stride;
            uint256 first;
            if (s == 0) {
                if (start < 0) return 0;
            } else {
                uint256 last = (uint256(room) + s - 1) / s;
                if (last < rows) rows = last;
                if (start < 0) first = (uint256(-start) + s - 1) / s;
            }
            if (first >= rows) return 0;
            uint256 z = tableZ + uint256(start + int256(s * first)) * 32;
            assembly ("memory-safe") {
                let p := add(tableP, shl(5, first))
                let end := add(tableP, shl(5, rows))
                if eq(s, 1) {
                    for { let fast := sub(end, 96) } lt(p, fast) { p := add(p, 128) } {
                        // five canonical terms stay below 2^256
                        sum := add(sum, mulmod(mload(p), mload(z), FR))
                        sum := add(sum, mulmod(mload(add(p, 32)), mload(add(z, 32)), FR))
                        sum := add(sum, mulmod(mload(add(p, 64)), mload(add(z, 64)), FR))
                        sum := mod(add(sum, mulmod(mload(add(p, 96)), mload(add(z, 96)), FR)), FR)
                        z := add(z, 128)
                    }
                }
                for { s := shl(5, s) } lt(p, end) { p := add(p, 32) } {
                    sum := addmod(sum, mulmod(mload(p), mload(z), FR), FR)
                    z := add(z, s)
                }
            }
        }
    }

    /// @dev Eq tables live behind the free memory pointer; nothing else does while one is in use.
    function _scratch() private pure returns (uint256 pos) {
        assembly ("memory-safe") {
            pos := mload(0x40)
        }
    }
}
