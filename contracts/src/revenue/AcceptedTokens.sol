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

    address[] private _tokens;
    mapping(address token => bool) private _known;
    mapping(address token => bool) private _accepted;

    constructor() {
        _add(address(0));
    }

    /// @notice Adds a token for ever. Role OPERATOR. Only tokens whose balances move by transfers alone belong here: a
    /// rebasing token is short for its own claimants, though never for another token's.
    function addToken(address token) external restricted {
        if (_known[token]) revert RevenueRouter_TokenKnown(token);
        if (token.code.length == 0) revert RevenueRouter_TokenNotAccepted(token);
        if (_tokens.length == MAX_TOKENS) revert RevenueRouter_TooManyTokens(MAX_TOKENS);
        _add(token);
    }

    /// @notice Stops new deposits and sales in a token, or allows them again. Role OPERATOR. Payments out of escrows and
    /// claims are not touched.
    function stopToken(address token, bool stopped) external restricted {
        if (!_known[token] || token == address(0)) revert RevenueRouter_TokenNotAccepted(token);
        _accepted[token] = !stopped;
        emit TokenStopped(token, stopped);
    }

    /// @inheritdoc IRevenueRouter
    function isAccepted(address token) public view returns (bool) {
        return _accepted[token];
    }

    /// @inheritdoc IRevenueRouter
    function isKnown(address token) public view returns (bool) {
        return _known[token];
    }

    /// @inheritdoc IRevenueRouter
    function tokens() public view returns (address[] memory) {
        return _tokens;
    }

    function _add(address token) private {
        (_known[token], _accepted[token]) = (true, true);
        emit TokenAdded(token, _tokens.length);
        _tokens.push(token);
    }
}
