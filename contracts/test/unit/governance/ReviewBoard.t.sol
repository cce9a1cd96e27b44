// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReviewBoard} from "../../../src/governance/ReviewBoard.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../../../src/interfaces/IReviewBoard.sol";
import {ModelId, VersionId} from "../../../src/types/Ids.sol";
import {GovernanceBase} from "./GovernanceBase.sol";

contract ReviewBoardTest is GovernanceBase {
    function wrongState(IReviewBoard.AttestationState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReviewBoard.ReviewBoard_WrongState.selector, state);
    }

    function expectPhase(uint256 from, uint256 to) private {
        vm.expectRevert(
            abi.encodeWithSelector(IReviewBoard.ReviewBoard_WrongPhase.selector, block.timestamp, from, to)
        );
    }

    function test_V2_passesAfterTheWindowAndNotBefore() public {
        uint256 id = reviewed(second, 95, 90);
        skip(3 days - 1);
        assertFalse(board.hasPassed(id, modelId, second));
        skip(1);
        assertTrue(board.hasPassed(id, modelId, second));
        assertFalse(board.hasPassed(id, modelId, first), "another version");
        assertFalse(board.hasPassed(id + 1, modelId, second), "no such review");
    }

    function test_V2_lowScoresAndTooFewDoNotPass() public {
        uint256 low = reviewed(second, 95, 89);
        skip(3 days);
        assertFalse(board.hasPassed(low, modelId, second));
    }

    function test_V2_otherWeightsAreAFailedReview() public {
        uint256 id = board.open(modelId, second);
        address r = reviewers[0];
        bytes32 commitment = board.commitmentOf(id, r, "other", 100, "salt");
        vm.startPrank(r);
        board.commit(id, commitment);
        skip(1 days);
        board.reveal(id, "other", 100, "salt");
        vm.stopPrank();
        assertEq(board.getReview(id).fails, 1);
        assertEq(board.getReview(id).passes, 0);
    }

    function test_V2_aCopiedCommitmentCannotBeRevealed() public {
        uint256 id = board.open(modelId, second);
        seat(id, reviewers[0], 95);
        bytes32 copied = board.getAttestation(id, reviewers[0]).commitment;
        vm.prank(reviewers[1]);
        board.commit(id, copied);
        skip(1 days);
        show(id, reviewers[0], 95);
        bytes32 hash = weightsOf(second);
        vm.prank(reviewers[1]);
        vm.expectRevert(IReviewBoard.ReviewBoard_CommitmentMismatch.selector);
        board.reveal(id, hash, 95, "salt");
        skip(4 days);
        board.release(id, reviewers[1]);
        assertEq(board.balanceOf(reviewers[1]), 0);
        assertEq(board.balanceOf(address(timelock)), BOND, "who commits and is silent pays");
    }

    function test_V2_phasesAreExact() public {
        uint256 id = board.open(modelId, second);
        IReviewBoard.Review memory r = board.getReview(id);
        seat(id, reviewers[0], 95);
        bytes32 hash = weightsOf(second);
        vm.startPrank(reviewers[0]);
        expectPhase(r.commitEnd, r.revealEnd);
        board.reveal(id, hash, 95, "salt");
        vm.warp(r.revealEnd);
        expectPhase(r.commitEnd, r.revealEnd);
        board.reveal(id, hash, 95, "salt");
        vm.stopPrank();
        vm.warp(r.commitEnd);
        vm.prank(reviewers[1]);
        expectPhase(0, r.commitEnd);
        board.commit(id, "late");
        vm.warp(r.revealEnd - 1);
        show(id, reviewers[0], 95);
        vm.prank(challenger);
        expectPhase(r.revealEnd, r.challengeEnd);
        board.challenge{value: CHALLENGE_BOND}(id, reviewers[0], 0);
        expectPhase(r.challengeEnd, type(uint256).max);
        board.release(id, reviewers[0]);
        vm.warp(r.challengeEnd);
        vm.prank(challenger);
        expectPhase(r.revealEnd, r.challengeEnd);
        board.challenge{value: CHALLENGE_BOND}(id, reviewers[0], 0);
    }

    function test_V2_nobodyReviewsTwice() public {
        uint256 id = board.open(modelId, second);
        vm.deal(reviewers[0], 10 ether);
        vm.prank(reviewers[0]);
        board.deposit{value: BOND}();
        seat(id, reviewers[0], 95);
        vm.prank(reviewers[0]);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Committed));
        board.commit(id, "again");
        skip(1 days);
        show(id, reviewers[0], 95);
        bytes32 hash = weightsOf(second);
        vm.prank(reviewers[0]);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Revealed));
        board.reveal(id, hash, 95, "salt");
    }

    function test_V2_aBondCannotLeaveBeforeTheWindowEnds() public {
        uint256 id = reviewed(second, 95, 95);
        vm.prank(reviewers[0]);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_BondMissing.selector, 0, 1));
        board.withdraw(reviewers[0], 1);
        skip(3 days);
        board.release(id, reviewers[0]);
        vm.expectRevert(wrongState(IReviewBoard.AttestationState.Released));
        board.release(id, reviewers[0]);
        vm.prank(reviewers[0]);
        board.withdraw(reviewers[0], BOND);
        assertEq(reviewers[0].balance, 10 ether);
    }

    function test_V2_oneBondBacksOneReview() public {
        seat(board.open(modelId, second), reviewers[0], 95);
        uint256 other = board.open(modelId, first);
        vm.prank(reviewers[0]);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_BondMissing.selector, 0, BOND));
        board.commit(other, "c");
    }

    function test_V2_seatsAreForTheAdmittedAndLimited() public {
        uint256 id = board.open(modelId, second);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NotAdmitted.selector, stranger));
        board.commit(id, "c");
        vm.prank(address(timelock));
        board.admit(creator, true);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_InterestedReviewer.selector, creator));
        board.commit(id, "c");
        for (uint256 i = 0; i < 3; ++i) {
            seat(id, reviewers[i], 95);
        }
        vm.prank(reviewers[3]);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NoSeatLeft.selector, 3));
        board.commit(id, "c");
    }

    function test_timelockOnly() public {
        bytes memory refused = abi.encodeWithSelector(IReviewBoard.ReviewBoard_NotTimelock.selector, guardian);
        vm.startPrank(guardian);
        vm.expectRevert(refused);
        board.admit(guardian, true);
        vm.expectRevert(refused);
        board.setStandard(modelId, "x", 1, 1);
        vm.expectRevert(refused);
        board.decide(1, guardian, true);
        vm.stopPrank();
    }

    function test_aNewStandardVoidsOldReviews() public {
        uint256 id = reviewed(second, 95, 95);
        skip(3 days);
        vm.prank(address(timelock));
        board.setStandard(modelId, suiteHash, SAMPLES, 50);
        assertFalse(board.hasPassed(id, modelId, second));
    }

    function test_standardsMustBeSane() public {
        vm.startPrank(address(timelock));
        vm.expectRevert(IReviewBoard.ReviewBoard_BadStandard.selector);
        board.setStandard(modelId, 0, 100, 90);
        vm.expectRevert(IReviewBoard.ReviewBoard_BadStandard.selector);
        board.setStandard(modelId, suiteHash, 100, 0);
        vm.expectRevert(IReviewBoard.ReviewBoard_BadStandard.selector);
        board.setStandard(modelId, suiteHash, 100, 101);
    }

    function test_whatIsNotOpenIsNoReview() public {
        vm.prank(reviewers[0]);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NoReview.selector, 99));
        board.commit(99, "c");
        assertEq(abi.encode(board.rules()), abi.encode(rules()));
    }

    function test_open_needsAStandardAndAVersion() public {
        ModelId other = ModelId.wrap(77);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NoStandard.selector, other));
        board.open(other, second);
        VersionId none = VersionId.wrap(9);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NoVersion.selector, modelId, none));
        board.open(modelId, none);
        vm.prank(creator);
        registry.setStatus(modelId, second, IModelRegistry.Status.Revoked, "");
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_NoVersion.selector, modelId, second));
        board.open(modelId, second);
    }

    function test_scoresAboveTheSamplesAreRefused() public {
        uint256 id = board.open(modelId, second);
        seat(id, reviewers[0], 101);
        bytes32 hash = weightsOf(second);
        skip(1 days);
        vm.prank(reviewers[0]);
        vm.expectRevert(abi.encodeWithSelector(IReviewBoard.ReviewBoard_ScoreAboveSamples.selector, 101, 100));
        board.reveal(id, hash, 101, "salt");
    }

    function test_rulesMustBeSane() public {
        IReviewBoard.Rules memory r = rules();
        r.seats = 33;
        vm.expectRevert(IReviewBoard.ReviewBoard_BadRules.selector);
        new ReviewBoard(registry, proofs, address(timelock), r);
        r.seats = 1;
        vm.expectRevert(IReviewBoard.ReviewBoard_BadRules.selector);
        new ReviewBoard(registry, proofs, address(timelock), r);
    }
}
