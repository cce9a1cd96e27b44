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
            // id i of a term's word, times 32: the 16 bits that start at bit 16 i from the left
            function get(v, w, shift) -> x {
                x := mload(add(v, and(shr(shift, w), 0x1fffe0)))
            }
            function two(v, w, r) -> x {
                x := mulmod(get(v, w, 219), get(v, w, 203), r)
            }
            function three(v, w, r) -> x {
                x := mulmod(two(v, w, r), get(v, w, 187), r)
            }
            function four(v, w, r) -> x {
                x := mulmod(three(v, w, r), get(v, w, 171), r)
            }
            function five(v, w, r) -> x {
                x := mulmod(four(v, w, r), get(v, w, 155), r)
            }
            function six(v, w, r) -> x {
                x := mulmod(five(v, w, r), get(v, w, 139), r)
            }
            function seven(v, w, r) -> x {
                x := mulmod(six(v, w, r), get(v, w, 123), r)
            }
            function put(t, w, x, r) {
                let to := add(t, and(shr(235, w), 0x1fffe0))
                mstore(to, addmod(mload(to), x, r))
            }
            function behind(p, c, i, width) -> e {
                e := add(p, mul(width, shr(240, mload(add(c, shl(1, i))))))
            }
            mstore(0, FR)
            let r := mload(mload(0x60))
            end := behind(ptr, counts, 0, 4)
            for {} lt(ptr, end) { ptr := add(ptr, 4) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, get(values, w, 219), r)
            }
            end := behind(ptr, counts, 1, 6)
            for {} lt(ptr, end) { ptr := add(ptr, 6) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, two(values, w, r), r)
            }
            end := behind(ptr, counts, 2, 8)
            for {} lt(ptr, end) { ptr := add(ptr, 8) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, three(values, w, r), r)
            }
            end := behind(ptr, counts, 3, 10)
            for {} lt(ptr, end) { ptr := add(ptr, 10) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, four(values, w, r), r)
            }
            end := behind(ptr, counts, 4, 12)
            for {} lt(ptr, end) { ptr := add(ptr, 12) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, five(values, w, r), r)
            }
            end := behind(ptr, counts, 5, 14)
            for {} lt(ptr, end) { ptr := add(ptr, 14) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, six(values, w, r), r)
            }
            end := behind(ptr, counts, 6, 16)
            for {} lt(ptr, end) { ptr := add(ptr, 16) } {
                let w := mload(ptr)
                outside := or(outside, iszero(lt(shr(240, w), numTargets)))
                put(targets, w, seven(values, w, r), r)
            }
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
