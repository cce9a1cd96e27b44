// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VersionId} from "../../src/types/Ids.sol";
import {GovernanceBase} from "../unit/governance/GovernanceBase.sol";

/// @dev From a published version to a canonical one, by the DAO and everybody's real contracts.
contract GovernanceStoryTest is GovernanceBase {
    function canonical() private view returns (uint256) {
        return VersionId.unwrap(registry.canonicalVersion(modelId));
    }

    function test_aReviewedVersionBecomesCanonicalByVote() public {
        VersionId third = publish("three");
        uint256 id = reviewed(third, 97, 96);
        Action memory a = action(address(gate), 0, abi.encodeCall(gate.acceptByReview, (modelId, third, id)));
        voteAndQueue(a);
        assertEq(canonical(), VersionId.unwrap(first));
        execute(a);
        assertEq(canonical(), VersionId.unwrap(third));
        board.release(id, reviewers[0]);
        vm.prank(reviewers[0]);
        board.withdraw(reviewers[0], BOND);
    }

    function test_aVoteWithoutReviewChangesNothing() public {
        uint256 id = board.open(modelId, second); // nobody came
        Action memory a = action(address(gate), 0, abi.encodeCall(gate.acceptByReview, (modelId, second, id)));
        voteAndQueue(a);
        vm.expectRevert();
        execute(a);
        assertEq(canonical(), VersionId.unwrap(first));
    }

    /// @dev One proposal approves the accuracy key and accepts the version that is proven under it.
    function test_aProvenVersionBecomesCanonicalByVote() public {
        (address k, bytes32 hash) = accuracyKey();
        prove(k, second, suite(93));
        Action memory a;
        (a.targets, a.values, a.calls) = (new address[](2), new uint256[](2), new bytes[](2));
        (a.targets[0], a.targets[1], a.text) = (address(proofs), address(gate), "accept two");
        a.calls[0] = abi.encodeCall(proofs.approveKey, (modelId, second, hash, SAMPLES));
        a.calls[1] = abi.encodeCall(gate.acceptByAccuracy, (modelId, second));
        voteAndQueue(a);
        execute(a);
        assertEq(canonical(), VersionId.unwrap(second));
    }

    /// @dev A liar is challenged, the DAO decides, and the treasury pulls what was forfeited: all by votes.
    function test_aLiarIsSlashedByVoteAndTheTreasuryPaid() public {
        uint256 id = reviewed(second, 97, 96);
        challengeScore(id, reviewers[0]);
        Action memory a = action(address(board), 0, abi.encodeCall(board.decide, (id, reviewers[0], true)));
        voteAndQueue(a);
        execute(a);
        assertEq(board.balanceOf(challenger), CHALLENGE_BOND + BOND / 2);
        a = action(address(board), 0, abi.encodeCall(board.withdraw, (address(timelock), BOND / 2)));
        voteAndQueue(a);
        execute(a);
        assertEq(address(timelock).balance, BOND / 2);
        assertFalse(board.hasPassed(id, modelId, second));
    }
}
