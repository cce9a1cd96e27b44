// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccuracyProofs} from "../interfaces/IAccuracyProofs.sol";
import {IBenchmarkOracle} from "../interfaces/IBenchmarkOracle.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../interfaces/IReviewBoard.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title VersionGate
/// @notice The DAO's only door to a model's canonical pointer: the creator names this contract as curator, never the
/// timelock. The door opens with evidence. The DAO never publishes, sells or revokes: versions are their creator's.
contract VersionGate {
    error VersionGate_NotTimelock(address caller);
    error VersionGate_ReviewNotPassed(uint256 reviewId, ModelId modelId, VersionId versionId);
    error VersionGate_NotProven(ModelId modelId, VersionId versionId);
    error VersionGate_AccuracyTooLow(uint256 right, uint256 minimum);
    error VersionGate_BenchmarkTooLow(ModelId modelId, VersionId versionId);

    event AcceptedByReview(ModelId indexed modelId, VersionId indexed versionId, uint256 indexed reviewId);
    event AcceptedByAccuracy(ModelId indexed modelId, VersionId indexed versionId, uint256 right);

    IModelRegistry private immutable _registry;
    IReviewBoard private immutable _board;
    IAccuracyProofs private immutable _proofs;
    IBenchmarkOracle private immutable _oracle;
    address private immutable _timelock;

    modifier onlyTimelock() {
        _checkTimelock();
        _;
    }

    constructor(
        IModelRegistry registry_,
        IReviewBoard board_,
        IAccuracyProofs proofs_,
        IBenchmarkOracle oracle_,
        address timelock_
    ) {
        (_registry, _board, _proofs, _oracle, _timelock) = (registry_, board_, proofs_, oracle_, timelock_);
    }

    /// @notice Makes a version canonical on a review that has passed under the model's present standard.
    function acceptByReview(ModelId modelId, VersionId versionId, uint256 reviewId) external onlyTimelock {
        if (!_board.hasPassed(reviewId, modelId, versionId)) {
            revert VersionGate_ReviewNotPassed(reviewId, modelId, versionId);
        }
        emit AcceptedByReview(modelId, versionId, reviewId);
        _accept(modelId, versionId);
    }

    /// @notice Makes a version canonical on a proof that it reaches the present standard on its committed test set.
    /// @dev The key is approved by the timelock, in the same proposal or before.
    function acceptByAccuracy(ModelId modelId, VersionId versionId) external onlyTimelock {
        IReviewBoard.Standard memory standard = _board.standardOf(modelId);
        (bool proven, uint256 right) =
            _proofs.rightOf(modelId, versionId, standard.suiteHash, standard.samples);
        if (!proven || standard.revision == 0) revert VersionGate_NotProven(modelId, versionId);
        if (right < standard.minRight) revert VersionGate_AccuracyTooLow(right, standard.minRight);
        emit AcceptedByAccuracy(modelId, versionId, right);
        _accept(modelId, versionId);
    }

    function _accept(ModelId modelId, VersionId versionId) private {
        if (!_oracle.isGoodEnough(modelId, versionId)) {
            revert VersionGate_BenchmarkTooLow(modelId, versionId);
        }
        _registry.setCanonicalVersion(modelId, versionId);
    }

    function _checkTimelock() private view {
        if (msg.sender != _timelock) revert VersionGate_NotTimelock(msg.sender);
    }
}
