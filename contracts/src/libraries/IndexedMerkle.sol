// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Merkle trees in which a leaf has one place
/// @notice `count` leaves, filled up with zero words to 2^depth. The index says at each level on which side the sibling is.
/// A leaf's preimage starts with a zero byte and is 33 + 32n bytes long, a node's is 64 bytes long.
library IndexedMerkle {
    /// @notice ⌈log2 count⌉.
    function depthOf(uint256 count) internal pure returns (uint256) {
        return Math.log2(count, Math.Rounding.Ceil);
    }

    /// @notice A leaf of words behind a salt (zero where there is nothing to hide).
    function leafOf(bytes32 salt, int256[] memory words) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), salt, words));
    }

    /// @notice Whether `leaf` is number `index` of the `count` leaves below `root`.
    function isAt(bytes32 root, uint256 count, uint256 index, bytes32 leaf, bytes32[] memory path)
        internal
        pure
        returns (bool)
    {
        if (index >= count || path.length != depthOf(count)) return false;
        bytes32 node = leaf;
        for (uint256 i = 0; i < path.length; ++i) {
            node = index >> i & 1 == 1
                ? Hashes.efficientKeccak256(path[i], node)
                : Hashes.efficientKeccak256(node, path[i]);
        }
        return node == root;
    }

    /// @notice The node above `nodes`, a power of two of them.
    function parentOf(bytes32[] memory nodes) internal pure returns (bytes32) {
        bytes32[] memory level = new bytes32[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            level[i] = nodes[i];
        }
        for (uint256 width = nodes.length; width > 1; width /= 2) {
            for (uint256 i = 0; i < width / 2; ++i) {
                level[i] = Hashes.efficientKeccak256(level[2 * i], level[2 * i + 1]);
            }
        }
        return level[0];
    }
}
