// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPriceBook} from "../interfaces/IPriceBook.sol";
import {IQuotaLedger} from "../interfaces/IQuotaLedger.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {PassRental} from "./PassRental.sol";

/// @title What the parts of AccessPass share
abstract contract PassBase is IAccessPass, PassRental, Guarded, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IModelRegistry internal immutable _registry;
    IPriceBook internal immutable _priceBook;
    IRevenueRouter internal immutable _revenueRouter;
    IQuotaLedger internal immutable _quotaLedger;

    /// @notice The only account that debits passes by proofs; fixed once.
    address public settler;

    /// @inheritdoc IAccessPass
    uint256 public totalPasses;

    mapping(uint256 passId => Pass) internal _pass;
    mapping(ModelId modelId => Terms) internal _terms;

    constructor(
        IModelRegistry registry_,
        IPriceBook priceBook_,
        IRevenueRouter revenueRouter_,
        IQuotaLedger quotaLedger_
    ) {
        (_registry, _priceBook, _revenueRouter, _quotaLedger) =
        (registry_, priceBook_, revenueRouter_, quotaLedger_);
    }

    /// @dev The terms under which a pass was sold say whether it may move.
    function _update(address to, uint256 tokenId, address auth)
        internal
        virtual
        override
        returns (address from)
    {
        from = super._update(to, tokenId, auth);
        if (from != address(0) && !_pass[tokenId].terms.transferable) {
            revert AccessPass_NotTransferable(PassId.wrap(tokenId));
        }
    }

    /// @dev Takes in a price under the guard, last of all: a surplus of native currency goes back to the caller; of a token
    /// exactly the price must arrive.
    function _collect(address token, uint256 price) internal {
        if (token == address(0)) {
            if (msg.value < price) revert AccessPass_Underpaid(msg.value, price);
            NativeTransfer.send(msg.sender, msg.value - price);
            return;
        }
        if (msg.value != 0) revert AccessPass_UnexpectedValue(msg.value);
        if (!_revenueRouter.isAccepted(token)) revert AccessPass_TokenNotAccepted(token);
        if (price == 0) return;
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), price);
        uint256 held = IERC20(token).balanceOf(address(this));
        if (held != before + price) {
            revert AccessPass_ReceivedOther(held > before ? held - before : 0, price);
        }
    }

    function _checkHolder(PassId passId) internal view {
        uint256 tokenId = PassId.unwrap(passId);
        if (!_isAuthorized(_requireOwned(tokenId), msg.sender, tokenId)) {
            revert AccessPass_NotAuthorised(passId, msg.sender);
        }
    }

    function _statusOf(Pass storage pass) internal view returns (IModelRegistry.Status) {
        return _registry.statusOf(ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId));
    }
}
