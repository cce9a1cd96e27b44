// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";

/// @title The tokens that the RevenueRouter takes
/// @notice The list only grows, and not beyond MAX_TOKENS, because every vault keeps an account per token. A stopped
/// token is not taken for new deposits and sales, which ask `isAccepted`; `pay` takes it for ever, for otherwise an
/// operator could make work unpayable that was delivered against an escrow in that token. Claims are as ever.
abstract contract AcceptedTokens is IRevenueRouter, AccessManaged {
    /// @notice Most tokens ever, the native currency included.
    uint256 public constant MAX_TOKENS = 8;

    /// @dev In one slot with the platform's account, which every payment in the token moves.
    struct Token {
        uint120 platformAccounted;
        uint120 platformClaimed;
        bool known;
        bool accepted;
    }

    address[] private _tokens;
    mapping(address token => Token) internal _token;

    constructor() {
        _add(address(0));
    }

    /// @notice Adds a token for ever. Role OPERATOR. Only tokens whose balances move by transfers alone belong here: a
    /// rebasing token is short for its own claimants, though never for another token's.
    function addToken(address token) external restricted {
        if (_token[token].known) revert RevenueRouter_TokenKnown(token);
        if (token.code.length == 0) revert RevenueRouter_TokenNotAccepted(token);
        if (_tokens.length == MAX_TOKENS) revert RevenueRouter_TooManyTokens(MAX_TOKENS);
        _add(token);
    }

    /// @notice Stops new deposits and sales in a token, or allows them again. Role OPERATOR. Payments out of escrows and
    /// claims are not touched.
    function stopToken(address token, bool stopped) external restricted {
        if (!_token[token].known || token == address(0)) revert RevenueRouter_TokenNotAccepted(token);
        _token[token].accepted = !stopped;
        emit TokenStopped(token, stopped);
    }

    /// @inheritdoc IRevenueRouter
    function isAccepted(address token) public view returns (bool) {
        return _token[token].accepted;
    }

    /// @inheritdoc IRevenueRouter
    function isKnown(address token) public view returns (bool) {
        return _token[token].known;
    }

    /// @inheritdoc IRevenueRouter
    function tokens() public view returns (address[] memory) {
        return _tokens;
    }

    function _add(address token) private {
        (_token[token].known, _token[token].accepted) = (true, true);
        emit TokenAdded(token, _tokens.length);
        _tokens.push(token);
    }
}
