// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title Pause by a guardian
/// @notice A pause stops what brings new obligations: publication, sale, settlement. It never stops a claim, a refund,
/// a revocation or a transfer.
abstract contract Guarded is AccessManaged, Pausable {
    constructor(address authority) AccessManaged(authority) {}

    /// @notice Stops new obligations. Role GUARDIAN, without delay.
    function pause() external restricted {
        _pause();
    }

    /// @notice Ends a pause. Role ADMIN.
    function unpause() external restricted {
        _unpause();
    }
}
