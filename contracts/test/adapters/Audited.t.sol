// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBonds} from "../../src/interfaces/IBonds.sol";
import {IAuditedVerifier} from "../../src/interfaces/IAuditedVerifier.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {PassId} from "../../src/types/Ids.sol";
import {AuditedVerifier} from "../../src/verifier/adapters/AuditedVerifier.sol";
import {AdapterBase} from "./AdapterBase.sol";

/// @dev Batches of two results: the tree has one node.
contract AuditedVerifierTest is AdapterBase {
    uint256 internal constant BOND = 0.1 ether;
    uint256 internal constant ANSWER = 1 hours;

    AuditedVerifier internal adapter;
    address internal node = makeAddr("node");
    IVerifierRouter.Request[2] internal requests;
    bytes32[2] internal contexts;
    bytes32[2] internal leaves;

    function setUp() public override {
        super.setUp();
        vm.deal(node, 100 ether);
        adapter = new AuditedVerifier(treasury);
        publishUnder("sampled-audit-v1", address(adapter), deployKey(terms(1)));
        PassId passId = buy(5, 30);
        for (uint256 i = 0; i < 2; ++i) {
            requests[i] = longRequest(passId, i + 1);
            contexts[i] = verifierRouter.contextOf(requests[i]);
            leaves[i] = adapter.leafOf(i, contexts[i], instancesOf(i + 1));
        }
    }

    function terms(uint256 samples) internal view returns (AuditedVerifier.Key memory) {
        return AuditedVerifier.Key({
            system: adapter.SYSTEM(),
            inputWords: INPUT_WORDS,
            verifier: address(verifier),
            codehash: address(verifier).codehash,
            innerKey: innerKey == address(0) ? key : innerKey,
            gasLimit: 1_000_000,
            bondPerResult: BOND,
            samples: samples,
            answerPeriod: ANSWER
        });
    }

    function deployKey(AuditedVerifier.Key memory k) internal returns (address) {
        return VerifyingKeyCode.deploy(abi.encode(k));
    }

    function root() internal view returns (bytes32) {
        return keccak256(abi.encode(leaves[0], leaves[1]));
    }

    function path(uint256 index) internal view returns (bytes32[] memory p) {
        p = new bytes32[](1);
        p[0] = leaves[1 - index];
    }

    function commit() internal returns (uint256) {
        vm.prank(node);
        return adapter.commit{value: 2 * BOND}(key, root(), 2);
    }

    function drawn() internal returns (uint256 batchId) {
        batchId = commit();
        vm.roll(block.number + 5);
        adapter.draw(batchId);
    }

    function opening(uint256 batchId, uint256 sample)
        internal
        view
        returns (IAuditedVerifier.Opening memory o)
    {
        uint256 index = adapter.sampleIndex(batchId, sample);
        uint256[] memory instances = instancesOf(index + 1);
        o = IAuditedVerifier.Opening(
            sample, contexts[index], instances, path(index), innerProof(contexts[index], instances)
        );
    }

    function pathProof(uint256 batchId, uint256 index) internal view returns (bytes memory) {
        return abi.encode(batchId, index, path(index));
    }

    // --- the story ---------------------------------------------------------------------------------------------------

    function test_audit_passedBatchSettlesEachOfItsResults() public {
        uint256 batchId = drawn();
        refuseToSettle(requests[0], instancesOf(1), pathProof(batchId, 0));
        IAuditedVerifier.Opening memory o = opening(batchId, 0);
        adapter.proveSample(batchId, key, o);
        vm.snapshotValue("prove a sample", vm.lastCallGas().gasTotalUsed);
        settleWith(requests[0], instancesOf(1), pathProof(batchId, 0));
        settleWith(requests[1], instancesOf(2), pathProof(batchId, 1));
        assertEq(adapter.creditOf(node), 2 * BOND);
        vm.prank(node);
        adapter.withdraw(node);
        assertEq(address(adapter).balance, 0);
    }

    function test_audit_severalSamples() public {
        address own = deployKey(terms(3));
        vm.prank(node);
        uint256 batchId = adapter.commit{value: 2 * BOND}(own, root(), 2);
        vm.roll(block.number + 5);
        adapter.draw(batchId);
        for (uint256 s = 0; s < 3; ++s) {
            assertEq(adapter.creditOf(node), 0);
            IAuditedVerifier.Opening memory o = opening(batchId, s);
            adapter.proveSample(batchId, own, o);
            if (s == 2) break;
            vm.expectPartialRevert(IAuditedVerifier.Audited_SampleProven.selector);
            adapter.proveSample(batchId, own, o);
        }
        assertEq(adapter.creditOf(node), 2 * BOND);
        vm.expectPartialRevert(IAuditedVerifier.Audited_SampleOutOfRange.selector);
        adapter.sampleIndex(batchId, 3);
    }

    // --- attackers ---------------------------------------------------------------------------------------------------

    function test_audit_unprovenSampleCostsTheBond() public {
        uint256 batchId = drawn();
        vm.expectPartialRevert(IAuditedVerifier.Audited_TooEarly.selector);
        adapter.fail(batchId);
        IAuditedVerifier.Opening memory o = opening(batchId, 0);
        skip(ANSWER + 1);
        vm.expectPartialRevert(IAuditedVerifier.Audited_TooLate.selector);
        adapter.proveSample(batchId, key, o);
        vm.prank(stranger);
        adapter.fail(batchId);
        assertEq(adapter.creditOf(stranger), BOND);
        assertEq(adapter.creditOf(treasury), BOND);
        assertEq(address(adapter).balance, 2 * BOND);
        refuseToSettle(requests[0], instancesOf(1), pathProof(batchId, 0));
        vm.expectPartialRevert(IAuditedVerifier.Audited_WrongState.selector);
        adapter.fail(batchId);
    }

    /// @dev The node commits before the block exists, and cannot let a bad draw lapse; an auditor cannot draw twice, early or late.
    function test_audit_nobodyPicksTheSample() public {
        uint256 batchId = commit();
        vm.expectPartialRevert(IAuditedVerifier.Audited_WrongState.selector);
        adapter.sampleIndex(batchId, 0);
        vm.roll(block.number + 4);
        vm.expectPartialRevert(IAuditedVerifier.Audited_TooEarly.selector);
        adapter.draw(batchId);
        uint256 drawBlock = block.number;
        uint256 state = vm.snapshotState();
        vm.roll(drawBlock + 1);
        adapter.draw(batchId);
        uint256 index = adapter.sampleIndex(batchId, 0);
        vm.expectPartialRevert(IAuditedVerifier.Audited_WrongState.selector);
        adapter.draw(batchId);

        vm.revertToState(state); // the same sample whoever draws, and whenever
        vm.roll(drawBlock + 200);
        vm.prank(stranger);
        adapter.draw(batchId);
        assertEq(adapter.sampleIndex(batchId, 0), index);

        vm.revertToState(state);
        vm.roll(drawBlock + 256);
        vm.expectPartialRevert(IAuditedVerifier.Audited_TooEarly.selector);
        adapter.fail(batchId);
        vm.roll(drawBlock + 257);
        vm.expectPartialRevert(IAuditedVerifier.Audited_TooLate.selector);
        adapter.draw(batchId);
        adapter.fail(batchId);
        assertEq(adapter.creditOf(node), 0);
    }

    function test_audit_samplesFallEverywhere() public {
        uint256 seen;
        for (uint256 i = 0; i < 24; ++i) {
            seen |= 1 << adapter.sampleIndex(drawn(), 0);
        }
        assertEq(seen, 3);
    }

    function test_audit_refusesWrongOpenings() public {
        uint256 batchId = drawn();
        IAuditedVerifier.Opening memory good = opening(batchId, 0);
        uint256 other = 1 - adapter.sampleIndex(batchId, 0);

        IAuditedVerifier.Opening memory o = opening(batchId, 0);
        (o.context, o.instances, o.path) = (contexts[other], instancesOf(other + 1), path(other));
        refuseOpening(batchId, key, o, IAuditedVerifier.Audited_NotInBatch.selector);
        o = opening(batchId, 0);
        o.instances[3] += 1;
        refuseOpening(batchId, key, o, IAuditedVerifier.Audited_NotInBatch.selector);
        o = opening(batchId, 0);
        o.proof = hex"00";
        refuseOpening(batchId, key, o, IAuditedVerifier.Audited_ProofRejected.selector);
        refuseOpening(batchId, deployKey(terms(1)), good, IAuditedVerifier.Audited_NotInBatch.selector);
        adapter.proveSample(batchId, key, good);
    }

    /// A node that commits to a true and a false result of one index, shows the true one when it is drawn and settles the
    /// false one.
    function test_audit_hasOneResultPerIndex() public {
        uint256[] memory lie = instancesOf(1);
        lie[lie.length - 1] += 1;
        leaves[1] = adapter.leafOf(0, contexts[0], lie);
        uint256 batchId = drawn();
        while (adapter.sampleIndex(batchId, 0) != 0) batchId = drawn();
        adapter.proveSample(batchId, key, opening(batchId, 0));
        assertTrue(adapter.verify(key, contexts[0], instancesOf(1), pathProof(batchId, 0)));
        bytes32[] memory sibling = new bytes32[](1);
        sibling[0] = leaves[0];
        assertFalse(adapter.verify(key, contexts[0], lie, abi.encode(batchId, 0, sibling)));
        assertFalse(adapter.verify(key, contexts[0], lie, abi.encode(batchId, 1, sibling)));
        refuseToSettle(requests[0], lie, abi.encode(batchId, 0, sibling));
    }

    /// The tree's depth is fixed by the count: an inner node is no result, and a longer path leads nowhere.
    function test_audit_pathHasTheTreesLength() public {
        uint256 batchId = drawn();
        adapter.proveSample(batchId, key, opening(batchId, 0));
        bytes32[] memory longer = new bytes32[](2);
        longer[0] = leaves[1];
        assertFalse(adapter.verify(key, contexts[0], instancesOf(1), abi.encode(batchId, 0, longer)));
        assertFalse(
            adapter.verify(key, contexts[0], instancesOf(1), abi.encode(batchId, 0, new bytes32[](0)))
        );
    }

    function test_Z1_auditedResultBelongsToItsRequestAndKey() public {
        uint256 batchId = drawn();
        adapter.proveSample(batchId, key, opening(batchId, 0));
        refuseToSettle(requests[0], instancesOf(1), pathProof(batchId, 1));
        refuseToSettle(requests[0], instancesOf(1), pathProof(batchId + 1, 0));
        refuseToSettle(requests[0], instancesOf(1), abi.encode(batchId, 2, path(0)));
        refuseToSettle(requests[1], instancesOf(2), pathProof(batchId, 0));
        refuseToSettle(requests[0], instancesOf(1), "junk");
        address second = deployKey(terms(1));
        assertFalse(adapter.verify(second, contexts[0], instancesOf(1), pathProof(batchId, 0)));
        assertTrue(adapter.verify(key, contexts[0], instancesOf(1), pathProof(batchId, 0)));
    }

    // --- terms -------------------------------------------------------------------------------------------------------

    function test_audit_termsOutOfRange() public {
        for (uint256 i = 0; i < 6; ++i) {
            AuditedVerifier.Key memory k = terms(1);
            if (i == 0) k.bondPerResult = 0;
            else if (i == 1) k.bondPerResult = 1 << 96;
            else if (i == 2) k.samples = 0;
            else if (i == 3) k.samples = 9;
            else if (i == 4) k.answerPeriod = 10 minutes - 1;
            else k.answerPeriod = 30 days + 1;
            address bad = deployKey(k);
            vm.expectRevert(abi.encodeWithSelector(IAuditedVerifier.Audited_TermsOutOfRange.selector, bad));
            adapter.inputWords(bad);
        }
    }

    function test_audit_commitmentsAreComplete() public {
        bytes32 r = root();
        vm.startPrank(node);
        vm.expectPartialRevert(IAuditedVerifier.Audited_CountOutOfRange.selector);
        adapter.commit(key, r, 0);
        vm.expectPartialRevert(IAuditedVerifier.Audited_CountOutOfRange.selector);
        adapter.commit(key, r, (1 << 20) + 1);
        vm.expectRevert(IAuditedVerifier.Audited_ZeroRoot.selector);
        adapter.commit(key, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_WrongValue.selector, BOND, 2 * BOND));
        adapter.commit{value: BOND}(key, r, 2);
        vm.expectRevert(abi.encodeWithSelector(IAuditedVerifier.Audited_BatchUnknown.selector, 7));
        adapter.draw(7);
        vm.stopPrank();
        (IAuditedVerifier.Batch memory batch, bytes32 keyId) = adapter.getBatch(commit());
        assertEq(batch.root, r);
        assertEq(keyId, keccak256(abi.encode(key, key.codehash)));
    }

    function refuseOpening(uint256 batchId, address k, IAuditedVerifier.Opening memory o, bytes4 why)
        internal
    {
        vm.expectPartialRevert(why);
        adapter.proveSample(batchId, k, o);
    }
}
