// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IERC7992Verifier} from "../interfaces/IERC7992.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {HolderSignature} from "../libraries/HolderSignature.sol";
import {InferenceRequest} from "../libraries/InferenceRequest.sol";
import {ModelId, ProofSystemId, VersionId} from "../types/Ids.sol";
import {ProofSystems} from "./ProofSystems.sol";

/// @title VerifierRouter
/// @notice A pass is debited only here, only with its holder's signature, and only for a proof of the request.
contract VerifierRouter is IERC7992Verifier, ProofSystems, EIP712, ReentrancyGuardTransient {
    using InferenceRequest for Request;

    IModelRegistry private immutable _registry;
    IAccessPass private immutable _accessPass;

    mapping(bytes32 nullifier => bool) private _settled;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param accessPass_ the AccessPass
    constructor(address authority, IModelRegistry registry_, IAccessPass accessPass_)
        EIP712("Mintmark", "1")
        Guarded(authority)
    {
        (_registry, _accessPass) = (registry_, accessPass_);
    }

    /// @inheritdoc IVerifierRouter
    function settle(
        Request calldata request,
        bytes calldata signature,
        uint256[] calldata instances,
        bytes calldata proof
    ) external nonReentrant whenNotPaused returns (bytes32 nullifier) {
        _checkDeadline(request);
        IModelRegistry.Route memory route = _paidRoute(request.modelId, request.versionId);
        bytes32 context;
        (nullifier, context) = _admit(route, request, signature, instances);
        _checkProof(route, context, instances, proof);
        _earn(route, request, nullifier, instances);
    }

    /// @inheritdoc IVerifierRouter
    function settleBatch(
        Request[] calldata requests,
        bytes[] calldata signatures,
        uint256[][] calldata instances,
        bytes[] calldata proofs
    ) external nonReentrant whenNotPaused returns (bytes32[] memory nullifiers) {
        uint256 n = requests.length;
        if (n == 0 || n != signatures.length || n != instances.length || n != proofs.length) {
            revert VerifierRouter_BatchLengths(n);
        }
        IModelRegistry.Route memory route = _paidRoute(requests[0].modelId, requests[0].versionId);
        nullifiers = new bytes32[](n);
        bytes32[] memory contexts = new bytes32[](n);
        for (uint256 i = 0; i < n; ++i) {
            if (requests[i].modelId != requests[0].modelId || requests[i].versionId != requests[0].versionId)
            {
                revert VerifierRouter_BatchOfOtherVersions(i);
            }
            _checkDeadline(requests[i]);
            (nullifiers[i], contexts[i]) = _admit(route, requests[i], signatures[i], instances[i]);
        }
        if (!_acceptsBatch(route, contexts, instances, proofs)) revert VerifierRouter_ProofRejected();
        for (uint256 i = 0; i < n; ++i) {
            _earn(route, requests[i], nullifiers[i], instances[i]);
        }
    }

    /// @inheritdoc IERC7992Verifier
    /// @dev `output` is the output words, packed. `proof` is abi.encode(uint256 versionId, bytes32 context,
    /// uint256[] inputWords, bytes proof): versionId 0 stands for the canonical version, `context` is what the proof is
    /// bound to. Nothing is debited and nothing prevents a second check of the same proof: a caller that pays for answers
    /// chooses a context of its own per answer.
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external view {
        (uint256 versionId, bytes32 context, uint256[] memory words, bytes memory inner) =
            abi.decode(proof, (uint256, bytes32, uint256[], bytes));
        ModelId id = ModelId.wrap(modelId);
        VersionId version = versionId == 0 ? _registry.canonicalVersion(id) : VersionId.wrap(versionId);
        IModelRegistry.Route memory route = _registry.routeOf(id, version);
        if (route.status != IModelRegistry.Status.Active) {
            revert VerificationRefused_ModelDeprecated(modelId);
        }
        if (words.length != route.inputWords) revert InputCommitmentMismatch();
        if (keccak256(abi.encodePacked(words)) != inputCommitment) revert InputCommitmentMismatch();
        if (output.length % 32 != 0) revert OutputMismatch();
        uint256[] memory instances = _join(words, output);
        if (!_accepts(route, context, instances, inner)) revert InvalidProof();
    }

    /// @inheritdoc IERC7992Verifier
    function proofSystemOf(uint256 modelId) external view returns (bytes4) {
        ModelId id = ModelId.wrap(modelId);
        return ProofSystemId.unwrap(_registry.routeOf(id, _registry.canonicalVersion(id)).proofSystem);
    }

    /// @inheritdoc IERC7992Verifier
    function registry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IVerifierRouter
    function contextOf(Request calldata request) external view returns (bytes32) {
        return _context(request, requestDigest(request), _registry.payoutOf(request.modelId));
    }

    /// @inheritdoc IVerifierRouter
    function nullifierOf(Request calldata request) external view returns (bytes32) {
        return _nullifier(request, requestDigest(request));
    }

    /// @inheritdoc IVerifierRouter
    function isSettled(bytes32 nullifier) external view returns (bool) {
        return _settled[nullifier];
    }

    /// @inheritdoc IVerifierRouter
    function requestDigest(Request calldata request) public view returns (bytes32) {
        return _hashTypedDataV4(request.structHash());
    }

    function _checkDeadline(Request calldata request) private view {
        if (block.timestamp > request.deadline) {
            revert VerifierRouter_RequestExpired(block.timestamp, request.deadline);
        }
    }

    /// @dev Everything about a request but its proof; it counts as settled from here on.
    function _admit(
        IModelRegistry.Route memory route,
        Request calldata request,
        bytes calldata signature,
        uint256[] calldata instances
    ) private returns (bytes32 nullifier, bytes32 context) {
        bytes32 digest = requestDigest(request);
        nullifier = _nullifier(request, digest);
        if (_settled[nullifier]) revert VerifierRouter_RequestSettled(nullifier);
        _settled[nullifier] = true;
        _checkHolder(request, digest, signature);
        _checkInput(route.inputWords, instances, request.inputCommitment);
        context = _context(request, digest, route.payout);
    }

    function _earn(
        IModelRegistry.Route memory route,
        Request calldata request,
        bytes32 nullifier,
        uint256[] calldata instances
    ) private {
        uint256 earned = _accessPass.consume(request.passId, 1);
        emit InferenceSettled(
            request.modelId,
            request.versionId,
            request.passId,
            nullifier,
            route.payout,
            keccak256(abi.encodePacked(instances)),
            earned
        );
    }

    /// @dev As `_servedRoute`, and whoever is paid is known.
    function _paidRoute(ModelId modelId, VersionId versionId)
        private
        view
        returns (IModelRegistry.Route memory route)
    {
        route = _servedRoute(modelId, versionId);
        if (route.payout == address(0)) revert VerifierRouter_PayoutNotConfirmed(modelId);
    }

    /// @dev Reverts unless calls of the version may settle: Active, or Deprecated and bought before.
    function _servedRoute(ModelId modelId, VersionId versionId)
        private
        view
        returns (IModelRegistry.Route memory route)
    {
        route = _registry.routeOf(modelId, versionId);
        bool served =
            route.status == IModelRegistry.Status.Active || route.status == IModelRegistry.Status.Deprecated;
        if (!served) revert VerifierRouter_VersionNotServed(modelId, versionId, route.status);
    }

    function _checkHolder(Request calldata request, bytes32 digest, bytes calldata signature) private view {
        (ModelId modelId, VersionId versionId, address owner, address user) =
            _accessPass.holdersOf(request.passId);
        if (modelId != request.modelId || versionId != request.versionId) {
            revert VerifierRouter_PassMismatch(request.passId, request.modelId, request.versionId);
        }
        if (!HolderSignature.isBy(owner, user, digest, signature)) {
            revert VerifierRouter_NotSignedByHolder(request.passId);
        }
    }

    function _checkInput(uint256 words, uint256[] calldata instances, bytes32 inputCommitment) private pure {
        if (instances.length < words) revert VerifierRouter_TooFewInstances(instances.length, words);
        bytes32 actual = keccak256(abi.encodePacked(instances[:words]));
        if (actual != inputCommitment) revert VerifierRouter_InputMismatch(actual, inputCommitment);
    }

    function _checkProof(
        IModelRegistry.Route memory route,
        bytes32 context,
        uint256[] calldata instances,
        bytes calldata proof
    ) private view {
        if (!_accepts(route, context, instances, proof)) {
            revert VerifierRouter_ProofRejected();
        }
    }

    function _nullifier(Request calldata request, bytes32 digest) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                block.chainid,
                address(this),
                address(_registry),
                request.modelId,
                request.versionId,
                digest,
                request.nonce
            )
        );
    }

    function _context(Request calldata request, bytes32 digest, address payee)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                block.chainid,
                address(this),
                address(_registry),
                request.modelId,
                request.versionId,
                payee,
                request.passId,
                digest,
                request.nonce
            )
        );
    }

    function _join(uint256[] memory words, bytes calldata output)
        private
        pure
        returns (uint256[] memory all)
    {
        all = new uint256[](words.length + output.length / 32);
        for (uint256 i = 0; i < words.length; ++i) {
            all[i] = words[i];
        }
        for (uint256 i = words.length; i < all.length; ++i) {
            all[i] = uint256(bytes32(output[32 * (i - words.length):]));
        }
    }
}
