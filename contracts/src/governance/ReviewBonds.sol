// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReviewBoard} from "../interfaces/IReviewBoard.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";

/// @title Reviewers and their money
/// @notice Bonds are native currency; whoever is owed pulls. The sum of free balances and locked bonds is what the contract
/// holds.
abstract contract ReviewBonds is IReviewBoard {
    /// @notice Admits reviewers, sets standards, decides challenges; what is forfeited is its.
    address public immutable timelock;

    /// @notice Whose scores count.
    mapping(address reviewer => bool) public isAdmitted;

    mapping(address account => uint256) private _balance;

    modifier onlyTimelock() {
        _checkTimelock();
        _;
    }

    constructor(address timelock_) {
        timelock = timelock_;
    }

    /// @inheritdoc IReviewBoard
    function admit(address reviewer, bool admitted) external onlyTimelock {
        isAdmitted[reviewer] = admitted;
        emit ReviewerAdmitted(reviewer, admitted);
    }

    /// @inheritdoc IReviewBoard
    function deposit() external payable {
        _credit(msg.sender, msg.value);
    }

    /// @inheritdoc IReviewBoard
    function withdraw(address to, uint256 amount) external {
        _debit(msg.sender, amount);
        NativeTransfer.send(to, amount);
    }

    /// @inheritdoc IReviewBoard
    function balanceOf(address account) external view returns (uint256) {
        return _balance[account];
    }

    function _credit(address account, uint256 amount) internal {
        _balance[account] += amount;
        emit BalanceChanged(account, _balance[account]);
    }

    function _debit(address account, uint256 amount) internal {
        uint256 free = _balance[account];
        if (free < amount) revert ReviewBoard_BondMissing(free, amount);
        _balance[account] = free - amount;
        emit BalanceChanged(account, free - amount);
    }

    function _checkTimelock() private view {
        if (msg.sender != timelock) revert ReviewBoard_NotTimelock(msg.sender);
    }
}
