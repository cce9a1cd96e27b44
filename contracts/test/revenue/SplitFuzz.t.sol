// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev Splits of any rates and amounts. Grandparent and parents are born once, with eight shares between them; the child, whose
/// own share is any, is linked and not launched: a payment asks for no more.
contract SplitFuzzTest is LicensingBase {
    uint32[8] internal grandparentPpm = [1, 2, 3, 7, 99_991, 125_000, 249_999, 250_000];
    ModelId[8][2] internal parents;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < 16; ++i) {
            parents[i / 8][i % 8] = childOf(modelId, parentOwner, absolute(grandparentPpm[i % 8]));
        }
    }

    struct Rates {
        uint32 platform;
        uint32 parent;
        uint32 grandparent;
        uint32 node;
        uint32 vault;
    }

    /// Public invariant 2: whatever the rates and the amounts, every split sums exactly, and every party's lifetime part
    /// is within one unit of its share of what reached its place in the waterfall.
    function testFuzz_pay_splitsSumExactly(Rates memory r, uint96[12] memory amounts) public {
        ModelId child = family(r, 0);
        uint256[5] memory sums;
        uint256 total;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = i % 3 == 0 ? amounts[i] % 4 : amounts[i];
            IRevenueRouter.Split memory s = revenueRouter.previewSplit(child, address(usdc), amount, node);
            assertEq(s.platform + s.royalties + s.node + s.vault + s.creator, amount);
            revenueRouter.pay(child, address(usdc), amount, node);
            total += amount;
            (sums[0], sums[1]) = (sums[0] + s.platform, sums[1] + s.royalties);
            (sums[2], sums[3]) = (sums[2] + s.node, sums[3] + s.vault);
            sums[4] += s.creator;
        }
        uint256 left = total;
        assertEq(sums[0], left * r.platform / 1e6);
        left -= sums[0];
        assertEq(sums[1], left * (r.parent + r.grandparent) / 1e6);
        left -= sums[1];
        assertEq(sums[2], left * r.node / 1e6);
        left -= sums[2];
        assertEq(sums[3], left * r.vault / 1e6);
        assertEq(sums[4], left - sums[3]);
        assertEq(revenueRouter.claimable(child, address(usdc)), sums[4]);
        (uint256 vaultAccounted,) = revenueRouter.vaultAccount(child, address(usdc));
        assertEq(vaultAccounted, sums[3]);
        assertEq(revenueRouter.nodeClaimable(node, address(usdc)), sums[2]);
    }

    /// Public invariant 4: the order of claims and collections among payments changes nobody's total.
    function testFuzz_claims_areOrderIndependent(Rates memory r, uint96[6] memory amounts, uint256 order)
        public
    {
        ModelId early = family(r, 0);
        ModelId late = family(r, 1);
        for (uint256 i = 0; i < amounts.length; ++i) {
            payUsdc(early, amounts[i]);
            payUsdc(late, amounts[i]);
            for (uint256 step = 0; step < 4; ++step) {
                if (order & 1 == 1) claimStep(early, step);
                order >>= 1;
            }
        }
        for (uint256 step = 0; step < 8; ++step) {
            claimStep(early, step % 4); // twice: the second time gives nothing
            claimStep(late, 3 - step % 4);
        }
        for (uint256 i = 0; i < 2; ++i) {
            ModelId a = i == 0 ? early : graph.parentsOf(early)[0].modelId;
            ModelId b = i == 0 ? late : graph.parentsOf(late)[0].modelId;
            (uint256 accountedA, uint256 claimedA) = revenueRouter.creatorAccount(a, address(usdc));
            (uint256 accountedB, uint256 claimedB) = revenueRouter.creatorAccount(b, address(usdc));
            assertEq(accountedA, accountedB);
            assertEq(claimedA, claimedB);
            assertEq(accountedA, claimedA);
        }
    }

    function family(Rates memory r, uint256 which) private returns (ModelId child) {
        r.platform = uint32(bound(r.platform, 0, 100_000));
        r.parent = uint32(bound(r.parent, 1, 250_000));
        r.node = uint32(bound(r.node, 0, 1_000_000));
        r.vault = uint32(bound(r.vault, 1, 1_000_000));
        setPlatform(r.platform);
        // The rate that the other family was given is one of the eight already.
        uint256 pick = r.grandparent % 8;
        for (uint256 i = 0; i < 8; ++i) {
            if (grandparentPpm[i] == r.grandparent) pick = i;
        }
        r.grandparent = grandparentPpm[pick];
        child = linked(tuner, only(parents[which][pick]), absolute(r.parent));
        vm.prank(tuner);
        revenueRouter.setNodePpm(child, r.node);
        openVault(child, r.vault, 1000, tuner);
    }

    function claimStep(ModelId child, uint256 step) private {
        address token = address(usdc);
        ModelId parent = graph.parentsOf(child)[0].modelId;
        if (step == 0 || step == 2) revenueRouter.collectRoyalty(child, parent, token);
        else if (step == 1) revenueRouter.claim(child, token);
        if (step >= 2) revenueRouter.claim(parent, token);
    }
}
