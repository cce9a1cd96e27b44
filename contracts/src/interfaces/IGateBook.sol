// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";

/// @title Gates: who may use a model without paying per call, and how much of it per epoch
/// @notice A gate never changes; it can be retired from the next epoch on. Every quota has a key: the token id of an NFT,
/// otherwise the holder's address as a number. Usage is counted per key, so moving an NFT to another wallet moves the used
/// quota with it.
interface IGateBook {
    enum Kind {
        None,
        Erc721, // whoever may use the token now: its ERC-4907 user, else its owner
        Votes, // ERC-20 holding: delegated votes at the start of the epoch (ERC-5805 with timestamps)
        Stake, // any ERC-20, locked in StakeVault
        Predicate // an IGatePredicate; Allowlist is one
    }

    struct GateTerms {
        Kind kind;
        address target; // collection, votes token, staked token or predicate
        uint128 threshold; // tokens for one quota (Votes, Stake); 0 otherwise
        uint64 quota; // units per epoch
        uint32 maxMultiple; // most quotas that a large holding gives; 1 for Erc721
        uint32 period; // seconds of an epoch
    }

    struct Gate {
        ModelId modelId;
        GateTerms terms;
        uint64 anchor; // start of epoch 0
        uint64 retiredFrom; // first epoch without entitlement; 2^64 - 1 when not retired
    }

    error GateBook_NotModelOwner(ModelId modelId, address caller);
    error GateBook_GateNotFound(uint256 gateId);
    error GateBook_TargetRefused(address target);
    error GateBook_PeriodOutOfRange(uint256 period, uint256 minimum, uint256 maximum);
    error GateBook_QuotaOutOfRange(uint256 quota, uint256 maxMultiple);
    error GateBook_ThresholdOutOfRange(uint256 threshold);
    error GateBook_Retired(uint256 gateId);

    event GateCreated(uint256 indexed gateId, ModelId indexed modelId, GateTerms terms, uint64 anchor);
    event GateRetired(uint256 indexed gateId, uint64 fromEpoch);

    /// @notice Opens a gate of a model. Only the model's owner.
    function createGate(ModelId modelId, GateTerms calldata terms) external returns (uint256 gateId);

    /// @notice Closes a gate from the next epoch on. Only the model's owner.
    function retireGate(uint256 gateId) external;

    /// @notice The gate; reverts when there is none.
    function getGate(uint256 gateId) external view returns (Gate memory gate);

    /// @notice The gate's epoch that contains `time`.
    function epochAt(uint256 gateId, uint256 time) external view returns (uint256 epoch);

    /// @notice First second of an epoch.
    function epochStart(uint256 gateId, uint256 epoch) external view returns (uint256 time);

    /// @notice Units that `account` may use in an epoch under `key`, before what was used already; 0 is no entitlement.
    /// @dev `account` acts for the key if it is the holder, or his delegate in delegate.xyz's registry. Asks foreign
    /// contracts with limited gas; whatever they do, this answers.
    function entitlement(uint256 gateId, address account, uint256 key, uint256 epoch)
        external
        view
        returns (uint256 units);
}
