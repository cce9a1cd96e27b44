// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IGateBook} from "../interfaces/IGateBook.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";

/// @title StakeVault
/// @notice Balance of each token = sum of the stakes in it. Nobody but the holder takes a stake out, and nothing can stop
/// him once its time is over: a lock never reaches further than one period from now.
contract StakeVault is IStakeVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @inheritdoc IStakeVault
    IGateBook public immutable gates;

    /// @inheritdoc IStakeVault
    mapping(address token => uint256) public totalStaked;

    mapping(uint256 gateId => mapping(address holder => Stake)) private _stake;

    /// @param gates_ the ledger that deploys this vault
    constructor(IGateBook gates_) {
        gates = gates_;
    }

    /// @inheritdoc IStakeVault
    function stake(uint256 gateId, uint256 amount) external nonReentrant {
        if (amount == 0) revert StakeVault_ZeroAmount();
        IGateBook.Gate memory gate = _stakeGate(gateId);
        _pull(gate.terms.target, amount);
        Stake storage position = _stake[gateId][msg.sender];
        uint256 limit = type(uint128).max - position.amount;
        if (amount > limit) revert StakeVault_AmountAboveLimit(amount, limit);
        // One period from now lies beyond the end of this epoch.
        uint64 until = uint64(block.timestamp) + gate.terms.period;
        position.amount += uint128(amount);
        (position.since, position.lockedUntil) = (uint64(block.timestamp), until);
        totalStaked[gate.terms.target] += amount;
        emit Staked(gateId, msg.sender, amount, until);
    }

    /// @inheritdoc IStakeVault
    function unstake(uint256 gateId, uint256 amount, address to) external nonReentrant {
        if (amount == 0) revert StakeVault_ZeroAmount();
        if (to == address(0)) revert StakeVault_ZeroAddress();
        address token = _stakeGate(gateId).terms.target;
        Stake storage position = _stake[gateId][msg.sender];
        if (block.timestamp < position.lockedUntil) {
            revert StakeVault_Locked(gateId, position.lockedUntil);
        }
        if (amount > position.amount) revert StakeVault_AmountAboveLimit(amount, position.amount);
        position.amount -= uint128(amount);
        totalStaked[token] -= amount;
        emit Unstaked(gateId, msg.sender, to, amount);
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IStakeVault
    function hold(uint256 gateId, address holder, uint64 until) external {
        if (msg.sender != address(gates)) revert StakeVault_NotLedger(msg.sender);
        Stake storage position = _stake[gateId][holder];
        if (until <= position.lockedUntil) return;
        position.lockedUntil = until;
        emit Held(gateId, holder, until);
    }

    /// @inheritdoc IStakeVault
    function stakeOf(uint256 gateId, address holder) external view returns (Stake memory) {
        return _stake[gateId][holder];
    }

    function _pull(address token, uint256 amount) private {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 held = IERC20(token).balanceOf(address(this));
        if (held != before + amount) {
            revert StakeVault_ReceivedOther(held > before ? held - before : 0, amount);
        }
    }

    function _stakeGate(uint256 gateId) private view returns (IGateBook.Gate memory gate) {
        gate = gates.getGate(gateId);
        if (gate.terms.kind != IGateBook.Kind.Stake) revert StakeVault_NotStakeGate(gateId);
    }
}
