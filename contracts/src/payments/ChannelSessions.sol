// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannels} from "../interfaces/IPaymentChannels.sol";
import {ChannelStore} from "./ChannelStore.sol";

/// @title Session keys
/// @notice The buyer decides what a key may sign for; what it has signed already is kept good for the thawing period.
abstract contract ChannelSessions is ChannelStore {
    /// @notice Shortest and longest thawing period that can be deployed.
    uint64 public constant MIN_THAW_PERIOD = 1 hours;
    uint64 public constant MAX_THAW_PERIOD = 30 days;

    /// @notice Seconds that a withdrawal, or the end of a session, gives a provider to settle what he holds.
    uint64 public immutable thawPeriod;

    mapping(bytes32 channelId => mapping(address signer => Session)) internal _session;

    constructor(uint64 thawPeriod_) {
        if (thawPeriod_ < MIN_THAW_PERIOD || thawPeriod_ > MAX_THAW_PERIOD) {
            revert PaymentChannels_ThawPeriodOutOfRange(thawPeriod_, MAX_THAW_PERIOD);
        }
        thawPeriod = thawPeriod_;
    }

    /// @inheritdoc IPaymentChannels
    function authoriseSession(address provider, address token, address signer, uint96 cap, uint64 expires)
        external
    {
        if (signer == address(0)) revert PaymentChannels_ZeroAddress();
        if (cap == 0 || expires <= block.timestamp) revert PaymentChannels_SessionOutOfRange(cap, expires);
        bytes32 channelId = channelIdOf(msg.sender, provider, token);
        Session storage session = _session[channelId][signer];
        if (session.expires < block.timestamp) {
            session.spent = 0;
        } else if (cap < session.cap || expires < session.expires) {
            revert PaymentChannels_SessionWouldShrink(signer);
        }
        (session.cap, session.expires) = (cap, expires);
        emit SessionAuthorised(channelId, signer, cap, expires);
    }

    /// @inheritdoc IPaymentChannels
    function revokeSession(address provider, address token, address signer) external {
        bytes32 channelId = channelIdOf(msg.sender, provider, token);
        Session storage session = _session[channelId][signer];
        uint64 end = uint64(block.timestamp) + thawPeriod;
        if (session.expires <= end) revert PaymentChannels_SessionNotLive(signer);
        session.expires = end;
        emit SessionRevoked(channelId, signer, end);
    }

    /// @inheritdoc IPaymentChannels
    function sessionOf(bytes32 channelId, address signer) external view returns (Session memory) {
        return _session[channelId][signer];
    }
}
