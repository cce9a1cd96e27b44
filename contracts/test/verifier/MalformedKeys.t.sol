// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/verifier/Verdict.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Keys whose circuit contradicts itself: the verifier reverts, whatever the proof says.
/// @dev Positions are those of ref_mlp_public: three tables, eight tensors, then steps and program (§8).
contract MalformedKeysTest is VectorLoader {
    uint256 internal constant TENSORS = 64 + 3 * 32;

    Vector internal mlp;

    function setUp() public {
        mlp = load("ref_mlp_public");
        assertTrue(check(mlp));
    }

    // --- the program --------------------------------------------------------------------------------------

    /// @dev One record more or less of any kind, one term more or less: the program does not end where it should.
    function test_verify_revertsForOtherCounts() public {
        uint256 counts = _program() + 6;
        for (uint256 i = 0; i < 17; ++i) {
            uint8 count = uint8(mlp.vk[counts + 2 * i + 1]);
            if (i == 5 || i == 6) continue; // DENSE, REGROUP: a record that is none may cost all gas
            _reverts(counts + 2 * i + 1, count + 1);
            if (count != 0) _reverts(counts + 2 * i + 1, count - 1);
        }
    }

    function test_verify_revertsForAProgramWithoutItsHead() public {
        bytes memory vk = mlp.vk;
        uint256 end = _program() + _u24(29);
        vk = bytes.concat(_slice(vk, 0, _program()), new bytes(39), _slice(vk, end, vk.length));
        (vk[29], vk[30], vk[31]) = (0, 0, bytes1(uint8(39)));
        mlp.vk = vk;
        _reverts(4, 0x00); // no other change
    }

    function test_verify_revertsForAnotherLengthOfTheProgram() public {
        _reverts(31, uint8(mlp.vk[31]) + 1);
        _reverts(31, uint8(mlp.vk[31]) - 1);
    }

    /// @dev Whoever could name a target behind the last one could overwrite memory.
    function test_verify_revertsForATargetOutside() public {
        uint256 term = _terms();
        uint256 targets = 2;
        for (uint256 i = 14; i < 24; i += 2) {
            targets += uint8(mlp.vk[i + 1]);
        }
        _reverts(term + 1, uint8(targets));
        _reverts(term, 0xff);
        _reverts(term, 0x7f);
    }

    /// @dev A term of several targets, of which the last one lies outside: the committed input of ref_conv_committed.
    function test_verify_revertsForSeveralTargetsOutside() public {
        mlp = load("ref_conv_committed");
        uint256 counts = _program() + 6;
        assertGt(uint8(mlp.vk[counts + 33]), 0, "there is such a term");
        uint256 term = _terms();
        for (uint256 n = 1; n <= 7; ++n) {
            term += (2 + 2 * n) * uint8(mlp.vk[counts + 15 + 2 * n]);
        }
        assertEq(uint8(mlp.vk[counts + 31]), 0, "no long terms");
        uint256 targets = 2;
        for (uint256 i = 14; i < 24; i += 2) {
            targets += uint8(mlp.vk[i + 1]);
        }
        _reverts(term + 1, uint8(targets - 1));
    }

    function test_verify_revertsForAnUnknownPublicTensor() public {
        _reverts(_program() + 1, 8);
        _reverts(_program() + 3, 8);
        _reverts(_program(), 0xff);
    }

    function test_verify_revertsForAnEmptyPublicAxis() public {
        mlp.instances = new uint256[](3);
        _reverts(TENSORS + 9, 0x00);
    }

    /// @dev Numbers that no factor has, a factor that comes later, one of another kind: another word of memory, and never
    ///      an accepted proof (the C++ decoder refuses such keys: vk_test.cpp).
    function test_verify_neverAcceptsOtherFactors() public {
        uint256 from = _terms();
        uint256 end = 64 + _u24(26) + _u24(29) + 11 * 32;
        for (uint256 i = from; i < end; ++i) {
            Vector memory v = mlp;
            bytes1 before = v.vk[i];
            v.vk[i] = before ^ (i & 1 == 0 ? bytes1(0x05) : bytes1(0x01));
            v.key = placeKey(v.vk);
            try this.callCheck(v) returns (bool accepted) {
                assertFalse(accepted, vm.toString(i));
            } catch {}
            v.vk[i] = before;
        }
    }

    /// @dev Where the program begins, and where its terms do.
    function _program() private view returns (uint256) {
        uint256 records = uint8(mlp.vk[9]) + uint256(uint8(mlp.vk[11]));
        return 64 + 32 * records + _u24(26);
    }

    function _terms() private view returns (uint256 at) {
        uint256 counts = _program() + 6;
        uint8[7] memory sizes = [32, 3, 6, 6, 12, 19, 0];
        at = counts + 34;
        for (uint256 i = 0; i < 7; ++i) {
            uint256 count = uint8(mlp.vk[counts + 2 * i + 1]);
            for (; i == 6 && count != 0; --count) {
                at += 5 + 5 * uint256(uint8(mlp.vk[at + 1])) + 4 * uint256(uint8(mlp.vk[at + 2]));
            }
            at += sizes[i] * count;
        }
        for (uint256 count = uint8(mlp.vk[counts + 15]); count != 0; --count) {
            at += 2 + 6 * (uint256(uint8(mlp.vk[at])) << 8 | uint8(mlp.vk[at + 1]));
        }
    }

    function _u24(uint256 at) private view returns (uint256) {
        return uint256(uint8(mlp.vk[at])) << 16 | uint256(uint8(mlp.vk[at + 1])) << 8 | uint8(mlp.vk[at + 2]);
    }

    // --- the rest -----------------------------------------------------------------------------------------

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
        mlp = load("ref_conv_public");
        uint256 counts = _program() + 6;
        uint256 at = counts + 34;
        uint8[6] memory sizes = [32, 3, 6, 6, 12, 19];
        for (uint256 i = 0; i < 6; ++i) {
            at += sizes[i] * uint256(uint8(mlp.vk[counts + 2 * i + 1]));
        }
        assertGt(uint8(mlp.vk[counts + 13]), 0, "there is such a record");
        at += 5 + 5 * uint256(uint8(mlp.vk[at + 1])) + 3;
        _reverts(at, 0x00);
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
