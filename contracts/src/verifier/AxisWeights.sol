// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";

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
    /// @param z the joint slice of the tensor axes; `log` their variables together
    /// @dev Cost about 250 gas per element.
    function regroup(uint256 dest, uint256 count, uint256 src, uint256 z, uint256 log)
        internal
        pure
        returns (uint256 sum)
    {
        unchecked {
            uint256 table = _scratch();
            Fr.eqTable(table, z, log);
            uint256 destTable = table + (32 << log);
            uint256 packed;
            uint256 elements = 1;
            {
                uint256 size = 1;
                assembly ("memory-safe") {
                    mstore(destTable, 1)
                }
                for (uint256 i = count; i != 0;) {
                    --i;
                    uint256 axis;
                    assembly ("memory-safe") {
                        axis := mload(add(dest, shl(5, i)))
                    }
                    size = Fr.growEqTable(destTable, size, pointOf(axis), logOf(axis));
                    elements *= dimOf(axis);
                    packed |= (axis & 0xffffffff) << ((count - 1 - i) << 5);
                }
            }
            uint256 from;
            uint256 to;
            for (; elements != 0; --elements) {
                assembly ("memory-safe") {
                    let x := mload(add(table, shl(5, from)))
                    sum := addmod(sum, mulmod(x, mload(add(destTable, shl(5, to))), FR), FR)
                }
                from = _next(from, src);
                to = _next(to, packed);
            }
        }
    }

    /// @dev The padded index behind `index` in row-major order of the box `packed`.
    function _next(uint256 index, uint256 packed) private pure returns (uint256) {
        unchecked {
            ++index;
            for (uint256 base = 0; packed != 0; packed >>= 32) {
                uint256 size = 1 << (packed >> 24 & 0xff);
                uint256 dim = packed & 0xffffff;
                uint256 digit = index >> base & (size - 1);
                if (dim == size) {
                    if (digit != 0) break; // else the increment has carried by itself
                } else {
                    if (digit != dim) break;
                    index += (size - dim) << base;
                }
                base += packed >> 24 & 0xff;
            }
            return index;
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
