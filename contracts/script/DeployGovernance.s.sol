// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Script, console} from "forge-std/Script.sol";
import {MintGovernor} from "../src/governance/MintGovernor.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../src/interfaces/IReviewBoard.sol";
import {IVerifierRouter} from "../src/interfaces/IVerifierRouter.sol";
import {GovernanceDeployment} from "./GovernanceDeployment.sol";

/// @notice `forge script script/DeployGovernance.s.sol --rpc-url … --account … --broadcast`; after Deploy.s.sol.
contract DeployGovernance is Script {
    /// @notice REGISTRY and ROUTER are of the deployed economy; HOLDER gets the votes.
    function run() external returns (GovernanceDeployment.Contracts memory c) {
        GovernanceDeployment.Config memory config = GovernanceDeployment.Config({
            registry: IModelRegistry(vm.envAddress("REGISTRY")),
            router: IVerifierRouter(vm.envAddress("ROUTER")),
            holder: vm.envAddress("HOLDER"),
            supply: vm.envOr("SUPPLY", uint256(1e27)),
            timelockDelay: 2 days,
            settings: MintGovernor.Settings({
                votingDelay: 1 days,
                votingPeriod: 7 days,
                proposalThreshold: vm.envOr("PROPOSAL_THRESHOLD", uint256(1e24)),
                quorumPercent: 4,
                lateQuorumExtension: 2 days,
                guardian: vm.envAddress("GUARDIAN")
            }),
            rules: IReviewBoard.Rules({
                bond: vm.envOr("REVIEW_BOND", uint256(1 ether)),
                challengeBond: vm.envOr("CHALLENGE_BOND", uint256(0.5 ether)),
                commitPeriod: 5 days,
                revealPeriod: 2 days,
                challengePeriod: 5 days,
                decisionPeriod: 30 days,
                quorum: 3,
                seats: 7
            })
        });
        vm.startBroadcast();
        c = GovernanceDeployment.deploy(config, msg.sender);
        vm.stopBroadcast();
        console.log("MintToken      ", address(c.token));
        console.log("Timelock       ", address(c.timelock));
        console.log("MintGovernor   ", address(c.governor));
        console.log("AccuracyProofs ", address(c.proofs));
        console.log("ReviewBoard    ", address(c.board));
        console.log("BenchmarkOracle", address(c.oracle));
        console.log("VersionGate    ", address(c.gate));
    }
}
