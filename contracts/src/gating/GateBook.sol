// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC6372} from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IGateBook} from "../interfaces/IGateBook.sol";
import {IGatePredicate} from "../interfaces/IGatePredicate.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";
import {ModelId} from "../types/Ids.sol";
import {Eligibility} from "./Eligibility.sol";
import {StakeVault} from "./StakeVault.sol";

/// @title GateBook
/// @notice Gates and their epochs. Nobody but a model's owner opens gates, and nobody changes one.
abstract contract GateBook is IGateBook {
    /// @notice Shortest and longest epoch.
    uint32 public constant MIN_PERIOD = 1 hours;
    uint32 public constant MAX_PERIOD = 92 days;

    uint64 internal constant NOT_RETIRED = type(uint64).max;

    IModelRegistry internal immutable _registry;
    IStakeVault internal immutable _stakeVault;

    /// @notice How many gates there are; they are numbered from 1.
    uint256 public totalGates;

    mapping(uint256 gateId => Gate) internal _gate;

    constructor(IModelRegistry registry_) {
        _registry = registry_;
        _stakeVault = new StakeVault(this);
    }

    /// @inheritdoc IGateBook
    function createGate(ModelId modelId, GateTerms calldata terms) external returns (uint256 gateId) {
        _checkOwner(modelId);
        if (terms.period < MIN_PERIOD || terms.period > MAX_PERIOD) {
            revert GateBook_PeriodOutOfRange(terms.period, MIN_PERIOD, MAX_PERIOD);
        }
        bool counted = terms.kind == Kind.Votes || terms.kind == Kind.Stake;
        if (counted != (terms.threshold != 0)) revert GateBook_ThresholdOutOfRange(terms.threshold);
        if (
            terms.quota == 0 || terms.maxMultiple == 0
                || (terms.kind == Kind.Erc721 && terms.maxMultiple != 1)
        ) revert GateBook_QuotaOutOfRange(terms.quota, terms.maxMultiple);
        _checkTarget(terms.kind, terms.target);
        gateId = ++totalGates;
        _gate[gateId] = Gate(modelId, terms, uint64(block.timestamp), NOT_RETIRED);
        emit GateCreated(gateId, modelId, terms, uint64(block.timestamp));
    }

    /// @inheritdoc IGateBook
    function retireGate(uint256 gateId) external {
        Gate storage gate = _existing(gateId);
        _checkOwner(gate.modelId);
        if (gate.retiredFrom != NOT_RETIRED) revert GateBook_Retired(gateId);
        gate.retiredFrom = uint64(epochAt(gateId, block.timestamp)) + 1;
        emit GateRetired(gateId, gate.retiredFrom);
    }

    /// @inheritdoc IGateBook
    function getGate(uint256 gateId) external view returns (Gate memory) {
        return _existing(gateId);
    }

    /// @inheritdoc IGateBook
    function entitlement(uint256 gateId, address account, uint256 key, uint256 epoch)
        external
        view
        returns (uint256)
    {
        return _entitlement(gateId, _existing(gateId), account, key, epoch);
    }

    /// @inheritdoc IGateBook
    function epochAt(uint256 gateId, uint256 time) public view returns (uint256) {
        Gate storage gate = _existing(gateId);
        return time < gate.anchor ? 0 : (time - gate.anchor) / gate.terms.period;
    }

    /// @inheritdoc IGateBook
    function epochStart(uint256 gateId, uint256 epoch) public view returns (uint256) {
        Gate storage gate = _existing(gateId);
        return gate.anchor + epoch * gate.terms.period;
    }

    /// @dev Never reverts for an existing gate and an epoch that has started.
    function _entitlement(uint256 gateId, Gate storage gate, address account, uint256 key, uint256 epoch)
        internal
        view
        returns (uint256)
    {
        if (epoch >= gate.retiredFrom) return 0;
        GateTerms memory terms = gate.terms;
        uint256 start = gate.anchor + epoch * terms.period;
        if (terms.kind == Kind.Erc721) {
            return Eligibility.usesToken(account, terms.target, key) ? terms.quota : 0;
        }
        uint256 most = uint256(terms.quota) * terms.maxMultiple;
        if (terms.kind == Kind.Predicate) {
            uint256 answer = Eligibility.predicateQuota(terms.target, gateId, account, key, start);
            return answer < most ? answer : most;
        }
        if (key >> 160 != 0 || !Eligibility.actsFor(account, address(uint160(key)), terms.target)) return 0;
        uint256 holding = terms.kind == Kind.Votes
            ? Eligibility.pastVotes(terms.target, address(uint160(key)), start - 1)
            : _staked(gateId, address(uint160(key)), start + terms.period);
        uint256 multiple = holding / terms.threshold;
        return multiple < terms.maxMultiple ? multiple * terms.quota : most;
    }

    function _existing(uint256 gateId) internal view returns (Gate storage gate) {
        gate = _gate[gateId];
        if (gate.anchor == 0) revert GateBook_GateNotFound(gateId);
    }

    /// @dev The stake, if it was there before the epoch ended.
    function _staked(uint256 gateId, address holder, uint256 epochEnd) private view returns (uint256) {
        IStakeVault.Stake memory position = _stakeVault.stakeOf(gateId, holder);
        return position.since < epochEnd ? position.amount : 0;
    }

    function _checkOwner(ModelId modelId) private view {
        if (_registry.modelOwner(modelId) != msg.sender) revert GateBook_NotModelOwner(modelId, msg.sender);
    }

    function _checkTarget(Kind kind, address target) private view {
        bool fits = target.code.length != 0 && kind != Kind.None;
        if (kind == Kind.Erc721) fits = fits && _supports(target, type(IERC721).interfaceId);
        if (kind == Kind.Predicate) fits = fits && _supports(target, type(IGatePredicate).interfaceId);
        if (kind == Kind.Votes) {
            (bool ok, uint256 clock) =
                BoundedCall.word(target, Eligibility.TARGET_GAS, abi.encodeCall(IERC6372.clock, ()));
            fits = fits && ok && clock == block.timestamp;
        }
        if (!fits) revert GateBook_TargetRefused(target);
    }

    function _supports(address target, bytes4 interfaceId) private view returns (bool) {
        (bool ok, uint256 answer) = BoundedCall.word(
            target, Eligibility.TARGET_GAS, abi.encodeCall(IERC165.supportsInterface, (interfaceId))
        );
        return ok && answer == 1;
    }
}
