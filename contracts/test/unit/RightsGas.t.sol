// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseToken} from "../../src/interfaces/ILicenseToken.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicenseId, TermsId} from "../../src/types/Licensing.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev As Gas.t.sol: the call's own gas, every slot and account cold.
contract RightsGasTest is LicensingBase {
    string internal constant GROUP = "RightsGas";

    function test_gas_payOverEightAncestors() public {
        ModelId child = eightParents(0);
        vm.prank(tuner);
        revenueRouter.setNodePpm(child, 400_000);
        openVault(child, 100_000, 1000, tuner);
        chill();
        revenueRouter.pay(child, address(usdc), 1_000_000, node);
        assertLe(vm.snapshotGasLastCall(GROUP, "payOver8AncestorsFirst"), 150_000);
        chill();
        revenueRouter.pay(child, address(usdc), 1_000_000, node);
        assertLe(vm.snapshotGasLastCall(GROUP, "payOver8Ancestors"), 150_000);
        chill();
        revenueRouter.pay{value: 1 ether}(child, NATIVE, 1 ether, node);
        chill();
        revenueRouter.pay{value: 1 ether}(child, NATIVE, 1 ether, node);
        assertLe(vm.snapshotGasLastCall(GROUP, "payNativeOver8Ancestors"), 150_000);
    }

    /// @dev The first payment ever in a token also makes the router's balance (the figure above); once anybody has been paid in
    /// the token, a model's own first payment makes the model's and the node's accounts only.
    function test_gas_firstPaymentOfAModelInATokenInUse() public {
        (ModelId child, ModelId other) = (eightParents(0), born(tuner));
        vm.prank(tuner);
        revenueRouter.setNodePpm(child, 400_000);
        openVault(child, 100_000, 1000, tuner);
        revenueRouter.pay(other, address(usdc), 1_000_000, address(0));
        chill();
        revenueRouter.pay(child, address(usdc), 1_000_000, node);
        assertLe(vm.snapshotGasLastCall(GROUP, "payOver8AncestorsFirstOfModel"), 150_000);
    }

    function test_gas_claims() public {
        ModelId child = eightParents(0);
        ModelId parent = graph.parentsOf(child)[7].modelId;
        vm.prank(tuner);
        revenueRouter.setNodePpm(child, 400_000);
        for (uint256 i = 0; i < 2; ++i) {
            revenueRouter.pay(child, address(usdc), 1_000_000, node);
            chill();
            revenueRouter.claim(child, address(usdc));
            uint256 claim = vm.snapshotGasLastCall(GROUP, "claimToken");
            chill();
            revenueRouter.collectRoyalty(child, parent, address(usdc));
            uint256 collect = vm.snapshotGasLastCall(GROUP, "collectRoyalty");
            chill();
            vm.prank(node);
            revenueRouter.claimNode(address(usdc), node);
            uint256 claimNode = vm.snapshotGasLastCall(GROUP, "claimNode");
            if (i == 0) continue; // the parties' token accounts exist from the first time on
            assertLe(claim, 60_000);
            assertLe(collect, 60_000);
            assertLe(claimNode, 60_000);
        }
    }

    function test_gas_vault() public {
        RevenueVault vault = openVault(modelId, 500_000, 1e18, tuner);
        vm.prank(tuner);
        vault.transfer(stranger, 1);
        for (uint256 i = 0; i < 2; ++i) {
            payUsdc(modelId, 1_000_000);
            payNative(modelId, 1_000_000);
            chill();
            vm.cool(address(vault));
            vm.prank(tuner);
            vault.transfer(stranger, 1e17);
            vm.snapshotGasLastCall(GROUP, "transferShares");
            chill();
            vm.cool(address(vault));
            vm.prank(tuner);
            vault.claim(address(usdc), tuner);
            vm.snapshotGasLastCall(GROUP, "claimShares");
        }
        ModelId other = born(tuner);
        chill();
        vm.prank(tuner);
        revenueRouter.openVault(other, 1, 1e18, tuner);
        vm.snapshotGasLastCall(GROUP, "openVault");
    }

    function test_gas_linkEightParentsSixteenAncestors() public {
        IDerivativeGraph.ParentLink[] memory list = parentsWithParents(1);
        ModelId child = unborn(tuner);
        chill();
        vm.prank(tuner);
        graph.link(child, list, 1_000_000);
        assertLe(vm.snapshotGasLastCall(GROUP, "link8Parents16Ancestors"), 700_000);
        assertEq(graph.ancestorsOf(child).length, 16);
    }

    function test_gas_linkSixtyFourAncestors() public {
        IDerivativeGraph.ParentLink[] memory list = parentsWithParents(7);
        ModelId child = unborn(tuner);
        chill();
        vm.prank(tuner);
        graph.link(child, list, 1_000_000);
        vm.snapshotGasLastCall(GROUP, "link8Parents64Ancestors");
        assertEq(graph.ancestorsOf(child).length, 64);
    }

    function test_gas_licence() public {
        TermsId termsId = offered(modelId, absolute(1));
        ILicenseToken.Order memory order = licenseOrder(modelId, termsId, tuner);
        licenseToken.mint(order);
        chill();
        licenseToken.mint(order);
        vm.snapshotGasLastCall(GROUP, "mintLicence");
        LicenseId id = give(modelId, absolute(1), tuner);
        ModelId child = unborn(tuner);
        IDerivativeGraph.ParentLink[] memory list = one(parentLink(id));
        chill();
        vm.prank(tuner);
        graph.link(child, list, 1_000_000);
        vm.snapshotGasLastCall(GROUP, "link1Parent");
    }

    /// @dev An Active child of eight parents; each of these has `depth` ancestors.
    function eightParents(uint256 depth) private returns (ModelId child) {
        IDerivativeGraph.ParentLink[] memory list = parentsWithParents(depth);
        child = unborn(tuner);
        vm.prank(tuner);
        graph.link(child, list, 1_000_000);
        activate(child);
    }

    function parentsWithParents(uint256 depth) private returns (IDerivativeGraph.ParentLink[] memory list) {
        list = new IDerivativeGraph.ParentLink[](8);
        for (uint256 i = 0; i < 8; ++i) {
            ModelId parent = born(parentOwner);
            for (uint256 j = 0; j < depth; ++j) {
                parent = childOf(parent, parentOwner, absolute(2000));
            }
            list[i] = parentLink(give(parent, i % 2 == 0 ? absolute(10_000) : relative(10_000), tuner));
        }
    }

    function chill() private {
        vm.cool(address(registry));
        vm.cool(address(revenueRouter));
        vm.cool(address(graph));
        vm.cool(address(disputes));
        vm.cool(address(licenseToken));
        vm.cool(address(licenseTerms));
        vm.cool(address(usdc));
        vm.cool(payout);
        vm.cool(tuner);
        vm.cool(node);
        vm.cool(stranger);
    }
}
