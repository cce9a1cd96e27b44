// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {AccessPass} from "../src/access/AccessPass.sol";
import {Guarded} from "../src/governance/Guarded.sol";
import {Roles} from "../src/governance/Roles.sol";
import {Allowlist} from "../src/gating/Allowlist.sol";
import {QuotaLedger} from "../src/gating/QuotaLedger.sol";
import {IAggregatorV3} from "../src/interfaces/IAggregatorV3.sol";
import {PaymentChannels} from "../src/payments/PaymentChannels.sol";
import {Currencies} from "../src/pricing/Currencies.sol";
import {PriceBook} from "../src/pricing/PriceBook.sol";
import {ModelRegistry} from "../src/registry/ModelRegistry.sol";
import {DerivativeGraph} from "../src/licensing/DerivativeGraph.sol";
import {LicenseTerms} from "../src/licensing/LicenseTerms.sol";
import {LicenseToken} from "../src/licensing/LicenseToken.sol";
import {ModelDisputes} from "../src/licensing/ModelDisputes.sol";
import {RevenueRouter} from "../src/revenue/RevenueRouter.sol";
import {VerifierRouter} from "../src/verifier/VerifierRouter.sol";

/// @title Deployment order and wiring
/// @notice docs/spec/contracts.md says the same in words; the command line client follows it without Solidity.
library Deployment {
    struct Config {
        address admin; // grants roles, ends a pause; gets ADMIN with `adminDelay`
        address guardian;
        address operator;
        address treasury;
        uint32 adminDelay; // seconds
        uint32 operatorDelay; // seconds
        uint32 platformPpm;
        uint64 minCommitAge; // seconds
        uint64 priceNotice; // seconds
        uint64 thawPeriod; // seconds that a withdrawal from a payment channel waits
        address sequencerFeed; // Chainlink's uptime feed of an L2; zero on a chain without one
        address arbiter;
        uint32 arbiterDelay; // seconds
        uint256 disputeBond; // wei
    }

    struct Contracts {
        AccessManager authority;
        ModelRegistry registry;
        PriceBook priceBook;
        RevenueRouter revenueRouter;
        AccessPass accessPass;
        VerifierRouter verifierRouter;
        Currencies currencies;
        QuotaLedger quotaLedger;
        Allowlist allowlist;
        PaymentChannels paymentChannels;
        LicenseTerms licenseTerms;
        LicenseToken licenseToken;
        DerivativeGraph derivativeGraph;
        ModelDisputes modelDisputes;
    }

    /// @notice Steps 1 to 7: deploys, and binds the settler. `deployer` is ADMIN until `handOver`.
    function deploy(Config memory config, address deployer) internal returns (Contracts memory c) {
        c.authority = new AccessManager(deployer);
        address authority = address(c.authority);
        c.registry = new ModelRegistry(authority, config.minCommitAge);
        c.currencies = new Currencies(authority, IAggregatorV3(config.sequencerFeed));
        c.priceBook = new PriceBook(c.registry, c.currencies, config.priceNotice);
        c.quotaLedger = new QuotaLedger(authority, c.registry);
        c.allowlist = new Allowlist(authority);
        c.licenseTerms = new LicenseTerms();
        c.derivativeGraph = new DerivativeGraph(authority, c.registry, c.licenseTerms);
        c.modelDisputes = new ModelDisputes(authority, c.registry, config.disputeBond);
        c.revenueRouter = new RevenueRouter(
            authority, c.registry, c.derivativeGraph, c.modelDisputes, config.treasury, config.platformPpm
        );
        c.licenseToken =
            new LicenseToken(authority, c.registry, c.licenseTerms, c.revenueRouter, c.derivativeGraph);
        c.accessPass = new AccessPass(authority, c.registry, c.priceBook, c.revenueRouter, c.quotaLedger);
        c.quotaLedger.bindConsumer(address(c.accessPass));
        c.paymentChannels = new PaymentChannels(authority, c.registry, c.revenueRouter, config.thawPeriod);
        c.verifierRouter = new VerifierRouter(authority, c.registry, c.accessPass);
        c.accessPass.bindSettler(address(c.verifierRouter));
        c.derivativeGraph.bindLicenses(c.licenseToken);
        c.registry.bindDerivatives(address(c.derivativeGraph));
    }

    /// @notice Step 9, after the proof systems are registered: gives every role to its holder and the deployer's away.
    function handOver(Contracts memory c, Config memory config, address deployer) internal {
        AccessManager authority = c.authority;
        bytes4[] memory pause = new bytes4[](1);
        pause[0] = Guarded.pause.selector;
        authority.setTargetFunctionRole(address(c.registry), pause, Roles.GUARDIAN);
        authority.setTargetFunctionRole(address(c.accessPass), pause, Roles.GUARDIAN);
        authority.setTargetFunctionRole(address(c.paymentChannels), pause, Roles.GUARDIAN);
        authority.setTargetFunctionRole(address(c.licenseToken), pause, Roles.GUARDIAN);
        bytes4[] memory stop = new bytes4[](2);
        (stop[0], stop[1]) = (Guarded.pause.selector, c.verifierRouter.disableProofSystem.selector);
        authority.setTargetFunctionRole(address(c.verifierRouter), stop, Roles.GUARDIAN);

        bytes4[] memory revenue = new bytes4[](4);
        (revenue[0], revenue[1]) =
        (c.revenueRouter.setPlatformPpm.selector, c.revenueRouter.setTreasury.selector);
        (revenue[2], revenue[3]) = (c.revenueRouter.addToken.selector, c.revenueRouter.stopToken.selector);
        authority.setTargetFunctionRole(address(c.revenueRouter), revenue, Roles.OPERATOR);
        bytes4[] memory systems = new bytes4[](1);
        systems[0] = c.verifierRouter.registerProofSystem.selector;
        authority.setTargetFunctionRole(address(c.verifierRouter), systems, Roles.OPERATOR);

        _handOverSelling(c, config);
        bytes4[] memory disputes = new bytes4[](2);
        (disputes[0], disputes[1]) = (c.modelDisputes.decide.selector, c.modelDisputes.liftByArbiter.selector);
        authority.setTargetFunctionRole(address(c.modelDisputes), disputes, Roles.ARBITER);
        authority.labelRole(Roles.ARBITER, "ARBITER");
        authority.grantRole(Roles.ARBITER, config.arbiter, config.arbiterDelay);

        authority.labelRole(Roles.GUARDIAN, "GUARDIAN");
        authority.labelRole(Roles.OPERATOR, "OPERATOR");
        authority.grantRole(Roles.GUARDIAN, config.guardian, 0);
        authority.grantRole(Roles.OPERATOR, config.operator, config.operatorDelay);
        uint64 adminRole = authority.ADMIN_ROLE();
        authority.grantRole(adminRole, config.admin, config.adminDelay);
        if (config.admin != deployer) authority.renounceRole(adminRole, deployer);
    }

    /// @dev The roles of currencies and allowlists.
    function _handOverSelling(Contracts memory c, Config memory config) private {
        AccessManager authority = c.authority;
        bytes4[] memory one = new bytes4[](1);
        one[0] = c.currencies.suspend.selector;
        authority.setTargetFunctionRole(address(c.currencies), one, Roles.GUARDIAN);
        bytes4[] memory currencies = new bytes4[](2);
        (currencies[0], currencies[1]) = (c.currencies.list.selector, c.currencies.resume.selector);
        authority.setTargetFunctionRole(address(c.currencies), currencies, Roles.OPERATOR);
        one[0] = c.allowlist.grant.selector;
        authority.setTargetFunctionRole(address(c.allowlist), one, Roles.GATEKEEPER);
        authority.labelRole(Roles.GATEKEEPER, "GATEKEEPER");
        authority.grantRole(Roles.GATEKEEPER, config.operator, config.operatorDelay);
    }
}
