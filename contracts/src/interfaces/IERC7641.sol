// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The views of an intrinsic revenue-sharing token (ERC-7641, draft)
/// @notice ERC-7641 pays by snapshot; an accumulator needs none, so there is one running snapshot, number 0, in the
/// native currency. Burning shares is not offered: nothing is redeemable on it.
interface IERC7641 {
    /// @notice Income that `account` can claim; `snapshotId` must be 0.
    function claimableRevenue(address account, uint256 snapshotId) external view returns (uint256);

    /// @notice Brings the accounts up to date and names the running snapshot, 0.
    function snapshot() external returns (uint256);

    /// @notice Claims the caller's native income to himself; `snapshotId` must be 0.
    function claim(uint256 snapshotId) external;

    /// @notice Zero: the shares of a model's income are not a claim on assets.
    function redeemableOnBurn(uint256 amount) external view returns (uint256);
}
