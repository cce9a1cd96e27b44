// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @title The factors of a program that take work linear in a box: strides that are no powers of two, and regrouped axes
/// @dev Eq tables live behind the free memory pointer; nothing else does while one is in use.
library Dense {
    /// @notice Sum of eq(a, x) eq(b, stride x + k) over x < rows with 0 <= stride x + k < dim.
    /// @param w the record, left-aligned: u8 a, u8 na, u8 b, u8 nb, u24 rows, u32 dim, u16 stride, i48 k
    /// @dev About 100 gas per row, and 80 per entry of the two tables.
    function strided(uint256 w, uint256 points) internal pure returns (uint256 sum) {
        uint256 tableA = _scratch();
        uint256 tableB;
        unchecked {
            tableB = Fr.eqTable(tableA, points + (w >> 248 << 6), w >> 240 & 0xff);
            Fr.eqTable(tableB, points + ((w >> 232 & 0xff) << 6), w >> 224 & 0xff);
        }
        assembly ("memory-safe") {
            let dim := and(shr(168, w), 0xffffffff)
            let stride := and(shr(152, w), 0xffff)
            let k := signextend(5, shr(104, w))
            let rows := and(shr(200, w), 0xffffff)
            for { let end := add(tableA, shl(5, rows)) } lt(tableA, end) { tableA := add(tableA, 32) } {
                // a negative index is a large number
                if lt(k, dim) {
                    sum := addmod(sum, mulmod(mload(tableA), mload(add(tableB, shl(5, k))), FR), FR)
                }
                k := add(k, stride)
            }
        }
    }

    /// @notice REGROUP: sum over f of eq(dest points, f in the dest box) eq(z, f in the source box).
    /// @param ptr the record: u8 first variable of the joint slice, u8 nDest, u8 nSrc, u16 chunk, nDest x (u8 variable, u8 log,
    ///        u24 dim), nSrc x (u8 log, u24 dim)
    /// @param zEnd behind z: there lie the bits of the chunk's number
    /// @dev About 120 gas per element: the dense row-major list of eq(dest point, f), contracted axis by axis.
    function regroup(uint256 ptr, uint256 points, uint256 zEnd)
        internal
        pure
        returns (uint256 sum, uint256 end)
    {
        unchecked {
            uint256 head;
            assembly ("memory-safe") {
                head := mload(ptr)
            }
            for (uint256 i = 0; i < 16; ++i) {
                Fr.putVariable(zEnd + (i << 6), head >> 216 >> i & 1);
            }
            uint256 dest = ptr + 5;
            uint256 src = dest + 5 * (head >> 240 & 0xff);
            end = src + ((head >> 232 & 0xff) << 2);
            uint256 values = _scratch();
            uint256 n = _outerProduct(values, dest, src, points);
            return (_contract(values, n, src, end, points + (head >> 248 << 6)), end);
        }
    }

    /// @dev The row-major list of eq(dest points, f); returns its length.
    function _outerProduct(uint256 values, uint256 dest, uint256 ptr, uint256 points)
        private
        pure
        returns (uint256 n)
    {
        n = 1;
        assembly ("memory-safe") {
            mstore(values, 1)
        }
        unchecked {
            while (ptr != dest) {
                ptr -= 5;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(ptr)
                }
                uint256 dim = axis >> 216 & 0xffffff;
                n = _prependAxis(values, n, points + (axis >> 248 << 6), axis >> 240 & 0xff, dim);
            }
        }
    }

    /// @dev The outer product of an axis' eq table, not padded, with the `n` words at `values`; returns the new number.
    function _prependAxis(uint256 values, uint256 n, uint256 point, uint256 log, uint256 dim)
        private
        pure
        returns (uint256 grown)
    {
        unchecked {
            grown = n * dim;
            uint256 table = n == 1 ? values : values + (grown << 5);
            Fr.eqTable(table, point, log);
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

    /// @dev Contracts the list along the source axes, the last one first.
    function _contract(uint256 values, uint256 n, uint256 src, uint256 ptr, uint256 z)
        private
        pure
        returns (uint256 sum)
    {
        unchecked {
            while (ptr != src) {
                ptr -= 4;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := shr(224, mload(ptr))
                }
                uint256 dim = axis & 0xffffff;
                if (dim == 0) revert Verifier_MalformedKey(ptr);
                if (dim == 1) continue;
                uint256 log = axis >> 24;
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

    function _scratch() private pure returns (uint256 pos) {
        assembly ("memory-safe") {
            pos := mload(0x40)
        }
    }
}
