// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccuracyProofs} from "../interfaces/IAccuracyProofs.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title AccuracyProofs
/// @notice A count is proven under a key whose weight commitments are, byte for byte, those of the version's key, by the
/// verifier that the version is pinned to. That the rest of the key counts right answers is what voters approve.
contract AccuracyProofs is IAccuracyProofs {
    struct ApprovedKey {
        bytes32 keyHash;
        uint32 samples;
    }

    uint256 private constant HEADER_BYTES = 64;
    uint256 private constant W_COUNT_AT = 14; // docs/spec/protocol.md §8
    uint256 private constant T_COUNT_AT = 24;
    uint256 private constant POINT_BYTES = 64;

    IModelRegistry private immutable _registry;
    IVerifierRouter private immutable _router;
    address private immutable _timelock;

    mapping(ModelId modelId => mapping(VersionId versionId => ApprovedKey)) private _approved;
    mapping(bytes32 statement => uint256 rightPlusOne) private _proven;

    constructor(IModelRegistry registry_, IVerifierRouter router_, address timelock_) {
        (_registry, _router, _timelock) = (registry_, router_, timelock_);
    }

    /// @inheritdoc IAccuracyProofs
    function approveKey(ModelId modelId, VersionId versionId, bytes32 keyHash, uint32 samples) external {
        if (msg.sender != _timelock) revert AccuracyProofs_NotTimelock(msg.sender);
        if (samples == 0) revert AccuracyProofs_ZeroSamples();
        _approved[modelId][versionId] = ApprovedKey(keyHash, samples);
        emit KeyApproved(modelId, versionId, keyHash, samples);
    }

    /// @inheritdoc IAccuracyProofs
    function prove(
        ModelId modelId,
        VersionId versionId,
        address accuracyKey,
        uint256[] calldata instances,
        bytes calldata proof
    ) external {
        IModelRegistry.Route memory route = _registry.routeOf(modelId, versionId);
        if (route.status == IModelRegistry.Status.None || route.status == IModelRegistry.Status.Revoked) {
            revert AccuracyProofs_VersionNotProvable(modelId, versionId);
        }
        (bool stopped, bytes32 keyHash) = VerifyingKeyCode.inspect(accuracyKey);
        if (!stopped) revert AccuracyProofs_NotAKey(accuracyKey);
        if (_weightsOf(route.verifyingKey) != _weightsOf(accuracyKey)) {
            revert AccuracyProofs_OtherWeights(route.verifyingKey, accuracyKey);
        }
        uint256 words = IProofVerifier(route.verifier).inputWords(accuracyKey);
        if (words == 0 || instances.length != words + 1) {
            revert AccuracyProofs_WrongInstances(instances.length, words + 1);
        }
        _checkProof(route, accuracyKey, contextOf(modelId, versionId), instances, proof);
        _record(modelId, versionId, keyHash, instances);
    }

    /// @inheritdoc IAccuracyProofs
    function rightOf(ModelId modelId, VersionId versionId, bytes32 suiteHash, uint32 samples)
        external
        view
        returns (bool proven, uint256 right)
    {
        ApprovedKey memory key = _approved[modelId][versionId];
        if (key.samples == 0 || key.samples != samples) return (false, 0);
        uint256 stored = _proven[_statement(modelId, versionId, key.keyHash, suiteHash)];
        return stored == 0 || stored > uint256(samples) + 1 ? (false, 0) : (true, stored - 1);
    }

    /// @inheritdoc IAccuracyProofs
    function contextOf(ModelId modelId, VersionId versionId) public view returns (bytes32) {
        return keccak256(
            abi.encode("accuracy", block.chainid, address(this), address(_registry), modelId, versionId)
        );
    }

    /// @dev The words before the last are the test set's commitment, the last is the count.
    function _record(ModelId modelId, VersionId versionId, bytes32 keyHash, uint256[] calldata instances)
        private
    {
        uint256 words = instances.length - 1;
        bytes32 suiteHash = keccak256(abi.encodePacked(instances[:words]));
        _proven[_statement(modelId, versionId, keyHash, suiteHash)] = instances[words] + 1;
        emit AccuracyProven(modelId, versionId, keyHash, suiteHash, instances[words]);
    }

    /// @dev The version's pinned verifier, if its system is still trusted. A revert inside of it is a refusal.
    function _checkProof(
        IModelRegistry.Route memory route,
        address key,
        bytes32 context,
        uint256[] calldata instances,
        bytes calldata proof
    ) private view {
        IVerifierRouter.ProofSystem memory system = _router.getProofSystem(route.proofSystem);
        if (
            system.verifier == address(0) || system.disabled || system.verifier != route.verifier
                || route.verifier.codehash != route.verifierCodehash
        ) revert AccuracyProofs_SystemRefused();
        try IProofVerifier(route.verifier).verify{gas: system.gasLimit}(
            key, context, instances, proof
        ) returns (
            bool accepted
        ) {
            if (!accepted) revert AccuracyProofs_ProofRejected();
        } catch {
            revert AccuracyProofs_ProofRejected();
        }
    }

    /// @dev keccak256 of the weight commitments: `64·nW` bytes before the last `64·nT`. Reverts on what is no key.
    function _weightsOf(address key) private view returns (bytes32 hash) {
        (uint256 data, uint256 length) = VerifyingKeyCode.load(key);
        if (length < HEADER_BYTES) revert AccuracyProofs_NotAKey(key);
        uint256 weights = _u16(data, W_COUNT_AT) * POINT_BYTES;
        uint256 tables = _u16(data, T_COUNT_AT) * POINT_BYTES;
        if (weights == 0 || length < HEADER_BYTES + weights + tables) revert AccuracyProofs_NotAKey(key);
        uint256 from = data + length - tables - weights;
        assembly ("memory-safe") {
            hash := keccak256(from, weights)
        }
    }

    /// @dev The u16 at `offset` of the key at `data`.
    function _u16(uint256 data, uint256 offset) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := shr(240, mload(add(data, offset)))
        }
    }

    function _statement(ModelId modelId, VersionId versionId, bytes32 keyHash, bytes32 suiteHash)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(modelId, versionId, keyHash, suiteHash));
    }
}
