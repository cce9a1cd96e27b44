// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../../src/interfaces/ILicenseToken.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {LicenseId, TermsId} from "../../src/types/Licensing.sol";
import {Wallet} from "../mocks/Receivers.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

contract DerivativeGraphTest is LicensingBase {
    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_D1_onlyTheChildsOwnerLinks() public {
        // The attack: make a victim's earning model a child of one's own, at 100 %.
        ModelId attackers = born(stranger);
        LicenseId license = give(attackers, absolute(500_000), stranger);
        vm.startPrank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NotModelOwner.selector, modelId, stranger)
        );
        graph.link(modelId, one(parentLink(license)), 1_000_000);
        vm.stopPrank();
        // Nor can somebody link with a licence that he does not hold.
        ModelId child = unborn(tuner);
        vm.prank(tuner);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_NotHolder.selector, license, tuner));
        graph.link(child, one(parentLink(license)), 1_000_000);
    }

    function test_D2_linksOnce() public {
        ModelId child = linked(tuner, only(modelId), absolute(100_000));
        LicenseId other = give(modelId, absolute(0), tuner);
        expectLinked(child, IDerivativeGraph.State.Linked);
        vm.prank(tuner);
        graph.link(child, one(parentLink(other)), 1_000_000);
        assertEq(graph.royaltyPpm(child, modelId), 100_000);
    }

    function test_D3_theRateIsTheLicences() public {
        ILicenseTerms.Terms memory terms = absolute(500_001);
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseTerms.LicenseTerms_ShareAboveLimit.selector, 500_001, 500_000)
        );
        licenseTerms.register(terms);
        ModelId child = childOf(modelId, tuner, absolute(123_456));
        (uint32 stackPpm,) = graph.stackOf(child);
        assertEq(stackPpm, 123_456);
    }

    function test_D4_noCycles() public {
        // Itself: it would have to be Active, and then it cannot link.
        ModelId self = unborn(tuner);
        LicenseId own = give(self, absolute(0), tuner);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_ParentNotActive.selector, self, VersionId.wrap(1)
            )
        );
        graph.link(self, one(parentLink(own)), 1_000_000);
        activate(self);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_AlreadyLaunched.selector, self)
        );
        graph.link(self, one(parentLink(own)), 1_000_000);

        // A grandchild as parent of its grandparent.
        ModelId child = childOf(modelId, tuner, absolute(1));
        ModelId grandchild = childOf(child, stranger, absolute(1));
        LicenseId back = give(grandchild, absolute(1), creator);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_AlreadyLaunched.selector, modelId)
        );
        graph.link(modelId, one(parentLink(back)), 1_000_000);
    }

    function test_D5_ancestorsAreBounded() public {
        ModelId last = modelId;
        for (uint256 i = 0; i < 64; ++i) {
            last = childOf(last, tuner, absolute(1));
        }
        assertEq(graph.ancestorsOf(last).length, 64);
        ModelId child = unborn(tuner);
        LicenseId license = give(last, absolute(1), tuner);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_TooManyAncestors.selector, 65, 64)
        );
        graph.link(child, one(parentLink(license)), 1_000_000);
        // The deepest child still pays and its most distant ancestor still collects, at a bounded cost.
        payNative(last, 1 ether);
        uint256 before = gasleft();
        assertEq(revenueRouter.collectRoyalty(last, modelId, NATIVE), 0.975 ether / 1e6);
        assertLt(before - gasleft(), 150_000);
    }

    function test_D5_parentsAreBounded() public {
        ModelId child = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory list = new IDerivativeGraph.ParentLink[](9);
        for (uint256 i = 0; i < 9; ++i) {
            list[i] = parentLink(give(born(creator), absolute(1), tuner));
        }
        vm.startPrank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_ParentCountOutOfRange.selector, 9, 8)
        );
        graph.link(child, list, 1_000_000);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_ParentCountOutOfRange.selector, 0, 8)
        );
        graph.link(child, new IDerivativeGraph.ParentLink[](0), 1_000_000);
        vm.stopPrank();
    }

    function test_D7_anUnapprovedDerivativeCannotSell() public {
        (ModelId child,) = pendingChild();
        VersionId version = publishDraft(child);
        expectLaunch(child, version, false);
        // Nor does it earn by another way while it waits.
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_DerivativeUndecided.selector, child)
        );
        revenueRouter.pay{value: 1 ether}(child);

        vm.prank(creator);
        graph.reject(child, 0, "trained on stolen data");
        expectLaunch(child, version, false);
    }

    function test_D8_approve() public {
        (ModelId child,) = pendingChild();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_NotParentOwner.selector, modelId, stranger
            )
        );
        graph.approve(child, 0);
        vm.expectEmit();
        emit IDerivativeGraph.DerivativeApproved(child, modelId, creator);
        vm.startPrank(creator);
        graph.approve(child, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NothingToDecide.selector, child, 0)
        );
        graph.approve(child, 0);
        vm.stopPrank();
        activate(child);
        assertEq(graph.royaltyPpm(child, modelId), 100_000);
    }

    function test_D8_rejectSaysWhyAndSetsTheLicenceFree() public {
        (ModelId child, LicenseId license) = pendingChild();
        assertEq(licenseToken.getLicense(license).usedBy, ModelId.unwrap(child));
        vm.expectEmit();
        emit IDerivativeGraph.DerivativeRejected(child, modelId, creator, "no");
        vm.prank(creator);
        graph.reject(child, 0, "no");
        assertEq(licenseToken.getLicense(license).usedBy, 0);
        (IDerivativeGraph.State state,,) = graph.linkOf(child);
        assertEq(uint8(state), uint8(IDerivativeGraph.State.Rejected));
        assertEq(graph.parentsOf(child).length, 0);
        (uint32 stackPpm,) = graph.stackOf(child);
        assertEq(stackPpm, 0);
        // A rejected child may ask again, here with other parents.
        LicenseId other = give(born(parentOwner), absolute(5), tuner);
        linkTo(child, other);
        activate(child);
    }

    function test_D8_silenceApproves() public {
        (ModelId child,) = pendingChild();
        (, uint64 decideBy,) = graph.linkOf(child);
        assertEq(decideBy, block.timestamp + 7 days);
        VersionId version = publishDraft(child);
        vm.warp(decideBy);
        expectLaunch(child, version, false);
        vm.warp(decideBy + 1);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NothingToDecide.selector, child, 0)
        );
        graph.reject(child, 0, "too late");
        expectLaunch(child, version, true);
        assertEq(graph.royaltyPpm(child, modelId), 100_000);
        expectLinked(child, IDerivativeGraph.State.Linked);
        vm.prank(tuner);
        graph.link(child, new IDerivativeGraph.ParentLink[](1), 0);
    }

    function test_D9_absoluteSharesAreKnownWhenTheChildLinks() public {
        // Grandparent 10 %, parent 20 %: the leaf pays 30 %, nobody's part depends on the order of payments.
        ModelId child = childOf(modelId, parentOwner, absolute(100_000));
        ModelId leaf = linked(tuner, only(child), absolute(200_000));
        assertEq(graph.royaltyPpm(leaf, modelId), 100_000);
        assertEq(graph.royaltyPpm(leaf, child), 200_000);
        (uint32 stackPpm,) = graph.stackOf(leaf);
        assertEq(stackPpm, 300_000);
    }

    function test_D9_relativeSharesComeOutOfTheParents() public {
        // The parent passes on 10 % of what it receives: the leaf pays 20 %, of which the grandparent gets 2 %.
        ModelId child = childOf(modelId, parentOwner, relative(100_000));
        ModelId leaf = linked(tuner, only(child), relative(200_000));
        assertEq(graph.royaltyPpm(leaf, modelId), 20_000);
        assertEq(graph.royaltyPpm(leaf, child), 180_000);
        (uint32 stackPpm,) = graph.stackOf(leaf);
        assertEq(stackPpm, 200_000);
    }

    function test_D9_mixedPolicies() public {
        ModelId a = modelId;
        ModelId b = childOf(a, parentOwner, relative(500_000));
        ModelId c = childOf(b, parentOwner, absolute(100_000));
        assertEq(graph.royaltyPpm(c, a), 50_000);
        assertEq(graph.royaltyPpm(c, b), 50_000);
        // b's share is absolute: it holds for d unchanged, and a's half of it too; c's own share comes on top.
        ModelId d = childOf(c, tuner, relative(200_000));
        assertEq(graph.royaltyPpm(d, a), 50_000);
        assertEq(graph.royaltyPpm(d, b), 50_000);
        assertEq(graph.royaltyPpm(d, c), 200_000);
    }

    function test_D9_theBuyersLimitHolds() public {
        ModelId child = childOf(modelId, parentOwner, absolute(300_000));
        ModelId leaf = unborn(tuner);
        LicenseId license = give(child, absolute(100_000), tuner);
        vm.startPrank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_StackAboveLimit.selector, 400_000, 399_999
            )
        );
        graph.link(leaf, one(parentLink(license)), 399_999);
        graph.link(leaf, one(parentLink(license)), 400_000);
        vm.stopPrank();
    }

    function test_D9_theStackIsCapped() public {
        ModelId child = childOf(modelId, parentOwner, absolute(300_000));
        ModelId leaf = unborn(tuner);
        LicenseId license = give(child, absolute(200_001), tuner);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_StackAboveLimit.selector, 500_001, 500_000
            )
        );
        graph.link(leaf, one(parentLink(license)), 1_000_000);
    }

    function test_D12_parentAndVersionAreActive() public {
        ModelId child = unborn(tuner);
        LicenseId license = give(modelId, absolute(1), tuner);
        IDerivativeGraph.ParentLink memory asked = parentLink(license);
        asked.versionId = VersionId.wrap(2); // none
        expectParentNotActive(child, asked);
        asked.versionId = versionId;
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        expectParentNotActive(child, asked);
    }

    function test_D12_aParentOnce() public {
        ModelId child = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory list = new IDerivativeGraph.ParentLink[](2);
        list[0] = parentLink(give(modelId, absolute(1), tuner));
        list[1] = parentLink(give(modelId, absolute(2), tuner));
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_ParentTwice.selector, modelId)
        );
        graph.link(child, list, 1_000_000);
    }

    function test_D13_severalParentsWithTypedRelations() public {
        ModelId child = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory list = new IDerivativeGraph.ParentLink[](6);
        ModelId[6] memory parents;
        for (uint256 i = 0; i < 6; ++i) {
            parents[i] = born(parentOwner);
            uint32 share = uint32(10_000 * (i + 1));
            list[i] = parentLink(give(parents[i], i % 2 == 0 ? absolute(share) : relative(share), tuner));
            list[i].relation = IDerivativeGraph.Relation(i);
        }
        vm.prank(tuner);
        graph.link(child, list, 1_000_000);
        IDerivativeGraph.Parent[] memory stored = graph.parentsOf(child);
        assertEq(stored.length, 6);
        for (uint256 i = 0; i < 6; ++i) {
            assertTrue(stored[i].modelId == parents[i]);
            assertEq(uint8(stored[i].relation), i);
            assertEq(uint8(stored[i].policy), i % 2);
            assertEq(stored[i].sharePpm, 10_000 * (i + 1));
            assertEq(VersionId.unwrap(stored[i].versionId), 1);
            assertEq(LicenseId.unwrap(stored[i].licenseId), LicenseId.unwrap(list[i].licenseId));
            assertEq(graph.royaltyPpm(child, parents[i]), 10_000 * (i + 1));
        }
        (uint32 stackPpm,) = graph.stackOf(child);
        assertEq(stackPpm, 210_000);
    }

    function test_D14_termsAreSnapshotted() public {
        TermsId cheap = offered(modelId, absolute(10_000));
        vm.prank(tuner);
        LicenseId license = licenseToken.mint(licenseOrder(modelId, cheap, tuner));
        // The parent stops the offer and asks for more from now on: the licence keeps what it says.
        vm.prank(creator);
        licenseToken.offer(modelId, cheap, false);
        offered(modelId, absolute(400_000));
        ModelId child = unborn(tuner);
        linkTo(child, license);
        assertEq(graph.royaltyPpm(child, modelId), 10_000);
    }

    function test_D16_noParentsAfterTheFirstSale() public {
        ModelId child = born(tuner);
        LicenseId license = give(modelId, absolute(1), tuner);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_AlreadyLaunched.selector, child)
        );
        graph.link(child, one(parentLink(license)), 1_000_000);
        // Not after a revocation either.
        setStatus(child, VersionId.wrap(1), IModelRegistry.Status.Revoked);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_AlreadyLaunched.selector, child)
        );
        graph.link(child, one(parentLink(license)), 1_000_000);
    }

    function test_D19_eventsRebuildTheGraph() public {
        ModelId child = unborn(tuner);
        LicenseId license = give(modelId, relative(70_000), tuner);
        IDerivativeGraph.Parent[] memory parents = new IDerivativeGraph.Parent[](1);
        parents[0] = IDerivativeGraph.Parent(
            modelId,
            versionId,
            license,
            70_000,
            IDerivativeGraph.Relation.FineTune,
            ILicenseTerms.Policy.Relative
        );
        IDerivativeGraph.Ancestor[] memory ancestors = new IDerivativeGraph.Ancestor[](1);
        ancestors[0] = IDerivativeGraph.Ancestor(modelId, 0, 70_000);
        vm.expectEmit();
        emit IDerivativeGraph.DerivativeLinked(
            child, tuner, 70_000, IDerivativeGraph.State.Linked, 0, parents, ancestors
        );
        linkTo(child, license);
    }

    // --- approval by signature ---------------------------------------------------------------------------------------

    function test_link_withASignedApproval() public {
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(parentOwner);
        asked.approval = signApproval(child, asked, parentKey);
        vm.prank(tuner);
        graph.link(child, one(asked), 1_000_000);
        (IDerivativeGraph.State state,,) = graph.linkOf(child);
        assertEq(uint8(state), uint8(IDerivativeGraph.State.Linked));
    }

    function test_link_withAnApprovalByAContract() public {
        address wallet = address(new Wallet(vm.addr(parentKey)));
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(wallet);
        asked.approval = signApproval(child, asked, parentKey);
        vm.prank(tuner);
        graph.link(child, one(asked), 1_000_000);
        assertTrue(graph.mayLaunch(child));
    }

    function test_link_refusesAnApprovalOfSomethingElse() public {
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(parentOwner);
        ModelId parent = parentOf(asked);
        bytes memory good = signApproval(child, asked, parentKey);
        bytes memory notApproved =
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NotApprovedByOwner.selector, parent);

        asked.approval = signApproval(child, asked, tunerKey);
        vm.prank(tuner);
        vm.expectRevert(notApproved);
        graph.link(child, one(asked), 1_000_000);

        asked.approval = good;
        asked.relation = IDerivativeGraph.Relation.Dataset;
        vm.prank(tuner);
        vm.expectRevert(notApproved);
        graph.link(child, one(asked), 1_000_000);
        asked.relation = IDerivativeGraph.Relation.FineTune;

        ModelId other = unborn(tuner);
        vm.prank(tuner);
        vm.expectRevert(notApproved);
        graph.link(other, one(asked), 1_000_000);

        asked.approvalDeadline += 1;
        vm.prank(tuner);
        vm.expectRevert(notApproved);
        graph.link(child, one(asked), 1_000_000);
        asked.approvalDeadline -= 1;

        vm.warp(asked.approvalDeadline + 1);
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_ApprovalExpired.selector,
                block.timestamp,
                asked.approvalDeadline
            )
        );
        graph.link(child, one(asked), 1_000_000);
    }

    function test_link_anApprovalOfAFormerOwnerIsVoid() public {
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(parentOwner);
        asked.approval = signApproval(child, asked, parentKey);
        ModelId parent = parentOf(asked);
        vm.prank(parentOwner);
        registry.transferFrom(parentOwner, stranger, ModelId.unwrap(parent));
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NotApprovedByOwner.selector, parent)
        );
        graph.link(child, one(asked), 1_000_000);
    }

    function test_link_anOwnerNeedsNoApprovalOfHisOwn() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        terms.approval = true;
        ModelId child = linked(creator, only(modelId), terms);
        assertTrue(graph.mayLaunch(child));
    }

    function test_link_waitsForEveryParent() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        terms.approval = true;
        ModelId second = born(parentOwner);
        ModelId child = linked(tuner, pair(modelId, second), terms);
        (,, uint8 undecided) = graph.linkOf(child);
        assertEq(undecided, 3);
        vm.prank(creator);
        graph.approve(child, 0);
        assertFalse(graph.mayLaunch(child));
        vm.prank(parentOwner);
        graph.approve(child, 1);
        assertTrue(graph.mayLaunch(child));
    }

    function test_reject_isBoundedAndOnlyForParents() public {
        (ModelId child,) = pendingChild();
        vm.startPrank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_ReasonTooLong.selector, 513, 512)
        );
        graph.reject(child, 0, string(new bytes(513)));
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NothingToDecide.selector, child, 1)
        );
        graph.reject(child, 1, "");
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NothingToDecide.selector, child, 256)
        );
        graph.reject(child, 256, "");
        vm.stopPrank();
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_NotParentOwner.selector, modelId, tuner)
        );
        graph.reject(child, 0, "");
    }

    // --- reciprocity -------------------------------------------------------------------------------------------------

    function test_reciprocal_theChildPassesTheTermsOn() public {
        ILicenseTerms.Terms memory alike = relative(50_000);
        alike.reciprocal = true;
        TermsId required = licenseTerms.idOf(alike);
        ModelId child = unborn(tuner);
        LicenseId early = give(child, absolute(7), stranger); // before it was bound
        linkTo(child, give(modelId, alike, tuner));
        activate(child);
        assertTrue(graph.reciprocalTermsOf(child) == required);

        bytes memory refused = abi.encodeWithSelector(
            ILicenseToken.LicenseToken_ReciprocalTermsRequired.selector, child, required
        );
        TermsId other = licenseTerms.register(absolute(7));
        vm.startPrank(tuner);
        vm.expectRevert(refused);
        licenseToken.offer(child, other, true);
        vm.expectRevert(refused);
        licenseToken.grant(child, other, stranger);
        licenseToken.offer(child, required, true);
        vm.stopPrank();

        ModelId grandchild = unborn(stranger);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_ReciprocalTermsConflict.selector, required, other
            )
        );
        graph.link(grandchild, one(parentLink(early)), 1_000_000);
        linkTo(grandchild, give(child, alike, stranger));
        assertTrue(graph.reciprocalTermsOf(grandchild) == required);
    }

    function test_reciprocal_weightsLicencesStayFree() public {
        ILicenseTerms.Terms memory alike = relative(50_000);
        alike.reciprocal = true;
        ModelId child = linked(tuner, only(modelId), alike);
        ILicenseTerms.Terms memory weights;
        give(child, weights, stranger);
    }

    function test_reciprocal_parentsOfDifferentKindsDoNotMix() public {
        (ILicenseTerms.Terms memory a, ILicenseTerms.Terms memory b) = (relative(1), relative(2));
        (a.reciprocal, b.reciprocal) = (true, true);
        ModelId child = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory list = new IDerivativeGraph.ParentLink[](2);
        list[0] = parentLink(give(modelId, a, tuner));
        list[1] = parentLink(give(born(creator), b, tuner));
        (TermsId idA, TermsId idB) = (licenseTerms.idOf(a), licenseTerms.idOf(b));
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_ReciprocalTermsConflict.selector, idA, idB
            )
        );
        graph.link(child, list, 1_000_000);
    }

    // --- wiring ------------------------------------------------------------------------------------------------------

    function test_bindLicenses_once() public {
        vm.expectRevert();
        graph.bindLicenses(licenseToken);
        vm.prank(admin);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_LicensesBound.selector, address(licenseToken)
            )
        );
        graph.bindLicenses(licenseToken);
    }

    function test_bindLicenses_needsCode() public {
        DerivativeGraph fresh =
            new DerivativeGraph(address(deployed.authority), registry, deployed.licenseTerms);
        address nobody = makeAddr("nobody");
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_WithoutCode.selector, nobody));
        fresh.bindLicenses(ILicenseToken(nobody));
        assertEq(address(fresh.licenses()), address(0));
    }

    /// @dev A link that waits for a parent's approval owes nothing yet.
    function test_royaltyPpm_onlyOfALink() public {
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(parentOwner);
        vm.prank(tuner);
        graph.link(child, one(asked), 1_000_000);
        (IDerivativeGraph.State state,,) = graph.linkOf(child);
        assertEq(uint8(state), uint8(IDerivativeGraph.State.Pending));
        assertEq(graph.royaltyPpm(child, parentOf(asked)), 0);
    }

    function test_approvalDigest_isEip712() public {
        (ModelId child, IDerivativeGraph.ParentLink memory asked) = askedOf(parentOwner);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Mintmark"),
                keccak256("1"),
                block.chainid,
                address(graph)
            )
        );
        bytes32 inner = keccak256(
            abi.encode(
                keccak256(
                    "Approval(uint256 child,uint256 parent,uint256 licenseId,uint256 versionId,uint8 relation,uint64 deadline)"
                ),
                child,
                parentOf(asked),
                asked.licenseId,
                asked.versionId,
                asked.relation,
                asked.approvalDeadline
            )
        );
        assertEq(
            graph.approvalDigest(child, parentOf(asked), asked),
            keccak256(abi.encodePacked(hex"1901", domain, inner))
        );
    }

    // --- steps -------------------------------------------------------------------------------------------------------

    /// @dev A child of `modelId` whose parent may still object.
    function pendingChild() private returns (ModelId child, LicenseId license) {
        ILicenseTerms.Terms memory terms = absolute(100_000);
        terms.approval = true;
        child = unborn(tuner);
        license = give(modelId, terms, tuner);
        linkTo(child, license);
    }

    function askedOf(address owner)
        private
        returns (ModelId child, IDerivativeGraph.ParentLink memory asked)
    {
        ModelId parent = born(owner);
        ILicenseTerms.Terms memory terms = absolute(100_000);
        terms.approval = true;
        child = unborn(tuner);
        asked = parentLink(give(parent, terms, tuner));
        asked.approvalDeadline = uint64(block.timestamp + 1 hours);
    }

    function parentOf(IDerivativeGraph.ParentLink memory asked) private view returns (ModelId) {
        return ModelId.wrap(licenseToken.getLicense(asked.licenseId).modelId);
    }

    function signApproval(ModelId child, IDerivativeGraph.ParentLink memory asked, uint256 signerKey)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = graph.approvalDigest(child, parentOf(asked), asked);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function expectLinked(ModelId child, IDerivativeGraph.State state) private {
        vm.expectRevert(
            abi.encodeWithSelector(IDerivativeGraph.DerivativeGraph_AlreadyLinked.selector, child, state)
        );
    }

    function expectParentNotActive(ModelId child, IDerivativeGraph.ParentLink memory asked) private {
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDerivativeGraph.DerivativeGraph_ParentNotActive.selector, modelId, asked.versionId
            )
        );
        graph.link(child, one(asked), 1_000_000);
    }

    function expectLaunch(ModelId child, VersionId version, bool allowed) private {
        vm.prank(registry.modelOwner(child));
        if (!allowed) {
            vm.expectRevert(
                abi.encodeWithSelector(IModelRegistry.ModelRegistry_DerivativeNotFinal.selector, child)
            );
        }
        registry.setStatus(child, version, IModelRegistry.Status.Active, "");
    }
}
