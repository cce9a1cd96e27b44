// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/verifier/Verdict.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Keys whose circuit contradicts itself: the verifier reverts, whatever the proof says.
/// @dev Positions are those of ref_mlp_public: three tables, eight tensors, then the steps (§8).
contract MalformedKeysTest is VectorLoader {
    uint256 internal constant TENSORS = 64 + 3 * 32;
    uint256 internal constant STEPS = TENSORS + 8 * 32;
    uint256 internal constant SECOND_STEP = STEPS + 44;

    Vector internal mlp;

    function setUp() public {
        mlp = load("ref_mlp_public");
        assertTrue(check(mlp));
    }

    function test_verify_revertsForTooFewSteps() public {
        _reverts(13, 0x02);
    }

    function test_verify_revertsForAStepLargerThanItsPoint() public {
        _reverts(STEPS + 1, 0x20);
    }

    function test_verify_revertsForTooManyAxes() public {
        _reverts(STEPS, 0xff);
    }

    function test_verify_revertsForALimbLargerThanTheLanes() public {
        mlp.vk[5] = 0x0c; // rho has room
        _reverts(STEPS + 1, 0x0a);
    }

    function test_verify_revertsForAnUnknownTensor() public {
        _reverts(STEPS + 6, 0xff);
    }

    function test_verify_revertsForATensorOnAnotherColumn() public {
        for (uint256 column = 5; column < 12; ++column) {
            _reverts(TENSORS + 32, uint8(column));
        }
    }

    function test_verify_revertsForATensorBeyondItsColumn() public {
        _reverts(TENSORS + 32 + 3, 0x01); // bits 16 to 23 of the offset
    }

    function test_verify_revertsForAPublicInputNotReadByEq() public {
        _reverts(STEPS + 31, 0x00);
    }

    function test_verify_revertsForAnUnknownMap() public {
        _reverts(SECOND_STEP + 57, 0x05);
    }

    function test_verify_revertsForAnEmptyPublicAxis() public {
        mlp.instances = new uint256[](3);
        mlp.vk[STEPS + 4] = 0x00; // the dimension of the out axis that IN is read along
        _reverts(TENSORS + 9, 0x00);
    }

    function test_verify_revertsForAContractionLargerThanItsPoint() public {
        _reverts(SECOND_STEP + 87, 0x1e);
    }

    function test_verify_revertsForTooManyContractionAxes() public {
        _reverts(SECOND_STEP + 86, 0xff);
    }

    /// @dev More rounds of the product sumcheck than the mask column has room for, with a proof of that length.
    function test_verify_revertsForTooManyMaskSlots() public {
        uint256 position = 64 * (2 * 2 + 1 + 2 * 2 + 2) + 32;
        uint256 more = 23 - uint8(mlp.vk[6]);
        bytes memory proof = mlp.proof;
        mlp.proof = bytes.concat(_slice(proof, 0, position), new bytes(96 * more));
        mlp.proof = bytes.concat(mlp.proof, _slice(proof, position, proof.length));
        _reverts(6, 23);
    }

    /// @dev Sizes of the header that do not fit together.
    function test_verify_revertsForHeaderSizes() public {
        uint8[2][9] memory changes = [
            [uint8(1), 5], // mu too small
            [uint8(1), 33],
            [uint8(2), 6], // nu below mu
            [uint8(2), 30],
            [uint8(3), 6], // kappa
            [uint8(3), 30],
            [uint8(5), 7], // rho shorter than nu
            [uint8(5), 60],
            [uint8(6), 7] // fewer rounds than nu
        ];
        for (uint256 i = 0; i < changes.length; ++i) {
            _reverts(changes[i][0], changes[i][1]);
        }
    }

    function test_verify_revertsForAnEmptyRegroupedAxis() public {
        Vector memory v = load("ref_conv_public");
        uint256 tensor = 64 + 4 * 32 + 9 * 32; // read by REGROUP before anything else needs its dimensions
        v.vk[tensor + 9] = 0x00;
        v.key = placeKey(v.vk);
        vm.expectPartialRevert(Verifier_MalformedKey.selector);
        this.callCheck(v);
    }

    function callCheck(Vector calldata v) external view returns (bool) {
        return v.verifier.verify(v.key, v.context, v.instances, v.proof);
    }

    /// @dev Changes one byte of the key, calls, and puts the byte back.
    function _reverts(uint256 position, uint8 value) private {
        Vector memory v = mlp;
        bytes1 before = v.vk[position];
        v.vk[position] = bytes1(value);
        v.key = placeKey(v.vk);
        vm.expectPartialRevert(Verifier_MalformedKey.selector);
        this.callCheck(v);
        v.vk[position] = before;
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = data[from + i];
        }
    }
}
