// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Currencies that prices in dollars are paid in
/// @notice Each has its decimals, a price feed and the bounds within which the feed is believed. Zero is the native
/// currency. What is not listed, suspended, stale or out of bounds has no price, so nothing is sold for it; nothing that
/// was paid before depends on it.
interface ICurrencies {
    struct Currency {
        address feed; // dollars per token
        uint32 heartbeat; // seconds after which an answer is stale
        uint8 decimals; // of the token
        uint8 feedDecimals;
        bool suspended;
        uint128 minAnswer;
        uint128 maxAnswer;
    }

    error Currencies_NotListed(address token);
    error Currencies_Suspended(address token);
    error Currencies_DecimalsMismatch(address token, uint256 actual, uint256 claimed);
    error Currencies_DecimalsAboveLimit(uint256 decimals, uint256 limit);
    error Currencies_DecimalsFixed(address token, uint256 decimals);
    error Currencies_FeedDecimalsChanged(address feed, uint256 actual, uint256 pinned);
    error Currencies_HeartbeatOutOfRange(uint256 heartbeat, uint256 limit);
    error Currencies_BoundsOutOfOrder(uint256 minAnswer, uint256 maxAnswer);
    error Currencies_AnswerOutOfBounds(address feed, int256 answer);
    error Currencies_AnswerStale(address feed, uint256 updatedAt, uint256 heartbeat);
    error Currencies_SequencerDown(address feed);
    error Currencies_SequencerGrace(uint256 upSince, uint256 grace);
    error Currencies_ZeroScale();

    event CurrencyListed(address indexed token, Currency currency);
    event CurrencySuspended(address indexed token, bool suspended);

    /// @notice Lists a currency or changes its feed and bounds; the decimals of a token never change.
    /// @param decimals must be what the token says; 18 for the native currency
    function list(
        address token,
        uint8 decimals,
        address feed,
        uint32 heartbeat,
        uint128 minAnswer,
        uint128 maxAnswer
    ) external;

    /// @notice Stops sales in a currency at once, for example when it loses its peg.
    function suspend(address token) external;

    /// @notice Ends a suspension.
    function resume(address token) external;

    /// @notice `usd / scale` dollars in the token's smallest unit, rounded up: the only rounding of a price.
    /// @param scale parts of a dollar that `usd` counts; 10^12 for pico-dollars
    function fromUsd(address token, uint256 usd, uint256 scale) external view returns (uint256 amount);

    /// @notice The feed's answer, if it is to be believed now; reverts otherwise.
    function answerOf(address token) external view returns (uint256 answer, uint8 feedDecimals);

    /// @notice The currency; all zero when it is not listed.
    function currencyOf(address token) external view returns (Currency memory currency);
}
