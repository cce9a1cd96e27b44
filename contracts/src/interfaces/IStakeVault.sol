// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGateBook} from "./IGateBook.sol";

/// @title Stakes behind gates
/// @notice A stake belongs to one gate and stays for a whole epoch at least, and to the end of every epoch in which its
/// quota was used. So one token stands for one quota at a time, whoever holds it next; a flash loan cannot come back in
/// time. Nothing is ever slashed.
interface IStakeVault {
    struct Stake {
        uint128 amount;
        uint64 since; // when the stake was last raised
        uint64 lockedUntil; // first second at which it can be taken back
    }

    error StakeVault_NotStakeGate(uint256 gateId);
    error StakeVault_ZeroAmount();
    error StakeVault_ZeroAddress();
    error StakeVault_ReceivedOther(uint256 received, uint256 amount);
    error StakeVault_AmountAboveLimit(uint256 amount, uint256 limit);
    error StakeVault_Locked(uint256 gateId, uint256 lockedUntil);
    error StakeVault_NotLedger(address caller);

    event Staked(uint256 indexed gateId, address indexed holder, uint256 amount, uint64 lockedUntil);
    event Unstaked(uint256 indexed gateId, address indexed holder, address to, uint256 amount);
    event Held(uint256 indexed gateId, address indexed holder, uint64 lockedUntil);

    /// @notice Stakes the caller's tokens behind a gate, for at least one period and to the end of the epoch.
    function stake(uint256 gateId, uint256 amount) external;

    /// @notice Takes back part of the caller's stake.
    function unstake(uint256 gateId, uint256 amount, address to) external;

    /// @notice Keeps a stake to the end of an epoch in which its quota was used. Only the ledger.
    function hold(uint256 gateId, address holder, uint64 until) external;

    /// @notice The holder's stake behind a gate.
    function stakeOf(uint256 gateId, address holder) external view returns (Stake memory position);

    /// @notice Sum of all stakes in a token.
    function totalStaked(address token) external view returns (uint256 amount);

    /// @notice The ledger whose gates the stakes stand behind.
    function gates() external view returns (IGateBook book);
}
