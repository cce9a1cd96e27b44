// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title Claims on weights, ordered by the time they were committed
/// @notice Somebody who copies a publication out of the mempool can only have committed later, so the copy is marked as
/// a duplicate even when it is mined first.
abstract contract CommitReveal is IModelRegistry {
    /// @notice A commitment that is not published within this time is void.
    uint64 public constant MAX_COMMIT_AGE = 1 days;

    /// @notice Seconds between a commitment and its publication.
    uint64 public immutable minCommitAge;

    mapping(address publisher => mapping(bytes32 commitment => uint64 committedAt)) private _committedAt;
    mapping(bytes32 weightsHash => Origin) private _origin;

    constructor(uint64 minCommitAge_) {
        if (minCommitAge_ == 0) revert ModelRegistry_CommitmentTooYoung(0, 1);
        minCommitAge = minCommitAge_;
    }

    /// @inheritdoc IModelRegistry
    function originOf(bytes32 weightsHash) external view returns (Origin memory) {
        return _origin[weightsHash];
    }

    /// @inheritdoc IModelRegistry
    function commitmentOf(address publisher, bytes32 weightsHash, bytes32 manifestRoot, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), publisher, weightsHash, manifestRoot, salt));
    }

    /// @dev Keyed by publisher: nobody can use or spoil another's commitment. Committing again renews the time.
    function _commit(bytes32 commitment) internal {
        _committedAt[msg.sender][commitment] = uint64(block.timestamp);
        emit VersionCommitted(msg.sender, commitment);
    }

    /// @dev Uses up the caller's commitment and returns its time.
    function _reveal(bytes32 weightsHash, bytes32 manifestRoot, bytes32 salt)
        internal
        returns (uint64 committedAt)
    {
        bytes32 commitment = commitmentOf(msg.sender, weightsHash, manifestRoot, salt);
        committedAt = _committedAt[msg.sender][commitment];
        if (committedAt == 0) revert ModelRegistry_CommitmentMissing(commitment);
        uint256 age = block.timestamp - committedAt;
        if (age < minCommitAge) revert ModelRegistry_CommitmentTooYoung(age, minCommitAge);
        if (age > MAX_COMMIT_AGE) revert ModelRegistry_CommitmentTooOld(age, MAX_COMMIT_AGE);
        delete _committedAt[msg.sender][commitment];
    }

    /// @dev The earliest commitment is the origin; a publication that is not is marked.
    function _claimWeights(bytes32 weightsHash, ModelId modelId, uint32 index, uint64 committedAt) internal {
        Origin storage origin = _origin[weightsHash];
        VersionId versionId = VersionId.wrap(index);
        if (origin.committedAt != 0 && origin.committedAt <= committedAt) {
            emit WeightsDuplicated(weightsHash, modelId, versionId);
            return;
        }
        if (origin.committedAt != 0) {
            emit WeightsDuplicated(
                weightsHash, ModelId.wrap(origin.modelId), VersionId.wrap(origin.versionId)
            );
        }
        (origin.modelId, origin.versionId, origin.committedAt) =
        (uint64(ModelId.unwrap(modelId)), index, committedAt);
        emit WeightsClaimed(weightsHash, modelId, versionId, committedAt);
    }
}
