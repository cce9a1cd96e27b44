// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";

/// @title The Fiat-Shamir transcript (docs/spec/protocol.md §0)
/// @notice A transcript is a memory address: `state (32) | label (32) | length (32) | data …`. The data part is scratch
///         memory without an end, so the transcript is the last thing that a verification allocates.
library Transcript {
    /// @notice Starts a transcript at the free memory pointer and reserves its head only.
    function start() internal pure returns (uint256 t) {
        bytes32 state = keccak256("mintmark-flat-v5");
        assembly ("memory-safe") {
            t := mload(0x40)
            mstore(t, state)
            mstore(0x40, add(t, 96))
        }
    }

    /// @notice Starts a transcript with `room` bytes of data part that are its own.
    function startWithRoom(uint256 room) internal pure returns (uint256 t) {
        t = start();
        assembly ("memory-safe") {
            mstore(0x40, add(mload(0x40), room))
        }
    }

    /// @notice A transcript in the given state, with `room` bytes of data part that are its own.
    function resume(bytes32 state_, uint256 room) internal pure returns (uint256 t) {
        assembly ("memory-safe") {
            t := mload(0x40)
            mstore(0x40, add(t, add(room, 96)))
            mstore(t, state_)
        }
    }

    function state(uint256 t) internal pure returns (bytes32 s) {
        assembly ("memory-safe") {
            s := mload(t)
        }
    }

    /// @notice Absorbs `length` bytes of calldata.
    function absorb(uint256 t, bytes32 label, uint256 from, uint256 length) internal pure {
        assembly ("memory-safe") {
            mstore(add(t, 32), label)
            mstore(add(t, 64), length)
            calldatacopy(add(t, 96), from, length)
            mstore(t, keccak256(t, add(length, 96)))
        }
    }

    /// @notice Absorbs one word.
    function absorbWord(uint256 t, bytes32 label, bytes32 data) internal pure {
        assembly ("memory-safe") {
            mstore(add(t, 32), label)
            mstore(add(t, 64), 32)
            mstore(add(t, 96), data)
            mstore(t, keccak256(t, 128))
        }
    }

    /// @notice Draws one scalar.
    function challenge(uint256 t, bytes32 label) internal pure returns (uint256 c) {
        assembly ("memory-safe") {
            mstore(add(t, 32), label)
            mstore(add(t, 64), 0)
            c := keccak256(t, 96)
            mstore(t, c)
            c := mod(c, FR)
        }
    }

    /// @notice Draws a point of `n` variables into the memory at `point` (see `Fr`).
    function challengePoint(uint256 t, bytes32 label, uint256 point, uint256 n) internal pure {
        assembly ("memory-safe") {
            mstore(add(t, 32), label)
            mstore(add(t, 64), 0)
            for { let end := add(point, shl(6, n)) } lt(point, end) { point := add(point, 64) } {
                let c := keccak256(t, 96)
                mstore(t, c)
                c := mod(c, FR)
                mstore(point, addmod(1, sub(FR, c), FR))
                mstore(add(point, 32), c)
            }
        }
    }
}
