// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {ModelId} from "../types/Ids.sol";

/// @title RevenueRouter
/// @notice Two parties for now, platform and creator. A node's, the ancestors' and a vault's part join the split of `pay`
/// as further accounts beside the platform's; the creator always gets the remainder.
contract RevenueRouter is IRevenueRouter, AccessManaged, ReentrancyGuardTransient {
    using SafeCast for uint256;

    uint256 private constant PPM = 1_000_000;

    /// @notice Highest platform part: 10 %.
    uint32 public constant MAX_PLATFORM_PPM = 100_000;

    struct CreatorAccount {
        uint112 accounted;
        uint112 claimed;
        uint32 carry; // parts per million of a wei that the platform has not been given yet
    }

    struct PlatformAccount {
        uint128 accounted;
        uint128 claimed;
    }

    IModelRegistry private immutable _registry;

    mapping(ModelId modelId => CreatorAccount) private _creator;
    PlatformAccount private _platform;

    /// @notice Where the platform's part is sent.
    address public treasury;

    /// @notice The platform's part of what comes in from now on.
    uint32 public platformPpm;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param treasury_ where the platform's part is sent
    /// @param platformPpm_ the platform's part, at most MAX_PLATFORM_PPM
    constructor(address authority, IModelRegistry registry_, address treasury_, uint32 platformPpm_)
        AccessManaged(authority)
    {
        _registry = registry_;
        _setTreasury(treasury_);
        _setPlatformPpm(platformPpm_);
    }

    /// @inheritdoc IRevenueRouter
    function pay(ModelId modelId) external payable {
        if (_registry.modelOwner(modelId) == address(0)) revert RevenueRouter_ModelNotFound(modelId);
        CreatorAccount storage account = _creator[modelId];
        uint256 owed = msg.value * platformPpm + account.carry;
        uint256 platformPart = owed / PPM;
        // The carry is below one wei, so the platform's part exceeds the amount only if the rate were 100 %.
        uint256 creatorPart = msg.value - platformPart;
        account.accounted += creatorPart.toUint112();
        account.carry = uint32(owed % PPM);
        _platform.accounted += platformPart.toUint128();
        emit RevenueReceived(modelId, msg.sender, msg.value, creatorPart, platformPart);
    }

    /// @inheritdoc IRevenueRouter
    function claim(ModelId modelId) external nonReentrant returns (uint256 amount) {
        address payout = _registry.payoutOf(modelId);
        if (payout == address(0)) revert RevenueRouter_PayoutNotConfirmed(modelId);
        CreatorAccount storage account = _creator[modelId];
        amount = account.accounted - account.claimed;
        account.claimed = account.accounted;
        emit CreatorClaimed(modelId, payout, amount);
        NativeTransfer.send(payout, amount);
    }

    /// @inheritdoc IRevenueRouter
    function claimPlatform() external nonReentrant returns (uint256 amount) {
        amount = _platform.accounted - _platform.claimed;
        _platform.claimed = _platform.accounted;
        emit PlatformClaimed(treasury, amount);
        NativeTransfer.send(treasury, amount);
    }

    /// @notice Changes the platform's part of what comes in from now on. Role OPERATOR.
    function setPlatformPpm(uint32 ppm) external restricted {
        _setPlatformPpm(ppm);
    }

    /// @notice Changes where the platform's part is sent. Role OPERATOR.
    function setTreasury(address treasury_) external restricted {
        _setTreasury(treasury_);
    }

    /// @inheritdoc IRevenueRouter
    function claimable(ModelId modelId) external view returns (uint256) {
        return _creator[modelId].accounted - _creator[modelId].claimed;
    }

    /// @inheritdoc IRevenueRouter
    function platformClaimable() external view returns (uint256) {
        return _platform.accounted - _platform.claimed;
    }

    /// @inheritdoc IRevenueRouter
    function creatorAccount(ModelId modelId) external view returns (uint256 accounted, uint256 claimed) {
        return (_creator[modelId].accounted, _creator[modelId].claimed);
    }

    function _setPlatformPpm(uint32 ppm) private {
        if (ppm > MAX_PLATFORM_PPM) revert RevenueRouter_PlatformPpmAboveLimit(ppm, MAX_PLATFORM_PPM);
        platformPpm = ppm;
        emit PlatformPpmChanged(ppm);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0)) revert RevenueRouter_ZeroAddress();
        treasury = treasury_;
        emit TreasuryChanged(treasury_);
    }
}
