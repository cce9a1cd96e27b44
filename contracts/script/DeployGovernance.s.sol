// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeploymentPlan} from "./DeploymentPlan.sol";

/// @notice The DAO beside a deployed economy: `forge script script/DeployGovernance.s.sol …`, after Deploy.s.sol.
contract DeployGovernance is DeploymentPlan {
    /// @notice ECONOMY is the economy's deployment file; OUTPUT names the DAO's; HOLDER gets the votes.
    function run() external {
        open(vm.envOr("SALT", string("")));
        readContracts(vm.envString("ECONOMY"));
        set("deployer", msg.sender);
        set("holder", vm.envAddress("HOLDER"));
        set("guardian", vm.envAddress("GUARDIAN"));
        set("supply", vm.envOr("SUPPLY", uint256(1e27)));
        set("timelockDelay", vm.envOr("TIMELOCK_DELAY", uint256(2 days)));
        set("votingDelay", vm.envOr("VOTING_DELAY", uint256(1 days)));
        set("votingPeriod", vm.envOr("VOTING_PERIOD", uint256(7 days)));
        set("proposalThreshold", vm.envOr("PROPOSAL_THRESHOLD", uint256(1e24)));
        set("quorumPercent", vm.envOr("QUORUM_PERCENT", uint256(4)));
        set("lateQuorumExtension", vm.envOr("LATE_QUORUM_EXTENSION", uint256(2 days)));
        set("reviewBond", vm.envOr("REVIEW_BOND", uint256(1 ether)));
        set("challengeBond", vm.envOr("CHALLENGE_BOND", uint256(0.5 ether)));
        set("commitPeriod", vm.envOr("COMMIT_PERIOD", uint256(5 days)));
        set("revealPeriod", vm.envOr("REVEAL_PERIOD", uint256(2 days)));
        set("challengePeriod", vm.envOr("CHALLENGE_PERIOD", uint256(5 days)));
        set("decisionPeriod", vm.envOr("DECISION_PERIOD", uint256(30 days)));
        set("reviewQuorum", vm.envOr("REVIEW_QUORUM", uint256(3)));
        set("seats", vm.envOr("SEATS", uint256(7)));
        vm.startBroadcast();
        follow("governance");
        vm.stopBroadcast();
        write();
    }
}
