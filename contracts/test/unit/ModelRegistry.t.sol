// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IERC7992Registry} from "../../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../../src/registry/ModelRegistry.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {ModelId, ProofSystemId, VersionId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

contract ModelRegistryTest is TestBase {
    VersionId internal constant V1 = VersionId.wrap(1);
    VersionId internal constant V2 = VersionId.wrap(2);

    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_R1_versionsAreAppendedAndNeverChange() public {
        (IModelRegistry.VersionCommitment memory before,) = registry.getVersion(modelId, V1);
        VersionId second = publish(modelId, creator, commitment("weights 2"));
        assertEq(VersionId.unwrap(second), 2);
        assertEq(registry.versionCount(modelId), 2);
        setStatus(modelId, V1, IModelRegistry.Status.Revoked);
        (IModelRegistry.VersionCommitment memory afterwards,) = registry.getVersion(modelId, V1);
        assertEq(abi.encode(before), abi.encode(afterwards));
    }

    function test_R2_modelIsATokenAndPayoutIsConfirmedAfterTransfer() public {
        vm.startPrank(creator);
        registry.setCurator(modelId, operator);
        vm.expectEmit();
        emit IModelRegistry.PayoutChanged(modelId, address(0));
        vm.expectEmit();
        emit IModelRegistry.CuratorChanged(modelId, address(0));
        registry.transferFrom(creator, stranger, ModelId.unwrap(modelId));
        vm.stopPrank();

        assertEq(registry.ownerOf(ModelId.unwrap(modelId)), stranger);
        assertEq(registry.payoutOf(modelId), address(0));
        assertEq(registry.curatorOf(modelId), address(0));
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, creator)
        );
        registry.setPayout(modelId, creator);
        vm.prank(stranger);
        registry.setPayout(modelId, stranger);
        assertEq(registry.payoutOf(modelId), stranger);
    }

    function test_R3_copiedPublicationIsADuplicateEvenWhenMinedFirst() public {
        ModelId copy = register(stranger);
        IModelRegistry.VersionCommitment memory version = commitment("stolen weights");
        commit(creator, version);
        skip(MIN_COMMIT_AGE);
        // The thief sees the publication in the mempool, commits, and gets the creator's transaction held back.
        commit(stranger, version);
        skip(MIN_COMMIT_AGE);
        VersionId copied = reveal(copy, stranger, version);
        assertEq(registry.originOf(version.weightsHash).modelId, ModelId.unwrap(copy));

        vm.expectEmit();
        emit IModelRegistry.WeightsDuplicated(version.weightsHash, copy, copied);
        vm.expectEmit();
        emit IModelRegistry.WeightsClaimed(
            version.weightsHash, modelId, V2, uint64(block.timestamp - 2 * MIN_COMMIT_AGE)
        );
        reveal(modelId, creator, version);
        IModelRegistry.Origin memory origin = registry.originOf(version.weightsHash);
        assertEq(origin.modelId, ModelId.unwrap(modelId));
        assertEq(origin.versionId, 2);
    }

    function test_R3_laterCommitmentIsMarkedAsDuplicate() public {
        ModelId copy = register(stranger);
        IModelRegistry.VersionCommitment memory version = commitment("weights");
        commit(stranger, version);
        skip(MIN_COMMIT_AGE);
        vm.expectEmit();
        emit IModelRegistry.WeightsDuplicated(version.weightsHash, copy, V1);
        reveal(copy, stranger, version);
        assertEq(registry.originOf(version.weightsHash).modelId, ModelId.unwrap(modelId));
    }

    function test_R3_publicationNeedsACommitmentOfTheRightAge() public {
        IModelRegistry.VersionCommitment memory version = commitment("fresh");
        bytes32 hash = registry.commitmentOf(creator, version.weightsHash, version.manifestRoot, "salt");
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CommitmentMissing.selector, hash));
        registry.publishVersion(modelId, version, "salt");

        // Somebody else's commitment with the same content is of no use, and no obstacle.
        vm.prank(stranger);
        registry.commitVersion(hash);
        skip(MIN_COMMIT_AGE);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CommitmentMissing.selector, hash));
        registry.publishVersion(modelId, version, "salt");

        commit(creator, version);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_CommitmentTooYoung.selector, 0, MIN_COMMIT_AGE
            )
        );
        registry.publishVersion(modelId, version, "salt");

        skip(1 days + 1);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_CommitmentTooOld.selector, 1 days + 1, 1 days)
        );
        registry.publishVersion(modelId, version, "salt");

        publish(modelId, creator, version);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_CommitmentMissing.selector, hash));
        registry.publishVersion(modelId, version, "salt");
    }

    function test_R4_statusMovesOnlyForwardAndRevokedIsFinal() public {
        IModelRegistry.Status[5] memory all = [
            IModelRegistry.Status.None,
            IModelRegistry.Status.Draft,
            IModelRegistry.Status.Active,
            IModelRegistry.Status.Deprecated,
            IModelRegistry.Status.Revoked
        ];
        VersionId draft = publish(modelId, creator, commitment("a"));
        refuse(draft, all[1], all[0]);
        refuse(draft, all[1], all[1]);
        refuse(draft, all[1], all[3]);
        setStatus(modelId, draft, all[2]);
        refuse(draft, all[2], all[0]);
        refuse(draft, all[2], all[1]);
        refuse(draft, all[2], all[2]);
        setStatus(modelId, draft, all[3]);
        refuse(draft, all[3], all[0]);
        refuse(draft, all[3], all[1]);
        refuse(draft, all[3], all[3]);
        setStatus(modelId, draft, all[2]);
        setStatus(modelId, draft, all[4]);
        for (uint256 i = 0; i < 5; ++i) {
            refuse(draft, all[4], all[i]);
        }
        VersionId unborn = publish(modelId, creator, commitment("b"));
        setStatus(modelId, unborn, all[4]);
        assertEq(uint8(registry.statusOf(modelId, unborn)), uint8(all[4]));
    }

    function test_R5_versionCarriesManifestRootAndTokenizerHash() public {
        IModelRegistry.VersionCommitment memory version = commitment("sharded");
        version.tokenizerHash = sha256("tokenizer");
        VersionId published = publish(modelId, creator, version);
        (IModelRegistry.VersionCommitment memory stored,) = registry.getVersion(modelId, published);
        assertEq(stored.manifestRoot, version.manifestRoot);
        assertEq(stored.tokenizerHash, sha256("tokenizer"));
    }

    function test_R6_versionIsTiedToItsVerifyingKeyAndVerifier() public {
        (IModelRegistry.VersionCommitment memory stored, IModelRegistry.VersionState memory state) =
            registry.getVersion(modelId, V1);
        assertEq(stored.vkHash, keccak256(publicKeyBytes(INPUT_WORDS)));
        assertEq(stored.verifyingKey.code, abi.encodePacked(hex"00", publicKeyBytes(INPUT_WORDS)));
        assertEq(state.verifierCodehash, address(verifier).codehash);
        assertEq(state.inputWords, INPUT_WORDS);

        IModelRegistry.VersionCommitment memory version = commitment("other");
        version.vkHash = keccak256("another key");
        expectPublishRevert(
            version,
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_KeyHashMismatch.selector, stored.vkHash, version.vkHash
            )
        );
        // A key whose code could run: the same bytes behind JUMPDEST instead of STOP.
        vm.etch(stranger, abi.encodePacked(hex"5b", publicKeyBytes(INPUT_WORDS)));
        version = commitment("other");
        version.verifyingKey = stranger;
        expectPublishRevert(
            version, abi.encodeWithSelector(IModelRegistry.ModelRegistry_KeyNotStopped.selector, stranger)
        );
        version.verifyingKey = makeAddr("nothing there");
        expectPublishRevert(
            version,
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_KeyNotStopped.selector, version.verifyingKey)
        );
        version = commitment("other");
        version.verifier = makeAddr("no verifier");
        expectPublishRevert(
            version,
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_VerifierWithoutCode.selector, version.verifier
            )
        );
        key = VerifyingKeyCode.deploy(new bytes(64));
        version = commitment("other");
        expectPublishRevert(
            version, abi.encodeWithSelector(IModelRegistry.ModelRegistry_KeyWithoutInput.selector, key)
        );
    }

    function test_R7_emptyAndOversizedFieldsAreRefused() public {
        for (uint256 field = 0; field < 4; ++field) {
            IModelRegistry.VersionCommitment memory version = commitment("fields");
            if (field == 0) version.manifestRoot = 0;
            if (field == 1) version.weightsHash = 0;
            if (field == 2) version.circuitHash = 0;
            if (field == 3) version.vkHash = 0;
            expectPublishRevert(
                version, abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroHash.selector, field)
            );
        }
        IModelRegistry.VersionCommitment memory bad = commitment("fields");
        bad.parameterCount = 0;
        expectPublishRevert(
            bad, abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroParameterCount.selector)
        );
        bad = commitment("fields");
        bad.architecture = "";
        expectPublishRevert(bad, lengthError(0, 128));
        bad.architecture = string(new bytes(129));
        expectPublishRevert(bad, lengthError(129, 128));
        bad = commitment("fields");
        bad.storageURI = "";
        expectPublishRevert(bad, lengthError(0, 512));
        bad.storageURI = string(new bytes(513));
        expectPublishRevert(bad, lengthError(513, 512));

        vm.startPrank(creator);
        vm.expectRevert(lengthError(0, 64));
        registry.registerModel("", "ipfs://card", payout);
        vm.expectRevert(lengthError(65, 64));
        registry.registerModel(string(new bytes(65)), "ipfs://card", payout);
        vm.expectRevert(lengthError(0, 512));
        registry.registerModel("name", "", payout);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroAddress.selector));
        registry.registerModel("name", "ipfs://card", address(0));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelRegistry_ZeroAddress.selector));
        registry.setPayout(modelId, address(0));
        vm.expectRevert(lengthError(513, 512));
        registry.setCardURI(modelId, string(new bytes(513)));
        vm.expectRevert(lengthError(513, 512));
        registry.setStatus(modelId, V1, IModelRegistry.Status.Revoked, string(new bytes(513)));
        vm.stopPrank();
    }

    function test_R8_parameterCountDoesNotChangeThePrice() public {
        IModelRegistry.VersionCommitment memory version = commitment("huge");
        version.parameterCount = type(uint64).max;
        VersionId huge = publishActive(modelId, creator, version);
        setPrice(modelId, huge, CALL_PRICE * 1e12, DAY_PRICE * 1e12);
        assertEq(priceBook.quotePass(modelId, huge, 7, 3), priceBook.quotePass(modelId, V1, 7, 3));
    }

    function test_R9_filesMayMoveButOnlyToContentAddresses() public {
        IModelRegistry.VersionCommitment memory bad = commitment("gateway");
        bad.storageURI = "https://gateway.example/ipfs/bafy";
        expectPublishRevert(
            bad,
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_SchemeNotAllowed.selector, bad.storageURI)
        );
        bad.storageURI = "ipfs://";
        expectPublishRevert(
            bad,
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_SchemeNotAllowed.selector, bad.storageURI)
        );
        bad.storageURI = "ar://";
        expectPublishRevert(
            bad,
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_SchemeNotAllowed.selector, bad.storageURI)
        );
        (IModelRegistry.VersionCommitment memory before,) = registry.getVersion(modelId, V1);
        vm.expectEmit();
        emit IModelRegistry.ReplicaAnnounced(modelId, V1, "ar://replica");
        vm.prank(creator);
        registry.announceReplica(modelId, V1, "ar://replica");
        (IModelRegistry.VersionCommitment memory afterwards,) = registry.getVersion(modelId, V1);
        assertEq(abi.encode(before), abi.encode(afterwards));
    }

    function test_R10_versionSaysWhetherItsFilesAreCiphertext() public view {
        (IModelRegistry.VersionCommitment memory stored,) = registry.getVersion(modelId, V1);
        assertTrue(stored.encrypted);
    }

    function test_R11_eventsCarryTheWholeState() public {
        IModelRegistry.VersionCommitment memory version = commitment("logged");
        commit(creator, version);
        skip(MIN_COMMIT_AGE);
        vm.expectEmit();
        emit IModelRegistry.VersionPublished(
            modelId,
            V2,
            version.weightsHash,
            version,
            IModelRegistry.VersionState(
                IModelRegistry.Status.Draft,
                uint48(block.timestamp),
                uint32(INPUT_WORDS),
                address(verifier).codehash
            )
        );
        vm.expectEmit();
        emit IERC4906.MetadataUpdate(ModelId.unwrap(modelId));
        reveal(modelId, creator, version);
        vm.expectEmit();
        emit IModelRegistry.StatusChanged(
            modelId, V2, IModelRegistry.Status.Draft, IModelRegistry.Status.Active, "better"
        );
        vm.prank(creator);
        registry.setStatus(modelId, V2, IModelRegistry.Status.Active, "better");
        vm.expectEmit();
        emit IModelRegistry.ModelRegistered(ModelId.wrap(2), creator, "second", "ipfs://card2");
        vm.expectEmit();
        emit IModelRegistry.PayoutChanged(ModelId.wrap(2), payout);
        vm.prank(creator);
        registry.registerModel("second", "ipfs://card2", payout);
    }

    function test_R12_pauseStopsPublicationButNotRevocation() public {
        IModelRegistry.VersionCommitment memory version = commitment("x");
        vm.prank(guardian);
        registry.pause();
        vm.startPrank(creator);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        registry.registerModel("name", "ipfs://card", payout);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        registry.commitVersion("x");
        vm.expectRevert(Pausable.EnforcedPause.selector);
        registry.publishVersion(modelId, version, "salt");
        registry.setStatus(modelId, V1, IModelRegistry.Status.Revoked, "unsafe");
        registry.setPayout(modelId, creator);
        vm.stopPrank();
        vm.prank(admin);
        registry.unpause();
        register(creator);
    }

    function test_R12_supportsItsInterfaces() public view {
        assertTrue(registry.supportsInterface(type(IERC165).interfaceId));
        assertTrue(registry.supportsInterface(type(IERC721).interfaceId));
        assertTrue(registry.supportsInterface(0x49064906));
        assertTrue(registry.supportsInterface(type(IModelRegistry).interfaceId));
        assertTrue(registry.supportsInterface(type(IERC7992Registry).interfaceId));
        assertFalse(registry.supportsInterface(0xffffffff));
    }

    // --- the rest ----------------------------------------------------------------------------------------------------

    function test_setStatus_movesTheCanonicalPointer() public {
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), 1);
        VersionId second = publishActive(modelId, creator, commitment("2"));
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), 1);
        setStatus(modelId, second, IModelRegistry.Status.Revoked);
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), 1);
        vm.expectEmit();
        emit IModelRegistry.CanonicalVersionChanged(modelId, VersionId.wrap(0));
        setStatus(modelId, V1, IModelRegistry.Status.Revoked);
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), 0);
        VersionId third = publishActive(modelId, creator, commitment("3"));
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), VersionId.unwrap(third));
    }

    function test_setCanonicalVersion_ownerOrCuratorOnlyActive() public {
        VersionId second = publish(modelId, creator, commitment("2"));
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_NotCanonicalisable.selector, second, IModelRegistry.Status.Draft
            )
        );
        registry.setCanonicalVersion(modelId, second);
        setStatus(modelId, second, IModelRegistry.Status.Active);
        vm.prank(creator);
        registry.setCanonicalVersion(modelId, second);

        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotCurator.selector, modelId, stranger)
        );
        registry.setCanonicalVersion(modelId, V1);
        vm.prank(creator);
        registry.setCurator(modelId, stranger);
        vm.prank(stranger);
        registry.setCanonicalVersion(modelId, V1);
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), 1);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotOwner.selector, modelId, stranger)
        );
        registry.setStatus(modelId, V1, IModelRegistry.Status.Revoked, "");
        ModelId none = ModelId.wrap(99);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_NotCurator.selector, none, stranger)
        );
        registry.setCanonicalVersion(none, V1);
    }

    function test_setCardURI_changesTheTokenURI() public {
        vm.expectEmit();
        emit IModelRegistry.CardUpdated(modelId, "ipfs://new");
        vm.prank(creator);
        registry.setCardURI(modelId, "ipfs://new");
        assertEq(registry.tokenURI(ModelId.unwrap(modelId)), "ipfs://new");
        vm.expectRevert();
        registry.tokenURI(99);
    }

    function test_getModel_isTheCanonicalVersion() public {
        (IERC7992Registry.ModelCommitment memory model, bool deprecated, address owner) =
            registry.getModel(ModelId.unwrap(modelId));
        IModelRegistry.VersionCommitment memory version = commitment("weights");
        assertEq(model.modelHash, version.manifestRoot);
        assertEq(model.circuitHash, version.circuitHash);
        assertEq(model.vkHash, version.vkHash);
        assertEq(model.proofSystemId, ProofSystemId.unwrap(SYSTEM));
        assertEq(model.uri, version.storageURI);
        assertFalse(deprecated);
        assertEq(owner, creator);
        setStatus(modelId, V1, IModelRegistry.Status.Deprecated);
        (, deprecated,) = registry.getModel(ModelId.unwrap(modelId));
        assertTrue(deprecated);
        setStatus(modelId, V1, IModelRegistry.Status.Revoked);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_VersionNotFound.selector, modelId, VersionId.wrap(0)
            )
        );
        registry.getModel(ModelId.unwrap(modelId));
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_ModelNotFound.selector, ModelId.wrap(99))
        );
        registry.getModel(99);
    }

    function test_getVersion_missingModelOrVersion() public {
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_VersionNotFound.selector, modelId, V2)
        );
        registry.getVersion(modelId, V2);
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_ModelNotFound.selector, ModelId.wrap(99))
        );
        registry.setPayout(ModelId.wrap(99), creator);
    }

    function test_constructor_needsACommitAge() public {
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_CommitmentTooYoung.selector, 0, 1)
        );
        new ModelRegistry(address(deployed.authority), 0);
    }

    function refuse(VersionId version, IModelRegistry.Status from, IModelRegistry.Status to) internal {
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IModelRegistry.ModelRegistry_StatusChangeRefused.selector, from, to)
        );
        registry.setStatus(modelId, version, to, "");
    }

    function expectPublishRevert(IModelRegistry.VersionCommitment memory version, bytes memory error)
        internal
    {
        commit(creator, version);
        skip(MIN_COMMIT_AGE);
        vm.prank(creator);
        vm.expectRevert(error);
        registry.publishVersion(modelId, version, "salt");
    }

    function lengthError(uint256 length, uint256 limit) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IModelRegistry.ModelRegistry_LengthOutOfRange.selector, length, limit);
    }
}
