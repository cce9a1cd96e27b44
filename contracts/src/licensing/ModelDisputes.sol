// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IModelDisputes} from "../interfaces/IModelDisputes.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {ModelId} from "../types/Ids.sol";

/// @title ModelDisputes
/// @notice Balance = bonds at stake + bonds to withdraw. The arbiter can freeze and set free; it can move no money but a
/// bond, to one of the two parties.
contract ModelDisputes is IModelDisputes, AccessManaged, ReentrancyGuardTransient {
    /// @notice How long the arbiter has; afterwards anybody ends the dispute.
    uint48 public constant DECISION_TIME = 30 days;

    uint256 private constant MAX_TEXT_BYTES = 512;

    /// @notice What an accuser puts at stake, in wei.
    uint256 public immutable bond;

    IModelRegistry private immutable _registry;

    /// @inheritdoc IModelDisputes
    uint256 public totalDisputes;

    mapping(uint256 disputeId => Dispute) private _dispute;
    mapping(ModelId modelId => uint256) private _tags;
    mapping(ModelId modelId => mapping(address account => bool)) private _accused;
    mapping(address account => uint256) private _credit;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param bond_ wei, not zero: a free tag would be a free way to stop somebody's claims
    constructor(address authority, IModelRegistry registry_, uint256 bond_) AccessManaged(authority) {
        if (bond_ == 0) revert ModelDisputes_ZeroBond();
        (_registry, bond) = (registry_, bond_);
    }

    /// @inheritdoc IModelDisputes
    function open(ModelId modelId, bytes32 evidenceHash, string calldata evidenceURI)
        external
        payable
        returns (uint256 disputeId)
    {
        if (msg.value != bond) revert ModelDisputes_WrongBond(msg.value, bond);
        _checkText(evidenceURI);
        if (_registry.modelOwner(modelId) == address(0)) revert ModelDisputes_ModelNotFound(modelId);
        if (_accused[modelId][msg.sender]) revert ModelDisputes_AccusedBefore(modelId, msg.sender);
        _accused[modelId][msg.sender] = true;
        ++_tags[modelId];
        disputeId = ++totalDisputes;
        uint48 decideBy = uint48(block.timestamp) + DECISION_TIME;
        _dispute[disputeId] = Dispute(msg.sender, uint64(ModelId.unwrap(modelId)), State.Open, decideBy);
        emit DisputeOpened(disputeId, modelId, msg.sender, evidenceHash, evidenceURI, bond, decideBy);
    }

    /// @inheritdoc IModelDisputes
    function answer(uint256 disputeId, string calldata answerURI) external {
        _checkText(answerURI);
        Dispute storage dispute = _dispute[disputeId];
        ModelId modelId = ModelId.wrap(dispute.modelId);
        if (_registry.modelOwner(modelId) != msg.sender) {
            revert ModelDisputes_NotOwner(modelId, msg.sender);
        }
        if (dispute.state != State.Open) revert ModelDisputes_NotOpen(disputeId);
        emit DisputeAnswered(disputeId, msg.sender, answerURI);
    }

    /// @inheritdoc IModelDisputes
    function withdraw(uint256 disputeId) external {
        Dispute storage dispute = _requireInTime(disputeId);
        if (dispute.accuser != msg.sender) revert ModelDisputes_NotAccuser(disputeId, msg.sender);
        address owner = _ownerOf(dispute);
        _credit[owner] += bond;
        _close(dispute);
        emit DisputeWithdrawn(disputeId, owner);
    }

    /// @inheritdoc IModelDisputes
    function decide(uint256 disputeId, bool upheld, string calldata reason) external restricted {
        _checkText(reason);
        Dispute storage dispute = _requireInTime(disputeId);
        address bondTo = upheld ? dispute.accuser : _ownerOf(dispute);
        _credit[bondTo] += bond;
        if (upheld) dispute.state = State.Upheld;
        else _close(dispute);
        emit DisputeDecided(disputeId, upheld, bondTo, reason);
    }

    /// @inheritdoc IModelDisputes
    function lapse(uint256 disputeId) external {
        Dispute storage dispute = _dispute[disputeId];
        if (dispute.state != State.Open) revert ModelDisputes_NotOpen(disputeId);
        if (block.timestamp <= dispute.decideBy) {
            revert ModelDisputes_StillOpen(disputeId, dispute.decideBy);
        }
        _credit[dispute.accuser] += bond;
        _close(dispute);
        emit DisputeLapsed(disputeId);
    }

    /// @inheritdoc IModelDisputes
    function lift(uint256 disputeId) external {
        if (_dispute[disputeId].accuser != msg.sender) {
            revert ModelDisputes_NotAccuser(disputeId, msg.sender);
        }
        _lift(disputeId);
    }

    /// @inheritdoc IModelDisputes
    function liftByArbiter(uint256 disputeId) external restricted {
        _lift(disputeId);
    }

    /// @inheritdoc IModelDisputes
    function withdrawBond(address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert ModelDisputes_ZeroAddress();
        amount = _credit[msg.sender];
        _credit[msg.sender] = 0;
        emit BondWithdrawn(msg.sender, to, amount);
        NativeTransfer.send(to, amount);
    }

    /// @inheritdoc IModelDisputes
    function isFrozen(ModelId modelId) external view returns (bool) {
        return _tags[modelId] != 0;
    }

    /// @inheritdoc IModelDisputes
    function disputeOf(uint256 disputeId) external view returns (Dispute memory) {
        return _dispute[disputeId];
    }

    /// @inheritdoc IModelDisputes
    function bondOf(address account) external view returns (uint256) {
        return _credit[account];
    }

    function _lift(uint256 disputeId) private {
        Dispute storage dispute = _dispute[disputeId];
        if (dispute.state != State.Upheld) revert ModelDisputes_NotUpheld(disputeId);
        _close(dispute);
        emit DisputeLifted(disputeId, msg.sender);
    }

    function _close(Dispute storage dispute) private {
        dispute.state = State.Closed;
        --_tags[ModelId.wrap(dispute.modelId)];
    }

    function _ownerOf(Dispute storage dispute) private view returns (address) {
        return _registry.modelOwner(ModelId.wrap(dispute.modelId));
    }

    /// @dev A dispute that was not decided in time can only lapse.
    function _requireInTime(uint256 disputeId) private view returns (Dispute storage dispute) {
        dispute = _dispute[disputeId];
        if (dispute.state != State.Open || block.timestamp > dispute.decideBy) {
            revert ModelDisputes_NotOpen(disputeId);
        }
    }

    function _checkText(string calldata text) private pure {
        if (bytes(text).length > MAX_TEXT_BYTES) {
            revert ModelDisputes_TextTooLong(bytes(text).length, MAX_TEXT_BYTES);
        }
    }
}
