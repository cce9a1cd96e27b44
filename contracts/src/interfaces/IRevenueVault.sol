// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";

/// @title Shares of a model's income
/// @notice An ERC-20 with a fixed supply. Income belongs to whoever held the shares when the RevenueRouter accounted it,
/// whatever happens to the shares later. Tokens are the RevenueRouter's; zero is the native currency.
interface IRevenueVault {
    error RevenueVault_NotRouter(address caller);
    error RevenueVault_Initialised();
    error RevenueVault_SharesOutOfRange(uint256 shares, uint256 limit);
    error RevenueVault_ZeroAddress();
    error RevenueVault_NoSnapshots(uint256 snapshotId);

    event IncomeClaimed(address indexed account, address indexed token, address indexed to, uint256 amount);

    /// @notice Mints all shares. Only the RevenueRouter, once.
    function initialise(ModelId modelId_, uint256 shares, address to) external;

    /// @notice Sends the caller's income in one token.
    function claim(address token, address to) external returns (uint256 amount);

    /// @notice An account's income that it can claim now.
    function claimable(address account, address token) external view returns (uint256 amount);

    /// @notice The model whose income is shared.
    function modelId() external view returns (ModelId);

    /// @notice The RevenueRouter that feeds the vault.
    function router() external view returns (address);
}
