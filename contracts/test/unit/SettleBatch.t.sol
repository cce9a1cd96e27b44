// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {ModelId, PassId, ProofSystemId, VersionId} from "../../src/types/Ids.sol";
import {YesVerifier} from "../mocks/MockProofVerifier.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @notice Several proven calls of one version in one transaction: all settle or none, each as `settle` would.
contract SettleBatchTest is TestBase {
    IVerifierRouter.Request[] internal requests;
    bytes[] internal signatures;
    uint256[][] internal instances;
    bytes[] internal proofs;
    PassId internal passId;

    function setUp() public override {
        super.setUp();
        passId = buy(10, 30);
        for (uint256 i = 1; i < 4; ++i) {
            add(requestFor(passId, i));
        }
    }

    function test_settleBatch_debitsAndPaysForEachCall() public {
        uint256 escrow = accessPass.getPass(passId).escrow;
        bytes32[] memory nullifiers = settle();
        assertEq(nullifiers.length, 3);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(nullifiers[i], verifierRouter.nullifierOf(requests[i]));
            assertTrue(verifierRouter.isSettled(nullifiers[i]));
        }
        assertEq(accessPass.getPass(passId).callsLeft, 7);
        assertEq(accessPass.getPass(passId).escrow, escrow - escrow * 3 / 10);
    }

    function test_settleBatch_oneFalseProofSettlesNothing() public {
        proofs[1] = prove(requests[1], instancesOf(99));
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_ProofRejected.selector));
        assertFalse(verifierRouter.isSettled(verifierRouter.nullifierOf(requests[0])));
        assertEq(accessPass.getPass(passId).callsLeft, 10);
        proofs[1] = prove(requests[1], instances[1]);
        settle();
    }

    function test_settleBatch_proofsDoNotSwap() public {
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_ProofRejected.selector));
    }

    function test_settleBatch_aRequestCountsOnce() public {
        add(requests[0]);
        bytes32 nullifier = verifierRouter.nullifierOf(requests[0]);
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier));
        pop();
        verifierRouter.settle(requests[2], signatures[2], instances[2], proofs[2]);
        nullifier = verifierRouter.nullifierOf(requests[2]);
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier));
        pop();
        settle();
        refused(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_RequestSettled.selector,
                verifierRouter.nullifierOf(requests[0])
            )
        );
    }

    function test_settleBatch_everySignatureCounts() public {
        signatures[2] = signatures[1];
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_NotSignedByHolder.selector, passId));
    }

    function test_settleBatch_everyInputIsOpened() public {
        uint256[] memory other = instances[1];
        ++other[0];
        instances[1] = other;
        proofs[1] = prove(requests[1], other);
        vm.expectPartialRevert(IVerifierRouter.VerifierRouter_InputMismatch.selector);
        verifierRouter.settleBatch(requests, signatures, instances, proofs);
    }

    function test_settleBatch_everyDeadlineCounts() public {
        requests[2].deadline = block.timestamp - 1;
        refused(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_RequestExpired.selector, block.timestamp, block.timestamp - 1
            )
        );
    }

    /// @dev The first request says which version's key and payout count; a call of another version would borrow them.
    function test_settleBatch_refusesOtherVersions() public {
        VersionId second = publishActive(modelId, creator, commitment("second"));
        setPrice(modelId, second, 1e12, 0);
        IAccessPass.Order memory o = order(1, 1);
        o.versionId = second;
        vm.prank(buyer);
        IVerifierRouter.Request memory other = requestFor(accessPass.buy{value: 1 ether}(o), 9);
        other.versionId = second;
        add(other);
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_BatchOfOtherVersions.selector, 3));
    }

    function test_settleBatch_refusesArraysOfOtherLengths() public {
        proofs.pop();
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_BatchLengths.selector, 3));
        instances.pop();
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_BatchLengths.selector, 3));
        signatures.pop();
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_BatchLengths.selector, 3));
        requests.pop();
        settle();
        delete requests;
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_BatchLengths.selector, 0));
    }

    function test_settleBatch_aPassIsNotOverdrawn() public {
        PassId small = buy(2, 30);
        delete requests;
        delete signatures;
        delete instances;
        delete proofs;
        for (uint256 i = 1; i < 4; ++i) {
            add(requestFor(small, i));
        }
        vm.expectRevert();
        verifierRouter.settleBatch(requests, signatures, instances, proofs);
        pop();
        settle();
        assertEq(accessPass.getPass(small).callsLeft, 0);
    }

    /// @dev A verifier that takes single proofs only has refused.
    function test_settleBatch_refusesASystemWithoutBatches() public {
        YesVerifier yes = new YesVerifier();
        vm.prank(operator);
        ProofSystemId system = verifierRouter.registerProofSystem("single-v1", address(yes), 1_000_000);
        IModelRegistry.VersionCommitment memory version = commitment("single");
        (version.verifier, version.proofSystem) = (address(yes), system);
        VersionId single = publishActive(modelId, creator, version);
        setPrice(modelId, single, 1e12, 0);
        IAccessPass.Order memory o = order(1, 1);
        o.versionId = single;
        vm.prank(buyer);
        IVerifierRouter.Request memory request = requestFor(accessPass.buy{value: 1 ether}(o), 9);
        request.versionId = single;
        delete requests;
        delete signatures;
        delete instances;
        delete proofs;
        add(request);
        refused(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_ProofRejected.selector));
        verifierRouter.settle(requests[0], signatures[0], instances[0], proofs[0]);
    }

    function test_settleBatch_pausedByTheGuardian() public {
        vm.prank(guardian);
        verifierRouter.pause();
        refused(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
    }

    function add(IVerifierRouter.Request memory request) internal {
        requests.push(request);
        signatures.push(sign(request, buyerKey));
        instances.push(instancesOf(request.nonce));
        proofs.push(prove(request, instancesOf(request.nonce)));
    }

    function pop() internal {
        requests.pop();
        signatures.pop();
        instances.pop();
        proofs.pop();
    }

    function settle() internal returns (bytes32[] memory) {
        return verifierRouter.settleBatch(requests, signatures, instances, proofs);
    }

    function refused(bytes memory error) internal {
        vm.expectRevert(error);
        verifierRouter.settleBatch(requests, signatures, instances, proofs);
    }
}
