// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";

/// @title Technical review of versions by bonded reviewers
/// @notice A score is the number of right answers out of `samples` of the suite, so that reviewers, accuracy proofs and
/// challengers speak of the same number.
interface IReviewBoard {
    /// @notice What a version of a model must reach. Set by the timelock; each change voids earlier reviews.
    struct Standard {
        bytes32 suiteHash; // keccak256 of the test set's commitment words (docs/spec/accuracy.md)
        uint32 samples;
        uint32 minRight;
        uint32 revision; // counts the changes; 0: no standard
    }

    /// @notice Fixed at deployment.
    struct Rules {
        uint256 bond; // native, locked by each reviewer for each review
        uint256 challengeBond; // native
        uint64 commitPeriod;
        uint64 revealPeriod;
        uint64 challengePeriod;
        uint64 decisionPeriod; // after it an undecided challenge lapses
        uint8 quorum; // passing attestations that a review needs (k)
        uint8 seats; // most reviewers in a review (n)
    }

    struct Review {
        ModelId modelId;
        VersionId versionId;
        bytes32 weightsHash;
        Standard standard;
        uint64 commitEnd;
        uint64 revealEnd;
        uint64 challengeEnd;
        uint8 seated;
        uint8 passes;
        uint8 fails;
        uint8 openChallenges;
    }

    /// @dev Challenged: its challenge is open. Stands and Slashed: decided.
    enum AttestationState {
        None,
        Committed,
        Revealed,
        Challenged,
        Stands,
        Slashed,
        Released
    }

    struct Attestation {
        AttestationState state;
        bool passed;
        uint32 right;
        uint64 challengedAt;
        address challenger;
        bytes32 commitment;
        bytes32 weightsHash; // as the reviewer computed it
    }

    error ReviewBoard_NotTimelock(address caller);
    error ReviewBoard_BadRules();
    error ReviewBoard_BadStandard();
    error ReviewBoard_NoStandard(ModelId modelId);
    error ReviewBoard_NoVersion(ModelId modelId, VersionId versionId);
    error ReviewBoard_NoReview(uint256 reviewId);
    error ReviewBoard_NotAdmitted(address reviewer);
    error ReviewBoard_InterestedReviewer(address reviewer);
    error ReviewBoard_WrongPhase(uint256 nowSeconds, uint256 from, uint256 to);
    error ReviewBoard_WrongState(AttestationState state);
    error ReviewBoard_NoSeatLeft(uint256 seats);
    error ReviewBoard_BondMissing(uint256 free, uint256 needed);
    error ReviewBoard_WrongValue(uint256 sent, uint256 expected);
    error ReviewBoard_CommitmentMismatch();
    error ReviewBoard_ScoreAboveSamples(uint256 right, uint256 samples);
    error ReviewBoard_NotProven();
    error ReviewBoard_DecisionPending(uint256 until);

    event ReviewerAdmitted(address indexed reviewer, bool admitted);
    event StandardChanged(ModelId indexed modelId, Standard standard);
    event BalanceChanged(address indexed account, uint256 balance);
    event ReviewOpened(
        uint256 indexed reviewId,
        ModelId indexed modelId,
        VersionId indexed versionId,
        bytes32 weightsHash,
        Standard standard
    );
    event ScoreCommitted(uint256 indexed reviewId, address indexed reviewer, bytes32 commitment);
    event ScoreRevealed(
        uint256 indexed reviewId, address indexed reviewer, bytes32 weightsHash, uint32 right, bool passed
    );
    event AttestationChallenged(
        uint256 indexed reviewId, address indexed reviewer, address indexed challenger, bytes32 evidenceHash
    );
    event ChallengeDecided(uint256 indexed reviewId, address indexed reviewer, bool upheld);
    event ChallengeLapsed(uint256 indexed reviewId, address indexed reviewer);

    /// @notice Sets what versions of a model must reach; the revision is counted here. The timelock.
    function setStandard(ModelId modelId, bytes32 suiteHash, uint32 samples, uint32 minRight) external;

    /// @notice Whose scores count. The timelock; who is dismissed still reveals what he committed.
    function admit(address reviewer, bool admitted) external;

    /// @notice Adds the value sent to the caller's free balance.
    function deposit() external payable;

    /// @notice Pays out free balance. What is locked in a review is not free.
    function withdraw(address to, uint256 amount) external;

    /// @notice Opens a review of a version under the model's present standard. Anybody.
    function open(ModelId modelId, VersionId versionId) external returns (uint256 reviewId);

    /// @notice Takes a seat and locks the bond. An admitted reviewer who does not own the model.
    /// @param commitment `commitmentOf(reviewId, reviewer, weightsHash, right, salt)`
    function commit(uint256 reviewId, bytes32 commitment) external;

    /// @notice Shows the score. Another hash than the registered one is a failed review, whatever the score.
    function reveal(uint256 reviewId, bytes32 weightsHash, uint32 right, bytes32 salt) external;

    /// @notice Disputes a revealed attestation, once, with the challenge bond as value.
    function challenge(uint256 reviewId, address reviewer, bytes32 evidenceHash) external payable;

    /// @notice Decides a challenge. The timelock, also after the decision period if nobody let it lapse.
    function decide(uint256 reviewId, address reviewer, bool upheld) external;

    /// @notice Decides a challenge by an accuracy proof of the same version and suite under an approved key. Anybody.
    function decideByProof(uint256 reviewId, address reviewer) external;

    /// @notice Ends a challenge that nobody decided: the attestation stands, the challenger's bond is free again.
    function lapse(uint256 reviewId, address reviewer) external;

    /// @notice After the challenge window: frees a reviewer's bond, or gives it to the timelock if he never revealed.
    function release(uint256 reviewId, address reviewer) external;

    /// @notice Whether the review is finished and passed, for exactly this version under its model's present standard.
    function hasPassed(uint256 reviewId, ModelId modelId, VersionId versionId) external view returns (bool);

    /// @notice What a reviewer commits to; it names him, so a copy is worth nothing.
    function commitmentOf(uint256 reviewId, address reviewer, bytes32 weightsHash, uint32 right, bytes32 salt)
        external
        view
        returns (bytes32);

    /// @notice The model's present standard.
    function standardOf(ModelId modelId) external view returns (Standard memory);

    /// @notice A review; reverts when there is none.
    function getReview(uint256 reviewId) external view returns (Review memory);

    /// @notice A reviewer's attestation.
    function getAttestation(uint256 reviewId, address reviewer) external view returns (Attestation memory);

    /// @notice Free balance.
    function balanceOf(address account) external view returns (uint256);
}
