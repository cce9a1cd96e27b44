// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";
import {IGateBook} from "./IGateBook.sol";
import {IStakeVault} from "./IStakeVault.sol";

/// @title Use of quotas
/// @notice A view uses nothing: a quota is used when a provider settles what the holder has signed. Vouchers are cumulative
/// per gate, key, epoch and provider. What all providers settle for a key never exceeds its quota.
interface IQuotaLedger is IGateBook {
    /// @notice A holder's statement of what he has used in all through one provider in one epoch.
    struct Usage {
        uint256 gateId;
        VersionId versionId;
        uint256 key;
        uint256 epoch;
        address account; // who signs: the holder, or his delegate
        uint64 cumulative;
        bytes32 receiptRoot;
        bytes signature;
    }

    enum Status {
        Settled,
        SettledInPart, // the quota did not cover the rest
        NothingNew,
        NotServed, // no such gate, or the version is neither Active nor Deprecated
        EpochOver, // neither the current epoch nor the one before it
        NotSigned,
        NotEntitled,
        Exhausted
    }

    error QuotaLedger_BatchSizeOutOfRange(uint256 size, uint256 limit);
    error QuotaLedger_ConsumerFixed(address consumer);
    error QuotaLedger_ConsumerWithoutCode(address consumer);
    error QuotaLedger_NotConsumer(address caller);
    error QuotaLedger_OtherModel(uint256 gateId, ModelId modelId);
    error QuotaLedger_QuotaExceeded(uint256 gateId, uint256 key, uint256 left);

    event QuotaUsed(
        uint256 indexed gateId,
        uint256 indexed key,
        uint256 indexed epoch,
        address provider,
        uint256 units,
        bytes32 receiptRoot
    );
    event UsageRefused(uint256 indexed gateId, uint256 indexed key, Status status);
    event ConsumerBound(address indexed consumer);

    /// @notice Settles what holders have signed for the calling provider. An item that does not settle changes nothing and
    /// hinders no other.
    /// @param items 1 to MAX_ITEMS
    function settleMany(Usage[] calldata items) external returns (Status[] memory statuses);

    /// @notice Uses units at once for an account that acts itself, as AccessPass does for a holder's discount. Only the
    /// consumer that was bound.
    function consume(uint256 gateId, ModelId modelId, address account, uint256 key, uint256 units) external;

    /// @notice Fixes for ever who may call `consume`.
    function bindConsumer(address consumer) external;

    /// @notice What `account` may still use now under `key`; 0 when the version is not served.
    function remaining(uint256 gateId, VersionId versionId, address account, uint256 key)
        external
        view
        returns (uint256 units);

    /// @notice Units used under a key in an epoch, through all providers.
    function usedOf(uint256 gateId, uint256 key, uint256 epoch) external view returns (uint256 units);

    /// @notice Units used under a key in an epoch through one provider: where the next voucher's total starts.
    function usedThrough(uint256 gateId, uint256 key, uint256 epoch, address provider)
        external
        view
        returns (uint256 units);

    /// @notice The EIP-712 digest of a usage for a provider.
    function usageDigest(Usage calldata usage, address provider) external view returns (bytes32 digest);

    /// @notice Where the stakes behind Stake gates are.
    function stakeVault() external view returns (IStakeVault vault);
}
