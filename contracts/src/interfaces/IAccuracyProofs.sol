// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";

/// @title Proven accuracies of registered versions
interface IAccuracyProofs {
    error AccuracyProofs_NotTimelock(address caller);
    error AccuracyProofs_VersionNotProvable(ModelId modelId, VersionId versionId);
    error AccuracyProofs_SystemRefused();
    error AccuracyProofs_NotAKey(address key);
    error AccuracyProofs_OtherWeights(address modelKey, address accuracyKey);
    error AccuracyProofs_WrongInstances(uint256 words, uint256 expected);
    error AccuracyProofs_ProofRejected();
    error AccuracyProofs_ZeroSamples();

    event KeyApproved(
        ModelId indexed modelId, VersionId indexed versionId, bytes32 indexed keyHash, uint32 samples
    );
    event AccuracyProven(
        ModelId indexed modelId,
        VersionId indexed versionId,
        bytes32 indexed keyHash,
        bytes32 suiteHash,
        uint256 right
    );

    /// @notice Says that a key is the accuracy key of a version for `samples` samples; another one replaces it. The
    /// timelock: voters derive the key themselves (docs/spec/accuracy.md), which no contract can.
    function approveKey(ModelId modelId, VersionId versionId, bytes32 keyHash, uint32 samples) external;

    /// @notice Records a proven count of right answers. Anybody; worth nothing until the key is approved.
    /// @param accuracyKey key contract; its weight commitments must be those of the version's key
    /// @param instances the test set's commitment words, then the count
    /// @param proof made for `contextOf(modelId, versionId)`
    function prove(
        ModelId modelId,
        VersionId versionId,
        address accuracyKey,
        uint256[] calldata instances,
        bytes calldata proof
    ) external;

    /// @notice The proven count on a suite under the approved key.
    /// @return proven false when there is no such proof or no approved key for so many samples
    function rightOf(ModelId modelId, VersionId versionId, bytes32 suiteHash, uint32 samples)
        external
        view
        returns (bool proven, uint256 right);

    /// @notice What an accuracy proof is bound to.
    function contextOf(ModelId modelId, VersionId versionId) external view returns (bytes32);
}
