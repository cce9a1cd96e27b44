// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeploymentPlan} from "./DeploymentPlan.sol";

/// @notice The economy: `forge script script/Deploy.s.sol --rpc-url … --account … --sender … --broadcast --slow`, after
/// `forge build --skip test`. Parties come from the environment; a run that was cut short is simply run again.
contract Deploy is DeploymentPlan {
    /// @notice TAU_POWERS: the powers of tau in both groups, as `mintmark zk get-srs --json` prints them.
    function run() external {
        open(vm.envOr("SALT", string("")));
        set("deployer", msg.sender);
        set("admin", vm.envAddress("ADMIN"));
        set("guardian", vm.envAddress("GUARDIAN"));
        set("operator", vm.envAddress("OPERATOR"));
        set("arbiter", vm.envAddress("ARBITER"));
        set("treasury", vm.envAddress("TREASURY"));
        set("sequencerFeed", vm.envOr("SEQUENCER_FEED", address(0)));
        set("adminDelay", vm.envOr("ADMIN_DELAY", uint256(5 days)));
        set("operatorDelay", vm.envOr("OPERATOR_DELAY", uint256(2 days)));
        set("arbiterDelay", uint256(0));
        set("platformPpm", vm.envOr("PLATFORM_PPM", uint256(25_000)));
        set("minCommitAge", vm.envOr("MIN_COMMIT_AGE", uint256(60)));
        set("priceNotice", vm.envOr("PRICE_NOTICE", uint256(1 days)));
        set("thawPeriod", vm.envOr("THAW_PERIOD", uint256(3 days)));
        set("disputeBond", vm.envOr("DISPUTE_BOND", uint256(0.1 ether)));
        set("tauPowers", vm.envBytes("TAU_POWERS"));
        vm.startBroadcast();
        follow("economy");
        vm.stopBroadcast();
        write();
    }
}
