// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";

/// @title What a key of docs/spec/protocol.md §8 says about its statement
/// @notice A verifier of the flat systems inherits this.
abstract contract FlatKeyReader is IProofVerifier {
    uint256 private constant HEADER_BYTES = 64;
    uint256 private constant RECORD_BYTES = 32;
    uint256 private constant FLAG_INPUT_COMMITTED = 1;
    uint256 private constant COLUMN_IN = 1;
    uint256 private constant MAX_AXES = 6;

    /// @inheritdoc IProofVerifier
    /// @dev Two words per chunk of a committed input; else one word per value of the first tensor on column IN.
    function inputWords(address key) external view returns (uint256 words) {
        (uint256 vk, uint256 length) = VerifyingKeyCode.load(key);
        if (length < HEADER_BYTES) return 0;
        bytes memory header = _copy(vk, HEADER_BYTES);
        if (uint8(header[4]) & FLAG_INPUT_COMMITTED != 0) return 2 * _u16(header, 16);
        uint256 size = RECORD_BYTES * _u16(header, 10);
        uint256 start = HEADER_BYTES + RECORD_BYTES * _u16(header, 8);
        if (start + size > length) return 0;
        bytes memory tensors = _copy(vk + start, size);
        for (uint256 offset = 0; offset < tensors.length; offset += RECORD_BYTES) {
            if (uint8(tensors[offset]) == COLUMN_IN) return _values(tensors, offset);
        }
        return 0;
    }

    /// @dev The number of values of the tensor record at `offset`: at most 144 bits.
    function _values(bytes memory tensors, uint256 offset) private pure returns (uint256 values) {
        uint256 axes = uint8(tensors[offset + 1]);
        if (axes > MAX_AXES) return 0;
        values = 1;
        for (uint256 i = 0; i < axes; ++i) {
            uint256 dim = offset + 7 + 4 * i;
            values *= uint256(uint8(tensors[dim])) << 16 | _u16(tensors, dim + 1);
        }
    }

    function _u16(bytes memory data, uint256 offset) private pure returns (uint256) {
        return uint256(uint8(data[offset])) << 8 | uint8(data[offset + 1]);
    }

    /// @dev `length` bytes of memory at `from`.
    function _copy(uint256 from, uint256 length) private pure returns (bytes memory data) {
        data = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(data, 32), from, length)
        }
    }
}
