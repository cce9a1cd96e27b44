// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReviewBoard} from "../../../src/interfaces/IReviewBoard.sol";
import {GovernanceBase} from "./GovernanceBase.sol";

contract ReviewChallengesTest is GovernanceBase {
    function wrongState(IReviewBoard.AttestationState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReviewBoard.ReviewBoard_WrongState.selector, state);
    }

    function decide(uint256 id, address reviewer, bool upheld) private {
        vm.prank(address(timelock));
        board.decide(id, reviewer, upheld);
    }

    function test_challenge_upheldTakesTheScoreAndTheBond() public {
        uint256 id = reviewed(second, 95, 95);
        challengeScore(id, reviewers[0]);
        skip(3 days);
        assertFalse(board.hasPassed(id, modelId, second), "open challenge");
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Challenged));
        board.release(id, reviewers[0]);
        decide(id, reviewers[0], true);
        assertFalse(board.hasPassed(id, modelId, second), "one score left");
        assertEq(board.balanceOf(challenger), CHALLENGE_BOND + BOND / 2);
        assertEq(board.balanceOf(address(timelock)), BOND / 2);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Slashed));
        board.release(id, reviewers[0]);
    }

    function test_challenge_aGriefersBondIsTheReviewers() public {
        uint256 id = reviewed(second, 95, 95);
        challengeScore(id, reviewers[0]);
        vm.prank(challenger);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Challenged));
        board.challenge{value: CHALLENGE_BOND}(id, reviewers[0], 0);
        decide(id, reviewers[0], false);
        assertEq(board.balanceOf(reviewers[0]), CHALLENGE_BOND);
        assertEq(board.balanceOf(challenger), 0);
        vm.prank(challenger);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Stands));
        board.challenge{value: CHALLENGE_BOND}(id, reviewers[0], 0);
        skip(3 days);
        assertTrue(board.hasPassed(id, modelId, second));
    }

    function test_challenge_silenceDelaysAndNoMore() public {
        uint256 id = reviewed(second, 95, 95);
        challengeScore(id, reviewers[0]);
        uint256 until = block.timestamp + 20 days;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_DecisionPending.selector, until));
        board.lapse(id, reviewers[0]);
        skip(1);
        board.lapse(id, reviewers[0]);
        assertEq(board.balanceOf(challenger), CHALLENGE_BOND);
        assertTrue(board.hasPassed(id, modelId, second));
        board.release(id, reviewers[0]);
    }

    function test_challenge_costsItsBond() public {
        uint256 id = reviewed(second, 95, 95);
        vm.prank(challenger);
        vm.expectRevert(
            abi.encodeWithSelector(IReviewBoard.ReviewBoard_WrongValue.selector, 0, CHALLENGE_BOND)
        );
        board.challenge(id, reviewers[0], 0);
    }

    function test_decideByProof_slashesTheLiarAndPaysTheHonest() public {
        uint256 id = reviewed(second, 95, 91);
        challengeScore(id, reviewers[0]);
        challengeScore(id, reviewers[1]);
        (address k, bytes32 hash) = accuracyKey();
        prove(k, second, suite(91));
        vm.expectRevert(IReviewBoard.ReviewBoard_NotProven.selector);
        board.decideByProof(id, reviewers[0]); // nobody approved the key
        vm.prank(address(timelock));
        proofs.approveKey(modelId, second, hash, SAMPLES);
        board.decideByProof(id, reviewers[0]);
        board.decideByProof(id, reviewers[1]);
        assertEq(
            uint256(board.getAttestation(id, reviewers[0]).state),
            uint256(IReviewBoard.AttestationState.Slashed)
        );
        assertEq(board.balanceOf(reviewers[1]), CHALLENGE_BOND);
    }

    /// @dev Whatever the scores and decisions: everything can be paid out, and nothing is left.
    function testFuzz_theBoardPaysExactlyWhatItHolds(uint32 a, uint32 b, uint8 fate) public {
        a = uint32(bound(a, 0, SAMPLES));
        b = uint32(bound(b, 0, SAMPLES));
        uint256 id = reviewed(second, a, b);
        if (fate & 3 != 0) challengeScore(id, reviewers[0]);
        if (fate & 3 == 1) decide(id, reviewers[0], true);
        if (fate & 3 == 2) decide(id, reviewers[0], false);
        skip(23 days);
        if (fate & 3 == 3) board.lapse(id, reviewers[0]);
        bool slashed = fate & 3 == 1;
        uint256 passes = (a >= MIN_RIGHT && !slashed ? 1 : 0) + (b >= MIN_RIGHT ? 1 : 0);
        assertEq(board.hasPassed(id, modelId, second), passes == 2);
        if (!slashed) board.release(id, reviewers[0]);
        board.release(id, reviewers[1]);
        address[6] memory all =
            [reviewers[0], reviewers[1], reviewers[2], reviewers[3], challenger, address(timelock)];
        for (uint256 i = 0; i < 6; ++i) {
            uint256 owed = board.balanceOf(all[i]);
            vm.prank(all[i]);
            board.withdraw(all[i], owed);
        }
        assertEq(address(board).balance, 0);
    }
}
