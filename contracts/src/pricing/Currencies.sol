// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {ICurrencies} from "../interfaces/ICurrencies.sol";

/// @title Currencies
/// @notice Holds no money and decides about none: a role here can stop or misprice future sales, against which a buyer
/// names the most that he pays.
contract Currencies is ICurrencies, AccessManaged {
    /// @notice Most decimals of a token or a feed.
    uint8 public constant MAX_DECIMALS = 24;

    /// @notice Longest time between two answers of a feed.
    uint32 public constant MAX_HEARTBEAT = 2 days;

    /// @notice Seconds after a restart of the sequencer in which answers are not believed.
    uint256 public constant SEQUENCER_GRACE = 1 hours;

    /// @notice Chainlink's uptime feed of an L2's sequencer; zero on a chain without one.
    IAggregatorV3 public immutable sequencerFeed;

    mapping(address token => Currency) private _currency;

    /// @param authority the AccessManager
    /// @param sequencerFeed_ the sequencer's uptime feed, or zero
    constructor(address authority, IAggregatorV3 sequencerFeed_) AccessManaged(authority) {
        sequencerFeed = sequencerFeed_;
    }

    /// @inheritdoc ICurrencies
    /// @dev Role OPERATOR. Chainlink's own minAnswer and maxAnswer saturate: choose bounds strictly inside them.
    function list(
        address token,
        uint8 decimals,
        address feed,
        uint32 heartbeat,
        uint128 minAnswer,
        uint128 maxAnswer
    ) external restricted {
        if (heartbeat == 0 || heartbeat > MAX_HEARTBEAT) {
            revert Currencies_HeartbeatOutOfRange(heartbeat, MAX_HEARTBEAT);
        }
        if (minAnswer == 0 || minAnswer > maxAnswer) {
            revert Currencies_BoundsOutOfOrder(minAnswer, maxAnswer);
        }
        Currency storage known = _currency[token];
        if (known.feed != address(0) && known.decimals != decimals) {
            revert Currencies_DecimalsFixed(token, known.decimals);
        }
        _checkDecimals(token, decimals);
        uint8 feedDecimals = IAggregatorV3(feed).decimals();
        if (feedDecimals > MAX_DECIMALS) revert Currencies_DecimalsAboveLimit(feedDecimals, MAX_DECIMALS);
        _currency[token] =
            Currency(feed, heartbeat, decimals, feedDecimals, known.suspended, minAnswer, maxAnswer);
        emit CurrencyListed(token, _currency[token]);
    }

    /// @inheritdoc ICurrencies
    /// @dev Role GUARDIAN.
    function suspend(address token) external restricted {
        _setSuspended(token, true);
    }

    /// @inheritdoc ICurrencies
    /// @dev Role OPERATOR.
    function resume(address token) external restricted {
        _setSuspended(token, false);
    }

    /// @inheritdoc ICurrencies
    function fromUsd(address token, uint256 usd, uint256 scale) external view returns (uint256) {
        if (scale == 0) revert Currencies_ZeroScale();
        (uint256 answer, uint8 feedDecimals) = answerOf(token);
        uint256 unitsPerAnswer = 10 ** (uint256(_currency[token].decimals) + feedDecimals);
        return Math.mulDiv(usd, unitsPerAnswer, answer * scale, Math.Rounding.Ceil);
    }

    /// @inheritdoc ICurrencies
    function currencyOf(address token) external view returns (Currency memory) {
        return _currency[token];
    }

    /// @inheritdoc ICurrencies
    function answerOf(address token) public view returns (uint256, uint8) {
        Currency memory currency = _currency[token];
        if (currency.feed == address(0)) revert Currencies_NotListed(token);
        if (currency.suspended) revert Currencies_Suspended(token);
        _checkSequencer();
        (, int256 answer,, uint256 updatedAt,) = IAggregatorV3(currency.feed).latestRoundData();
        if (updatedAt == 0 || updatedAt > block.timestamp || block.timestamp - updatedAt > currency.heartbeat)
        {
            revert Currencies_AnswerStale(currency.feed, updatedAt, currency.heartbeat);
        }
        if (answer <= 0 || uint256(answer) < currency.minAnswer || uint256(answer) > currency.maxAnswer) {
            revert Currencies_AnswerOutOfBounds(currency.feed, answer);
        }
        uint8 feedDecimals = IAggregatorV3(currency.feed).decimals();
        if (feedDecimals != currency.feedDecimals) {
            revert Currencies_FeedDecimalsChanged(currency.feed, feedDecimals, currency.feedDecimals);
        }
        return (uint256(answer), feedDecimals);
    }

    function _setSuspended(address token, bool suspended) private {
        if (_currency[token].feed == address(0)) revert Currencies_NotListed(token);
        _currency[token].suspended = suspended;
        emit CurrencySuspended(token, suspended);
    }

    /// @dev Answer 0 means up. `startedAt` is zero while the feed has never been written.
    function _checkSequencer() private view {
        if (address(sequencerFeed) == address(0)) return;
        (, int256 down, uint256 since,,) = sequencerFeed.latestRoundData();
        if (down != 0 || since == 0) revert Currencies_SequencerDown(address(sequencerFeed));
        if (block.timestamp <= since + SEQUENCER_GRACE) {
            revert Currencies_SequencerGrace(since, SEQUENCER_GRACE);
        }
    }

    function _checkDecimals(address token, uint8 decimals) private view {
        uint8 actual = token == address(0) ? 18 : IERC20Metadata(token).decimals();
        if (actual != decimals) revert Currencies_DecimalsMismatch(token, actual, decimals);
        if (decimals > MAX_DECIMALS) revert Currencies_DecimalsAboveLimit(decimals, MAX_DECIMALS);
    }
}
