// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {HolderSignature} from "../libraries/HolderSignature.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {Unit} from "../types/Unit.sol";
import {PassSales} from "./PassSales.sol";

/// @title Use and end of passes
abstract contract PassUse is PassSales, EIP712 {
    using SafeERC20 for IERC20;

    /// @notice How long after its cancellation a pass still settles, for requests that are already signed.
    uint64 public constant CANCEL_NOTICE = 1 days;

    bytes32 private constant USAGE_TYPEHASH = keccak256(
        "PassUsage(uint256 passId,uint64 cumulative,uint64 validUntil,address node,bytes32 receiptRoot)"
    );

    constructor() EIP712("Mintmark Passes", "1") {}

    /// @inheritdoc IAccessPass
    function consume(PassId passId, uint256 units) external nonReentrant returns (uint256 earned) {
        if (msg.sender != settler) revert AccessPass_NotSettler(msg.sender);
        Pass storage pass = _pass[PassId.unwrap(passId)];
        if (pass.unit != Unit.Call) revert AccessPass_NotOfCalls(passId, pass.unit);
        if (units == 0 || units > pass.callsLeft) revert AccessPass_NotEnoughCalls(units, pass.callsLeft);
        return _debit(passId, pass, units, address(0));
    }

    /// @inheritdoc IAccessPass
    /// @dev The holder's signature after each answer is the meter: a voucher covers what he has received.
    function settleUsage(Usage calldata usage, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
        returns (uint256 earned)
    {
        if (block.timestamp > usage.validUntil) {
            revert AccessPass_DeadlinePassed(block.timestamp, usage.validUntil);
        }
        uint256 tokenId = PassId.unwrap(usage.passId);
        Pass storage pass = _pass[tokenId];
        IModelRegistry.Status status = _statusOf(pass);
        if (status != IModelRegistry.Status.Active && status != IModelRegistry.Status.Deprecated) {
            revert AccessPass_VersionNotServed(ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId));
        }
        if (!HolderSignature.isBy(_requireOwned(tokenId), userOf(tokenId), usageDigest(usage), signature)) {
            revert AccessPass_NotSignedByHolder(usage.passId);
        }
        (uint256 metered, uint256 left) = (pass.metered, pass.callsLeft);
        if (usage.cumulative <= metered) {
            revert AccessPass_NothingNew(usage.passId, usage.cumulative, metered);
        }
        uint256 due = usage.cumulative - metered;
        if (left == 0) revert AccessPass_NotEnoughCalls(due, left);
        if (due > left) due = left;
        pass.metered = uint64(metered + due);
        emit PassMetered(usage.passId, usage.node, usage.cumulative, usage.receiptRoot);
        return _debit(usage.passId, pass, due, usage.node);
    }

    /// @inheritdoc IAccessPass
    function refund(PassId passId, address to) external nonReentrant returns (uint256 amount) {
        _checkHolder(passId);
        if (to == address(0)) revert AccessPass_ZeroAddress();
        Pass storage pass = _pass[PassId.unwrap(passId)];
        bool revoked = _statusOf(pass) == IModelRegistry.Status.Revoked;
        if (!revoked && block.timestamp <= pass.expires) {
            revert AccessPass_NotRefundable(passId, pass.expires);
        }
        amount = pass.escrow;
        if (amount == 0) revert AccessPass_NothingToRefund(passId);
        (pass.escrow, pass.callsLeft) = (0, 0);
        emit PassRefunded(passId, to, amount);
        if (pass.token == address(0)) NativeTransfer.send(to, amount);
        else IERC20(pass.token).safeTransfer(to, amount);
    }

    /// @notice Ends a pass CANCEL_NOTICE from now, if it would not end before; what is then left can be refunded. So a holder
    /// whom nobody serves has his money back a day later, without anybody's consent.
    function cancelSubscription(uint256 tokenId) external payable {
        if (msg.value != 0) revert AccessPass_UnexpectedValue(msg.value);
        PassId passId = PassId.wrap(tokenId);
        _checkHolder(passId);
        Pass storage pass = _pass[tokenId];
        uint64 end = uint64(block.timestamp) + CANCEL_NOTICE;
        if (end >= pass.expires) revert AccessPass_Expired(passId, pass.expires);
        pass.expires = end;
        emit PassCancelled(passId, end);
        emit SubscriptionUpdate(tokenId, end);
    }

    /// @inheritdoc IAccessPass
    /// @dev Units and escrow stay as they are. While its own version is sold the pass stays what was bought.
    function moveToCanonical(PassId passId) external nonReentrant {
        _checkHolder(passId);
        Pass storage pass = _pass[PassId.unwrap(passId)];
        ModelId modelId = ModelId.wrap(pass.modelId);
        if (_statusOf(pass) == IModelRegistry.Status.Active) {
            revert AccessPass_VersionStillSold(modelId, VersionId.wrap(pass.versionId));
        }
        VersionId target = _registry.canonicalVersion(modelId);
        if (_registry.statusOf(modelId, target) != IModelRegistry.Status.Active) {
            revert AccessPass_VersionNotForSale(modelId, target);
        }
        pass.versionId = uint32(VersionId.unwrap(target));
        emit PassMoved(passId, target);
    }

    /// @inheritdoc IAccessPass
    function usageDigest(Usage calldata usage) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    USAGE_TYPEHASH,
                    usage.passId,
                    usage.cumulative,
                    usage.validUntil,
                    usage.node,
                    usage.receiptRoot
                )
            )
        );
    }

    /// @dev 0 < units ≤ units left. Earned: escrow × units / units left, rounded down; the last unit takes the remainder.
    function _debit(PassId passId, Pass storage pass, uint256 units, address node)
        private
        returns (uint256 earned)
    {
        (uint256 escrow, uint256 left, uint256 expires) = (pass.escrow, pass.callsLeft, pass.expires);
        if (block.timestamp > expires) revert AccessPass_Expired(passId, expires);
        earned = escrow * units / left;
        (pass.escrow, pass.callsLeft) = (uint128(escrow - earned), uint64(left - units));
        emit PassConsumed(passId, units, left - units, earned);
        if (earned != 0) _pay(ModelId.wrap(pass.modelId), pass.token, earned, node);
    }

    function _pay(ModelId modelId, address token, uint256 amount, address node) private {
        if (token == address(0)) {
            _revenueRouter.pay{value: amount}(modelId, token, amount, node);
            return;
        }
        IERC20(token).forceApprove(address(_revenueRouter), amount);
        _revenueRouter.pay(modelId, token, amount, node);
    }
}
