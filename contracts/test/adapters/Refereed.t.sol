// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBonds} from "../../src/interfaces/IBonds.sol";
import {IRefereedExecution} from "../../src/interfaces/IRefereedExecution.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {IndexedMerkle} from "../../src/libraries/IndexedMerkle.sol";
import {NativeTransfer} from "../../src/libraries/NativeTransfer.sol";
import {RefereedExecution} from "../../src/verifier/adapters/RefereedExecution.sol";
import {RefereeKey} from "../../src/verifier/adapters/RefereeKey.sol";
import {RefereedBase} from "./RefereedBase.sol";

/// @dev Takes its bond and tries to take it twice.
contract ReentrantPlayer {
    RefereedExecution private immutable _adapter;

    constructor(RefereedExecution adapter) payable {
        _adapter = adapter;
    }

    function challenge(bytes32 id, uint256 bond) external {
        _adapter.challengeTrace{value: bond}(id);
    }

    function withdraw() external {
        _adapter.withdraw(address(this));
    }

    receive() external payable {
        _adapter.withdraw(address(this));
    }
}

contract RefereedExecutionTest is RefereedBase {
    // --- the story ---------------------------------------------------------------------------------------------------

    function test_refereed_settlesAfterAQuietWindow() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        vm.snapshotValue("propose", vm.lastCallGas().gasTotalUsed);
        refuseToSettle(request, truth, proofOf(leaves));
        skip(WINDOW);
        refuseToSettle(request, truth, proofOf(leaves));
        skip(1);
        settleWith(request, truth, proofOf(leaves));
        adapter.returnBond(id);
        assertTrue(adapter.isFinal(id));
        vm.prank(prover);
        assertEq(adapter.withdraw(prover), BOND);
        assertEq(address(adapter).balance, 0);
    }

    function test_refereed_honestProverDefendsAnOutput() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeOutput(id, truth, 1);
        vm.snapshotValue("challengeOutput", vm.lastCallGas().gasTotalUsed);
        int256[] memory sums = new int256[](1);
        sums[0] = 1;
        vm.prank(prover);
        adapter.postSums(id, sums);
        vm.snapshotValue("postSums", vm.lastCallGas().gasTotalUsed);
        vm.prank(challenger);
        adapter.pickSum(id, sums, 1);
        vm.snapshotValue("pickSum", vm.lastCallGas().gasTotalUsed);
        vm.prank(prover);
        adapter.proveTerm(
            id, stepProof(1), opening(truth, leaves, 1, int256(truth[1])), nothing(), statement(truth)
        );
        vm.snapshotValue("proveTerm", vm.lastCallGas().gasTotalUsed);
        assertDefended(id);
    }

    function test_refereed_honestProverDefendsTheTrace() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        vm.snapshotValue("challengeTrace", vm.lastCallGas().gasTotalUsed);
        vm.prank(prover);
        adapter.postNodes(id, leaves);
        vm.prank(challenger);
        adapter.pickNode(id, leaves, 2);
        vm.prank(prover);
        adapter.openLeaf(id, leafProof(2, int256(truth[2])), stepProof(0));
        vm.snapshotValue("openLeaf", vm.lastCallGas().gasTotalUsed);
        assertStage(id, IRefereedExecution.Stage.Term); // a step of one term needs no sums
        vm.prank(prover);
        adapter.proveTerm(id, stepProof(0), nothing(), nothing(), statement(truth));
        assertDefended(id);
    }

    function test_refereed_honestProverShowsTheFilling() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 3);
        vm.prank(prover);
        adapter.showFilling(id);
        assertDefended(id);
    }

    /// @dev A lost challenge costs half to the prover, half to the sink, and decides nothing about the claim.
    function assertDefended(bytes32 id) internal {
        assertState(id, IRefereedExecution.State.Pending);
        assertStage(id, IRefereedExecution.Stage.None);
        assertEq(adapter.getClaim(id).until, block.timestamp + WINDOW);
        assertEq(adapter.creditOf(prover), CHALLENGE_BOND / 2);
        assertEq(adapter.creditOf(treasury), CHALLENGE_BOND - CHALLENGE_BOND / 2);
        assertFalse(adapter.isFinal(id));
        skip(WINDOW + 1);
        assertTrue(adapter.isFinal(id));
        adapter.returnBond(id);
        assertEq(adapter.creditOf(prover), BOND + CHALLENGE_BOND / 2);
        assertEq(address(adapter).balance, BOND + CHALLENGE_BOND);
    }

    // --- liars -------------------------------------------------------------------------------------------------------

    function wrongOutput() internal view returns (uint256[] memory instances) {
        instances = truth;
        instances[4] += 1;
    }

    function test_refereed_wrongOutputLosesItsBondExactly() public {
        uint256[] memory lie = wrongOutput();
        bytes32[] memory leaves = traceLeaves(lie, honestValues());
        bytes32 id = propose(lie, leaves);
        challengeOutput(id, lie, 1);
        int256[] memory sums = new int256[](1);
        sums[0] = 1;
        vm.prank(prover);
        adapter.postSums(id, sums);
        vm.prank(challenger);
        adapter.pickSum(id, sums, 1);
        IRefereedExecution.Value memory value = opening(lie, leaves, 1, int256(lie[1]));
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_SumDoesNotHold.selector);
        adapter.proveTerm(id, stepProof(1), value, nothing(), statement(lie));
        skip(MOVE + 1);
        adapter.conclude(id);
        assertState(id, IRefereedExecution.State.Rejected);
        assertEq(adapter.creditOf(challenger), CHALLENGE_BOND + BOND / 2);
        assertEq(adapter.creditOf(treasury), BOND - BOND / 2);
        assertEq(address(adapter).balance, BOND + CHALLENGE_BOND);
        skip(WINDOW + 1);
        refuseToSettle(request, lie, proofOf(leaves));
        vm.expectPartialRevert(IRefereedExecution.Refereed_WrongState.selector);
        adapter.returnBond(id);
    }

    function test_refereed_wrongActivationIsRefused() public {
        int256[3] memory values = honestValues();
        values[1] += 1;
        bytes32[] memory leaves = traceLeaves(truth, values);
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 1);
        vm.startPrank(prover);
        IRefereedExecution.LeafProof memory honest = leafProof(1, int256(truth[1]));
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.openLeaf(id, honest, stepProof(0));
        adapter.openLeaf(id, leafProof(1, values[1]), stepProof(0));
        vm.expectPartialRevert(IRefereedExecution.Refereed_SumDoesNotHold.selector);
        adapter.proveTerm(id, stepProof(0), nothing(), nothing(), statement(truth));
        // Neither another statement nor another step's terms help.
        uint256[] memory other = truth;
        other[1] += 1;
        vm.expectRevert(IRefereedExecution.Refereed_OtherStatement.selector);
        adapter.proveTerm(id, stepProof(0), nothing(), nothing(), statement(other));
        vm.expectPartialRevert(IRefereedExecution.Refereed_NotInProgram.selector);
        adapter.proveTerm(id, stepProof(1), nothing(), nothing(), statement(truth));
        IRefereedExecution.StepProof memory forged = stepProof(0);
        forged.step.lins[0].coef = 2;
        vm.expectPartialRevert(IRefereedExecution.Refereed_NotInProgram.selector);
        adapter.proveTerm(id, forged, nothing(), nothing(), statement(truth));
    }

    function test_refereed_leavesMustBeWhatTheStepSays() public {
        int256[3] memory values = honestValues();
        values[0] = -1;
        bytes32[] memory leaves = traceLeaves(truth, values);
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 0);
        vm.startPrank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_LimbOutOfRange.selector);
        adapter.openLeaf(id, leafProof(0, -1), stepProof(0));
        // The output step has no elements in the trace; another element's salt is not this one's.
        vm.expectPartialRevert(IRefereedExecution.Refereed_WrongCount.selector);
        adapter.openLeaf(id, leafProof(0, -1), stepProof(1));
        IRefereedExecution.LeafProof memory swapped = leafProof(1, -1);
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.openLeaf(id, swapped, stepProof(0));
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.showFilling(id);
    }

    /// @dev An honest element under a salt of the liar's own would lead the game away from his lie.
    function test_refereed_ownSaltIsRefused() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 own = keccak256("own");
        bytes32 hash = keccak256(abi.encode(context, keccak256(abi.encodePacked(truth))));
        leaves[0] = IndexedMerkle.leafOf(keccak256(abi.encode(own, hash)), wordsOf(int256(truth[0])));
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 0);
        IRefereedExecution.LeafProof memory leaf = leafProof(0, int256(truth[0]));
        leaf.salt = own;
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.openLeaf(id, leaf, stepProof(0));
    }

    /// @dev A result that a limb without a table must not have would make an honest leaf differ.
    function test_refereed_idleResultIsZero() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        int256[] memory words = wordsOf(int256(truth[0]));
        words[1] = 7;
        leaves[0] = IndexedMerkle.leafOf(boundSalt(0, truth), words);
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 0);
        IRefereedExecution.LeafProof memory leaf = leafProof(0, int256(truth[0]));
        leaf.words = words;
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_ResultNotInTable.selector);
        adapter.openLeaf(id, leaf, stepProof(0));
    }

    function test_refereed_fillingMustBeZero() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        leaves[3] = keccak256("something");
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        descend(id, leaves, 3);
        vm.startPrank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.showFilling(id);
        IRefereedExecution.LeafProof memory leaf = leafProof(2, int256(truth[2]));
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.openLeaf(id, leaf, stepProof(0));
    }

    function test_refereed_openingsMustBeAtTheirPlace() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeOutput(id, truth, 0);
        int256[] memory sums = new int256[](1);
        sums[0] = 1;
        vm.prank(prover);
        adapter.postSums(id, sums);
        vm.prank(challenger);
        adapter.pickSum(id, sums, 1);
        vm.startPrank(prover);
        IRefereedExecution.Value memory other = opening(truth, leaves, 1, int256(truth[1]));
        vm.expectPartialRevert(IRefereedExecution.Refereed_ValueNotThere.selector);
        adapter.proveTerm(id, stepProof(1), other, nothing(), statement(truth));
        IRefereedExecution.Value memory cut = opening(truth, leaves, 0, int256(truth[0]));
        cut.words = new int256[](0);
        vm.expectPartialRevert(IRefereedExecution.Refereed_ValueNotThere.selector);
        adapter.proveTerm(id, stepProof(1), cut, nothing(), statement(truth));
    }

    // --- time --------------------------------------------------------------------------------------------------------

    function test_refereed_stallingProverLoses() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        skip(MOVE);
        vm.expectPartialRevert(IRefereedExecution.Refereed_TooEarly.selector);
        adapter.conclude(id);
        skip(1);
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_TooLate.selector);
        adapter.postNodes(id, leaves);
        vm.prank(stranger);
        adapter.conclude(id);
        assertState(id, IRefereedExecution.State.Rejected);
        assertEq(adapter.creditOf(challenger), CHALLENGE_BOND + BOND / 2);
    }

    function test_refereed_stallingChallengerLosesAndOthersMayDoubt() public {
        uint256[] memory lie = wrongOutput();
        bytes32[] memory leaves = traceLeaves(lie, honestValues());
        bytes32 id = propose(lie, leaves);
        // The liar's friend challenges, stalls and loses: the lie is not final for it.
        challengeTrace(id);
        vm.prank(prover);
        adapter.postNodes(id, leaves);
        skip(MOVE + 1);
        adapter.conclude(id);
        assertState(id, IRefereedExecution.State.Pending);
        assertFalse(adapter.isFinal(id));
        refuseToSettle(request, lie, proofOf(leaves));
        assertEq(adapter.creditOf(prover), CHALLENGE_BOND / 2);
        skip(WINDOW);
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        adapter.challengeOutput{value: CHALLENGE_BOND}(id, statement(lie), 1, stepProof(1));
        skip(MOVE + 1);
        adapter.conclude(id);
        assertState(id, IRefereedExecution.State.Rejected);
        assertEq(adapter.creditOf(stranger), CHALLENGE_BOND + BOND / 2);
        assertEq(
            adapter.creditOf(prover) + adapter.creditOf(stranger) + adapter.creditOf(treasury),
            address(adapter).balance
        );
    }

    /// @dev Whoever plays both sides loses half of a bond to the sink and has gained nothing.
    function test_refereed_gameAgainstOneselfCosts() public {
        bytes32 id = propose(truth, traceLeaves(truth, honestValues()));
        vm.startPrank(prover);
        adapter.challengeTrace{value: CHALLENGE_BOND}(id);
        skip(MOVE + 1);
        adapter.conclude(id);
        adapter.withdraw(prover);
        assertEq(prover.balance, 100 ether - (BOND - BOND / 2));
    }

    function test_refereed_challengesOnlyInTime() public {
        bytes32 id = propose(truth, traceLeaves(truth, honestValues()));
        vm.expectPartialRevert(IRefereedExecution.Refereed_TooEarly.selector);
        adapter.returnBond(id);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_WrongValue.selector, 1, CHALLENGE_BOND));
        adapter.challengeTrace{value: 1}(id);
        skip(WINDOW + 1);
        vm.prank(challenger);
        vm.expectPartialRevert(IRefereedExecution.Refereed_TooLate.selector);
        adapter.challengeTrace{value: CHALLENGE_BOND}(id);
    }

    // --- whose move, which game --------------------------------------------------------------------------------------

    function test_refereed_movesAreTheirPlayersAndStages() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 id = propose(truth, leaves);
        challengeTrace(id);
        vm.prank(challenger);
        vm.expectPartialRevert(IRefereedExecution.Refereed_WrongState.selector);
        adapter.challengeTrace{value: CHALLENGE_BOND}(id);
        // Nobody else moves for the prover, not even rightly; the prover does not pick.
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IRefereedExecution.Refereed_NotYourMove.selector, stranger, prover)
        );
        adapter.postNodes(id, leaves);
        vm.startPrank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_WrongStage.selector);
        adapter.postSums(id, new int256[](1));
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_WrongCount.selector, 2, 4));
        adapter.postNodes(id, pair(leaves[0], leaves[1]));
        adapter.postNodes(id, leaves);
        vm.expectPartialRevert(IRefereedExecution.Refereed_NotYourMove.selector);
        adapter.pickNode(id, leaves, 0);
        vm.stopPrank();
        vm.startPrank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_ChoiceOutOfRange.selector, 4, 4));
        adapter.pickNode(id, leaves, 4);
        bytes32[] memory other = traceLeaves(truth, [int256(1), 2, 3]);
        vm.expectRevert(IRefereedExecution.Refereed_NotWhatWasPosted.selector);
        adapter.pickNode(id, other, 0);
    }

    function test_refereed_messagesOfAnotherGameAreRefused() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 first = propose(truth, leaves);
        bytes32[] memory others = traceLeaves(truth, [int256(1), 2, 3]);
        bytes32 second = propose(truth, others);
        assertNotEq(first, second);
        challengeTrace(first);
        challengeTrace(second);
        vm.prank(prover);
        vm.expectRevert(IRefereedExecution.Refereed_NodesDoNotHash.selector);
        adapter.postNodes(second, leaves);
        descend(second, others, 0);
        IRefereedExecution.LeafProof memory honest = leafProof(0, int256(truth[0]));
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_LeafNotThere.selector);
        adapter.openLeaf(second, honest, stepProof(0));
    }

    function test_refereed_sumsMustBeThoseThatWerePosted() public {
        bytes32 id = propose(truth, traceLeaves(truth, honestValues()));
        challengeOutput(id, truth, 0);
        vm.startPrank(prover);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_WrongCount.selector, 2, 1));
        adapter.postSums(id, new int256[](2));
        adapter.postSums(id, new int256[](1));
        vm.stopPrank();
        int256[] memory other = new int256[](1);
        other[0] = 1;
        vm.startPrank(challenger);
        vm.expectRevert(IRefereedExecution.Refereed_NotWhatWasPosted.selector);
        adapter.pickSum(id, other, 0);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_ChoiceOutOfRange.selector, 2, 2));
        adapter.pickSum(id, new int256[](1), 2);
    }

    function test_refereed_outputChallengesAreOfThisStatement() public {
        bytes32 id = propose(truth, traceLeaves(truth, honestValues()));
        IRefereedExecution.Statement memory own = statement(truth);
        IRefereedExecution.Statement memory other = statement(wrongOutput());
        vm.startPrank(challenger);
        vm.expectRevert(IRefereedExecution.Refereed_OtherStatement.selector);
        adapter.challengeOutput{value: CHALLENGE_BOND}(id, other, 0, stepProof(1));
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_OutputOutOfRange.selector, 2, 2));
        adapter.challengeOutput{value: CHALLENGE_BOND}(id, own, 2, stepProof(1));
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_NotInProgram.selector, 0));
        adapter.challengeOutput{value: CHALLENGE_BOND}(id, own, 0, stepProof(0));
    }

    function test_Z1_refereedClaimBelongsToItsRequest() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        propose(truth, leaves);
        skip(WINDOW + 1);
        IVerifierRouter.Request memory other = request;
        other.nonce = 2;
        refuseToSettle(other, truth, proofOf(leaves));
        refuseToSettle(request, wrongOutput(), proofOf(leaves));
        refuseToSettle(request, truth, abi.encode(stranger, IndexedMerkle.parentOf(leaves)));
        assertFalse(adapter.verify(deployKey(terms()), context, truth, proofOf(leaves)));
        settleWith(request, truth, proofOf(leaves));
    }

    /// @dev Somebody claims the right result first and lets it fall: the honest node's claim stands beside it.
    function test_refereed_claimsOfOneRequestDoNotBlockEachOther() public {
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 root = IndexedMerkle.parentOf(leaves);
        vm.deal(stranger, BOND);
        vm.prank(stranger);
        bytes32 dropped = adapter.propose{value: BOND}(key, statement(truth), root);
        propose(truth, leaves);
        vm.prank(prover);
        vm.expectPartialRevert(IRefereedExecution.Refereed_ClaimKnown.selector);
        adapter.propose{value: BOND}(key, statement(truth), root);
        challengeTrace(dropped);
        skip(MOVE + 1);
        adapter.conclude(dropped);
        skip(WINDOW);
        settleWith(request, truth, proofOf(leaves));
    }

    // --- terms and money ---------------------------------------------------------------------------------------------

    function test_refereed_proposalsAreOfTheKeysSizes() public {
        IRefereedExecution.Statement memory own = statement(truth);
        IRefereedExecution.Statement memory short = statement(new uint256[](4));
        uint256[] memory dirty = truth;
        dirty[4] =
            21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617
                + truth[4];
        IRefereedExecution.Statement memory twice = statement(dirty);
        vm.startPrank(prover);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_WrongValue.selector, BOND - 1, BOND));
        adapter.propose{value: BOND - 1}(key, own, 0);
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_WrongCount.selector, 4, 5));
        adapter.propose{value: BOND}(key, short, 0);
        // v and v + r stand for one number: only one of them is an answer.
        vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_WordNotCanonical.selector, 4));
        adapter.propose{value: BOND}(key, twice, 0);
    }

    function test_refereed_termsOutOfRange() public {
        for (uint256 i = 0; i < 14; ++i) {
            RefereeKey.Key memory k = terms();
            if (i == 0) k.bond = 0;
            else if (i == 1) k.bond = 1 << 128;
            else if (i == 2) k.challengeBond = 0;
            else if (i == 3) k.challengeBond = 1 << 128;
            else if (i == 4) k.window = 10 minutes - 1;
            else if (i == 5) k.window = 30 days + 1;
            else if (i == 6) k.movePeriod = 10 minutes - 1;
            else if (i == 7) k.movePeriod = 30 days + 1;
            else if (i == 8) k.inputWords = 3583;
            else if (i == 9) k.outputWords = 0;
            else if (i == 10) k.steps = 0;
            else if (i == 11) k.steps = 1 << 16;
            else if (i == 12) k.elements = 0;
            else k.inputWords = type(uint256).max;
            address bad = deployKey(k);
            vm.expectRevert(abi.encodeWithSelector(IRefereedExecution.Refereed_TermsOutOfRange.selector, bad));
            adapter.inputWords(bad);
        }
    }

    function test_refereed_reentrantWithdrawalTakesNothing() public {
        bytes32 id = propose(truth, traceLeaves(truth, honestValues()));
        ReentrantPlayer player = new ReentrantPlayer{value: CHALLENGE_BOND}(adapter);
        player.challenge(id, CHALLENGE_BOND);
        skip(MOVE + 1);
        adapter.conclude(id);
        uint256 held = address(adapter).balance;
        vm.expectPartialRevert(NativeTransfer.NativeTransfer_Refused.selector);
        player.withdraw();
        assertEq(address(adapter).balance, held);
    }

    /// @dev Every wei that came in is somebody's credit or a bond that still stands.
    function testFuzz_refereed_slashesExactly(uint128 bond, uint128 challengeBond, bool proverMoves) public {
        RefereeKey.Key memory k = terms();
        (k.bond, k.challengeBond) = (bound(bond, 1, 1e24), bound(challengeBond, 1, 1e24));
        address own = deployKey(k);
        vm.deal(prover, k.bond);
        vm.deal(challenger, k.challengeBond);
        bytes32[] memory leaves = traceLeaves(truth, honestValues());
        bytes32 root = IndexedMerkle.parentOf(leaves);
        vm.prank(prover);
        bytes32 id = adapter.propose{value: k.bond}(own, statement(truth), root);
        vm.prank(challenger);
        adapter.challengeTrace{value: k.challengeBond}(id);
        vm.prank(prover);
        if (proverMoves) adapter.postNodes(id, leaves);
        skip(MOVE + 1);
        adapter.conclude(id);
        uint256 standing = proverMoves ? k.bond : 0;
        uint256 credits = adapter.creditOf(prover) + adapter.creditOf(challenger) + adapter.creditOf(treasury);
        assertEq(credits + standing, address(adapter).balance);
        assertEq(adapter.creditOf(challenger), proverMoves ? 0 : k.challengeBond + k.bond / 2);
    }
}
