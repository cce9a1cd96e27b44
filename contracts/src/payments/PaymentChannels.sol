// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../interfaces/IPaymentChannels.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {BoundedSignature} from "../libraries/BoundedSignature.sol";
import {ChannelDeposits} from "./ChannelDeposits.sol";
import {ChannelSessions} from "./ChannelSessions.sol";

/// @title PaymentChannels
/// @notice Balance of each token = sum of the channels' balances in it. Money leaves in two ways only: into the
/// RevenueRouter by the buyer's signature, and back to the buyer. A pause stops deposits and nothing else.
contract PaymentChannels is ChannelDeposits, ChannelSessions, EIP712 {
    using SafeERC20 for IERC20;

    /// @notice Most vouchers in a batch.
    uint256 public constant MAX_ITEMS = 256;

    bytes32 private constant VOUCHER_TYPEHASH = keccak256(
        "Voucher(bytes32 channelId,uint256 modelId,uint256 versionId,uint128 cumulative,uint64 validUntil,bytes32 receiptRoot)"
    );
    bytes32 private constant CLOSE_TYPEHASH =
        keccak256("Close(bytes32 channelId,uint256 settled,uint256 nonce,uint256 deadline)");

    IModelRegistry private immutable _registry;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param revenueRouter_ the RevenueRouter
    /// @param thawPeriod_ seconds, MIN_THAW_PERIOD to MAX_THAW_PERIOD
    constructor(
        address authority,
        IModelRegistry registry_,
        IRevenueRouter revenueRouter_,
        uint64 thawPeriod_
    )
        Guarded(authority)
        ChannelDeposits(revenueRouter_)
        ChannelSessions(thawPeriod_)
        EIP712("Mintmark Channels", "1")
    {
        _registry = registry_;
    }

    /// @inheritdoc IPaymentChannels
    /// @dev A voucher is for answers that the buyer has: it settles after the version is deprecated or revoked, too.
    function settleMany(Batch calldata batch, Item[] calldata items)
        external
        nonReentrant
        returns (Status[] memory statuses, uint256 total)
    {
        if (items.length == 0 || items.length > MAX_ITEMS) {
            revert PaymentChannels_BatchSizeOutOfRange(items.length, MAX_ITEMS);
        }
        if (_registry.statusOf(batch.modelId, batch.versionId) < IModelRegistry.Status.Active) {
            revert PaymentChannels_VersionNotServed(batch.modelId, batch.versionId);
        }
        statuses = new Status[](items.length);
        bytes32 domain = _domainSeparatorV4();
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 amount;
            (statuses[i], amount) = _settle(domain, batch, items[i]);
            // At most MAX_ITEMS amounts of 128 bits.
            unchecked {
                total += amount;
            }
        }
        if (total == 0) return (statuses, 0);
        emit BatchSettled(batch.provider, batch.modelId, batch.versionId, batch.token, total);
        _payRouter(batch, total);
    }

    /// @inheritdoc IPaymentChannels
    function thaw(address provider, address token, uint256 amount) external {
        bytes32 channelId = channelIdOf(msg.sender, provider, token);
        Escrow storage channel = _channel[channelId];
        if (amount > channel.balance) revert PaymentChannels_AmountAboveLimit(amount, channel.balance);
        uint64 ends = uint64(block.timestamp) + thawPeriod;
        (channel.thawing, channel.thawEnds) = (uint104(amount), ends);
        emit ThawStarted(channelId, amount, ends);
    }

    /// @inheritdoc IPaymentChannels
    function withdraw(address provider, address token, address to)
        external
        nonReentrant
        returns (uint256 amount)
    {
        if (to == address(0)) revert PaymentChannels_ZeroAddress();
        bytes32 channelId = channelIdOf(msg.sender, provider, token);
        Escrow storage channel = _channel[channelId];
        if (block.timestamp < channel.thawEnds) {
            revert PaymentChannels_StillThawing(channelId, channel.thawEnds);
        }
        (uint104 balance, uint104 thawing) = (channel.balance, channel.thawing);
        uint104 part = thawing < balance ? thawing : balance;
        if (part == 0) revert PaymentChannels_NothingThawed(channelId);
        (channel.balance, channel.thawing) = (balance - part, 0);
        emit Withdrawn(channelId, to, part);
        _send(token, to, part);
        return part;
    }

    /// @inheritdoc IPaymentChannels
    function close(address provider, address token, address to, uint256 deadline, bytes calldata signature)
        external
        nonReentrant
        returns (uint256)
    {
        if (to == address(0)) revert PaymentChannels_ZeroAddress();
        if (block.timestamp > deadline) revert PaymentChannels_DeadlinePassed(block.timestamp, deadline);
        bytes32 channelId = channelIdOf(msg.sender, provider, token);
        bytes32 digest = closeDigest(channelId, deadline);
        if (
            BoundedSignature.signer(digest, signature) != provider
                && !BoundedSignature.acceptedBy(provider, digest, signature)
        ) revert PaymentChannels_CloseNotSigned(provider);
        return _close(channelId, token, to);
    }

    /// @inheritdoc IPaymentChannels
    function closeAsProvider(address buyer, address token) external nonReentrant returns (uint256) {
        return _close(channelIdOf(buyer, msg.sender, token), token, buyer);
    }

    /// @inheritdoc IPaymentChannels
    function voucherDigest(Batch calldata batch, Item calldata item) external view returns (bytes32) {
        return
            _hashTypedDataV4(_voucherHash(channelIdOf(item.buyer, batch.provider, batch.token), batch, item));
    }

    /// @inheritdoc IPaymentChannels
    function closeDigest(bytes32 channelId, uint256 deadline) public view returns (bytes32) {
        Escrow storage channel = _channel[channelId];
        return _hashTypedDataV4(
            keccak256(abi.encode(CLOSE_TYPEHASH, channelId, channel.settled, channel.closes, deadline))
        );
    }

    /// @dev Never reverts: whatever an item holds concerns its own channel.
    function _settle(bytes32 domain, Batch calldata batch, Item calldata item)
        private
        returns (Status status, uint256 amount)
    {
        bytes32 channelId = channelIdOf(item.buyer, batch.provider, batch.token);
        uint256 settled = settledFor(channelId, batch.modelId, batch.versionId);
        uint256 cumulative = item.cumulative;
        if (cumulative <= settled) {
            status = Status.NothingNew;
        } else if (block.timestamp > item.validUntil) {
            status = Status.Expired;
        } else {
            bytes32 digest = MessageHashUtils.toTypedDataHash(domain, _voucherHash(channelId, batch, item));
            (status, amount) = _spend(channelId, digest, item, cumulative - settled);
        }
        if (amount == 0) {
            emit VoucherRefused(channelId, status);
            return (status, 0);
        }
        _book(channelId, batch.modelId, batch.versionId, settled, amount);
        emit VoucherSettled(channelId, amount, item.receiptRoot);
    }

    /// @dev How much of what is due escrow and session allow; the session is debited.
    function _spend(bytes32 channelId, bytes32 digest, Item calldata item, uint256 due)
        private
        returns (Status, uint256 amount)
    {
        uint256 balance = _channel[channelId].balance;
        if (balance == 0) return (Status.Empty, 0);
        amount = due < balance ? due : balance;
        address signer = BoundedSignature.signer(digest, item.signature);
        if (signer == address(0) || signer != item.buyer) {
            Session storage session = _session[channelId][signer];
            (uint256 cap, uint256 spent, uint256 expires) = (session.cap, session.spent, session.expires);
            if (signer != address(0) && expires >= block.timestamp) {
                if (spent == cap) return (Status.CapReached, 0);
                if (amount > cap - spent) amount = cap - spent;
                session.spent = uint96(spent + amount);
            } else if (!BoundedSignature.acceptedBy(item.buyer, digest, item.signature)) {
                return (Status.NotSigned, 0);
            }
        }
        return (amount == due ? Status.Settled : Status.SettledInPart, amount);
    }

    function _payRouter(Batch calldata batch, uint256 total) private {
        if (batch.token == address(0)) {
            _revenueRouter.pay{value: total}(batch.modelId, address(0), total, batch.provider);
            return;
        }
        IERC20(batch.token).forceApprove(address(_revenueRouter), total);
        _revenueRouter.pay(batch.modelId, batch.token, total, batch.provider);
    }

    function _close(bytes32 channelId, address token, address to) private returns (uint256 amount) {
        Escrow storage channel = _channel[channelId];
        amount = channel.balance;
        if (amount == 0) revert PaymentChannels_ZeroAmount();
        (channel.balance, channel.thawing) = (0, 0);
        ++channel.closes;
        emit ChannelClosed(channelId, to, amount);
        _send(token, to, amount);
    }

    /// @dev The two structures hold these members in the order of the voucher's type; `_settle` has read the narrow ones, so
    /// that they are known to be in range.
    function _voucherHash(bytes32 channelId, Batch calldata batch, Item calldata item)
        private
        pure
        returns (bytes32 hash)
    {
        // abi.encode of the seven words, in memory that is left free.
        bytes32 typeHash = VOUCHER_TYPEHASH;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, typeHash)
            mstore(add(at, 0x20), channelId)
            calldatacopy(add(at, 0x40), batch, 0x40) // modelId, versionId
            calldatacopy(add(at, 0x80), add(item, 0x20), 0x60) // cumulative, validUntil, receiptRoot
            hash := keccak256(at, 0xe0)
        }
    }
}
