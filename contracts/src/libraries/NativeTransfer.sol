// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title Sending native currency
library NativeTransfer {
    error NativeTransfer_Refused(address to, uint256 amount);

    /// @dev Sends all gas and copies no return data: a receiver can only make its own payment fail. Callers finish their
    /// own bookkeeping first.
    function send(address to, uint256 amount) internal {
        if (amount == 0) return;
        if (!LowLevelCall.callNoReturn(to, amount, "")) revert NativeTransfer_Refused(to, amount);
    }
}
