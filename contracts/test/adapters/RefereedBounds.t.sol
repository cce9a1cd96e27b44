// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRefereedExecution} from "../../src/interfaces/IRefereedExecution.sol";
import {IndexedMerkle} from "../../src/libraries/IndexedMerkle.sol";
import {RefereeLimb, RefereeStep} from "../../src/types/RefereeStep.sol";
import {RefereeKey} from "../../src/verifier/adapters/RefereeKey.sol";
import {RefereedBase} from "./RefereedBase.sol";

/// @dev Keys of careless publishers: whatever their programs say, a move beyond them is refused and the prover, who cannot move,
/// loses no more than his bond.
contract RefereedBoundsTest is RefereedBase {
    /// @dev A claim of the truth under a program of these two steps, challenged and descended to element 0.
    function disputed(RefereeStep memory first, RefereeStep memory second) internal returns (bytes32 id) {
        RefereeKey.Key memory k = terms();
        k.programRoot = IndexedMerkle.parentOf(pair(leafOf(first), leafOf(second)));
        address own = deployKey(k);
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        vm.prank(prover);
        id = adapter.propose{value: BOND}(own, statement(truth), IndexedMerkle.parentOf(leaves));
        assertEq(id, adapter.claimIdOf(own, statement(truth), prover, IndexedMerkle.parentOf(leaves)));
        challengeTrace(id);
        descend(id, leaves, 0);
    }

    function leafOf(RefereeStep memory step) internal pure returns (bytes32) {
        return keccak256(abi.encode(step));
    }

    function proof(uint16 index, RefereeStep memory step, RefereeStep memory other)
        internal
        pure
        returns (IRefereedExecution.StepProof memory out)
    {
        (out.index, out.step, out.path) = (index, step, new bytes32[](1));
        out.path[0] = leafOf(other);
    }

    function test_refereed_anElementBelongsToItsStep() public {
        RefereeStep memory second = stepAt(1);
        second.limbs = new RefereeLimb[](1);
        second.limbs[0] = stepAt(0).limbs[0];
        bytes32 id = disputed(stepAt(0), second);
        vm.prank(prover);
        vm.expectRevert(
            abi.encodeWithSelector(IRefereedExecution.Refereed_ElementOutOfStep.selector, 0, 3, 2)
        );
        adapter.openLeaf(id, leafProof(0, int256(truth[0])), proof(1, second, stepAt(0)));
    }

    function test_refereed_aResultForEachLimb() public {
        bytes32 id = disputed(stepAt(0), stepAt(1));
        IRefereedExecution.LeafProof memory leaf = leafProof(0, int256(truth[0]));
        leaf.results = new bytes32[][](2);
        vm.prank(prover);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_WrongCount.selector, 2, 1));
        adapter.openLeaf(id, leaf, proof(0, stepAt(0), stepAt(1)));
    }

    function test_refereed_noInputBeyondTheInput() public {
        RefereeStep memory first = stepAt(0);
        first.lins[0].operand.base = 5;
        bytes32 id = disputed(first, stepAt(1));
        IRefereedExecution.StepProof memory step = proof(0, first, stepAt(1));
        vm.startPrank(prover);
        adapter.openLeaf(id, leafProof(0, int256(truth[0])), step);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_ValueNotThere.selector, 5));
        adapter.proveTerm(id, step, nothing(), nothing(), statement(truth));
        vm.stopPrank();
        skip(MOVE + 1);
        adapter.conclude(id);
        assertState(id, IRefereedExecution.State.Rejected);
    }
}
