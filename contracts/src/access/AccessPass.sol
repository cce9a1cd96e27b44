// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IERC4907} from "../interfaces/IERC4907.sol";
import {IERC5192} from "../interfaces/IERC5192.sol";
import {IERC5643} from "../interfaces/IERC5643.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPriceBook} from "../interfaces/IPriceBook.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {NativeTransfer} from "../libraries/NativeTransfer.sol";
import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {PassMetadata} from "./PassMetadata.sol";
import {PassRental} from "./PassRental.sol";

/// @title AccessPass
/// @notice Balance = sum of the passes' escrows: there is no other way in, and no role that can take any of it.
contract AccessPass is
    IAccessPass,
    IERC5643,
    IERC5192,
    IERC2981,
    PassRental,
    Guarded,
    ReentrancyGuardTransient
{
    using SafeCast for uint256;

    uint256 private constant PPM = 1_000_000;

    /// @notice Highest royalty on a resale: 10 %.
    uint24 public constant MAX_RESALE_PPM = 100_000;

    /// @notice How long after its cancellation a pass still settles, for requests that are already signed.
    uint64 public constant CANCEL_NOTICE = 1 days;

    IModelRegistry private immutable _registry;
    IPriceBook private immutable _priceBook;
    IRevenueRouter private immutable _revenueRouter;

    /// @notice The only account that debits passes; fixed once.
    address public settler;

    /// @inheritdoc IAccessPass
    uint256 public totalPasses;

    mapping(uint256 passId => Pass) private _pass;
    mapping(ModelId modelId => Terms) private _terms;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param priceBook_ the PriceBook
    /// @param revenueRouter_ the RevenueRouter
    constructor(
        address authority,
        IModelRegistry registry_,
        IPriceBook priceBook_,
        IRevenueRouter revenueRouter_
    ) ERC721("Mintmark Access Pass", "PASS") Guarded(authority) {
        (_registry, _priceBook, _revenueRouter) = (registry_, priceBook_, revenueRouter_);
    }

    /// @inheritdoc IAccessPass
    function buy(Order calldata order) external payable nonReentrant whenNotPaused returns (PassId passId) {
        if (block.timestamp > order.deadline) {
            revert AccessPass_DeadlinePassed(block.timestamp, order.deadline);
        }
        if (order.to == address(0)) revert AccessPass_ZeroAddress();
        if (settler == address(0)) revert AccessPass_SettlerNotFixed();
        _checkForSale(order.modelId, order.versionId);
        uint256 price = _priceBook.quotePass(order.modelId, order.versionId, order.calls, order.numDays);
        if (price > order.maxPrice) revert AccessPass_PriceAboveMax(price, order.maxPrice);
        if (msg.value < price) revert AccessPass_Underpaid(msg.value, price);

        passId = PassId.wrap(++totalPasses);
        _store(passId, order, price);
        _safeMint(order.to, PassId.unwrap(passId));
        _refundSurplus(price);
    }

    /// @inheritdoc IAccessPass
    function consume(PassId passId, uint256 units) external nonReentrant returns (uint256 earned) {
        if (msg.sender != settler) revert AccessPass_NotSettler(msg.sender);
        Pass storage pass = _pass[PassId.unwrap(passId)];
        (uint256 escrow, uint256 callsLeft, uint256 expires) = (pass.escrow, pass.callsLeft, pass.expires);
        if (block.timestamp > expires) revert AccessPass_Expired(passId, expires);
        if (units == 0 || units > callsLeft) revert AccessPass_NotEnoughCalls(units, callsLeft);
        earned = escrow * units / callsLeft;
        (pass.escrow, pass.callsLeft) = (uint128(escrow - earned), uint64(callsLeft - units));
        emit PassConsumed(passId, units, callsLeft - units, earned);
        if (earned != 0) _revenueRouter.pay{value: earned}(ModelId.wrap(pass.modelId));
    }

    /// @inheritdoc IAccessPass
    function refund(PassId passId, address to) external nonReentrant returns (uint256 amount) {
        _checkHolder(passId);
        if (to == address(0)) revert AccessPass_ZeroAddress();
        Pass storage pass = _pass[PassId.unwrap(passId)];
        bool revoked = _statusOf(pass) == IModelRegistry.Status.Revoked;
        if (!revoked && block.timestamp <= pass.expires) {
            revert AccessPass_NotRefundable(passId, pass.expires);
        }
        amount = pass.escrow;
        if (amount == 0) revert AccessPass_NothingToRefund(passId);
        (pass.escrow, pass.callsLeft) = (0, 0);
        emit PassRefunded(passId, to, amount);
        NativeTransfer.send(to, amount);
    }

    /// @notice Adds days to a pass that has not ended, at today's price per day, rounded up to whole days. The price
    /// joins the escrow. `msg.value` is the most that the caller pays; a surplus goes back to him. Only the owner or his
    /// operator: anybody else could put off the end of a pass, and with it the refund.
    function renewSubscription(uint256 tokenId, uint64 duration) external payable nonReentrant whenNotPaused {
        PassId passId = PassId.wrap(tokenId);
        _checkHolder(passId);
        Pass storage pass = _pass[tokenId];
        if (!isRenewable(tokenId)) revert AccessPass_NotRenewable(passId, pass.expires);
        uint256 numDays = Math.ceilDiv(duration, 1 days);
        uint256 price =
            _priceBook.quoteDays(ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId), numDays);
        if (msg.value < price) revert AccessPass_Underpaid(msg.value, price);
        pass.expires = (pass.expires + numDays * 1 days).toUint64();
        pass.escrow = (pass.escrow + price).toUint128();
        emit PassRenewed(passId, pass.expires, price);
        emit SubscriptionUpdate(tokenId, pass.expires);
        _refundSurplus(price);
    }

    /// @notice Ends a pass CANCEL_NOTICE from now, if it would not end before; what is then left can be refunded.
    function cancelSubscription(uint256 tokenId) external payable {
        if (msg.value != 0) revert AccessPass_UnexpectedValue(msg.value);
        PassId passId = PassId.wrap(tokenId);
        _checkHolder(passId);
        Pass storage pass = _pass[tokenId];
        uint64 end = uint64(block.timestamp) + CANCEL_NOTICE;
        if (end >= pass.expires) revert AccessPass_Expired(passId, pass.expires);
        pass.expires = end;
        emit PassCancelled(passId, end);
        emit SubscriptionUpdate(tokenId, end);
    }

    /// @inheritdoc IAccessPass
    function setPassTerms(ModelId modelId, Terms calldata terms) external {
        if (_registry.modelOwner(modelId) != msg.sender) {
            revert AccessPass_NotModelOwner(modelId, msg.sender);
        }
        if (terms.resalePpm > MAX_RESALE_PPM) {
            revert AccessPass_ResalePpmAboveLimit(terms.resalePpm, MAX_RESALE_PPM);
        }
        _terms[modelId] = terms;
        emit PassTermsChanged(modelId, terms.transferable, terms.resalePpm);
    }

    /// @inheritdoc IAccessPass
    /// @dev Role ADMIN. Once: a role that could replace the settler could take users' escrow.
    function bindSettler(address settler_) external restricted {
        if (settler != address(0)) revert AccessPass_SettlerFixed(settler);
        if (settler_.code.length == 0) revert AccessPass_SettlerWithoutCode(settler_);
        settler = settler_;
        emit SettlerBound(settler_);
    }

    /// @inheritdoc IAccessPass
    function getPass(PassId passId) external view returns (Pass memory) {
        _requireOwned(PassId.unwrap(passId));
        return _pass[PassId.unwrap(passId)];
    }

    /// @inheritdoc IAccessPass
    function holdersOf(PassId passId)
        external
        view
        returns (ModelId modelId, VersionId versionId, address owner, address user)
    {
        uint256 tokenId = PassId.unwrap(passId);
        Pass storage pass = _pass[tokenId];
        (modelId, versionId) = (ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId));
        (owner, user) = (_requireOwned(tokenId), userOf(tokenId));
    }

    /// @inheritdoc IAccessPass
    function termsOf(ModelId modelId) external view returns (Terms memory) {
        return _terms[modelId];
    }

    /// @inheritdoc IAccessPass
    function passesOf(address owner, uint256 from, uint256 span)
        external
        view
        returns (PassId[] memory passIds)
    {
        uint256 end = Math.min(Math.saturatingAdd(from, span), totalPasses + 1);
        uint256 count;
        passIds = new PassId[](end > from ? end - from : 0);
        for (uint256 id = from; id < end; ++id) {
            if (_ownerOf(id) == owner && id != 0) passIds[count++] = PassId.wrap(id);
        }
        assembly ("memory-safe") {
            mstore(passIds, count)
        }
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 tokenId, uint256 salePrice) external view returns (address, uint256) {
        Pass storage pass = _pass[tokenId];
        address payout = _registry.payoutOf(ModelId.wrap(pass.modelId));
        if (payout == address(0)) return (address(0), 0);
        return (payout, Math.mulDiv(salePrice, pass.terms.resalePpm, PPM));
    }

    /// @inheritdoc IERC5643
    function expiresAt(uint256 tokenId) external view returns (uint64) {
        _requireOwned(tokenId);
        return _pass[tokenId].expires;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return !_pass[tokenId].terms.transferable;
    }

    /// @inheritdoc IERC5643
    /// @dev Not ended, calls left, version still for sale.
    function isRenewable(uint256 tokenId) public view returns (bool) {
        Pass storage pass = _pass[tokenId];
        return block.timestamp <= pass.expires && pass.callsLeft != 0
            && _statusOf(pass) == IModelRegistry.Status.Active;
    }

    /// @notice The pass as JSON in a data URI.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return PassMetadata.dataURI(tokenId, _pass[tokenId]);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == type(IERC4907).interfaceId || interfaceId == type(IERC5643).interfaceId
            || interfaceId == type(IERC5192).interfaceId || interfaceId == type(IERC2981).interfaceId
            || interfaceId == type(IAccessPass).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev The terms under which a pass was sold say whether it may move.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from != address(0) && !_pass[tokenId].terms.transferable) {
            revert AccessPass_NotTransferable(PassId.wrap(tokenId));
        }
    }

    function _store(PassId passId, Order calldata order, uint256 price) private {
        Terms memory terms = _terms[order.modelId];
        uint256 expires = block.timestamp + order.numDays * 1 days;
        _pass[PassId.unwrap(passId)] = Pass({
            escrow: price.toUint128(),
            callsLeft: order.calls.toUint64(),
            expires: expires.toUint64(),
            modelId: ModelId.unwrap(order.modelId).toUint64(),
            versionId: VersionId.unwrap(order.versionId).toUint32(),
            terms: terms
        });
        emit PassBought(
            passId, order.modelId, order.versionId, msg.sender, order.to, order.calls, uint64(expires), price
        );
        if (terms.transferable) emit Unlocked(PassId.unwrap(passId));
        else emit Locked(PassId.unwrap(passId));
    }

    /// @dev Called last, under the guard.
    function _refundSurplus(uint256 price) private {
        NativeTransfer.send(msg.sender, msg.value - price);
    }

    function _checkForSale(ModelId modelId, VersionId versionId) private view {
        if (_registry.statusOf(modelId, versionId) != IModelRegistry.Status.Active) {
            revert AccessPass_VersionNotForSale(modelId, versionId);
        }
    }

    function _checkHolder(PassId passId) private view {
        uint256 tokenId = PassId.unwrap(passId);
        if (!_isAuthorized(_requireOwned(tokenId), msg.sender, tokenId)) {
            revert AccessPass_NotAuthorised(passId, msg.sender);
        }
    }

    function _statusOf(Pass storage pass) private view returns (IModelRegistry.Status) {
        return _registry.statusOf(ModelId.wrap(pass.modelId), VersionId.wrap(pass.versionId));
    }
}
