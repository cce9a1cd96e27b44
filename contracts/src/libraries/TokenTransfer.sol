// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {NativeTransfer} from "./NativeTransfer.sol";

/// @title Native currency and ERC-20 behind one call
/// @notice Token zero is the native currency. Tokens that return nothing or false, and tokens that take a fee, are met
/// here and nowhere else.
library TokenTransfer {
    using SafeERC20 for IERC20;

    address internal constant NATIVE = address(0);

    /// @dev Sends; nothing happens for an amount of zero. Callers finish their own bookkeeping first.
    function send(address token, address to, uint256 amount) internal {
        if (amount == 0) return;
        if (token == NATIVE) NativeTransfer.send(to, amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @dev Pulls from `from` and returns what arrived, which the caller compares.
    function pull(address token, address from, uint256 amount) internal returns (uint256 received) {
        if (amount == 0) return 0;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(from, address(this), amount);
        uint256 afterwards = IERC20(token).balanceOf(address(this));
        return afterwards > before ? afterwards - before : 0;
    }
}
