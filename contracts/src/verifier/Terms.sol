// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @title The terms of a verifier's program: products of factors, added up (docs/spec/protocol.md §8a)
/// @notice A term begins with the u16 number of its target. `targets` is the address of the targets' words, `values` that of
///         the factors'. Functions return the address behind the records. `short` says too whether a target's number was too
///         large (then memory behind the targets has been written to, and the caller must give up).
library Terms {
    /// @notice Sections of terms with 1, 2, … 7 factors (u16 ids); their counts are at `counts`.
    function short(uint256 ptr, uint256 counts, uint256 values, uint256 targets, uint256 numTargets)
        internal
        pure
        returns (uint256 end, bool outside)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            // Id i of a term's word, times 32, is `and(shr(219 - 16 i, w), mask)`; the target's is `and(shr(235, w), mask)`. Written out:
            // calls of a function would cost as much as what it does.
            let mask := 0x1fffe0
            let last := shl(5, sub(numTargets, 1))
            let out := 0 // its highest bit is set once a target is above the last one
            end := add(ptr, mul(4, shr(240, mload(counts))))
            for {} lt(ptr, end) { ptr := add(ptr, 4) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(6, shr(240, mload(add(counts, 2)))))
            for {} lt(ptr, end) { ptr := add(ptr, 6) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(8, shr(240, mload(add(counts, 4)))))
            for {} lt(ptr, end) { ptr := add(ptr, 8) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(187, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(10, shr(240, mload(add(counts, 6)))))
            for {} lt(ptr, end) { ptr := add(ptr, 10) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(187, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(171, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(12, shr(240, mload(add(counts, 8)))))
            for {} lt(ptr, end) { ptr := add(ptr, 12) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(187, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(171, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(155, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(14, shr(240, mload(add(counts, 10)))))
            for {} lt(ptr, end) { ptr := add(ptr, 14) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(187, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(171, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(155, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(139, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            end := add(ptr, mul(16, shr(240, mload(add(counts, 12)))))
            for {} lt(ptr, end) { ptr := add(ptr, 16) } {
                let w := mload(ptr)
                let x := mload(add(values, and(shr(219, w), mask)))
                x := mulmod(x, mload(add(values, and(shr(203, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(187, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(171, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(155, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(139, w), mask))), r)
                x := mulmod(x, mload(add(values, and(shr(123, w), mask))), r)
                let to := and(shr(235, w), mask)
                out := or(out, sub(last, to))
                to := add(targets, to)
                mstore(to, addmod(mload(to), x, r))
            }
            outside := shr(255, out)
        }
    }

    /// @notice Terms with more factors: u16 target, u8 number, the ids.
    function long(uint256 ptr, uint256 count, uint256 values, uint256 targets, uint256 numTargets)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            for (; count != 0; --count) {
                uint256 head = _word(ptr);
                if (head >> 240 >= numTargets) revert Verifier_MalformedKey(ptr);
                uint256 product;
                (product, ptr) = _product(ptr + 3, head >> 232 & 0xff, values);
                _add(targets + (head >> 240 << 5), product);
            }
            return ptr;
        }
    }

    /// @notice Terms that go to several targets: u16 first target, u8 number of factors, u8 number of slices, the ids, then
    ///         slices (u8 variable, u8 number): times the eq table of the slices, lowest first.
    function spread(
        uint256 ptr,
        uint256 count,
        uint256 values,
        uint256 targets,
        uint256 numTargets,
        uint256 points
    ) internal pure returns (uint256) {
        unchecked {
            for (; count != 0; --count) {
                uint256 head = _word(ptr);
                uint256 product;
                (product, ptr) = _product(ptr + 4, head >> 232 & 0xff, values);
                uint256 table;
                assembly ("memory-safe") {
                    table := mload(0x40)
                    mstore(table, product)
                }
                uint256 size = 1;
                for (uint256 end = ptr + ((head >> 224 & 0xff) << 1); ptr < end; ptr += 2) {
                    uint256 slice = _word(ptr);
                    size = Fr.growEqTable(table, size, points + (slice >> 248 << 6), slice >> 240 & 0xff);
                }
                if ((head >> 240) + size > numTargets) revert Verifier_MalformedKey(ptr);
                _addAll(targets + (head >> 240 << 5), table, size);
            }
            return ptr;
        }
    }

    /// @notice Sum over `count` product claims (u8 number of factors, the ids) of their product times a_i b_i, two words each
    ///         in calldata from `claims` on.
    function claimed(uint256 ptr, uint256 count, uint256 values, uint256 claims)
        internal
        pure
        returns (uint256 sum, uint256 end)
    {
        unchecked {
            for (; count != 0; --count) {
                uint256 product;
                (product, ptr) = _product(ptr + 1, _word(ptr) >> 248, values);
                assembly ("memory-safe") {
                    let ab := mulmod(calldataload(claims), calldataload(add(claims, 32)), FR)
                    sum := addmod(sum, mulmod(product, ab, FR), FR)
                }
                claims += 64;
            }
            end = ptr;
        }
    }

    function _product(uint256 ptr, uint256 n, uint256 values)
        private
        pure
        returns (uint256 acc, uint256 end)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            acc := 1
            end := add(ptr, shl(1, n))
            for {} lt(ptr, end) { ptr := add(ptr, 2) } {
                acc := mulmod(acc, mload(add(values, shl(5, shr(240, mload(ptr))))), r)
            }
        }
    }

    function _add(uint256 to, uint256 x) private pure {
        assembly ("memory-safe") {
            mstore(to, addmod(mload(to), x, FR))
        }
    }

    function _addAll(uint256 to, uint256 from, uint256 size) private pure {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            for { let end := add(from, shl(5, size)) } lt(from, end) { from := add(from, 32) } {
                mstore(to, addmod(mload(to), mload(from), r))
                to := add(to, 32)
            }
        }
    }

    function _word(uint256 ptr) private pure returns (uint256 w) {
        assembly ("memory-safe") {
            w := mload(ptr)
        }
    }
}
