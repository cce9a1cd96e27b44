// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IPaymentChannels} from "../interfaces/IPaymentChannels.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {WordHash} from "../libraries/WordHash.sol";

/// @title What the parts of PaymentChannels share
abstract contract ChannelStore is IPaymentChannels, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    mapping(bytes32 channelId => Channel) internal _channel;

    /// @inheritdoc IPaymentChannels
    function getChannel(bytes32 channelId) external view returns (Channel memory) {
        return _channel[channelId];
    }

    /// @inheritdoc IPaymentChannels
    function exposureLimit(bytes32 channelId) external view returns (uint256) {
        Channel storage channel = _channel[channelId];
        (uint256 balance, uint256 thawing) = (channel.balance, channel.thawing);
        return balance > thawing ? balance - thawing : 0;
    }

    /// @inheritdoc IPaymentChannels
    function channelIdOf(address buyer, address provider, address token) public pure returns (bytes32) {
        return WordHash.of3(
            bytes32(uint256(uint160(buyer))),
            bytes32(uint256(uint160(provider))),
            bytes32(uint256(uint160(token)))
        );
    }

    function _send(address token, address to, uint256 amount) internal {
        if (token == address(0)) NativeTransfer.send(to, amount);
        else if (amount != 0) IERC20(token).safeTransfer(to, amount);
    }
}
