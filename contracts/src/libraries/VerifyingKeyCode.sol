// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A verifying key as contract code
/// @notice The code is one zero byte (STOP: a call does nothing and nothing can destroy it), then the key's bytes. A longer
///         key lies in *parts*, contracts of the same kind that hold all bytes that fit (the last one the rest), and a *head*
///         names them: `00 ‖ "key in parts" ‖ u32 length of the key ‖ their addresses`, 20 bytes each, in order.
/// @dev Nothing here is trusted: a head that names other parts, or the same in another order, is another key with another hash.
library VerifyingKeyCode {
    /// @dev EIP-170's limit of 24,576 bytes of code, less the leading zero byte.
    uint256 internal constant MAX_KEY_BYTES = 24_575;
    uint256 internal constant MAX_PARTS = 16;

    /// @dev No key begins with it: those of protocol.md with a number below 16, those of adapters with a hash.
    bytes12 internal constant IN_PARTS = "key in parts";
    uint256 private constant HEAD_BYTES = 16;
    uint256 private constant ADDRESS_BYTES = 20;

    error VerifyingKeyCode_TooLong(uint256 length, uint256 limit);
    error VerifyingKeyCode_CreationFailed();

    /// @notice Creation code that leaves `0x00 ‖ data` behind: 10 bytes, then the zero byte and the data.
    /// @dev 61 LLLL   PUSH2 1 + len(data)
    ///      80        DUP1
    ///      60 0a     PUSH1 10          (where the zero byte starts)
    ///      3d        RETURNDATASIZE    (0)
    ///      39        CODECOPY
    ///      3d        RETURNDATASIZE    (0)
    ///      f3        RETURN
    ///      00 ‖ data
    function creationCode(bytes memory data) internal pure returns (bytes memory code) {
        if (data.length > MAX_KEY_BYTES) revert VerifyingKeyCode_TooLong(data.length, MAX_KEY_BYTES);
        return abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a3d393df300", data);
    }

    /// @notice Deploys bytes that fit into one contract.
    function deploy(bytes memory data) internal returns (address key) {
        bytes memory code = creationCode(data);
        assembly ("memory-safe") {
            key := create(0, add(code, 32), mload(code))
        }
        if (key == address(0)) revert VerifyingKeyCode_CreationFailed();
    }

    /// @notice Whether there is a key at `key`, and keccak256 of its bytes.
    function inspect(address key) internal view returns (bool stopped, bytes32 hash) {
        (uint256 data, uint256 length) = load(key);
        if (length == 0) return (false, 0);
        assembly ("memory-safe") {
            hash := keccak256(data, length)
        }
        return (true, hash);
    }

    /// @notice Copies a key to memory, with at least one word of room behind it.
    /// @return data address of its first byte, just behind a word's first byte
    /// @return length 0 if there is none: no code or nothing behind its first byte, which is not zero, or parts that are
    ///         not what the head says
    function load(address key) internal view returns (uint256 data, uint256 length) {
        bytes12 begin;
        assembly ("memory-safe") {
            length := extcodesize(key)
            let code := mload(0x40)
            extcodecopy(key, code, 0, length)
            if byte(0, mload(code)) { length := 0 }
            if length { length := sub(length, 1) }
            data := add(code, 1)
            mstore(0x40, and(add(add(data, length), 63), not(31)))
            begin := and(mload(data), not(shr(96, not(0))))
        }
        if (begin == IN_PARTS && length > HEAD_BYTES) length = _join(data, length);
    }

    /// @dev Replaces the head at `head` by the key that it names; returns the key's length, or 0.
    function _join(uint256 head, uint256 size) private view returns (uint256 length) {
        unchecked {
            assembly ("memory-safe") {
                length := and(shr(128, mload(head)), 0xffffffff)
            }
            uint256 parts = (length + MAX_KEY_BYTES - 1) / MAX_KEY_BYTES;
            bool sized = parts > 1 && parts <= MAX_PARTS && size == HEAD_BYTES + ADDRESS_BYTES * parts;
            if (!sized) return 0;
            uint256 names;
            assembly ("memory-safe") {
                names := add(head, length) // behind the key, so that its parts do not overwrite them
                mcopy(names, head, size)
                mstore(0x40, and(add(add(names, size), 63), not(31)))
            }
            uint256 left = length;
            for (uint256 i = 0; i < parts; ++i) {
                uint256 some = left < MAX_KEY_BYTES ? left : MAX_KEY_BYTES;
                if (!_copyPart(head + length - left, names + HEAD_BYTES + ADDRESS_BYTES * i, some)) return 0;
                left -= some;
            }
        }
    }

    /// @dev Copies a part whose address lies at `name` to `to`; whether it is `00 ‖ length bytes`.
    function _copyPart(uint256 to, uint256 name, uint256 length) private view returns (bool ok) {
        assembly ("memory-safe") {
            let part := shr(96, mload(name))
            ok := eq(extcodesize(part), add(length, 1))
            let before := sub(to, 32)
            let word := mload(before)
            extcodecopy(part, sub(to, 1), 0, mul(ok, add(length, 1)))
            // the part's first byte lies where the last byte of what comes before it was
            ok := and(ok, iszero(and(mload(before), 0xff)))
            mstore(before, word)
        }
    }
}
