// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {MintGovernor} from "../../../src/governance/MintGovernor.sol";
import {GovernanceBase} from "./GovernanceBase.sol";

contract MintGovernorTest is GovernanceBase {
    function cancelAs(address who, Action memory a) private {
        vm.prank(who);
        governor.cancel(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
    }

    function test_token_isFixedAndCountsInSeconds() public view {
        assertEq(token.totalSupply(), SUPPLY);
        assertEq(token.CLOCK_MODE(), "mode=timestamp");
        assertEq(token.clock(), block.timestamp);
        assertEq(governor.CLOCK_MODE(), token.CLOCK_MODE());
        assertEq(token.nonces(voter), 0);
        assertEq(governor.proposalThreshold(), 10_000 ether);
        assertTrue(governor.proposalNeedsQueuing(0), "nothing is executed past the timelock");
    }

    function test_V3_flashLoanedTokensNeitherProposeNorVote() public {
        vm.prank(whale);
        assertTrue(token.transfer(stranger, 500_000 ether));
        vm.startPrank(stranger);
        token.delegate(stranger);
        Action memory a = action(stranger, 0, "");
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, stranger, 0, 10_000 ether
            )
        );
        governor.propose(a.targets, a.values, a.calls, a.text);
        assertTrue(token.transfer(whale, 500_000 ether));
        vm.stopPrank();

        uint256 id = propose(a);
        skip(1 days + 1); // past the snapshot
        vm.prank(whale);
        assertTrue(token.transfer(stranger, 500_000 ether));
        vm.prank(stranger);
        assertEq(governor.castVote(id, 1), 0, "bought after the snapshot");
    }

    function test_V3_aLateQuorumLeavesTimeToAnswer() public {
        vm.prank(whale);
        token.delegate(whale);
        skip(1);
        Action memory a = action(stranger, 0, "");
        uint256 id = propose(a);
        uint256 deadline = governor.proposalDeadline(id);
        vm.warp(deadline - 1);
        vm.prank(voter);
        governor.castVote(id, 1);
        assertEq(governor.proposalDeadline(id), block.timestamp + 2 days);
        vm.warp(deadline + 1 days);
        vm.prank(whale);
        governor.castVote(id, 0);
        skip(2 days);
        assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Defeated));
    }

    function test_V3_nothingPassesBelowTheQuorum() public {
        vm.prank(voter);
        assertTrue(token.transfer(stranger, 70_000 ether)); // 3 % stay
        skip(1);
        Action memory a = action(stranger, 0, "");
        uint256 id = propose(a);
        skip(1 days + 1);
        vm.prank(voter);
        governor.castVote(id, 1);
        skip(8 days);
        assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Defeated));
    }

    function test_V4_theTreasurySpendsByProposalOnly() public {
        vm.deal(address(timelock), 5 ether);
        assertTrue(token.transfer(address(timelock), 7 ether));
        Action memory native = action(stranger, 5 ether, "");
        voteAndQueue(native);
        execute(native);
        assertEq(stranger.balance, 5 ether);
        Action memory erc20 = action(address(token), 0, abi.encodeCall(token.transfer, (stranger, 7 ether)));
        voteAndQueue(erc20);
        execute(erc20);
        assertEq(token.balanceOf(stranger), 7 ether);
    }

    function test_V3_theTimelockCannotBeSkipped() public {
        Action memory a = action(stranger, 0, "");
        uint256 id = propose(a);
        skip(1 days + 1);
        vm.prank(voter);
        governor.castVote(id, 1);
        skip(7 days + 1);
        vm.expectRevert();
        execute(a); // not queued
        governor.queue(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
        skip(2 days - 1);
        vm.expectRevert();
        execute(a);
        vm.prank(voter);
        vm.expectRevert();
        timelock.schedule(stranger, 0, "", 0, 0, 2 days);
        skip(1);
        vm.expectRevert(); // the governor is the timelock's only executor
        timelock.executeBatch(a.targets, a.values, a.calls, 0, bytes20(address(governor)) ^ keccak256("text"));
        execute(a);
    }

    function test_guardian_cancelsAndNothingElse() public {
        assertTrue(token.transfer(guardian, 50_000 ether));
        vm.prank(guardian);
        token.delegate(guardian);
        skip(1);
        Action memory a = action(stranger, 0, "");
        bytes memory refused =
            abi.encodeWithSelector(MintGovernor.MintGovernor_GuardianOnlyCancels.selector, guardian);
        vm.prank(guardian);
        vm.expectRevert(refused);
        governor.propose(a.targets, a.values, a.calls, a.text);
        uint256 id = voteAndQueue(a);
        bytes32 hash = keccak256(bytes(a.text));
        vm.prank(guardian);
        vm.expectRevert(refused);
        governor.execute(a.targets, a.values, a.calls, hash);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, stranger));
        governor.cancel(a.targets, a.values, a.calls, hash);
        cancelAs(guardian, a);
        assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Canceled));
        vm.expectRevert();
        execute(a);
    }

    function test_guardian_cannotCancelItsOwnRemoval() public {
        Action memory a = action(address(governor), 0, abi.encodeCall(governor.setGuardian, (address(0))));
        uint256 id = voteAndQueue(a);
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(MintGovernor.MintGovernor_GuardianChangeNotCancellable.selector, id)
        );
        governor.cancel(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
        execute(a);
        assertEq(governor.guardian(), address(0));
    }

    /// @dev Nobody hides a theft behind the exemption.
    function test_guardian_cancelsARemovalThatCarriesMore() public {
        Action memory a;
        (a.targets, a.values, a.calls) = (new address[](2), new uint256[](2), new bytes[](2));
        (a.targets[0], a.targets[1], a.values[1]) = (address(governor), stranger, 1 ether);
        (a.calls[0], a.text) = (abi.encodeCall(governor.setGuardian, (stranger)), "text");
        uint256 id = propose(a);
        cancelAs(guardian, a);
        assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Canceled));
    }

    function test_setGuardian_byProposalOnly() public {
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, guardian));
        governor.setGuardian(stranger);
    }

    function test_proposerCancelsWhilePendingOnly() public {
        Action memory a = action(stranger, 0, "");
        uint256 id = propose(a);
        cancelAs(voter, a);
        assertEq(uint256(governor.state(id)), uint256(IGovernor.ProposalState.Canceled));
        a.text = "again";
        id = propose(a);
        skip(1 days + 1);
        vm.prank(voter);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, voter));
        governor.cancel(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
    }

    function test_settings_neverFallToZero() public {
        bytes[3] memory calls = [
            abi.encodeCall(governor.setVotingDelay, (0)),
            abi.encodeCall(governor.setProposalThreshold, (0)),
            abi.encodeCall(governor.updateQuorumNumerator, (0))
        ];
        for (uint256 i = 0; i < 3; ++i) {
            Action memory a = action(address(governor), 0, calls[i]);
            voteAndQueue(a);
            vm.expectRevert(MintGovernor.MintGovernor_ZeroSetting.selector);
            execute(a);
        }
    }
}
