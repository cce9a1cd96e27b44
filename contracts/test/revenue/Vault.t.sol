// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelDisputes} from "../../src/interfaces/IModelDisputes.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {IRevenueVault} from "../../src/interfaces/IRevenueVault.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {Reentrant} from "../mocks/Receivers.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

contract VaultTest is LicensingBase {
    RevenueVault internal vault;
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    ModelId internal tuned; // without a vault

    function setUp() public override {
        super.setUp();
        setPlatform(0);
        vault = openVault(modelId, 500_000, 100, alice);
        tuned = born(tuner);
    }

    function test_D18_incomeIsSharedThroughAToken() public {
        vm.prank(alice);
        vault.transfer(bob, 40);
        payUsdc(modelId, 2000);
        payNative(modelId, 20);
        assertEq(claim(alice, address(usdc)), 600);
        assertEq(claim(bob, address(usdc)), 400);
        assertEq(claim(alice, NATIVE), 6);
        assertEq(claim(bob, NATIVE), 4);
        assertEq(usdc.balanceOf(alice), 600);
        assertEq(bob.balance, 4);
        assertEq(revenueRouter.claimable(modelId, address(usdc)), 1000);
    }

    function test_transfer_incomeStaysWithWhoHeldTheShares() public {
        payUsdc(modelId, 2000); // accounted, not pulled into the vault
        vm.prank(alice);
        vault.transfer(bob, 100);
        payUsdc(modelId, 200);
        assertEq(vault.claimable(alice, address(usdc)), 1000);
        assertEq(vault.claimable(bob, address(usdc)), 100);
        assertEq(claim(bob, address(usdc)), 100);
        assertEq(claim(alice, address(usdc)), 1000);
    }

    function test_transfer_afterAClaimPaysNobodyTwice() public {
        payUsdc(modelId, 2000);
        assertEq(claim(alice, address(usdc)), 1000);
        vm.prank(alice);
        vault.transfer(bob, 100);
        assertEq(claim(bob, address(usdc)), 0);
        vm.prank(bob);
        vault.transfer(alice, 100);
        assertEq(claim(alice, address(usdc)), 0);
        vm.prank(alice);
        vault.transfer(alice, 100);
        assertEq(claim(alice, address(usdc)), 0);
    }

    function test_claim_fractionsAreCarried() public {
        vm.prank(alice);
        vault.transfer(bob, 33);
        for (uint256 i = 0; i < 200; ++i) {
            payUsdc(modelId, 1); // half a unit for the vault each time
            if (i % 2 == 0) claim(alice, address(usdc));
            else claim(bob, address(usdc));
        }
        claim(alice, address(usdc));
        assertEq(usdc.balanceOf(alice), 67);
        assertEq(usdc.balanceOf(bob), 33);
    }

    function test_claim_ofTheRouterIsEnough() public {
        // Somebody pulls the income into the vault first: the same comes out.
        payUsdc(modelId, 2000);
        vm.prank(stranger);
        assertEq(revenueRouter.claimVault(modelId, address(usdc)), 1000);
        assertEq(usdc.balanceOf(address(vault)), 1000);
        assertEq(claim(alice, address(usdc)), 1000);
        assertEq(usdc.balanceOf(address(vault)), 0);
    }

    function test_claim_goesWhereTheHolderSays() public {
        payUsdc(modelId, 2000);
        vm.startPrank(alice);
        vm.expectRevert(IRevenueVault.RevenueVault_ZeroAddress.selector);
        vault.claim(address(usdc), address(0));
        vm.expectEmit();
        emit IRevenueVault.IncomeClaimed(alice, address(usdc), bob, 1000);
        vault.claim(address(usdc), bob);
        vm.stopPrank();
        assertEq(usdc.balanceOf(bob), 1000);
        assertEq(claim(stranger, address(usdc)), 0);
    }

    function test_erc7641_views() public {
        payNative(modelId, 200);
        assertEq(vault.claimableRevenue(alice, 0), 100);
        assertEq(vault.snapshot(), 0);
        assertEq(vault.claimableRevenue(alice, 0), 100);
        assertEq(vault.redeemableOnBurn(100), 0);
        vm.startPrank(alice);
        vault.claim(0);
        assertEq(alice.balance, 100);
        bytes memory none = abi.encodeWithSelector(IRevenueVault.RevenueVault_NoSnapshots.selector, 1);
        vm.expectRevert(none);
        vault.claim(1);
        vm.expectRevert(none);
        vault.claimableRevenue(alice, 1);
        vm.stopPrank();
    }

    function test_vault_isAnErc20NamedAfterItsModel() public view {
        assertEq(vault.name(), "Mintmark Revenue 1");
        assertEq(vault.symbol(), "MREV-1");
        assertEq(vault.totalSupply(), 100);
        assertEq(vault.balanceOf(alice), 100);
        assertTrue(vault.modelId() == modelId);
        assertEq(vault.router(), address(revenueRouter));
        assertEq(revenueRouter.vaultOf(modelId), address(vault));
    }

    function test_openVault_onceAndByTheOwner() public {
        ModelId other = born(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NotModelOwner.selector, other, address(this))
        );
        revenueRouter.openVault(other, 1, 1, alice);
        vm.startPrank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_VaultKnown.selector, modelId, address(vault))
        );
        revenueRouter.openVault(modelId, 1, 1, alice);
        vm.stopPrank();
        vm.startPrank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_VaultPpmOutOfRange.selector, 0, 1, 1_000_000)
        );
        revenueRouter.openVault(other, 0, 1, alice);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_VaultPpmOutOfRange.selector, 1_000_001, 1, 1_000_000
            )
        );
        revenueRouter.openVault(other, 1_000_001, 1, alice);
        vm.expectRevert(abi.encodeWithSelector(IRevenueVault.RevenueVault_SharesOutOfRange.selector, 0, 1e27));
        revenueRouter.openVault(other, 1, 0, alice);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueVault.RevenueVault_SharesOutOfRange.selector, 1e27 + 1, 1e27)
        );
        revenueRouter.openVault(other, 1, 1e27 + 1, alice);
        vm.stopPrank();
    }

    function test_initialise_onlyByTheRouterAndOnce() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueVault.RevenueVault_NotRouter.selector, address(this)));
        vault.initialise(modelId, 1, address(this));
        vm.prank(address(revenueRouter));
        vm.expectRevert(IRevenueVault.RevenueVault_Initialised.selector);
        vault.initialise(modelId, 1, address(this));
        (bool ok,) = address(vault).call{value: 1}("");
        assertFalse(ok, "only the router sends money");
    }

    function test_raiseVaultPpm_neverDown() public {
        vm.startPrank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_VaultPpmOutOfRange.selector, 500_000, 500_001, 1_000_000
            )
        );
        revenueRouter.raiseVaultPpm(modelId, 500_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_VaultPpmOutOfRange.selector, 1_000_001, 500_001, 1_000_000
            )
        );
        revenueRouter.raiseVaultPpm(modelId, 1_000_001);
        vm.expectEmit();
        emit IRevenueRouter.VaultPpmChanged(modelId, 600_000);
        revenueRouter.raiseVaultPpm(modelId, 600_000);
        vm.stopPrank();
        payUsdc(modelId, 1000);
        assertEq(vault.claimable(alice, address(usdc)), 600);
        ModelId other = born(tuner);
        vm.startPrank(tuner);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NoVault.selector, other));
        revenueRouter.raiseVaultPpm(other, 1);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NoVault.selector, other));
        revenueRouter.claimVault(other, NATIVE);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_NotModelOwner.selector, modelId, address(this)
            )
        );
        revenueRouter.raiseVaultPpm(modelId, 700_000);
    }

    function test_D18_theOwnerCannotTakeTheSharesIncomeThroughANode() public {
        // No node's part when the vault was opened: none ever.
        vm.startPrank(creator);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NodePpmAboveLimit.selector, 1, 0));
        revenueRouter.setNodePpm(modelId, 1);
        vm.stopPrank();
        ModelId other = born(tuner);
        vm.startPrank(tuner);
        revenueRouter.setNodePpm(other, 300_000);
        revenueRouter.openVault(other, 500_000, 100, alice);
        revenueRouter.setNodePpm(other, 100_000);
        skip(1 days);
        revenueRouter.setNodePpm(other, 300_000);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NodePpmAboveLimit.selector, 300_001, 300_000)
        );
        revenueRouter.setNodePpm(other, 300_001);
        vm.stopPrank();
    }

    function test_claim_waitsWhileTheModelIsTagged() public {
        payUsdc(modelId, 2000);
        uint256 dispute = disputes.open{value: DISPUTE_BOND}(modelId, "evidence", "");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_Frozen.selector, modelId));
        vault.claim(address(usdc), alice);
        vm.prank(alice);
        vault.transfer(bob, 100); // shares move as ever
        vm.prank(arbiter);
        disputes.decide(dispute, false, "");
        assertEq(claim(alice, address(usdc)), 1000);
        IModelDisputes.Dispute memory closed = disputes.disputeOf(dispute);
        assertEq(uint8(closed.state), uint8(IModelDisputes.State.Closed));
    }

    function test_attack_reentryIntoClaim() public {
        Reentrant attacker = new Reentrant();
        vm.prank(alice);
        vault.transfer(address(attacker), 50);
        payNative(modelId, 2 ether);
        bytes memory call = abi.encodeCall(IRevenueVault.claim, (NATIVE, address(attacker)));
        attacker.arm(address(vault), call, 0);
        attacker.run(address(vault), call, 0);
        assertEq(attacker.attempts(), 1);
        assertFalse(attacker.succeeded());
        assertEq(address(attacker).balance, 0.5 ether);
        assertEq(claim(alice, NATIVE), 0.5 ether);
    }

    /// Public invariant 12, against an oracle that divides every payment on its own, in plain fractions.
    function testFuzz_transfers_neverCreateOrLoseIncome(
        uint256 seed,
        uint96[20] memory amounts,
        uint256 supply
    ) public {
        ModelId model = tuned;
        supply = bound(supply, 1, 1e27);
        address[3] memory people = [alice, bob, stranger];
        RevenueVault shares = openVault(model, 1_000_000, supply, alice);
        uint256[3] memory balances = [supply, 0, 0];
        uint256[3] memory incomeTimesSupply;
        uint256[3] memory got;
        for (uint256 i = 0; i < amounts.length; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            (uint256 from, uint256 to) = (seed % 3, (seed >> 8) % 3);
            if ((seed >> 16) % 2 == 0) {
                uint256 moved = bound(seed >> 32, 0, balances[from]);
                vm.prank(people[from]);
                shares.transfer(people[to], moved);
                balances[from] -= moved;
                balances[to] += moved;
            }
            payUsdc(model, amounts[i]);
            for (uint256 j = 0; j < 3; ++j) {
                incomeTimesSupply[j] += balances[j] * amounts[i];
            }
            if ((seed >> 24) % 3 == 0) got[to] += claimOf(shares, people[to]);
        }
        for (uint256 j = 0; j < 3; ++j) {
            got[j] += claimOf(shares, people[j]);
            assertEq(got[j], incomeTimesSupply[j] / supply);
        }
    }

    function claim(address account, address token) private returns (uint256) {
        vm.prank(account);
        return vault.claim(token, account);
    }

    function claimOf(RevenueVault shares, address account) private returns (uint256) {
        vm.prank(account);
        return shares.claim(address(usdc), account);
    }
}
