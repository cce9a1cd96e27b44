// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {PassId} from "../../src/types/Ids.sol";
import {Reentrant} from "../mocks/Receivers.sol";
import {TestBase} from "../utils/TestBase.sol";

contract ReentrancyTest is TestBase {
    Reentrant internal attacker;
    bytes internal guarded =
        abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);

    function setUp() public override {
        super.setUp();
        attacker = new Reentrant();
        vm.deal(address(attacker), 10 ether);
        buy(100, 30); // somebody else's escrow, worth stealing
    }

    function test_attack_refundFromWithinRefund() public {
        PassId passId = attackerBuys(10, 0);
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        bytes memory call = abi.encodeCall(accessPass.refund, (passId, address(attacker)));
        attacker.arm(address(accessPass), call, 0);
        uint256 before = address(attacker).balance;
        uint256 escrow = accessPass.getPass(passId).escrow;
        attacker.run(address(accessPass), call, 0);
        assertEq(attacker.attempts(), 1);
        assertFalse(attacker.succeeded());
        assertEq(attacker.failure(), guarded);
        assertEq(address(attacker).balance, before + escrow);
    }

    function test_attack_buyFromWithinTheTokensReceipt() public {
        bytes memory call = abi.encodeCall(accessPass.buy, (orderTo(10)));
        attacker.arm(address(accessPass), call, 1 ether);
        attacker.run(address(accessPass), call, 1 ether);
        assertEq(attacker.attempts(), 2); // the token, then the surplus
        assertFalse(attacker.succeeded());
        assertEq(attacker.failure(), guarded);
        assertEq(accessPass.balanceOf(address(attacker)), 1);
    }

    function test_attack_refundFromWithinTheTokensReceipt() public {
        PassId next = PassId.wrap(accessPass.totalPasses() + 1);
        attacker.arm(address(accessPass), abi.encodeCall(accessPass.refund, (next, address(attacker))), 0);
        attackerBuys(10, 1 ether);
        assertFalse(attacker.succeeded());
        assertEq(attacker.failure(), guarded);
    }

    function test_attack_claimFromWithinClaim() public {
        vm.prank(creator);
        registry.setPayout(modelId, address(attacker));
        revenueRouter.pay{value: 1 ether}(modelId);
        revenueRouter.pay{value: 1 ether}(register(stranger));
        attacker.arm(address(revenueRouter), abi.encodeWithSignature("claim(uint256)", modelId), 0);
        uint256 before = address(attacker).balance;
        revenueRouter.claim(modelId);
        assertFalse(attacker.succeeded());
        assertEq(attacker.failure(), guarded);
        assertEq(address(attacker).balance, before + 0.975 ether);
    }

    function test_attack_refundFromWithinRenewal() public {
        PassId passId = attackerBuys(10, 0);
        attacker.arm(address(accessPass), abi.encodeCall(accessPass.refund, (passId, address(attacker))), 0);
        attacker.run(
            address(accessPass),
            abi.encodeCall(accessPass.renewSubscription, (PassId.unwrap(passId), 1 days)),
            1 ether
        );
        assertEq(attacker.failure(), guarded);
    }

    function attackerBuys(uint256 calls, uint256 surplus) internal returns (PassId) {
        uint256 price = priceBook.quotePass(modelId, versionId, calls, 30);
        attacker.run(address(accessPass), abi.encodeCall(accessPass.buy, (orderTo(calls))), price + surplus);
        return lastPass();
    }

    function orderTo(uint256 calls) internal view returns (IAccessPass.Order memory o) {
        o = order(calls, 30);
        o.to = address(attacker);
    }
}
