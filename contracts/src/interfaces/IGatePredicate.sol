// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";

/// @title A rule of one's own for a gate
/// @notice Asked with limited gas; a failure means no.
interface IGatePredicate is IERC165 {
    /// @notice Units that `account` may use in the epoch under `key`, before what was used already.
    /// @dev The usage is counted per key: the predicate must let each key be used by those only whom it stands for.
    /// @param epochStart first second of the epoch
    function quotaOf(uint256 gateId, address account, uint256 key, uint256 epochStart)
        external
        view
        returns (uint256 units);
}
