// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccuracyProofs} from "../interfaces/IAccuracyProofs.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../interfaces/IReviewBoard.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {ReviewBonds} from "./ReviewBonds.sol";

/// @title ReviewBoard
/// @notice Scores are committed, then revealed, then open to challenge. A bond is locked from the commitment to the end of
/// the challenge window, so nobody leaves before he can be caught.
contract ReviewBoard is ReviewBonds {
    /// @notice Most seats a review can have.
    uint8 public constant MAX_SEATS = 32;

    IModelRegistry private immutable _registry;
    IAccuracyProofs private immutable _proofs;

    uint256 private _reviews;
    Rules private _rules;
    mapping(ModelId modelId => Standard) private _standard;
    mapping(uint256 reviewId => Review) private _review;
    mapping(uint256 reviewId => mapping(address reviewer => Attestation)) private _attestation;

    constructor(IModelRegistry registry_, IAccuracyProofs proofs_, address timelock_, Rules memory rules_)
        ReviewBonds(timelock_)
    {
        bool sane = rules_.quorum != 0 && rules_.quorum <= rules_.seats && rules_.seats <= MAX_SEATS
            && rules_.bond != 0 && rules_.challengeBond != 0 && rules_.commitPeriod != 0
            && rules_.revealPeriod != 0 && rules_.challengePeriod != 0 && rules_.decisionPeriod != 0;
        if (!sane) revert ReviewBoard_BadRules();
        (_registry, _proofs, _rules) = (registry_, proofs_, rules_);
    }

    /// @inheritdoc IReviewBoard
    function setStandard(ModelId modelId, bytes32 suiteHash, uint32 samples, uint32 minRight)
        external
        onlyTimelock
    {
        if (suiteHash == 0 || minRight == 0 || minRight > samples) revert ReviewBoard_BadStandard();
        uint32 revision = _standard[modelId].revision + 1;
        _standard[modelId] = Standard(suiteHash, samples, minRight, revision);
        emit StandardChanged(modelId, _standard[modelId]);
    }

    /// @inheritdoc IReviewBoard
    function open(ModelId modelId, VersionId versionId) external returns (uint256 reviewId) {
        Standard memory standard = _standard[modelId];
        if (standard.revision == 0) revert ReviewBoard_NoStandard(modelId);
        IModelRegistry.Status status = _registry.statusOf(modelId, versionId);
        if (status == IModelRegistry.Status.None || status == IModelRegistry.Status.Revoked) {
            revert ReviewBoard_NoVersion(modelId, versionId);
        }
        (IModelRegistry.VersionCommitment memory version,) = _registry.getVersion(modelId, versionId);
        reviewId = ++_reviews;
        Review storage review = _review[reviewId];
        (review.modelId, review.versionId) = (modelId, versionId);
        (review.weightsHash, review.standard) = (version.weightsHash, standard);
        review.commitEnd = uint64(block.timestamp) + _rules.commitPeriod;
        review.revealEnd = review.commitEnd + _rules.revealPeriod;
        review.challengeEnd = review.revealEnd + _rules.challengePeriod;
        emit ReviewOpened(reviewId, modelId, versionId, version.weightsHash, standard);
    }

    /// @inheritdoc IReviewBoard
    function commit(uint256 reviewId, bytes32 commitment) external {
        Review storage review = _require(reviewId);
        if (!isAdmitted[msg.sender]) revert ReviewBoard_NotAdmitted(msg.sender);
        if (msg.sender == _registry.modelOwner(review.modelId)) {
            revert ReviewBoard_InterestedReviewer(msg.sender);
        }
        _checkPhase(0, review.commitEnd);
        Attestation storage attestation = _inState(reviewId, msg.sender, AttestationState.None);
        if (review.seated == _rules.seats) revert ReviewBoard_NoSeatLeft(_rules.seats);
        _debit(msg.sender, _rules.bond);
        ++review.seated;
        (attestation.state, attestation.commitment) = (AttestationState.Committed, commitment);
        emit ScoreCommitted(reviewId, msg.sender, commitment);
    }

    /// @inheritdoc IReviewBoard
    function reveal(uint256 reviewId, bytes32 weightsHash, uint32 right, bytes32 salt) external {
        Review storage review = _require(reviewId);
        _checkPhase(review.commitEnd, review.revealEnd);
        Attestation storage attestation = _inState(reviewId, msg.sender, AttestationState.Committed);
        if (attestation.commitment != commitmentOf(reviewId, msg.sender, weightsHash, right, salt)) {
            revert ReviewBoard_CommitmentMismatch();
        }
        Standard storage standard = review.standard;
        if (right > standard.samples) revert ReviewBoard_ScoreAboveSamples(right, standard.samples);
        bool passed = weightsHash == review.weightsHash && right >= standard.minRight;
        if (passed) ++review.passes;
        else ++review.fails;
        (attestation.state, attestation.passed) = (AttestationState.Revealed, passed);
        (attestation.right, attestation.weightsHash) = (right, weightsHash);
        emit ScoreRevealed(reviewId, msg.sender, weightsHash, right, passed);
    }

    /// @inheritdoc IReviewBoard
    function challenge(uint256 reviewId, address reviewer, bytes32 evidenceHash) external payable {
        Review storage review = _require(reviewId);
        _checkPhase(review.revealEnd, review.challengeEnd);
        Attestation storage attestation = _inState(reviewId, reviewer, AttestationState.Revealed);
        if (msg.value != _rules.challengeBond) {
            revert ReviewBoard_WrongValue(msg.value, _rules.challengeBond);
        }
        (attestation.state, attestation.challenger) = (AttestationState.Challenged, msg.sender);
        attestation.challengedAt = uint64(block.timestamp);
        ++review.openChallenges;
        emit AttestationChallenged(reviewId, reviewer, msg.sender, evidenceHash);
    }

    /// @inheritdoc IReviewBoard
    function decide(uint256 reviewId, address reviewer, bool upheld) external onlyTimelock {
        _decide(
            _require(reviewId), _inState(reviewId, reviewer, AttestationState.Challenged), reviewer, upheld
        );
        emit ChallengeDecided(reviewId, reviewer, upheld);
    }

    /// @inheritdoc IReviewBoard
    /// @dev A reviewer who named other weights than the registered ones says nothing that a proof about them decides.
    function decideByProof(uint256 reviewId, address reviewer) external {
        Review storage review = _require(reviewId);
        Attestation storage attestation = _inState(reviewId, reviewer, AttestationState.Challenged);
        (bool proven, uint256 right) = _proofs.rightOf(
            review.modelId, review.versionId, review.standard.suiteHash, review.standard.samples
        );
        if (!proven || attestation.weightsHash != review.weightsHash) revert ReviewBoard_NotProven();
        bool upheld = right != attestation.right;
        _decide(review, attestation, reviewer, upheld);
        emit ChallengeDecided(reviewId, reviewer, upheld);
    }

    /// @inheritdoc IReviewBoard
    function lapse(uint256 reviewId, address reviewer) external {
        Review storage review = _require(reviewId);
        Attestation storage attestation = _inState(reviewId, reviewer, AttestationState.Challenged);
        uint256 until = uint256(attestation.challengedAt) + _rules.decisionPeriod;
        if (block.timestamp < until) revert ReviewBoard_DecisionPending(until);
        --review.openChallenges;
        attestation.state = AttestationState.Stands;
        _credit(attestation.challenger, _rules.challengeBond);
        emit ChallengeLapsed(reviewId, reviewer);
    }

    /// @inheritdoc IReviewBoard
    function release(uint256 reviewId, address reviewer) external {
        Review storage review = _require(reviewId);
        _checkPhase(review.challengeEnd, type(uint256).max);
        Attestation storage attestation = _attestation[reviewId][reviewer];
        AttestationState state = attestation.state;
        bool revealed = state == AttestationState.Revealed || state == AttestationState.Stands;
        if (!revealed && state != AttestationState.Committed) revert ReviewBoard_WrongState(state);
        attestation.state = AttestationState.Released;
        _credit(revealed ? reviewer : timelock, _rules.bond);
    }

    /// @inheritdoc IReviewBoard
    function hasPassed(uint256 reviewId, ModelId modelId, VersionId versionId) external view returns (bool) {
        Review storage review = _review[reviewId];
        return review.challengeEnd != 0 && review.modelId == modelId && review.versionId == versionId
            && review.standard.revision == _standard[modelId].revision
            && block.timestamp >= review.challengeEnd && review.openChallenges == 0
            && review.passes >= _rules.quorum && review.passes > review.fails;
    }

    /// @inheritdoc IReviewBoard
    function standardOf(ModelId modelId) external view returns (Standard memory) {
        return _standard[modelId];
    }

    /// @inheritdoc IReviewBoard
    function getReview(uint256 reviewId) external view returns (Review memory) {
        return _require(reviewId);
    }

    /// @inheritdoc IReviewBoard
    function getAttestation(uint256 reviewId, address reviewer) external view returns (Attestation memory) {
        return _attestation[reviewId][reviewer];
    }

    /// @notice What was fixed at deployment.
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @inheritdoc IReviewBoard
    function commitmentOf(uint256 reviewId, address reviewer, bytes32 weightsHash, uint32 right, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return
            keccak256(abi.encode(block.chainid, address(this), reviewId, reviewer, weightsHash, right, salt));
    }

    /// @dev Upheld: half of the reviewer's bond is the challenger's, the rest the treasury's, so that a reviewer who
    /// challenges himself loses. Dismissed: the challenger's bond is the reviewer's.
    function _decide(Review storage review, Attestation storage attestation, address reviewer, bool upheld)
        private
    {
        --review.openChallenges;
        if (!upheld) {
            attestation.state = AttestationState.Stands;
            _credit(reviewer, _rules.challengeBond);
            return;
        }
        attestation.state = AttestationState.Slashed;
        if (attestation.passed) --review.passes;
        else --review.fails;
        uint256 reward = _rules.bond / 2;
        _credit(attestation.challenger, _rules.challengeBond + reward);
        _credit(timelock, _rules.bond - reward);
    }

    function _require(uint256 reviewId) private view returns (Review storage review) {
        review = _review[reviewId];
        if (review.challengeEnd == 0) revert ReviewBoard_NoReview(reviewId);
    }

    function _inState(uint256 reviewId, address reviewer, AttestationState state)
        private
        view
        returns (Attestation storage attestation)
    {
        attestation = _attestation[reviewId][reviewer];
        if (attestation.state != state) revert ReviewBoard_WrongState(attestation.state);
    }

    /// @dev `from` is inside of the phase, `to` is not.
    function _checkPhase(uint256 from, uint256 to) private view {
        if (block.timestamp < from || block.timestamp >= to) {
            revert ReviewBoard_WrongPhase(block.timestamp, from, to);
        }
    }
}
