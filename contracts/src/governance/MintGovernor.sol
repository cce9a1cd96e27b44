// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {
    GovernorPreventLateQuorum
} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {
    GovernorTimelockControl
} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

/// @title The DAO's assembly
/// @notice What passes waits in the timelock, which also is the treasury: it holds native currency and tokens, and spends
/// by proposal only. The guardian may cancel, and do nothing else.
/// @dev A guardian cannot protect himself: a proposal whose only action is `setGuardian` is beyond his reach.
contract MintGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl
{
    struct Settings {
        uint48 votingDelay; // seconds from proposal to snapshot; not zero
        uint32 votingPeriod; // seconds
        uint256 proposalThreshold; // votes that a proposer needs; not zero
        uint256 quorumPercent; // of the supply
        uint48 lateQuorumExtension; // seconds left to vote, at least, after the quorum is reached
        address guardian; // zero for none
    }

    error MintGovernor_GuardianOnlyCancels(address guardian);
    error MintGovernor_GuardianChangeNotCancellable(uint256 proposalId);
    error MintGovernor_ZeroSetting();

    event GuardianChanged(address indexed from, address indexed to);

    /// @notice Who may cancel a proposal until it is executed; zero for nobody.
    address public guardian;

    constructor(IVotes token_, TimelockController timelock_, Settings memory settings)
        Governor("MintGovernor")
        GovernorSettings(settings.votingDelay, settings.votingPeriod, settings.proposalThreshold)
        GovernorVotes(token_)
        GovernorVotesQuorumFraction(settings.quorumPercent)
        GovernorPreventLateQuorum(settings.lateQuorumExtension)
        GovernorTimelockControl(timelock_)
    {
        _setGuardian(settings.guardian);
    }

    /// @notice Replaces the guardian; by proposal.
    function setGuardian(address guardian_) external onlyGovernance {
        _setGuardian(guardian_);
    }

    /// @notice Cancels: the guardian at any time before execution, the proposer while the proposal is pending.
    /// @dev The guardian cannot cancel a proposal that consists of `setGuardian` alone.
    function cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public override returns (uint256) {
        if (_msgSender() != guardian) {
            return super.cancel(targets, values, calldatas, descriptionHash);
        }
        if (_onlyChangesGuardian(targets, values, calldatas)) {
            revert MintGovernor_GuardianChangeNotCancellable(getProposalId(
                    targets, values, calldatas, descriptionHash
                ));
        }
        return _cancel(targets, values, calldatas, descriptionHash);
    }

    /// @notice Executes what has passed and waited; anybody but the guardian.
    function execute(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public payable override returns (uint256) {
        _refuseGuardian();
        return super.execute(targets, values, calldatas, descriptionHash);
    }

    /// @inheritdoc Governor
    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    /// @inheritdoc Governor
    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    /// @inheritdoc Governor
    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @inheritdoc Governor
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256) {
        _refuseGuardian();
        return super._propose(targets, values, calldatas, description, proposer);
    }

    /// @dev Without a delay the tokens of one block decide who may vote.
    function _setVotingDelay(uint48 newVotingDelay) internal override {
        if (newVotingDelay == 0) revert MintGovernor_ZeroSetting();
        super._setVotingDelay(newVotingDelay);
    }

    function _setProposalThreshold(uint256 newProposalThreshold) internal override {
        if (newProposalThreshold == 0) revert MintGovernor_ZeroSetting();
        super._setProposalThreshold(newProposalThreshold);
    }

    function _updateQuorumNumerator(uint256 newQuorumNumerator) internal override {
        if (newQuorumNumerator == 0) revert MintGovernor_ZeroSetting();
        super._updateQuorumNumerator(newQuorumNumerator);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function _onlyChangesGuardian(address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
        private
        view
        returns (bool)
    {
        return targets.length == 1 && calldatas.length == 1 && values.length == 1 && values[0] == 0
            && targets[0] == address(this) && calldatas[0].length == 36
            && bytes4(calldatas[0]) == this.setGuardian.selector;
    }

    function _refuseGuardian() private view {
        if (_msgSender() == guardian) revert MintGovernor_GuardianOnlyCancels(guardian);
    }

    function _setGuardian(address guardian_) private {
        emit GuardianChanged(guardian, guardian_);
        guardian = guardian_;
    }
}
