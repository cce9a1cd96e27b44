// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPaymentChannels} from "../interfaces/IPaymentChannels.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {WordHash} from "../libraries/WordHash.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title What the parts of PaymentChannels share
/// @notice A lane is what a channel has settled for one version. While a channel has one lane, the channel's total is that
/// lane's total, and the slot that holds the escrow says whose it is: a first voucher makes no new slot (docs/adr/0205).
abstract contract ChannelStore is IPaymentChannels, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev The first three share a slot, and so do the others.
    struct Escrow {
        uint104 balance;
        uint104 settled;
        uint48 lane; // 0: nothing has settled; SEVERAL: see `_laneSettled`; else the name of the only lane
        uint104 thawing;
        uint64 thawEnds;
        uint64 closes;
    }

    uint48 private constant SEVERAL = type(uint48).max;

    mapping(bytes32 channelId => Escrow) internal _channel;
    mapping(bytes32 lane => uint256) private _laneSettled;

    /// @inheritdoc IPaymentChannels
    function getChannel(bytes32 channelId) external view returns (Channel memory) {
        Escrow storage channel = _channel[channelId];
        return Channel(channel.balance, channel.settled, channel.thawing, channel.thawEnds, channel.closes);
    }

    /// @inheritdoc IPaymentChannels
    function exposureLimit(bytes32 channelId) external view returns (uint256) {
        Escrow storage channel = _channel[channelId];
        (uint256 balance, uint256 thawing) = (channel.balance, channel.thawing);
        return balance > thawing ? balance - thawing : 0;
    }

    /// @inheritdoc IPaymentChannels
    function settledFor(bytes32 channelId, ModelId modelId, VersionId versionId)
        public
        view
        returns (uint256)
    {
        Escrow storage channel = _channel[channelId];
        uint48 lane = channel.lane;
        if (lane == SEVERAL) return _laneSettled[_laneOf(channelId, modelId, versionId)];
        return lane == _nameOf(modelId, versionId) ? channel.settled : 0;
    }

    /// @inheritdoc IPaymentChannels
    function channelIdOf(address buyer, address provider, address token) public pure returns (bytes32) {
        return WordHash.of3(
            bytes32(uint256(uint160(buyer))),
            bytes32(uint256(uint160(provider))),
            bytes32(uint256(uint160(token)))
        );
    }

    /// @dev Takes `amount` ≤ balance out of the escrow for a version that has settled `before` until now.
    function _book(bytes32 channelId, ModelId modelId, VersionId versionId, uint256 before, uint256 amount)
        internal
    {
        Escrow storage channel = _channel[channelId];
        (uint104 balance, uint104 settled, uint48 lane) = (channel.balance, channel.settled, channel.lane);
        uint48 name = _nameOf(modelId, versionId);
        if (lane == 0) {
            lane = name;
        } else if (lane != SEVERAL && lane != name) {
            bytes32 first = _laneOf(channelId, ModelId.wrap(lane >> 16), VersionId.wrap(uint16(lane)));
            _laneSettled[first] = settled;
            lane = SEVERAL;
        }
        if (lane == SEVERAL) _laneSettled[_laneOf(channelId, modelId, versionId)] = before + amount;
        // Deposits keep balance + settled within 104 bits.
        unchecked {
            (channel.balance, channel.settled, channel.lane) =
            (balance - uint104(amount), settled + uint104(amount), lane);
        }
    }

    function _send(address token, address to, uint256 amount) internal {
        if (token == address(0)) NativeTransfer.send(to, amount);
        else if (amount != 0) IERC20(token).safeTransfer(to, amount);
    }

    /// @dev A version's name of 48 bits, its own; SEVERAL for numbers that do not fit, which then have records at once.
    function _nameOf(ModelId modelId, VersionId versionId) private pure returns (uint48) {
        (uint256 model, uint256 version) = (ModelId.unwrap(modelId), VersionId.unwrap(versionId));
        if (model >= type(uint32).max || version > type(uint16).max) return SEVERAL;
        return uint48(model << 16 | version);
    }

    function _laneOf(bytes32 channelId, ModelId modelId, VersionId versionId) private pure returns (bytes32) {
        return WordHash.of3(channelId, bytes32(ModelId.unwrap(modelId)), bytes32(VersionId.unwrap(versionId)));
    }
}
