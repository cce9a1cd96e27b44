// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Script, console} from "forge-std/Script.sol";
import {Deployment} from "./Deployment.sol";

/// @notice `forge script script/Deploy.s.sol --rpc-url … --account … --broadcast`; parties come from the environment.
contract Deploy is Script {
    /// @notice VERIFIER is the address of a deployed UniversalVerifier.
    function run() external returns (Deployment.Contracts memory contracts) {
        Deployment.Config memory config = Deployment.Config({
            admin: vm.envAddress("ADMIN"),
            guardian: vm.envAddress("GUARDIAN"),
            operator: vm.envAddress("OPERATOR"),
            treasury: vm.envAddress("TREASURY"),
            adminDelay: 5 days,
            operatorDelay: 2 days,
            platformPpm: uint32(vm.envOr("PLATFORM_PPM", uint256(25_000))),
            minCommitAge: uint64(vm.envOr("MIN_COMMIT_AGE", uint256(60))),
            priceNotice: uint64(vm.envOr("PRICE_NOTICE", uint256(1 days))),
            thawPeriod: uint64(vm.envOr("THAW_PERIOD", uint256(3 days))),
            sequencerFeed: vm.envOr("SEQUENCER_FEED", address(0)),
            arbiter: vm.envAddress("ARBITER"),
            arbiterDelay: 0,
            disputeBond: vm.envOr("DISPUTE_BOND", uint256(0.1 ether))
        });
        vm.startBroadcast();
        contracts = Deployment.deploy(config, msg.sender);
        contracts.verifierRouter
            .registerProofSystem("mintmark-flat-v3", vm.envAddress("VERIFIER"), 10_000_000);
        Deployment.handOver(contracts, config, msg.sender);
        vm.stopBroadcast();
        console.log("AccessManager ", address(contracts.authority));
        console.log("ModelRegistry ", address(contracts.registry));
        console.log("PriceBook     ", address(contracts.priceBook));
        console.log("Currencies    ", address(contracts.currencies));
        console.log("QuotaLedger   ", address(contracts.quotaLedger));
        console.log("PaymentChannels", address(contracts.paymentChannels));
        console.log("Allowlist     ", address(contracts.allowlist));
        console.log("RevenueRouter ", address(contracts.revenueRouter));
        console.log("AccessPass    ", address(contracts.accessPass));
        console.log("VerifierRouter", address(contracts.verifierRouter));
        console.log("LicenseTerms  ", address(contracts.licenseTerms));
        console.log("LicenseToken  ", address(contracts.licenseToken));
        console.log("DerivativeGraph", address(contracts.derivativeGraph));
        console.log("ModelDisputes ", address(contracts.modelDisputes));
    }
}
