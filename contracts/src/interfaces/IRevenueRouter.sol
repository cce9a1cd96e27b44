// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";

/// @title The only way in for money that models earn
/// @notice Splits each amount exactly and lets every party pull its part. Nothing here can be paused.
interface IRevenueRouter {
    error RevenueRouter_ModelNotFound(ModelId modelId);
    error RevenueRouter_PayoutNotConfirmed(ModelId modelId);
    error RevenueRouter_PlatformPpmAboveLimit(uint256 ppm, uint256 limit);
    error RevenueRouter_ZeroAddress();

    event RevenueReceived(
        ModelId indexed modelId,
        address indexed payer,
        uint256 amount,
        uint256 creatorPart,
        uint256 platformPart
    );
    event CreatorClaimed(ModelId indexed modelId, address indexed payout, uint256 amount);
    event PlatformClaimed(address indexed treasury, uint256 amount);
    event PlatformPpmChanged(uint32 ppm);
    event TreasuryChanged(address indexed treasury);

    /// @notice Takes in `msg.value` earned by a model. Open to everybody: money only ever comes in.
    /// @dev The platform's lifetime part of a model is floor(Σ amount × ppm / 10^6); what rounding leaves is carried to
    /// the next amount, so that splitting a payment changes nothing. The creator gets the rest.
    function pay(ModelId modelId) external payable;

    /// @notice Sends the model's unclaimed creator part to its payout address. Anybody may call it.
    function claim(ModelId modelId) external returns (uint256 amount);

    /// @notice Sends the platform's unclaimed part to the treasury. Anybody may call it.
    function claimPlatform() external returns (uint256 amount);

    /// @notice Creator's part that can be claimed now.
    function claimable(ModelId modelId) external view returns (uint256 amount);

    /// @notice Platform's part that can be claimed now.
    function platformClaimable() external view returns (uint256 amount);

    /// @notice Creator's part over the model's life, and how much of it was claimed.
    function creatorAccount(ModelId modelId) external view returns (uint256 accounted, uint256 claimed);
}
