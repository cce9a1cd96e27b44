// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IndexedMerkle} from "../../src/libraries/IndexedMerkle.sol";

/// @dev Whoever can show one leaf at two places, or a node as a leaf, can answer a referee's question with another value.
contract IndexedMerkleTest is Test {
    function leavesOf(uint256 count) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1 << IndexedMerkle.depthOf(count));
        for (uint256 i = 0; i < count; ++i) {
            int256[] memory words = new int256[](1);
            words[0] = int256(i);
            leaves[i] = IndexedMerkle.leafOf(keccak256(abi.encode("salt", i)), words);
        }
    }

    /// @dev The siblings of leaf `index`, each folded from its own part of the leaves.
    function pathOf(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory path) {
        path = new bytes32[](IndexedMerkle.depthOf(leaves.length));
        for (uint256 level = 0; level < path.length; ++level) {
            bytes32[] memory part = new bytes32[](1 << level);
            uint256 first = (index >> level ^ 1) << level;
            for (uint256 i = 0; i < part.length; ++i) {
                part[i] = leaves[first + i];
            }
            path[level] = IndexedMerkle.parentOf(part);
        }
    }

    function testFuzz_indexedMerkle_aLeafHasOnePlace(uint256 count, uint256 index, uint256 other)
        public
        pure
    {
        count = bound(count, 1, 40);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = leavesOf(count);
        bytes32[] memory path = pathOf(leaves, index);
        bytes32 root = IndexedMerkle.parentOf(leaves);
        assertTrue(IndexedMerkle.isAt(root, count, index, leaves[index], path));
        other = bound(other, 0, type(uint256).max - 1);
        if (other >= index) ++other;
        assertFalse(IndexedMerkle.isAt(root, count, other, leaves[index], path), "at a second place");
    }

    /// @dev The bits of an index above the depth choose no side: index + 2^depth would walk the same path.
    function testFuzz_indexedMerkle_noPlaceBeyondTheTree(uint256 count, uint256 index, uint256 turns)
        public
        pure
    {
        count = bound(count, 1, 40);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = leavesOf(count);
        uint256 beyond = index + bound(turns, 1, type(uint128).max) * leaves.length;
        bytes32[] memory path = pathOf(leaves, index);
        assertFalse(IndexedMerkle.isAt(IndexedMerkle.parentOf(leaves), count, beyond, leaves[index], path));
    }

    /// @dev The zero words that fill the tree up are no leaves.
    function test_indexedMerkle_fillingIsNoLeaf() public pure {
        bytes32[] memory leaves = leavesOf(3);
        bytes32 root = IndexedMerkle.parentOf(leaves);
        assertFalse(IndexedMerkle.isAt(root, 3, 3, bytes32(0), pathOf(leaves, 3)));
    }

    /// @dev A shorter path would make a node a leaf, a longer one a leaf's half of a preimage.
    function test_indexedMerkle_pathsOfAnotherLength() public pure {
        bytes32[] memory leaves = leavesOf(4);
        (bytes32 root, bytes32[] memory path) = (IndexedMerkle.parentOf(leaves), pathOf(leaves, 0));
        bytes32[] memory upper = new bytes32[](1);
        upper[0] = path[1];
        bytes32 node = keccak256(abi.encode(leaves[0], leaves[1]));
        assertEq(keccak256(abi.encode(node, upper[0])), root);
        assertFalse(IndexedMerkle.isAt(root, 4, 0, node, upper), "a node as a leaf");
        assertFalse(IndexedMerkle.isAt(root, 2, 0, leaves[0], path), "a path that is too long for the count");
        assertTrue(IndexedMerkle.isAt(root, 4, 0, leaves[0], path));
    }
}
