// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";

/// @title Disputes about models
/// @notice Somebody with evidence (an unlicensed derivative registered as a root, stolen weights) posts a bond and tags a
/// model. While any tag holds, claims of that model's own income wait; nobody else's do, and sales go on. Disputes are
/// numbered from 1 and independent of each other: an owner who tags his own model keeps nobody else from tagging it.
interface IModelDisputes {
    /// @dev Open: waits for the arbiter. Upheld: the tag holds until it is lifted. Closed: no tag.
    enum State {
        None,
        Open,
        Upheld,
        Closed
    }

    struct Dispute {
        address accuser;
        uint64 modelId;
        State state;
        uint48 decideBy; // last second at which the arbiter decides
    }

    error ModelDisputes_ModelNotFound(ModelId modelId);
    error ModelDisputes_WrongBond(uint256 value, uint256 expected);
    error ModelDisputes_AccusedBefore(ModelId modelId, address accuser);
    error ModelDisputes_NotOpen(uint256 disputeId);
    error ModelDisputes_NotUpheld(uint256 disputeId);
    error ModelDisputes_NotOwner(ModelId modelId, address caller);
    error ModelDisputes_NotAccuser(uint256 disputeId, address caller);
    error ModelDisputes_StillOpen(uint256 disputeId, uint256 decideBy);
    error ModelDisputes_TextTooLong(uint256 length, uint256 limit);
    error ModelDisputes_ZeroAddress();
    error ModelDisputes_ZeroBond();

    event DisputeOpened(
        uint256 indexed disputeId,
        ModelId indexed modelId,
        address indexed accuser,
        bytes32 evidenceHash,
        string evidenceURI,
        uint256 bond,
        uint48 decideBy
    );
    event DisputeAnswered(uint256 indexed disputeId, address indexed owner, string answerURI);
    event DisputeDecided(uint256 indexed disputeId, bool upheld, address bondTo, string reason);
    event DisputeLapsed(uint256 indexed disputeId);
    event DisputeWithdrawn(uint256 indexed disputeId, address bondTo);
    event DisputeLifted(uint256 indexed disputeId, address indexed by);
    event BondWithdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Tags a model. `msg.value` is the bond. An account accuses a model once.
    /// @param evidenceHash SHA-256 of the evidence
    /// @param evidenceURI at most 512 bytes
    function open(ModelId modelId, bytes32 evidenceHash, string calldata evidenceURI)
        external
        payable
        returns (uint256 disputeId);

    /// @notice Puts the model's owner's answer on record.
    function answer(uint256 disputeId, string calldata answerURI) external;

    /// @notice The accuser gives up before a decision; the bond goes to the model's owner.
    function withdraw(uint256 disputeId) external;

    /// @notice Decides. Upheld: the accuser gets the bond back and the tag stays until it is lifted. Dismissed: the
    /// model's owner gets the bond. Role ARBITER.
    function decide(uint256 disputeId, bool upheld, string calldata reason) external;

    /// @notice Ends a dispute that was not decided in time; the accuser gets the bond back. Anybody.
    function lapse(uint256 disputeId) external;

    /// @notice Lifts the tag of an upheld dispute: its accuser, once the parties agree.
    function lift(uint256 disputeId) external;

    /// @notice Lifts the tag of an upheld dispute. Role ARBITER.
    function liftByArbiter(uint256 disputeId) external;

    /// @notice Sends the caller's bonds that came back or were won.
    function withdrawBond(address to) external returns (uint256 amount);

    /// @notice Whether any tag on the model holds now.
    function isFrozen(ModelId modelId) external view returns (bool frozen);

    /// @notice A dispute; all zero when there is none.
    function disputeOf(uint256 disputeId) external view returns (Dispute memory dispute);

    /// @notice Bonds that the account can withdraw.
    function bondOf(address account) external view returns (uint256 amount);

    /// @notice How many disputes were ever opened.
    function totalDisputes() external view returns (uint256 count);
}
