// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";

/// @notice Deploys keys that are too long for one contract, as docs/spec/contracts.md §3 says (and a liar's heads).
library KeyParts {
    function deploy(bytes memory key) internal returns (address) {
        return head(key.length, deployParts(key));
    }

    function deployParts(bytes memory key) internal returns (address[] memory parts) {
        uint256 size = VerifyingKeyCode.MAX_KEY_BYTES;
        parts = new address[]((key.length + size - 1) / size);
        for (uint256 i = 0; i < parts.length; ++i) {
            uint256 end = (i + 1) * size < key.length ? (i + 1) * size : key.length;
            parts[i] = VerifyingKeyCode.deploy(slice(key, i * size, end));
        }
    }

    function head(uint256 length, address[] memory parts) internal returns (address) {
        return VerifyingKeyCode.deploy(headBytes(length, parts));
    }

    function headBytes(uint256 length, address[] memory parts) internal pure returns (bytes memory data) {
        data = abi.encodePacked(VerifyingKeyCode.IN_PARTS, uint32(length));
        for (uint256 i = 0; i < parts.length; ++i) {
            data = bytes.concat(data, bytes20(parts[i]));
        }
    }

    function slice(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), from), mload(part))
        }
    }
}
