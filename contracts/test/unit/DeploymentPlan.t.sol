// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev The typed deployment that all tests stand on (script/Deployment.sol) has the roles and the bindings of script/plan.json, which
/// the script and the program follow.
contract DeploymentPlanTest is TestBase {
    using stdJson for string;

    string internal plan;

    function setUp() public override {
        super.setUp();
        plan = vm.readFile("script/plan.json");
    }

    function contractOf(string memory name) internal view returns (address) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("ModelRegistry")) return address(deployed.registry);
        if (hash == keccak256("PriceBook")) return address(deployed.priceBook);
        if (hash == keccak256("RevenueRouter")) return address(deployed.revenueRouter);
        if (hash == keccak256("AccessPass")) return address(deployed.accessPass);
        if (hash == keccak256("VerifierRouter")) return address(deployed.verifierRouter);
        if (hash == keccak256("Currencies")) return address(deployed.currencies);
        if (hash == keccak256("QuotaLedger")) return address(deployed.quotaLedger);
        if (hash == keccak256("Allowlist")) return address(deployed.allowlist);
        if (hash == keccak256("PaymentChannels")) return address(deployed.paymentChannels);
        if (hash == keccak256("LicenseToken")) return address(deployed.licenseToken);
        if (hash == keccak256("DerivativeGraph")) return address(deployed.derivativeGraph);
        if (hash == keccak256("ModelDisputes")) return address(deployed.modelDisputes);
        return address(0); // the verifier and the adapters, which tests deploy where they need them
    }

    function step(uint256 i, string memory name) internal pure returns (string memory) {
        return string.concat(".economy[", vm.toString(i), "].", name);
    }

    function tail(string memory argument) internal pure returns (string memory) {
        return vm.split(string.concat("|", argument), string.concat("|", first(argument)))[1];
    }

    function first(string memory argument) internal pure returns (string memory) {
        bytes memory one = new bytes(1);
        one[0] = bytes(argument)[0];
        return string(one);
    }

    function test_everyFunctionHasTheRoleOfThePlan() public view {
        uint256 checked;
        for (uint256 i = 0; plan.keyExists(step(i, "args")); ++i) {
            if (!plan.keyExists(step(i, "done"))) continue;
            if (!isSame(plan.readString(step(i, "done")), "getTargetFunctionRole(address,bytes4)")) continue;
            string[] memory arguments = plan.readStringArray(step(i, "args"));
            address target = contractOf(tail(arguments[0]));
            if (target == address(0)) continue;
            string[] memory signatures = vm.split(tail(arguments[1]), " ");
            for (uint256 j = 0; j < signatures.length; ++j) {
                bytes4 selector = bytes4(keccak256(bytes(signatures[j])));
                uint64 role = deployed.authority.getTargetFunctionRole(target, selector);
                assertEq(role, vm.parseUint(arguments[2]), string.concat(arguments[0], ".", signatures[j]));
                ++checked;
            }
        }
        assertEq(checked, 17);
    }

    function test_everyBindingOfThePlanIsMade() public view {
        uint256 checked;
        for (uint256 i = 0; plan.keyExists(step(i, "args")); ++i) {
            if (!plan.keyExists(step(i, "done"))) continue;
            string memory done = plan.readString(step(i, "done"));
            string memory expected = plan.readString(step(i, "equals"));
            if (!isSame(first(expected), "@") || plan.readStringArray(step(i, "doneArgs")).length != 0) {
                continue;
            }
            address target = contractOf(plan.readString(step(i, "call")));
            (bool ok, bytes memory answer) = target.staticcall(abi.encodeWithSignature(done));
            assertTrue(ok);
            assertEq(abi.decode(answer, (address)), contractOf(tail(expected)), done);
            ++checked;
        }
        assertEq(checked, 4);
    }

    function isSame(string memory a, string memory b) internal pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
