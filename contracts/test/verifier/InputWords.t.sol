// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VectorLoader} from "./VectorLoader.sol";

/// @notice How many words the universal verifier says that the input of a key's statement has: total, whatever lies there.
/// @dev Positions are those of ref_mlp_public: three tables, eight tensors (§8).
contract InputWordsTest is VectorLoader {
    uint256 internal constant TENSORS = 64 + 3 * 32;
    uint256 internal constant NUM_TENSORS = 8;
    uint8 internal constant COLUMN_IN = 1;

    Vector internal mlp;

    function setUp() public {
        mlp = load("ref_mlp_public");
    }

    function test_inputWords_ofAPublicInput() public view {
        bytes memory vk = mlp.vk;
        uint256 tensor = _input();
        uint256 values = 1;
        for (uint256 axis = 0; axis < uint8(vk[tensor + 1]); ++axis) {
            values *= uint8(vk[tensor + 9 + 4 * axis]); // short axes: the last byte is all
        }
        assertGt(values, 1);
        assertEq(mlp.verifier.inputWords(mlp.key), values);
    }

    function test_inputWords_ofACommittedInput() public {
        Vector memory v = load("ref_mlp_committed");
        assertEq(v.verifier.inputWords(v.key), 2 * uint256(uint8(v.vk[17])));
    }

    function test_inputWords_noneWithoutAKey() public {
        assertEq(mlp.verifier.inputWords(address(0xdead)), 0);
        bytes memory vk = mlp.vk;
        assembly ("memory-safe") {
            mstore(vk, 63)
        }
        assertEq(mlp.verifier.inputWords(placeKey(vk)), 0, "a header and no more");
    }

    function test_inputWords_noneIfTheTensorsAreNotThere() public {
        assertEq(_wordsWith(10, 0xff), 0);
    }

    function test_inputWords_noneIfNoTensorIsTheInput() public {
        assertEq(_wordsWith(_input(), 0x02), 0);
    }

    function test_inputWords_noneForTooManyAxes() public {
        assertEq(_wordsWith(_input() + 1, 7), 0);
    }

    /// @dev Where the record of the first tensor on IN begins.
    function _input() private view returns (uint256 tensor) {
        bytes memory vk = mlp.vk;
        tensor = TENSORS;
        while (uint8(vk[tensor]) != COLUMN_IN) {
            tensor += 32;
        }
        assertLt(tensor, TENSORS + 32 * NUM_TENSORS);
    }

    /// @dev The answer for the key with another byte at `position`.
    function _wordsWith(uint256 position, uint8 value) private returns (uint256) {
        bytes memory vk = mlp.vk;
        vk[position] = bytes1(value);
        return mlp.verifier.inputWords(placeKey(vk));
    }
}
