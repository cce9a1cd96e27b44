// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Deployment} from "../../script/Deployment.sol";
import {Guarded} from "../../src/governance/Guarded.sol";
import {Roles} from "../../src/governance/Roles.sol";
import {YesVerifier} from "../mocks/MockProofVerifier.sol";
import {TestBase} from "../utils/TestBase.sol";

contract GovernanceTest is TestBase {
    function test_R12_onlyTheGuardianPausesAndOnlyAdminEndsIt() public {
        Guarded[3] memory guarded = [Guarded(registry), Guarded(accessPass), Guarded(verifierRouter)];
        for (uint256 i = 0; i < 3; ++i) {
            address[3] memory others = [admin, operator, stranger];
            for (uint256 j = 0; j < 3; ++j) {
                vm.prank(others[j]);
                vm.expectRevert(
                    abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, others[j])
                );
                guarded[i].pause();
            }
            vm.startPrank(guardian);
            guarded[i].pause();
            vm.expectRevert(
                abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, guardian)
            );
            guarded[i].unpause();
            vm.stopPrank();
            vm.prank(admin);
            guarded[i].unpause();
        }
    }

    function test_handOver_leavesTheDeployerWithNothing() public {
        (bool member,) = deployed.authority.hasRole(0, address(this));
        assertFalse(member);
        vm.expectRevert();
        deployed.authority.grantRole(Roles.GUARDIAN, stranger, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, address(this))
        );
        verifierRouter.registerProofSystem("mine-v1", address(verifier), 1);
    }

    function test_handOver_operatorActsAfterItsDelay() public {
        config.operatorDelay = 2 days;
        config.admin = address(this); // keeps ADMIN
        Deployment.Contracts memory fresh = Deployment.deploy(config, address(this));
        Deployment.handOver(fresh, config, address(this));
        address yes = address(new YesVerifier());
        bytes memory call =
            abi.encodeCall(fresh.verifierRouter.registerProofSystem, ("late-v1", yes, uint64(1)));
        vm.startPrank(operator);
        vm.expectRevert();
        fresh.verifierRouter.registerProofSystem("late-v1", yes, 1);
        fresh.authority.schedule(address(fresh.verifierRouter), call, 0);
        vm.expectRevert();
        fresh.verifierRouter.registerProofSystem("late-v1", yes, 1);
        skip(2 days);
        fresh.verifierRouter.registerProofSystem("late-v1", yes, 1);
        vm.stopPrank();
    }
}
