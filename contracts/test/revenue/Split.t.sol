// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {PlainToken} from "../mocks/Tokens.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

contract SplitTest is LicensingBase {
    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_A1_whatComesInCanGoOut() public {
        ModelId child = familyOfThree();
        payAll(child, 1_000_003);
        claimAll(child);
        // All that stays is the royalties' dust, below one unit per ancestor.
        assertLt(address(revenueRouter).balance, 3);
        assertLt(usdc.balanceOf(address(revenueRouter)), 3);
    }

    function test_D6_oneRefusingAncestorBlocksNobody() public {
        ModelId parent = born(parentOwner);
        address refuser = address(new Refuser());
        vm.prank(parentOwner);
        registry.setPayout(parent, refuser);
        ModelId child = childOf(parent, tuner, absolute(100_000));
        payNative(child, 1 ether);
        assertEq(revenueRouter.claim(child), 0.975 ether - 0.0975 ether);
        assertEq(revenueRouter.collectRoyalty(child, parent, NATIVE), 0.0975 ether);
        vm.expectRevert();
        revenueRouter.claim(parent);
        assertEq(revenueRouter.claimPlatform(), 0.025 ether);
    }

    function test_D10_everyPartyIsInTheSplit() public {
        ModelId child = familyOfThree();
        IRevenueRouter.Split memory split = revenueRouter.previewSplit(child, address(usdc), 1_000_000, node);
        // 2.5 % platform; of 975,000: 30 % royalties; of 682,500: 40 % node; of 409,500: half vault, half creator.
        assertEq(split.platform, 25_000);
        assertEq(split.royalties, 292_500);
        assertEq(split.node, 273_000);
        assertEq(split.vault, 204_750);
        assertEq(split.creator, 204_750);
        vm.expectEmit();
        emit IRevenueRouter.RevenueReceived(child, address(usdc), address(this), node, 1_000_000, split);
        revenueRouter.pay(child, address(usdc), 1_000_000, node);
        assertEq(revenueRouter.nodeClaimable(node, address(usdc)), 273_000);
        (uint32 platform, uint32 royalties, uint32 nodePpm, uint32 vault) = revenueRouter.ratesOf(child);
        assertEq(platform, PLATFORM_PPM);
        assertEq(royalties, 300_000);
        assertEq(nodePpm, 400_000);
        assertEq(vault, 500_000);
    }

    function test_D10_noNodeNoNodePart() public {
        ModelId child = familyOfThree();
        payUsdc(child, 1_000_000);
        assertEq(revenueRouter.nodeClaimable(address(0), address(usdc)), 0);
        assertEq(revenueRouter.claimable(child, address(usdc)), 341_250);
    }

    function test_D11_everyModelAndTokenHasItsOwnAccount() public {
        ModelId other = born(stranger);
        payUsdc(modelId, 1000);
        payNative(other, 500);
        assertEq(revenueRouter.claimable(modelId, address(usdc)), 975);
        assertEq(revenueRouter.claimable(modelId), 0);
        assertEq(revenueRouter.claimable(other, address(usdc)), 0);
        assertEq(revenueRouter.claimable(other), 488);
        PlainToken unknown = new PlainToken(18);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenNotAccepted.selector, address(unknown))
        );
        revenueRouter.pay(modelId, address(unknown), 1, node);
    }

    function test_D15_splittingAPaymentEvadesNobody() public {
        ModelId child = familyOfThree();
        ModelId twin = familyOfThree();
        for (uint256 i = 0; i < 1000; ++i) {
            revenueRouter.pay(child, address(usdc), 1, node);
        }
        revenueRouter.pay(twin, address(usdc), 1000, stranger);
        assertEq(revenueRouter.claimable(child, address(usdc)), revenueRouter.claimable(twin, address(usdc)));
        assertEq(
            revenueRouter.nodeClaimable(node, address(usdc)),
            revenueRouter.nodeClaimable(stranger, address(usdc))
        );
        ModelId parent = graph.parentsOf(child)[0].modelId;
        ModelId twinsParent = graph.parentsOf(twin)[0].modelId;
        assertEq(
            revenueRouter.royaltyCollectable(child, parent, address(usdc)),
            revenueRouter.royaltyCollectable(twin, twinsParent, address(usdc))
        );
        assertEq(revenueRouter.royaltyCollectable(child, parent, address(usdc)), 195);
    }

    function test_D9_royaltiesComeBeforeWhatTheOwnerDecides() public {
        // An owner who gives everything to a node of his own, or to a vault, takes nothing from his parents.
        ModelId parent = born(parentOwner);
        ModelId child = childOf(parent, tuner, absolute(200_000));
        vm.startPrank(tuner);
        revenueRouter.setNodePpm(child, 1_000_000);
        revenueRouter.openVault(child, 1_000_000, 100, tuner);
        vm.stopPrank();
        revenueRouter.pay(child, address(usdc), 1_000_000, tuner);
        assertEq(revenueRouter.royaltyCollectable(child, parent, address(usdc)), 195_000);
        assertEq(revenueRouter.nodeClaimable(tuner, address(usdc)), 780_000);
    }

    // --- royalties ---------------------------------------------------------------------------------------------------

    function test_collectRoyalty_goesToTheAncestorsVaultAndCreator() public {
        ModelId parent = born(parentOwner);
        RevenueVault vault = openVault(parent, 250_000, 100, parentOwner);
        ModelId child = childOf(parent, tuner, absolute(400_000));
        payUsdc(child, 1_000_000);
        vm.expectEmit();
        emit IRevenueRouter.RoyaltyCollected(child, parent, address(usdc), 390_000);
        vm.prank(stranger);
        assertEq(revenueRouter.collectRoyalty(child, parent, address(usdc)), 390_000);
        assertEq(vault.claimable(parentOwner, address(usdc)), 97_500);
        assertEq(revenueRouter.claimable(parent, address(usdc)), 292_500);
        assertEq(revenueRouter.collectRoyalty(child, parent, address(usdc)), 0);
    }

    function test_collectRoyalty_onlyForAncestors() public {
        ModelId child = familyOfThree();
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NotAncestor.selector, child, modelId)
        );
        revenueRouter.collectRoyalty(child, modelId, NATIVE);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_NotAncestor.selector, child, child)
        );
        revenueRouter.collectRoyalty(child, child, NATIVE);
    }

    function test_collectRoyalty_startsWithTheLink() public {
        // A tip before the link is the child's alone; the ancestors' part of it was never set aside.
        ModelId parent = born(parentOwner);
        ModelId child = unborn(tuner);
        payNative(child, 1 ether);
        linkTo(child, give(parent, absolute(500_000), tuner));
        assertEq(revenueRouter.royaltyCollectable(child, parent, NATIVE), 0);
        payNative(child, 1 ether);
        assertEq(revenueRouter.collectRoyalty(child, parent, NATIVE), 0.4875 ether);
        assertEq(revenueRouter.claim(child), 0.975 ether + 0.4875 ether);
        assertEq(revenueRouter.claim(parent), 0.4875 ether);
        assertEq(revenueRouter.claimPlatform(), 0.05 ether);
        assertEq(address(revenueRouter).balance, 0);
    }

    function test_collectRoyalty_relativeSharesReachTheGrandparent() public {
        ModelId parent = childOf(modelId, parentOwner, relative(250_000));
        ModelId child = childOf(parent, tuner, relative(400_000));
        payUsdc(child, 1_000_000);
        assertEq(revenueRouter.collectRoyalty(child, parent, address(usdc)), 292_500);
        assertEq(revenueRouter.collectRoyalty(child, modelId, address(usdc)), 97_500);
    }

    // --- nodes -------------------------------------------------------------------------------------------------------

    function test_setNodePpm_lowerWaitsForTheNotice() public {
        vm.startPrank(creator);
        revenueRouter.setNodePpm(modelId, 300_000);
        assertEq(nodePpmOf(modelId), 300_000);
        vm.expectEmit();
        emit IRevenueRouter.NodePpmChanged(modelId, 100_000, uint64(block.timestamp + 1 days));
        revenueRouter.setNodePpm(modelId, 100_000);
        assertEq(nodePpmOf(modelId), 300_000);
        skip(1 days - 1);
        assertEq(nodePpmOf(modelId), 300_000);
        skip(1);
        assertEq(nodePpmOf(modelId), 100_000);
        revenueRouter.setNodePpm(modelId, 0);
        revenueRouter.setNodePpm(modelId, 150_000);
        assertEq(nodePpmOf(modelId), 150_000, "a raise replaces what was announced");
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_NodePpmAboveLimit.selector, 1_000_001, 1_000_000
            )
        );
        revenueRouter.setNodePpm(modelId, 1_000_001);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_NotModelOwner.selector, modelId, address(this)
            )
        );
        revenueRouter.setNodePpm(modelId, 1);
    }

    function test_claimNode_onlyByTheNode() public {
        vm.prank(creator);
        revenueRouter.setNodePpm(modelId, 500_000);
        revenueRouter.pay{value: 1000}(modelId, NATIVE, 1000, node);
        revenueRouter.pay(modelId, address(usdc), 1000, node);
        assertEq(revenueRouter.claimNode(NATIVE, stranger), 0);
        vm.startPrank(node);
        vm.expectRevert(IRevenueRouter.RevenueRouter_ZeroAddress.selector);
        revenueRouter.claimNode(NATIVE, address(0));
        vm.expectEmit();
        emit IRevenueRouter.NodeClaimed(node, NATIVE, stranger, 487);
        assertEq(revenueRouter.claimNode(NATIVE, stranger), 487);
        assertEq(revenueRouter.claimNode(address(usdc), node), 487);
        assertEq(revenueRouter.claimNode(address(usdc), node), 0);
        assertEq(stranger.balance, 487);
        assertEq(usdc.balanceOf(node), 487);
    }

    // --- tokens ------------------------------------------------------------------------------------------------------

    function test_pay_theValueIsTheAmount() public {
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_ValueMismatch.selector, 1, 2));
        revenueRouter.pay{value: 1}(modelId, NATIVE, 2, node);
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_ValueMismatch.selector, 1, 0));
        revenueRouter.pay{value: 1}(modelId, address(usdc), 1, node);
    }

    function test_addToken_isBoundedAndForTheOperator() public {
        PlainToken token = new PlainToken(18);
        vm.expectRevert();
        revenueRouter.addToken(address(token));
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenKnown.selector, address(usdc))
        );
        revenueRouter.addToken(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenKnown.selector, NATIVE));
        revenueRouter.addToken(NATIVE);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenNotAccepted.selector, stranger)
        );
        revenueRouter.addToken(stranger);
        for (uint256 i = 0; i < 6; ++i) {
            revenueRouter.addToken(address(new PlainToken(18)));
        }
        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TooManyTokens.selector, 8));
        revenueRouter.addToken(address(token));
        vm.stopPrank();
        assertEq(revenueRouter.tokens().length, 8);
    }

    /// @dev The attacker is an operator who would make delivered work unpayable.
    function test_stopToken_stopsNewMoneyButNoPaymentAndNoClaim() public {
        payUsdc(modelId, 1000);
        vm.expectRevert();
        revenueRouter.stopToken(address(usdc), true);
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenNotAccepted.selector, NATIVE)
        );
        revenueRouter.stopToken(NATIVE, true);
        vm.expectEmit();
        emit IRevenueRouter.TokenStopped(address(usdc), true);
        revenueRouter.stopToken(address(usdc), true);
        vm.stopPrank();
        assertFalse(revenueRouter.isAccepted(address(usdc)));
        assertTrue(revenueRouter.isKnown(address(usdc)), "what came in before is still paid out");
        payUsdc(modelId, 1000);
        assertEq(revenueRouter.claim(modelId, address(usdc)), 1950);
        assertEq(revenueRouter.claimPlatform(address(usdc)), 50);
        vm.prank(operator);
        revenueRouter.stopToken(address(usdc), false);
        assertTrue(revenueRouter.isAccepted(address(usdc)));
    }

    // --- steps -------------------------------------------------------------------------------------------------------

    /// @dev Grandparent 10 % and parent 20 % absolute, node 40 %, vault 50 %.
    function familyOfThree() private returns (ModelId child) {
        setPlatform(PLATFORM_PPM);
        ModelId parent = childOf(born(creator), parentOwner, absolute(100_000));
        child = childOf(parent, tuner, absolute(200_000));
        vm.prank(tuner);
        revenueRouter.setNodePpm(child, 400_000);
        openVault(child, 500_000, 1000, tuner);
    }

    function payAll(ModelId child, uint256 amount) private {
        revenueRouter.pay{value: amount}(child, NATIVE, amount, node);
        revenueRouter.pay(child, address(usdc), amount, node);
    }

    function claimAll(ModelId child) private {
        address[] memory list = revenueRouter.tokens();
        for (uint256 i = 0; i < list.length; ++i) {
            for (uint256 step = 0; step < 4; ++step) {
                claimStepOf(child, list[i], step);
            }
            vm.prank(node);
            revenueRouter.claimNode(list[i], node);
            revenueRouter.claimVault(child, list[i]);
            revenueRouter.claimPlatform(list[i]);
            ModelId grandparent = graph.ancestorsOf(child)[0].modelId;
            revenueRouter.collectRoyalty(child, grandparent, list[i]);
            revenueRouter.claim(grandparent, list[i]);
        }
    }

    function claimStep(ModelId child, uint256 step) private {
        claimStepOf(child, address(usdc), step);
    }

    function claimStepOf(ModelId child, address token, uint256 step) private {
        ModelId parent = graph.parentsOf(child)[0].modelId;
        if (step == 0 || step == 2) revenueRouter.collectRoyalty(child, parent, token);
        else if (step == 1) revenueRouter.claim(child, token);
        if (step >= 2) revenueRouter.claim(parent, token);
    }

    function nodePpmOf(ModelId model) private view returns (uint32 ppm) {
        (,, ppm,) = revenueRouter.ratesOf(model);
    }
}
