// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import "../../src/verifier/Verdict.sol";
import {ProgramSections} from "./ProgramSections.sol";
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
        uint256 end = _program() + ProgramSections.u24(mlp.vk, 29);
        vk = bytes.concat(
            ProgramSections.slice(vk, 0, _program()), new bytes(39), ProgramSections.slice(vk, end, vk.length)
        );
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
        uint256 term = ProgramSections.section(mlp.vk, ProgramSections.LONG);
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

    /// @dev More values than any proof has: the product of two axes has more than 32 bits.
    function test_verify_revertsForAHugePublicTensor() public {
        mlp.vk[TENSORS + 1] = 0x02;
        (mlp.vk[TENSORS + 7], mlp.vk[TENSORS + 11]) = (0xff, 0xff);
        _reverts(TENSORS + 12, 0xff);
    }

    /// @dev A table's length as a power of two that no row has room for: read as the longest one.
    function test_verify_falseForATableLongerThanAllRows() public {
        Vector memory v = mlp;
        v.vk[64] = bytes1(uint8(v.vk[3]) + 1);
        v.key = placeKey(v.vk);
        assertFalse(check(v));
    }

    /// @dev Numbers that no factor has, a factor that comes later, one of another kind: another word of memory, and never
    ///      an accepted proof (the C++ decoder refuses such keys: vk_test.cpp).
    function test_verify_neverAcceptsOtherFactors() public {
        uint256 from = _terms();
        uint256 end = 64 + ProgramSections.u24(mlp.vk, 26) + ProgramSections.u24(mlp.vk, 29) + 11 * 32;
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

    function _program() private view returns (uint256) {
        return ProgramSections.program(mlp.vk);
    }

    function _terms() private view returns (uint256) {
        return ProgramSections.section(mlp.vk, ProgramSections.TERMS);
    }

    // --- the rest -----------------------------------------------------------------------------------------

    /// @dev More rounds of the product sumcheck than the mask column has room for, with a proof of that length.
    function test_verify_revertsForTooManyMaskSlots() public {
        uint256 position = 64 * (2 * 2 + 1 + 2 * 2 + 2) + 32;
        uint256 more = 23 - uint8(mlp.vk[6]);
        bytes memory proof = mlp.proof;
        mlp.proof = bytes.concat(ProgramSections.slice(proof, 0, position), new bytes(96 * more));
        mlp.proof = bytes.concat(mlp.proof, ProgramSections.slice(proof, position, proof.length));
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
        uint256 at = ProgramSections.section(mlp.vk, ProgramSections.REGROUP);
        assertGt(ProgramSections.count(mlp.vk, ProgramSections.REGROUP), 0, "there is such a record");
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
}
