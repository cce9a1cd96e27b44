// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";
import {IERC4907} from "../interfaces/IERC4907.sol";
import {IERC5192} from "../interfaces/IERC5192.sol";
import {IERC5643} from "../interfaces/IERC5643.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IPriceBook} from "../interfaces/IPriceBook.sol";
import {IQuotaLedger} from "../interfaces/IQuotaLedger.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {PassBase} from "./PassBase.sol";
import {PassMetadata} from "./PassMetadata.sol";
import {PassUse} from "./PassUse.sol";

/// @title AccessPass
/// @notice Balance of each token = sum of the passes' escrows in it: there is no other way in, and no role that can take any
/// of it.
contract AccessPass is PassUse, IERC2981 {
    uint256 private constant PPM = 1_000_000;

    /// @notice Highest royalty on a resale: 10 %.
    uint24 public constant MAX_RESALE_PPM = 100_000;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param priceBook_ the PriceBook
    /// @param revenueRouter_ the RevenueRouter
    /// @param quotaLedger_ the QuotaLedger, whose consumer this contract is to be
    constructor(
        address authority,
        IModelRegistry registry_,
        IPriceBook priceBook_,
        IRevenueRouter revenueRouter_,
        IQuotaLedger quotaLedger_
    )
        ERC721("Mintmark Access Pass", "PASS")
        Guarded(authority)
        PassBase(registry_, priceBook_, revenueRouter_, quotaLedger_)
    {}

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
}
