// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

uint256 constant MEMO_SLOTS = 127;
/// @dev Or'ed to the hash of two words that makes a key.
uint256 constant MEMO_PAIR = 0xff00000000000000000000000000000000000000000000000000000000000000;

/// @title Factors of one verification that are needed again
/// @notice A memo is a memory address: slots of two words, what determines a value (the *key*, never 0) and the value. Two
///         keys of one slot displace each other, which costs gas and nothing else. Points are named by their addresses, so a
///         value may be kept only if its points do not change.
/// @dev Kinds of keys differ in their top byte; maps have their own, at most 4.
library Memo {
    uint256 internal constant NONE = 0;
    uint256 internal constant PLACE = 0x81 << 248;
    uint256 internal constant BELOW = 0x82 << 248;
    uint256 internal constant SHIFTED = 0x83 << 248;
    uint256 internal constant BYTES = MEMO_SLOTS * 64;

    function find(uint256 memo, uint256 key) internal pure returns (bool known, uint256 value) {
        assembly ("memory-safe") {
            let slot := add(memo, shl(6, mod(key, MEMO_SLOTS)))
            known := eq(mload(slot), key)
            value := mload(add(slot, 32))
        }
    }

    function keep(uint256 memo, uint256 key, uint256 value) internal pure {
        assembly ("memory-safe") {
            let slot := add(memo, shl(6, mod(key, MEMO_SLOTS)))
            mstore(slot, key)
            mstore(add(slot, 32), value)
        }
    }
}
