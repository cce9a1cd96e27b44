// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IQuotaLedger} from "../interfaces/IQuotaLedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {BoundedSignature} from "../libraries/BoundedSignature.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {GateBook} from "./GateBook.sol";

/// @title QuotaLedger
/// @notice Counts what quotas were used. It holds no money; the stakes are in the StakeVault that it deploys.
contract QuotaLedger is IQuotaLedger, GateBook, AccessManaged, EIP712 {
    /// @notice Most usages in a batch.
    uint256 public constant MAX_ITEMS = 256;

    bytes32 private constant USAGE_TYPEHASH = keccak256(
        "Usage(uint256 gateId,uint256 versionId,uint256 key,uint256 epoch,address provider,uint64 cumulative,bytes32 receiptRoot)"
    );

    /// @notice The only contract that uses quotas without a voucher; fixed once.
    address public consumer;

    mapping(uint256 gateId => mapping(uint256 key => mapping(uint256 epoch => uint256))) private _used;
    mapping(bytes32 lane => uint256) private _through;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    constructor(address authority, IModelRegistry registry_)
        GateBook(registry_)
        AccessManaged(authority)
        EIP712("Mintmark Quotas", "1")
    {}

    /// @inheritdoc IQuotaLedger
    function settleMany(Usage[] calldata items) external returns (Status[] memory statuses) {
        if (items.length == 0 || items.length > MAX_ITEMS) {
            revert QuotaLedger_BatchSizeOutOfRange(items.length, MAX_ITEMS);
        }
        statuses = new Status[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            uint256 units;
            (statuses[i], units) = _settle(items[i]);
            if (units == 0) emit UsageRefused(items[i].gateId, items[i].key, statuses[i]);
        }
    }

    /// @inheritdoc IQuotaLedger
    function consume(uint256 gateId, ModelId modelId, address account, uint256 key, uint256 units) external {
        if (msg.sender != consumer) revert QuotaLedger_NotConsumer(msg.sender);
        Gate storage gate = _existing(gateId);
        if (gate.modelId != modelId) revert QuotaLedger_OtherModel(gateId, modelId);
        uint256 epoch = epochAt(gateId, block.timestamp);
        uint256 left = _left(gateId, gate, account, key, epoch);
        if (units > left) revert QuotaLedger_QuotaExceeded(gateId, key, left);
        _use(gateId, gate, key, epoch, units);
        emit QuotaUsed(gateId, key, epoch, msg.sender, units, 0);
    }

    /// @inheritdoc IQuotaLedger
    /// @dev Role ADMIN. Once.
    function bindConsumer(address consumer_) external restricted {
        if (consumer != address(0)) revert QuotaLedger_ConsumerFixed(consumer);
        if (consumer_.code.length == 0) revert QuotaLedger_ConsumerWithoutCode(consumer_);
        consumer = consumer_;
        emit ConsumerBound(consumer_);
    }

    /// @inheritdoc IQuotaLedger
    function remaining(uint256 gateId, VersionId versionId, address account, uint256 key)
        external
        view
        returns (uint256)
    {
        Gate storage gate = _existing(gateId);
        if (!_isServed(gate.modelId, versionId)) return 0;
        return _left(gateId, gate, account, key, epochAt(gateId, block.timestamp));
    }

    /// @inheritdoc IQuotaLedger
    function usedOf(uint256 gateId, uint256 key, uint256 epoch) external view returns (uint256) {
        return _used[gateId][key][epoch];
    }

    /// @inheritdoc IQuotaLedger
    function usedThrough(uint256 gateId, uint256 key, uint256 epoch, address provider)
        external
        view
        returns (uint256)
    {
        return _through[_laneOf(gateId, key, epoch, provider)];
    }

    /// @inheritdoc IQuotaLedger
    function stakeVault() external view returns (IStakeVault) {
        return _stakeVault;
    }

    /// @inheritdoc IQuotaLedger
    function usageDigest(Usage calldata usage, address provider) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    USAGE_TYPEHASH,
                    usage.gateId,
                    usage.versionId,
                    usage.key,
                    usage.epoch,
                    provider,
                    usage.cumulative,
                    usage.receiptRoot
                )
            )
        );
    }

    /// @dev Never reverts: whatever an item holds concerns its own key.
    function _settle(Usage calldata usage) private returns (Status, uint256 units) {
        Gate storage gate = _gate[usage.gateId];
        if (gate.anchor == 0 || !_isServed(gate.modelId, usage.versionId)) return (Status.NotServed, 0);
        uint256 now_ = epochAt(usage.gateId, block.timestamp);
        if (usage.epoch > now_ || now_ - usage.epoch > 1) return (Status.EpochOver, 0);
        bytes32 lane = _laneOf(usage.gateId, usage.key, usage.epoch, msg.sender);
        uint256 through = _through[lane];
        if (usage.cumulative <= through) return (Status.NothingNew, 0);
        if (!_isSigned(usage)) return (Status.NotSigned, 0);
        uint256 quota = _entitlement(usage.gateId, gate, usage.account, usage.key, usage.epoch);
        if (quota == 0) return (Status.NotEntitled, 0);
        uint256 used = _used[usage.gateId][usage.key][usage.epoch];
        if (quota <= used) return (Status.Exhausted, 0);
        uint256 due = usage.cumulative - through;
        units = due < quota - used ? due : quota - used;
        _through[lane] = through + units;
        _use(usage.gateId, gate, usage.key, usage.epoch, units);
        _emitUsed(usage, units);
        return (units == due ? Status.Settled : Status.SettledInPart, units);
    }

    function _emitUsed(Usage calldata usage, uint256 units) private {
        emit QuotaUsed(usage.gateId, usage.key, usage.epoch, msg.sender, units, usage.receiptRoot);
    }

    /// @dev A stake whose quota is used stays to the end of the present epoch, so that it gives no other quota in it.
    function _use(uint256 gateId, Gate storage gate, uint256 key, uint256 epoch, uint256 units) private {
        _used[gateId][key][epoch] += units;
        if (gate.terms.kind == Kind.Stake) {
            uint256 end = epochStart(gateId, epochAt(gateId, block.timestamp) + 1);
            _stakeVault.hold(gateId, address(uint160(key)), uint64(end));
        }
    }

    function _left(uint256 gateId, Gate storage gate, address account, uint256 key, uint256 epoch)
        private
        view
        returns (uint256)
    {
        uint256 quota = _entitlement(gateId, gate, account, key, epoch);
        uint256 used = _used[gateId][key][epoch];
        return quota > used ? quota - used : 0;
    }

    function _isSigned(Usage calldata usage) private view returns (bool) {
        bytes32 digest = usageDigest(usage, msg.sender);
        return (usage.account != address(0)
                && BoundedSignature.signer(digest, usage.signature) == usage.account)
            || BoundedSignature.acceptedBy(usage.account, digest, usage.signature);
    }

    function _isServed(ModelId modelId, VersionId versionId) private view returns (bool) {
        IModelRegistry.Status status = _registry.statusOf(modelId, versionId);
        return status == IModelRegistry.Status.Active || status == IModelRegistry.Status.Deprecated;
    }

    function _laneOf(uint256 gateId, uint256 key, uint256 epoch, address provider)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(gateId, key, epoch, provider));
    }
}
