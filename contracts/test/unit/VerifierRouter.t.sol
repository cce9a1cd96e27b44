// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {ModelId, PassId, ProofSystemId, VersionId} from "../../src/types/Ids.sol";
import {AngryVerifier, YesVerifier} from "../mocks/MockProofVerifier.sol";
import {Wallet} from "../mocks/Receivers.sol";
import {TestBase} from "../utils/TestBase.sol";

contract VerifierRouterTest is TestBase {
    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_Z1_proofIsBoundToEveryPartOfTheRequest() public {
        PassId passId = buy(10, 30);
        buy(10, 30);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory proof = prove(request, instancesOf(1));

        IVerifierRouter.Request memory other = requestFor(PassId.wrap(2), 1);
        expectRejected(other, proof);
        other = requestFor(passId, 1);
        other.nonce = 2;
        expectRejected(other, proof);
        other = requestFor(passId, 1);
        other.deadline += 1;
        expectRejected(other, proof);

        // A new payout address: the old proof pays nobody.
        vm.prank(creator);
        registry.setPayout(modelId, stranger);
        expectRejected(request, proof);
        vm.prank(creator);
        registry.setPayout(modelId, payout);

        // Another model, also under the same key.
        ModelId otherModel = register(creator);
        VersionId otherVersion = publishActive(otherModel, creator, commitment("other"));
        setPrice(otherModel, otherVersion, 1e12, 0);
        IAccessPass.Order memory o = order(1, 1);
        (o.modelId, o.versionId) = (otherModel, otherVersion);
        vm.prank(buyer);
        PassId otherPass = accessPass.buy{value: 1 ether}(o);
        other = requestFor(otherPass, 1);
        (other.modelId, other.versionId) = (otherModel, otherVersion);
        expectRejected(other, proof);

        // Another version of the same model.
        VersionId second = publishActive(modelId, creator, commitment("second"));
        setPrice(modelId, second, 1e12, 0);
        o.modelId = modelId;
        o.versionId = second;
        o.deadline = block.timestamp;
        vm.prank(buyer);
        other = requestFor(accessPass.buy{value: 1 ether}(o), 1);
        other.versionId = second;
        expectRejected(other, proof);

        // Another chain: the signature and the context are both for this one.
        bytes memory signature = sign(request, buyerKey);
        uint256 home = block.chainid;
        vm.chainId(home + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_NotSignedByHolder.selector, passId)
        );
        verifierRouter.settle(request, signature, instancesOf(1), proof);
        expectRejected(request, proof);
        vm.chainId(home);
        verifierRouter.settle(request, signature, instancesOf(1), proof);
    }

    function test_Z1_requestSettlesOnceWhateverTheProof() public {
        PassId passId = buy(10, 30);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        uint256[] memory instances = instancesOf(1);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instances);
        bytes32 nullifier = verifierRouter.settle(request, signature, instances, proof);
        assertEq(nullifier, verifierRouter.nullifierOf(request));
        assertTrue(verifierRouter.isSettled(nullifier));

        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier)
        );
        verifierRouter.settle(request, signature, instances, proof);
        bytes memory fresh = abi.encodePacked(proof, "another valid proof of it");
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier)
        );
        verifierRouter.settle(request, signature, instances, fresh);
        // Another output for the same input would be another proof, but it is the same request.
        instances[INPUT_WORDS] += 1;
        fresh = prove(request, instances);
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier)
        );
        verifierRouter.settle(request, signature, instances, fresh);
        assertEq(accessPass.getPass(passId).callsLeft, 9);
    }

    function test_Z2_proofUnderAnotherKeyIsRejected() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        address otherKey = VerifyingKeyCode.deploy(publicKeyBytes(INPUT_WORDS + 1));
        bytes memory proof =
            abi.encodePacked(verifier.seal(otherKey, verifierRouter.contextOf(request), instancesOf(1)));
        expectRejected(request, proof);
    }

    function test_Z3_committedInputShowsTwoWordsPerChunk() public {
        key = VerifyingKeyCode.deploy(committedKeyBytes(2));
        versionId = publishActive(modelId, creator, commitment("private"));
        setPrice(modelId, versionId, 1e12, 0);
        (, IModelRegistry.VersionState memory state) = registry.getVersion(modelId, versionId);
        assertEq(state.inputWords, 4);
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        request.inputCommitment = inputCommitment(instancesOf(1), 4);
        uint256[] memory instances = instancesOf(1);
        verifierRouter.settle(request, sign(request, buyerKey), instances, prove(request, instances));
    }

    function test_Z6_verifierCannotUseMoreThanItsGasLimit() public {
        AngryVerifier burner = new AngryVerifier(true);
        register("burner-v1", address(burner), 100_000);
        IVerifierRouter.Request memory request = requestUnder("burner-v1", address(burner));
        bytes memory signature = sign(request, buyerKey);
        uint256 before = gasleft();
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        verifierRouter.settle(request, signature, instancesOf(1), "");
        assertLt(before - gasleft(), 300_000);
    }

    function test_Z6_revertingVerifierRejects() public {
        AngryVerifier angry = new AngryVerifier(false);
        register("angry-v1", address(angry), 100_000);
        IVerifierRouter.Request memory request = requestUnder("angry-v1", address(angry));
        bytes memory signature = sign(request, buyerKey);
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        verifierRouter.settle(request, signature, instancesOf(1), "");
    }

    function test_Z7_systemIsNeverReplaced() public {
        address yes = address(new YesVerifier());
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IVerifierRouter.VerifierRouter_SystemKnown.selector, SYSTEM));
        verifierRouter.registerProofSystem(SYSTEM_NAME, yes, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_VerifierWithoutCode.selector, stranger)
        );
        verifierRouter.registerProofSystem("new-v1", stranger, 1);
        vm.expectRevert(IVerifierRouter.VerifierRouter_ZeroGasLimit.selector);
        verifierRouter.registerProofSystem("new-v1", yes, 0);
        vm.expectEmit();
        emit IVerifierRouter.ProofSystemRegistered(
            ProofSystemId.wrap(bytes4(keccak256("new-v1"))), yes, 7, yes.codehash, "new-v1"
        );
        verifierRouter.registerProofSystem("new-v1", yes, 7);
        vm.stopPrank();
        vm.prank(creator);
        vm.expectRevert();
        verifierRouter.registerProofSystem("mine-v1", yes, 1);
        IVerifierRouter.ProofSystem memory system = verifierRouter.getProofSystem(SYSTEM);
        assertEq(system.verifier, address(verifier));
        assertEq(system.codehash, address(verifier).codehash);
    }

    function test_Z7_versionWithAVerifierOfItsOwnDoesNotSettle() public {
        address yes = address(new YesVerifier());
        IVerifierRouter.Request memory request = requestUnder(SYSTEM_NAME, yes);
        bytes memory signature = sign(request, buyerKey);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_VerifierMismatch.selector, yes, address(verifier)
            )
        );
        verifierRouter.settle(request, signature, instancesOf(1), "");
        request = requestUnder("unheard-of-v1", yes);
        signature = sign(request, buyerKey);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_SystemUnknown.selector,
                ProofSystemId.wrap(bytes4(keccak256("unheard-of-v1")))
            )
        );
        verifierRouter.settle(request, signature, instancesOf(1), "");
    }

    function test_Z7_changedVerifierCodeIsRefused() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        bytes32 pinned = address(verifier).codehash;
        vm.etch(address(verifier), address(new YesVerifier()).code);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_CodehashMismatch.selector, address(verifier).codehash, pinned
            )
        );
        verifierRouter.settle(request, signature, instancesOf(1), "");
    }

    function test_Z7_disabledSystemSettlesNothing() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instancesOf(1));
        ProofSystemId unknown = ProofSystemId.wrap("none");
        vm.startPrank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_SystemUnknown.selector, unknown)
        );
        verifierRouter.disableProofSystem(unknown);
        vm.expectEmit();
        emit IVerifierRouter.ProofSystemDisabled(SYSTEM);
        verifierRouter.disableProofSystem(SYSTEM);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_SystemDisabled.selector, SYSTEM)
        );
        verifierRouter.settle(request, signature, instancesOf(1), proof);
        skip(1 days + 1);
        vm.prank(buyer);
        accessPass.refund(passId, buyer);
    }

    function test_G7_parallelRequestsCannotOverdrawAPass() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory second = requestFor(passId, 2);
        bytes memory signature = sign(second, buyerKey);
        bytes memory proof = prove(second, instancesOf(2));
        settle(passId, 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotEnoughCalls.selector, 1, 0));
        verifierRouter.settle(second, signature, instancesOf(2), proof);
        assertFalse(verifierRouter.isSettled(verifierRouter.nullifierOf(second)));
    }

    function test_G8_onlyAHoldersSignatureDebitsAPass() public {
        (address user, uint256 userKey) = makeAddrAndKey("user");
        (, uint256 strangerKey) = makeAddrAndKey("stranger");
        PassId passId = buy(10, 30);
        expectNotSigned(passId, 1, strangerKey);
        expectNotSigned(passId, 1, userKey);
        vm.prank(buyer);
        accessPass.setUser(PassId.unwrap(passId), user, uint64(block.timestamp + 1 hours));
        settleSignedBy(passId, 1, userKey);
        settleSignedBy(passId, 2, buyerKey);
        expectNotSigned(passId, 3, strangerKey);
        skip(1 hours + 1);
        expectNotSigned(passId, 3, userKey);
    }

    function test_G10_requestNamesItsDeadline() public {
        PassId passId = buy(1, 30);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instancesOf(1));
        skip(1 hours + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_RequestExpired.selector, block.timestamp, request.deadline
            )
        );
        verifierRouter.settle(request, signature, instancesOf(1), proof);
        rewind(1);
        verifierRouter.settle(request, signature, instancesOf(1), proof);
    }

    function test_G11_statusIsCheckedWhenACallSettles() public {
        PassId passId = buy(10, 30);
        settle(passId, 1);
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        settle(passId, 2);
        IVerifierRouter.Request memory request = requestFor(passId, 3);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instancesOf(3));
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        expectNotServed(request, signature, proof, IModelRegistry.Status.Revoked);
        request.versionId = VersionId.wrap(5);
        expectNotServed(request, signature, proof, IModelRegistry.Status.None);
        request.versionId = publish(modelId, creator, commitment("draft"));
        request.deadline = block.timestamp;
        expectNotServed(request, signature, proof, IModelRegistry.Status.Draft);
    }

    // --- the rest ----------------------------------------------------------------------------------------------------

    function test_settle_debitsOneCallAndPaysBothParties() public {
        PassId passId = buy(10, 30);
        uint256 earned = (10 * CALL_PRICE + 30 * DAY_PRICE) / 10;
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        uint256[] memory instances = instancesOf(1);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instances);
        vm.expectEmit();
        emit IVerifierRouter.InferenceSettled(
            modelId,
            versionId,
            passId,
            verifierRouter.nullifierOf(request),
            payout,
            keccak256(abi.encodePacked(instances)),
            earned
        );
        verifierRouter.settle(request, signature, instances, proof);
        IAccessPass.Pass memory pass = accessPass.getPass(passId);
        assertEq(pass.callsLeft, 9);
        assertEq(pass.escrow, 9 * earned);
        assertEq(revenueRouter.platformClaimable(), earned * PLATFORM_PPM / 1e6);
        assertEq(revenueRouter.claimable(modelId), earned - earned * PLATFORM_PPM / 1e6);
    }

    function test_settle_contractWalletSignsByErc1271() public {
        (address walletKey, uint256 walletSecret) = makeAddrAndKey("wallet key");
        IAccessPass.Order memory o = order(2, 1);
        o.to = address(new Wallet(walletKey));
        vm.prank(buyer);
        PassId passId = accessPass.buy{value: 1 ether}(o);
        settleSignedBy(passId, 1, walletSecret);
        expectNotSigned(passId, 2, buyerKey);
        address user = address(new Wallet(buyer));
        vm.prank(o.to);
        accessPass.setUser(PassId.unwrap(passId), user, type(uint64).max);
        settleSignedBy(passId, 2, buyerKey);
    }

    function test_settle_delegatedAccountStillSignsWithItsKey() public {
        PassId passId = buy(1, 1);
        vm.etch(buyer, abi.encodePacked(hex"ef0100", address(priceBook))); // EIP-7702 delegation without ERC-1271
        settleSignedBy(passId, 1, buyerKey);
    }

    function test_settle_passMustBeOfTheRequestedVersion() public {
        PassId passId = buy(1, 1);
        VersionId second = publishActive(modelId, creator, commitment("second"));
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        request.versionId = second;
        expectPassMismatch(request);
        ModelId other = register(creator);
        publishActive(other, creator, commitment("third"));
        request = requestFor(passId, 1);
        request.modelId = other;
        expectPassMismatch(request);
    }

    function test_settle_instancesMustOpenTheInputCommitment() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        uint256[] memory instances = instancesOf(1);
        instances[0] ^= 1;
        bytes memory proof = prove(request, instances);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_InputMismatch.selector,
                inputCommitment(instances, INPUT_WORDS),
                request.inputCommitment
            )
        );
        verifierRouter.settle(request, signature, instances, proof);
        uint256[] memory few = new uint256[](INPUT_WORDS - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_TooFewInstances.selector, INPUT_WORDS - 1, INPUT_WORDS
            )
        );
        verifierRouter.settle(request, signature, few, proof);
    }

    function test_settle_needsAConfirmedPayout() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        vm.prank(creator);
        registry.transferFrom(creator, stranger, ModelId.unwrap(modelId));
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_PayoutNotConfirmed.selector, modelId)
        );
        verifierRouter.settle(request, signature, instancesOf(1), "");
        vm.prank(stranger);
        registry.setPayout(modelId, stranger);
        settle(passId, 1);
        assertGt(revenueRouter.claimable(modelId), 0);
    }

    function test_settle_pausedByTheGuardian() public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        vm.prank(guardian);
        verifierRouter.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        verifierRouter.settle(request, signature, instancesOf(1), "");
        vm.prank(admin);
        verifierRouter.unpause();
        settle(passId, 1);
    }

    function test_requestDigest_isEip712() public view {
        IVerifierRouter.Request memory request = requestFor(PassId.wrap(4), 5);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Mintmark"),
                keccak256("1"),
                block.chainid,
                address(verifierRouter)
            )
        );
        bytes32 typehash = keccak256(
            "Request(uint256 modelId,uint256 versionId,uint256 passId,bytes32 inputCommitment,uint256 nonce,uint256 deadline)"
        );
        bytes32 structHash = keccak256(
            abi.encode(typehash, 1, 1, 4, request.inputCommitment, request.nonce, request.deadline)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        assertEq(verifierRouter.requestDigest(request), digest);
        assertEq(
            verifierRouter.contextOf(request),
            keccak256(
                abi.encode(
                    block.chainid, address(verifierRouter), address(registry), 1, 1, payout, 4, digest, 5
                )
            )
        );
        assertEq(
            verifierRouter.nullifierOf(request),
            keccak256(abi.encode(block.chainid, address(verifierRouter), address(registry), 1, 1, digest, 5))
        );
    }

    function testFuzz_settle_noOtherRequestIsCoveredByTheSignature(
        uint256 passSalt,
        uint256 nonce,
        uint256 deadline,
        bytes32 input
    ) public {
        PassId passId = buy(1, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        IVerifierRouter.Request memory other = requestFor(passId, 1);
        other.nonce = nonce;
        other.deadline = bound(deadline, block.timestamp, type(uint256).max);
        if (passSalt % 2 == 0) other.inputCommitment = input;
        vm.assume(keccak256(abi.encode(other)) != keccak256(abi.encode(request)));
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_NotSignedByHolder.selector, passId)
        );
        verifierRouter.settle(other, signature, instancesOf(1), "");
    }

    function expectRejected(IVerifierRouter.Request memory request, bytes memory proof) internal {
        bytes memory signature = sign(request, buyerKey);
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        verifierRouter.settle(request, signature, instancesOf(1), proof);
    }

    function expectNotServed(
        IVerifierRouter.Request memory request,
        bytes memory signature,
        bytes memory proof,
        IModelRegistry.Status status
    ) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_VersionNotServed.selector,
                request.modelId,
                request.versionId,
                status
            )
        );
        verifierRouter.settle(request, signature, instancesOf(3), proof);
    }

    function expectPassMismatch(IVerifierRouter.Request memory request) internal {
        bytes memory signature = sign(request, buyerKey);
        vm.expectRevert(
            abi.encodeWithSelector(
                IVerifierRouter.VerifierRouter_PassMismatch.selector,
                request.passId,
                request.modelId,
                request.versionId
            )
        );
        verifierRouter.settle(request, signature, instancesOf(1), "");
    }

    function expectNotSigned(PassId passId, uint256 nonce, uint256 signerKey) internal {
        IVerifierRouter.Request memory request = requestFor(passId, nonce);
        bytes memory signature = sign(request, signerKey);
        bytes memory proof = prove(request, instancesOf(nonce));
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_NotSignedByHolder.selector, passId)
        );
        verifierRouter.settle(request, signature, instancesOf(nonce), proof);
    }

    function settleSignedBy(PassId passId, uint256 nonce, uint256 signerKey) internal {
        IVerifierRouter.Request memory request = requestFor(passId, nonce);
        uint256[] memory instances = instancesOf(nonce);
        verifierRouter.settle(request, sign(request, signerKey), instances, prove(request, instances));
    }

    function register(string memory name, address verifier_, uint64 gasLimit) internal {
        vm.prank(operator);
        verifierRouter.registerProofSystem(name, verifier_, gasLimit);
    }

    /// @dev A request for a new version of the model under the system of this name.
    function requestUnder(string memory name, address verifier_)
        internal
        returns (IVerifierRouter.Request memory)
    {
        IModelRegistry.VersionCommitment memory version = commitment(name);
        version.verifier = verifier_;
        version.proofSystem = ProofSystemId.wrap(bytes4(keccak256(bytes(name))));
        versionId = publishActive(modelId, creator, version);
        setPrice(modelId, versionId, 1e12, 0);
        return requestFor(buy(1, 1), 1);
    }
}
