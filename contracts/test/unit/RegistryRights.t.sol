// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../src/registry/ModelRegistry.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev The registry's part in rights: catalogue, resale, birth.
contract RegistryRightsTest is LicensingBase {
    function listing() private pure returns (IModelRegistry.Listing memory) {
        return IModelRegistry.Listing({
            task: "image-classification",
            license: "apache-2.0",
            modality: "image",
            verification: IModelRegistry.Verification.ZeroKnowledge,
            tags: "mnist,lenet"
        });
    }

    function test_R11_theCatalogueIsReadFromEvents() public {
        vm.expectEmit();
        emit IModelRegistry.ModelListed(
            modelId,
            "image-classification",
            "apache-2.0",
            "image",
            IModelRegistry.Verification.ZeroKnowledge,
            "mnist,lenet"
        );
        vm.prank(creator);
        registry.listModel(modelId, listing());
    }

    function test_listModel_onlyByTheOwnerAndComplete() public {
        IModelRegistry.Listing memory entry = listing();
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, address(this))
        );
        registry.listModel(modelId, entry);
        vm.startPrank(creator);
        entry.task = 0;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroHash.selector, 0));
        registry.listModel(modelId, entry);
        entry = listing();
        entry.license = 0;
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroHash.selector, 1));
        registry.listModel(modelId, entry);
        entry = listing();
        entry.tags = string(new bytes(513));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_LengthOutOfRange.selector, 513, 512)
        );
        registry.listModel(modelId, entry);
        vm.stopPrank();
    }

    function test_R2_theOriginatorEarnsOnResale() public {
        (address receiver, uint256 amount) = registry.royaltyInfo(ModelId.unwrap(modelId), 1 ether);
        assertEq(receiver, address(0));
        assertEq(amount, 0);
        vm.startPrank(creator);
        vm.expectEmit();
        emit IModelRegistry.ResalePpmChanged(modelId, creator, 50_000);
        registry.setResalePpm(modelId, 50_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_ResalePpmAboveLimit.selector, 100_001, 100_000
            )
        );
        registry.setResalePpm(modelId, 100_001);
        registry.transferFrom(creator, stranger, ModelId.unwrap(modelId));
        vm.stopPrank();
        (receiver, amount) = registry.royaltyInfo(ModelId.unwrap(modelId), 1 ether);
        assertEq(receiver, creator);
        assertEq(amount, 0.05 ether);
        // Neither the buyer nor the seller changes it any more.
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOriginator.selector, modelId, stranger)
        );
        registry.setResalePpm(modelId, 0);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, creator)
        );
        registry.setResalePpm(modelId, 100_000);
        assertTrue(registry.supportsInterface(type(IERC2981).interfaceId));
    }

    function test_R4_launchIsTheFirstActiveVersion() public {
        ModelId model = unborn(tuner);
        VersionId version = publishDraft(model);
        assertFalse(registry.hasLaunched(model));
        setStatus(model, version, IModelRegistry.Status.Active);
        assertTrue(registry.hasLaunched(model));
        setStatus(model, version, IModelRegistry.Status.Revoked);
        assertTrue(registry.hasLaunched(model), "a launch is not undone");
    }

    function test_bindDerivatives_onceByAdmin() public {
        vm.expectRevert();
        registry.bindDerivatives(address(graph));
        vm.prank(admin);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_DerivativesBound.selector, address(graph))
        );
        registry.bindDerivatives(address(graph));
        assertEq(address(registry.derivatives()), address(graph));
    }

    function test_bindDerivatives_needsCode() public {
        ModelRegistry fresh = new ModelRegistry(address(deployed.authority), 1);
        address nobody = makeAddr("nobody");
        vm.prank(admin);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_VerifierWithoutCode.selector, nobody)
        );
        fresh.bindDerivatives(nobody);
        assertEq(address(fresh.derivatives()), address(0));
    }
}
