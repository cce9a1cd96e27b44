// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../../src/interfaces/ILicenseToken.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {LicenseId, TermsId} from "../../src/types/Licensing.sol";
import {PlainToken} from "../mocks/Tokens.sol";
import {TestBase} from "./TestBase.sol";

/// @dev TestBase with the steps of licensing, linking and paying.
abstract contract LicensingBase is TestBase {
    address internal constant NATIVE = address(0);

    address internal tuner;
    uint256 internal tunerKey;
    address internal parentOwner;
    uint256 internal parentKey;
    address internal node = makeAddr("node");
    PlainToken internal usdc;
    uint256 private _weights;

    function setUp() public virtual override {
        super.setUp();
        (tuner, tunerKey) = makeAddrAndKey("tuner");
        (parentOwner, parentKey) = makeAddrAndKey("parent owner");
        vm.deal(tuner, 1000 ether);
        vm.deal(address(this), type(uint128).max);
        usdc = new PlainToken(6);
        addToken(address(usdc));
        usdc.mint(address(this), type(uint128).max);
        usdc.approve(address(revenueRouter), type(uint256).max);
    }

    receive() external payable {}

    // --- models -----------------------------------------------------------------------------------------------------

    /// @dev A model of `owner` that was never Active.
    function unborn(address owner) internal returns (ModelId model) {
        vm.prank(owner);
        return registry.registerModel("model", "ipfs://card", owner);
    }

    function activate(ModelId model) internal returns (VersionId version) {
        address owner = registry.modelOwner(model);
        return publishActive(model, owner, commitment(vm.toString(++_weights)));
    }

    function publishDraft(ModelId model) internal returns (VersionId) {
        return publish(model, registry.modelOwner(model), commitment(vm.toString(++_weights)));
    }

    /// @dev A model of `owner` with an Active version 1.
    function born(address owner) internal returns (ModelId model) {
        model = unborn(owner);
        activate(model);
    }

    // --- licences ---------------------------------------------------------------------------------------------------

    function fineTune(uint32 sharePpm, ILicenseTerms.Policy policy)
        internal
        pure
        returns (ILicenseTerms.Terms memory terms)
    {
        terms.right = ILicenseTerms.Right.FineTune;
        (terms.policy, terms.sharePpm) = (policy, sharePpm);
    }

    function absolute(uint32 sharePpm) internal pure returns (ILicenseTerms.Terms memory) {
        return fineTune(sharePpm, ILicenseTerms.Policy.Absolute);
    }

    function relative(uint32 sharePpm) internal pure returns (ILicenseTerms.Terms memory) {
        return fineTune(sharePpm, ILicenseTerms.Policy.Relative);
    }

    function give(ModelId model, ILicenseTerms.Terms memory terms, address to) internal returns (LicenseId) {
        TermsId termsId = licenseTerms.register(terms);
        vm.prank(registry.modelOwner(model));
        return licenseToken.grant(model, termsId, to);
    }

    function offered(ModelId model, ILicenseTerms.Terms memory terms) internal returns (TermsId termsId) {
        termsId = licenseTerms.register(terms);
        vm.prank(registry.modelOwner(model));
        licenseToken.offer(model, termsId, true);
    }

    function licenseOrder(ModelId model, TermsId termsId, address to)
        internal
        view
        returns (ILicenseToken.Order memory)
    {
        return ILicenseToken.Order(model, termsId, to, type(uint256).max, 1_000_000, block.timestamp);
    }

    // --- links ------------------------------------------------------------------------------------------------------

    function parentLink(LicenseId licenseId) internal pure returns (IDerivativeGraph.ParentLink memory) {
        return IDerivativeGraph.ParentLink({
            licenseId: licenseId,
            versionId: VersionId.wrap(1),
            relation: IDerivativeGraph.Relation.FineTune,
            approvalDeadline: 0,
            approval: ""
        });
    }

    function one(IDerivativeGraph.ParentLink memory only)
        internal
        pure
        returns (IDerivativeGraph.ParentLink[] memory list)
    {
        list = new IDerivativeGraph.ParentLink[](1);
        list[0] = only;
    }

    function linkTo(ModelId child, LicenseId licenseId) internal {
        vm.prank(registry.modelOwner(child));
        graph.link(child, one(parentLink(licenseId)), 1_000_000);
    }

    /// @dev A new model of `owner`, linked to its parents under the same terms; not Active.
    function linked(address owner, ModelId[] memory parents, ILicenseTerms.Terms memory terms)
        internal
        returns (ModelId child)
    {
        child = unborn(owner);
        IDerivativeGraph.ParentLink[] memory list = new IDerivativeGraph.ParentLink[](parents.length);
        for (uint256 i = 0; i < parents.length; ++i) {
            list[i] = parentLink(give(parents[i], terms, owner));
        }
        vm.prank(owner);
        graph.link(child, list, 1_000_000);
    }

    /// @dev A new Active model of `owner` with one parent.
    function childOf(ModelId parent, address owner, ILicenseTerms.Terms memory terms)
        internal
        returns (ModelId child)
    {
        child = linked(owner, only(parent), terms);
        activate(child);
    }

    function only(ModelId model) internal pure returns (ModelId[] memory list) {
        list = new ModelId[](1);
        list[0] = model;
    }

    function pair(ModelId a, ModelId b) internal pure returns (ModelId[] memory list) {
        list = new ModelId[](2);
        (list[0], list[1]) = (a, b);
    }

    // --- money ------------------------------------------------------------------------------------------------------

    function addToken(address token) internal {
        vm.prank(operator);
        revenueRouter.addToken(token);
    }

    function payUsdc(ModelId model, uint256 amount) internal {
        revenueRouter.pay(model, address(usdc), amount, address(0));
    }

    function payNative(ModelId model, uint256 amount) internal {
        revenueRouter.pay{value: amount}(model, NATIVE, amount, address(0));
    }

    function setPlatform(uint32 ppm) internal {
        vm.prank(operator);
        revenueRouter.setPlatformPpm(ppm);
    }

    function openVault(ModelId model, uint32 ppm, uint256 shares, address to)
        internal
        returns (RevenueVault)
    {
        vm.prank(registry.modelOwner(model));
        return RevenueVault(payable(revenueRouter.openVault(model, ppm, shares, to)));
    }
}
