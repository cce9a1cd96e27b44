// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A verifying key as contract code
/// @notice The code is one zero byte (STOP: a call does nothing and nothing can destroy it), then the key's bytes.
library VerifyingKeyCode {
    /// @dev EIP-170's limit of 24,576 bytes of code, less the leading zero byte.
    uint256 internal constant MAX_KEY_BYTES = 24_575;

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

    /// @notice Deploys the key.
    function deploy(bytes memory data) internal returns (address key) {
        bytes memory code = creationCode(data);
        assembly ("memory-safe") {
            key := create(0, add(code, 32), mload(code))
        }
        if (key == address(0)) revert VerifyingKeyCode_CreationFailed();
    }

    /// @notice Whether the code of `key` starts with the zero byte, and keccak256 of what follows.
    function inspect(address key) internal view returns (bool stopped, bytes32 hash) {
        bytes memory code = key.code;
        stopped = code.length > 1 && code[0] == 0;
        if (!stopped) return (false, 0);
        assembly ("memory-safe") {
            hash := keccak256(add(code, 33), sub(mload(code), 1))
        }
    }
}
