// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {NativeTransfer} from "../../src/libraries/NativeTransfer.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {TestBase} from "../utils/TestBase.sol";

contract RevenueRouterTest is TestBase {
    function setUp() public override {
        super.setUp();
        vm.deal(address(this), type(uint128).max);
    }

    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_D6_oneRefusingPayeeBlocksNobodyElse() public {
        ModelId other = register(stranger);
        address refuser = address(new Refuser());
        vm.prank(stranger);
        registry.setPayout(other, refuser);
        revenueRouter.pay{value: 1 ether}(other);
        revenueRouter.pay{value: 1 ether}(modelId);

        vm.expectRevert(
            abi.encodeWithSelector(NativeTransfer.NativeTransfer_Refused.selector, refuser, 0.975 ether)
        );
        revenueRouter.claim(other);
        assertEq(revenueRouter.claim(modelId), 0.975 ether);
        assertEq(revenueRouter.claimPlatform(), 0.05 ether);
        assertEq(revenueRouter.claimable(other), 0.975 ether);
        vm.prank(stranger);
        registry.setPayout(other, stranger);
        assertEq(revenueRouter.claim(other), 0.975 ether);
    }

    function test_D10_partsSumToTheAmount() public {
        vm.expectEmit();
        emit IRevenueRouter.RevenueReceived(
            modelId, address(0), address(this), address(0), 1001, IRevenueRouter.Split(25, 0, 0, 0, 976)
        );
        revenueRouter.pay{value: 1001}(modelId);
        assertEq(revenueRouter.claimable(modelId) + revenueRouter.platformClaimable(), 1001);
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_PlatformPpmAboveLimit.selector, 100_001, 100_000
            )
        );
        revenueRouter.setPlatformPpm(100_001);
        revenueRouter.setPlatformPpm(100_000);
        vm.stopPrank();
        assertEq(revenueRouter.platformClaimable(), 25, "a new rate does not reach back");
        revenueRouter.pay{value: 1000}(modelId);
        assertEq(revenueRouter.platformClaimable(), 125);
    }

    function test_D11_oneIngressThatChecksTheModel() public {
        ModelId none = ModelId.wrap(99);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_ModelNotFound.selector, none));
        revenueRouter.pay{value: 1}(none);
    }

    function test_D15_splittingAPaymentDoesNotEvadeThePlatform() public {
        // 10 wei at 2.5 % is a quarter of a wei: truncation would make the platform's part 0 for ever.
        for (uint256 i = 0; i < 400; ++i) {
            revenueRouter.pay{value: 10}(modelId);
        }
        assertEq(revenueRouter.platformClaimable(), 100);
        assertEq(revenueRouter.claimable(modelId), 3900);
    }

    // --- the rest ----------------------------------------------------------------------------------------------------

    function test_claim_isIdempotentAndForAnybody() public {
        revenueRouter.pay{value: 2 ether}(modelId);
        vm.prank(stranger);
        vm.expectEmit();
        emit IRevenueRouter.CreatorClaimed(modelId, address(0), payout, 1.95 ether);
        assertEq(revenueRouter.claim(modelId), 1.95 ether);
        assertEq(payout.balance, 1.95 ether);
        assertEq(revenueRouter.claim(modelId), 0);
        (uint256 accounted, uint256 claimed) = revenueRouter.creatorAccount(modelId);
        assertEq(accounted, 1.95 ether);
        assertEq(claimed, 1.95 ether);
        vm.expectEmit();
        emit IRevenueRouter.PlatformClaimed(address(0), treasury, 0.05 ether);
        revenueRouter.claimPlatform();
        assertEq(treasury.balance, 0.05 ether);
        assertEq(revenueRouter.claimPlatform(), 0);
    }

    function test_claim_waitsForTheNewOwnersPayout() public {
        revenueRouter.pay{value: 1 ether}(modelId);
        vm.prank(creator);
        registry.transferFrom(creator, stranger, ModelId.unwrap(modelId));
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_PayoutNotConfirmed.selector, modelId)
        );
        revenueRouter.claim(modelId);
        vm.prank(stranger);
        registry.setPayout(modelId, stranger);
        revenueRouter.claim(modelId);
        assertEq(stranger.balance, 0.975 ether);
    }

    function test_claim_isNotStoppedByAnyPause() public {
        revenueRouter.pay{value: 1 ether}(modelId);
        vm.startPrank(guardian);
        registry.pause();
        accessPass.pause();
        verifierRouter.pause();
        vm.stopPrank();
        revenueRouter.claim(modelId);
        revenueRouter.claimPlatform();
        assertEq(address(revenueRouter).balance, 0);
    }

    function test_setTreasury_onlyOperatorNotZero() public {
        vm.expectRevert();
        revenueRouter.setTreasury(stranger);
        vm.expectRevert();
        revenueRouter.setPlatformPpm(1);
        vm.startPrank(operator);
        vm.expectRevert(IRevenueRouter.RevenueRouter_ZeroAddress.selector);
        revenueRouter.setTreasury(address(0));
        vm.expectEmit();
        emit IRevenueRouter.TreasuryChanged(stranger);
        revenueRouter.setTreasury(stranger);
        vm.stopPrank();
        revenueRouter.pay{value: 1 ether}(modelId);
        revenueRouter.claimPlatform();
        assertEq(stranger.balance, 0.025 ether);
        assertEq(revenueRouter.treasury(), stranger);
        assertEq(revenueRouter.platformPpm(), PLATFORM_PPM);
    }

    function test_constructor_refusesBadParameters() public {
        address authority = address(deployed.authority);
        vm.expectRevert(IRevenueRouter.RevenueRouter_ZeroAddress.selector);
        new RevenueRouter(authority, registry, graph, disputes, address(0), 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_PlatformPpmAboveLimit.selector, 200_000, 100_000
            )
        );
        new RevenueRouter(authority, registry, graph, disputes, treasury, 200_000);
    }

    function testFuzz_pay_platformGetsTheFloorOfItsLifetimePart(uint128[8] memory amounts, uint32 ppm)
        public
    {
        ppm = uint32(bound(ppm, 0, 100_000));
        vm.prank(operator);
        revenueRouter.setPlatformPpm(ppm);
        uint256 total;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 amount = amounts[i] % 1e30;
            total += amount;
            revenueRouter.pay{value: amount}(modelId);
            assertEq(revenueRouter.platformClaimable(), total * ppm / 1e6);
            assertEq(revenueRouter.claimable(modelId), total - total * ppm / 1e6);
        }
        revenueRouter.claim(modelId);
        revenueRouter.claimPlatform();
        assertEq(address(revenueRouter).balance, 0);
    }
}
