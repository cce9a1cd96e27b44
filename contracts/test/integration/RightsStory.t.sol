// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../../src/interfaces/ILicenseToken.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {LicenseId, TermsId} from "../../src/types/Licensing.sol";
import {PICO} from "../../src/types/PicoAmount.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev Whole stories of people, through every contract that they meet.
contract RightsStoryTest is LicensingBase {
    address internal investor = makeAddr("investor");

    /// A creator sells a fine-tune licence; the fine-tuner builds, links, sells half of the income as shares, and sells a
    /// pass; a buyer's calls settle; everybody pulls exactly his part and nothing stays behind.
    function test_story_creatorFineTunerBuyerAndEverybodyClaims() public {
        // The creator offers fine-tuning for 1 ETH and 20 % of what the derivative earns, and may object.
        ILicenseTerms.Terms memory terms = absolute(200_000);
        (terms.mintFee, terms.approval) = (1 ether, true);
        TermsId termsId = offered(modelId, terms);

        // The fine-tuner agrees to at most 20 %, pays, and links his model before anything is sold.
        ILicenseToken.Order memory order = licenseOrder(modelId, termsId, tuner);
        order.maxRevenueShare = 200_000;
        vm.startPrank(tuner);
        LicenseId license = licenseToken.mint{value: 1 ether}(order);
        ModelId tuned = registry.registerModel("lenet-cursive", "ipfs://tuned", tuner);
        graph.link(tuned, one(parentLink(license)), 200_000);
        vm.stopPrank();
        VersionId version = publish(tuned, tuner, commitment("cursive"));
        vm.prank(tuner);
        vm.expectRevert();
        registry.setStatus(tuned, version, IModelRegistry.Status.Active, "");

        // The creator looks and approves; the fine-tuner lists, prices, and sells half of his part to an investor.
        vm.prank(creator);
        graph.approve(tuned, 0);
        setStatus(tuned, version, IModelRegistry.Status.Active);
        setPrice(tuned, version, 0.01 ether * PICO, 0);
        RevenueVault vault = openVault(tuned, 500_000, 100e18, investor);

        // A buyer buys ten calls; all of them are proven and settle.
        PassId passId = buyOf(tuned, version, 10);
        for (uint256 nonce = 1; nonce <= 10; ++nonce) {
            settleOf(tuned, version, passId, nonce);
        }

        // 1 ETH of the licence: 2.5 % platform, 97.5 % creator.
        // 0.1 ETH of calls: 0.0025 platform; 20 % of 0.0975 = 0.0195 creator; of 0.078 half investor, half fine-tuner.
        assertEq(revenueRouter.collectRoyalty(tuned, modelId, NATIVE), 0.0195 ether);
        assertEq(revenueRouter.claim(modelId), 0.975 ether + 0.0195 ether);
        assertEq(revenueRouter.claim(tuned), 0.039 ether);
        vm.prank(investor);
        assertEq(vault.claim(NATIVE, investor), 0.039 ether);
        assertEq(revenueRouter.claimPlatform(), 0.025 ether + 0.0025 ether);
        assertEq(address(revenueRouter).balance, 0);
        assertEq(address(vault).balance, 0);
        assertEq(address(accessPass).balance, 0);
        assertEq(address(licenseToken).balance, 0);
    }

    /// A merge of two lines that share an ancestor: the buyer's money reaches all four generations in a stablecoin.
    function test_story_aMergeOfTwoFamilies() public {
        ModelId left = childOf(modelId, parentOwner, relative(100_000));
        ModelId right = childOf(modelId, stranger, absolute(50_000));
        ModelId merge = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory parents = new IDerivativeGraph.ParentLink[](2);
        parents[0] = parentLink(give(left, absolute(200_000), tuner));
        parents[1] = parentLink(give(right, absolute(100_000), tuner));
        (parents[0].relation, parents[1].relation) =
        (IDerivativeGraph.Relation.Merge, IDerivativeGraph.Relation.Merge);
        vm.prank(tuner);
        graph.link(merge, parents, 350_000);
        activate(merge);
        // The root: 10 % of left's 20 %, relative, and 5 % of the merge itself, absolute.
        assertEq(graph.royaltyPpm(merge, modelId), 70_000);
        assertEq(graph.royaltyPpm(merge, left), 180_000);
        assertEq(graph.royaltyPpm(merge, right), 100_000);

        setPlatform(0);
        payUsdc(merge, 100e6);
        assertEq(revenueRouter.collectRoyalty(merge, modelId, address(usdc)), 7e6);
        assertEq(revenueRouter.collectRoyalty(merge, left, address(usdc)), 18e6);
        assertEq(revenueRouter.collectRoyalty(merge, right, address(usdc)), 10e6);
        assertEq(revenueRouter.claim(merge, address(usdc)), 65e6);
        revenueRouter.claim(modelId, address(usdc));
        revenueRouter.claim(left, address(usdc));
        revenueRouter.claim(right, address(usdc));
        assertEq(usdc.balanceOf(payout), 7e6);
        assertEq(usdc.balanceOf(parentOwner), 18e6);
        assertEq(usdc.balanceOf(stranger), 10e6);
        assertEq(usdc.balanceOf(address(revenueRouter)), 0);
    }

    /// Somebody registers another's fine-tune as a root. The creator tags it: its claims wait, its buyers are served, and
    /// once the two agree the creator lifts the tag.
    function test_story_aCopyIsDisputedAndSettled() public {
        ModelId copy = born(stranger);
        payNative(copy, 10 ether);
        vm.deal(creator, 1 ether);
        vm.prank(creator);
        uint256 id = disputes.open{value: DISPUTE_BOND}(copy, "evidence", "ipfs://evidence");
        vm.prank(arbiter);
        disputes.decide(id, true, "same weights up to noise");
        vm.expectRevert();
        revenueRouter.claim(copy);
        payNative(copy, 1 ether);

        // The copier signs the line over; the new owner confirms his own payout and lifts his own tag.
        vm.prank(stranger);
        registry.transferFrom(stranger, creator, ModelId.unwrap(copy));
        vm.startPrank(creator);
        registry.setPayout(copy, payout);
        disputes.lift(id);
        disputes.withdrawBond(creator);
        vm.stopPrank();
        assertEq(revenueRouter.claim(copy), 11 ether - 0.275 ether);
        assertEq(creator.balance, 1 ether);
    }

    function buyOf(ModelId model, VersionId version, uint256 calls) private returns (PassId) {
        IAccessPass.Order memory o = order(calls, 30);
        (o.modelId, o.versionId) = (model, version);
        vm.prank(buyer);
        return accessPass.buy{value: 0.01 ether * calls}(o);
    }

    function settleOf(ModelId model, VersionId version, PassId passId, uint256 nonce) private {
        IVerifierRouter.Request memory request = requestFor(passId, nonce);
        (request.modelId, request.versionId) = (model, version);
        uint256[] memory instances = instancesOf(nonce);
        verifierRouter.settle(request, sign(request, buyerKey), instances, prove(request, instances));
    }
}
