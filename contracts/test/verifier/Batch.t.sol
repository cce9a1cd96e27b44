// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReferenceTranscript, Transcripts} from "../reference/ReferenceTranscript.sol";
import {R} from "../reference/Scalars.sol";
import {ReferenceVerifier} from "../reference/ReferenceVerifier.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Several proofs of one key under one pairing (docs/spec/protocol.md §6a), and liars among them.
contract BatchTest is VectorLoader {
    using Transcripts for ReferenceTranscript;

    Vector internal honest;
    bytes32[] internal contexts;
    uint256[][] internal instances;
    bytes[] internal proofs;

    function setUp() public {
        string memory json = readVector("lenet_mu15");
        honest = parse(json);
        for (uint256 i = 0; i < 7; ++i) {
            string memory at = string.concat(".batch[", vm.toString(i), "]");
            contexts.push(vm.parseJsonBytes32(json, string.concat(at, ".context")));
            instances.push(vm.parseJsonUintArray(json, string.concat(at, ".instances")));
            proofs.push(vm.parseJsonBytes(json, string.concat(at, ".proof")));
        }
    }

    function test_verifyBatch_acceptsEveryNumberOfProofs() public {
        for (uint256 n = 7; n > 0; --n) {
            assertTrue(_check(), vm.toString(n));
            assertTrue(honest.verifier.verify(honest.key, contexts[n - 1], instances[n - 1], proofs[n - 1]));
            _pop();
        }
        assertFalse(_check(), "no proofs");
    }

    function test_verifyBatch_acceptsOneProofTwice() public {
        (contexts[3], instances[3], proofs[3]) = (contexts[1], instances[1], proofs[1]);
        assertTrue(_check());
    }

    function test_verifyBatch_rejectsArraysOfOtherLengths() public {
        contexts.pop();
        assertFalse(_check());
        instances.pop();
        assertFalse(_check());
        proofs.pop();
        assertTrue(_check());
        instances.pop();
        assertFalse(_check());
    }

    /// @dev The last bytes of a proof are C_Wy: only the pairing sees that another point is there.
    function test_verifyBatch_rejectsOneFalseProof() public {
        for (uint256 i = 0; i < proofs.length; ++i) {
            bytes memory proof = proofs[i];
            bytes memory lie = bytes.concat(proof);
            _shift(lie, lie.length - 64, 2);
            proofs[i] = lie;
            assertFalse(_check(), vm.toString(i));
            proofs[i] = proof;
        }
        assertTrue(_check(), "restored");
    }

    function test_verifyBatch_rejectsOneFalseStatement() public {
        for (uint256 i = 0; i < proofs.length; ++i) {
            contexts[i] ^= bytes32(uint256(1));
            assertFalse(_check(), "context");
            contexts[i] ^= bytes32(uint256(1));
            ++instances[i][instances[i].length - 1];
            assertFalse(_check(), "output");
            --instances[i][instances[i].length - 1];
        }
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        assertFalse(_check(), "swapped");
    }

    /// @dev Two copies of one proof, C_W1 too large by G here and too small by G there: what they are off by sums to zero
    ///      (mercury_test.cpp shows that), so only the random coefficients refuse them.
    function test_verifyBatch_rejectsFalseProofsThatCancel() public {
        for (uint256 i = 1; i < 4; ++i) {
            (contexts[i], instances[i]) = (contexts[0], instances[0]);
            bytes memory more = bytes.concat(proofs[0]);
            bytes memory less = bytes.concat(proofs[0]);
            _shift(more, more.length - 64, 2);
            _shift(less, less.length - 64, FQ - 2);
            bytes memory kept = proofs[0];
            (proofs[0], proofs[i]) = (more, less);
            assertFalse(_check(), vm.toString(i));
            (proofs[0], proofs[i]) = (kept, kept);
        }
        assertTrue(_check(), "restored");
    }

    /// @dev The same with the second shift divided by the coefficient that a verifier would draw which did not absorb the
    ///      last point: the liar knows it before choosing that point.
    function test_verifyBatch_rejectsFalseProofsThatCancelAfterScaling() public {
        string memory json = readVector("net_public_mu7");
        honest = parse(json);
        bytes32 state = new ReferenceVerifier(tauOf(json))
            .check(honest.vk, honest.context, honest.instances, honest.proof);
        uint256 each = ReferenceTranscript(state).challenge("batch");
        ReferenceTranscript memory batch = Transcripts.start();
        uint256 scale;
        for (uint256 i = 0; i < 2; ++i) {
            batch.absorb("batch", abi.encode(each));
            scale = batch.challenge("scale");
        }
        while (proofs.length > 2) {
            _pop();
        }
        for (uint256 i = 0; i < 2; ++i) {
            (contexts[i], instances[i]) = (honest.context, honest.instances);
            proofs[i] = bytes.concat(honest.proof);
        }
        assertTrue(_check());
        (bytes memory more, bytes memory less) = (proofs[0], proofs[1]);
        _shift(more, more.length - 64, 2);
        // - 1/scale times the generator
        uint256 inverse = _power(scale, R - 2);
        (bool ok, bytes memory point) = address(7).staticcall(abi.encode(1, FQ - 2, inverse));
        require(ok, "multiplication");
        (uint256 x, uint256 y) = abi.decode(point, (uint256, uint256));
        _shiftBy(less, less.length - 64, x, y);
        (proofs[0], proofs[1]) = (more, less);
        assertFalse(_check());
    }

    function test_verifyBatch_neverFalseForLackOfGas() public {
        while (proofs.length > 2) {
            _pop();
        }
        bytes memory call =
            abi.encodeCall(honest.verifier.verifyBatch, (honest.key, contexts, instances, proofs));
        for (uint256 gas = 300_000; gas < 1_200_000; gas += 9973) {
            (bool ok, bytes memory answer) = address(honest.verifier).staticcall{gas: gas}(call);
            assertTrue(!ok || abi.decode(answer, (bool)), vm.toString(gas));
        }
    }

    /// @dev A batch of eight costs less than 70 % of eight proofs.
    function test_verifyBatch_gas() public {
        uint256 alone = gasleft();
        assertTrue(check(honest));
        alone -= gasleft();
        uint256 before = gasleft();
        assertTrue(_check());
        uint256 each = (before - gasleft()) / proofs.length;
        emit log_named_uint("alone", alone);
        emit log_named_uint("in a batch of seven", each);
        bool accepted = honest.verifier.verifyBatch(honest.key, contexts, instances, proofs);
        vm.snapshotGasLastCall("verifier", "lenet5, batch of 7");
        assertTrue(accepted);
        assertLt(each, alone * 7 / 10);
    }

    function _check() private view returns (bool) {
        return honest.verifier.verifyBatch(honest.key, contexts, instances, proofs);
    }

    function _pop() private {
        contexts.pop();
        instances.pop();
        proofs.pop();
    }

    uint256 private constant FQ =
        21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;

    /// @dev Adds the point (1, y) to the point at byte `i`.
    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        (bool ok, bytes memory answer) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, R));
        require(ok, "power");
        result = abi.decode(answer, (uint256));
    }

    function _shift(bytes memory proof, uint256 i, uint256 y) private view {
        _shiftBy(proof, i, 1, y);
    }

    function _shiftBy(bytes memory proof, uint256 i, uint256 x, uint256 y) private view {
        assembly ("memory-safe") {
            let m := mload(0x40)
            let at := add(add(proof, 32), i)
            mcopy(m, at, 64)
            mstore(add(m, 64), x)
            mstore(add(m, 96), y)
            if iszero(staticcall(2000, 6, m, 128, at, 64)) { revert(0, 0) }
        }
    }
}
