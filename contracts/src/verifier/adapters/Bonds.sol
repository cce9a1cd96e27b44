// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IBonds} from "../../interfaces/IBonds.sol";
import {NativeTransfer} from "../../libraries/NativeTransfer.sol";

/// @title Bonds in native currency
/// @notice A bond is either returned in full, or lost: half of a lost bond goes to who showed it to be wrong, the rest to the
/// sink. Who catches himself therefore pays, so that a false claim is never free (docs/adr/0072).
abstract contract Bonds is IBonds, ReentrancyGuardTransient {
    /// @inheritdoc IBonds
    address public immutable sink;

    mapping(address account => uint256) private _credit;

    constructor(address sink_) {
        if (sink_ == address(0)) revert Bonds_ZeroAddress();
        sink = sink_;
    }

    /// @inheritdoc IBonds
    function withdraw(address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert Bonds_ZeroAddress();
        amount = _credit[msg.sender];
        if (amount == 0) revert Bonds_NothingToWithdraw(msg.sender);
        _credit[msg.sender] = 0;
        emit BondWithdrawn(msg.sender, to, amount);
        NativeTransfer.send(to, amount);
    }

    /// @inheritdoc IBonds
    function creditOf(address account) external view returns (uint256) {
        return _credit[account];
    }

    function _takeBond(uint256 due) internal {
        if (msg.value != due) revert Bonds_WrongValue(msg.value, due);
    }

    function _giveBack(address account, uint256 amount) internal {
        _credit[account] += amount;
        emit BondCredited(account, amount);
    }

    /// @dev `lost` from a loser: half, rounded down, to the winner, the rest to the sink.
    function _slash(uint256 lost, address winner) internal {
        _giveBack(winner, lost / 2);
        _giveBack(sink, lost - lost / 2);
    }
}
