// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {IERC5192} from "../interfaces/IERC5192.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../interfaces/ILicenseToken.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";
import {ModelId} from "../types/Ids.sol";
import {LicenseId, TermsId} from "../types/Licensing.sol";
import {LicenseMetadata} from "./LicenseMetadata.sol";

/// @title LicenseToken
/// @notice Holds no money between transactions. A pause stops sales and gifts, nothing else.
contract LicenseToken is ILicenseToken, IERC5192, ERC721, Guarded, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IModelRegistry private immutable _registry;
    ILicenseTerms private immutable _terms;
    IRevenueRouter private immutable _router;
    IDerivativeGraph private immutable _graph;

    /// @inheritdoc ILicenseToken
    uint256 public totalLicenses;

    mapping(LicenseId licenseId => License) private _license;
    mapping(ModelId modelId => mapping(TermsId termsId => bool)) private _offered;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param terms_ the LicenseTerms
    /// @param router_ the RevenueRouter that fees go through
    /// @param graph_ the DerivativeGraph that uses fine-tune licences
    constructor(
        address authority,
        IModelRegistry registry_,
        ILicenseTerms terms_,
        IRevenueRouter router_,
        IDerivativeGraph graph_
    ) ERC721("Mintmark License", "LICENSE") Guarded(authority) {
        (_registry, _terms, _router, _graph) = (registry_, terms_, router_, graph_);
    }

    /// @inheritdoc ILicenseToken
    function offer(ModelId modelId, TermsId termsId, bool offered) external {
        _checkModelOwner(modelId);
        if (offered) _checkReciprocity(modelId, termsId, _terms.termsOf(termsId));
        _offered[modelId][termsId] = offered;
        emit TermsOffered(modelId, termsId, offered);
    }

    /// @inheritdoc ILicenseToken
    function mint(Order calldata order)
        external
        payable
        nonReentrant
        whenNotPaused
        returns (LicenseId licenseId)
    {
        if (block.timestamp > order.deadline) {
            revert LicenseToken_DeadlinePassed(block.timestamp, order.deadline);
        }
        if (!_offered[order.modelId][order.termsId]) {
            revert LicenseToken_NotOffered(order.modelId, order.termsId);
        }
        _checkActive(order.modelId);
        ILicenseTerms.Terms memory terms = _terms.termsOf(order.termsId);
        if (terms.mintFee > order.maxFee) revert LicenseToken_FeeAboveMax(terms.mintFee, order.maxFee);
        if (terms.sharePpm > order.maxRevenueShare) {
            revert LicenseToken_RevenueShareAboveMax(terms.sharePpm, order.maxRevenueShare);
        }
        _takeFee(order.modelId, terms);
        return _issue(order.modelId, order.termsId, terms, order.to, terms.mintFee);
    }

    /// @inheritdoc ILicenseToken
    function grant(ModelId modelId, TermsId termsId, address to)
        external
        nonReentrant
        whenNotPaused
        returns (LicenseId licenseId)
    {
        _checkModelOwner(modelId);
        return _issue(modelId, termsId, _terms.termsOf(termsId), to, 0);
    }

    /// @inheritdoc ILicenseToken
    function use(LicenseId licenseId, ModelId child, address holder)
        external
        returns (ModelId parent, TermsId termsId)
    {
        if (msg.sender != address(_graph)) revert LicenseToken_NotGraph(msg.sender);
        if (_ownerOf(LicenseId.unwrap(licenseId)) != holder) {
            revert LicenseToken_NotHolder(licenseId, holder);
        }
        License storage license = _license[licenseId];
        if (license.usedBy != 0) revert LicenseToken_InUse(licenseId, ModelId.wrap(license.usedBy));
        if (_hasExpired(license)) revert LicenseToken_Expired(licenseId, license.expires);
        (parent, termsId) = (ModelId.wrap(license.modelId), license.termsId);
        if (_terms.termsOf(termsId).right != ILicenseTerms.Right.FineTune) {
            revert LicenseToken_NotFineTune(licenseId);
        }
        license.usedBy = uint64(ModelId.unwrap(child));
        emit LicenseUsed(licenseId, child);
        emit Locked(LicenseId.unwrap(licenseId));
    }

    /// @inheritdoc ILicenseToken
    function release(LicenseId licenseId) external {
        if (msg.sender != address(_graph)) revert LicenseToken_NotGraph(msg.sender);
        License storage license = _license[licenseId];
        emit LicenseReleased(licenseId, ModelId.wrap(license.usedBy));
        license.usedBy = 0;
        if (_terms.termsOf(license.termsId).transferable) emit Unlocked(LicenseId.unwrap(licenseId));
    }

    /// @inheritdoc ILicenseToken
    function getLicense(LicenseId licenseId) external view returns (License memory) {
        _requireOwned(LicenseId.unwrap(licenseId));
        return _license[licenseId];
    }

    /// @inheritdoc ILicenseToken
    function isHeldBy(LicenseId licenseId, address holder, ModelId modelId) external view returns (bool) {
        License storage license = _license[licenseId];
        return holder != address(0) && _ownerOf(LicenseId.unwrap(licenseId)) == holder
            && license.modelId == ModelId.unwrap(modelId) && !_hasExpired(license);
    }

    /// @inheritdoc ILicenseToken
    function isOffered(ModelId modelId, TermsId termsId) external view returns (bool) {
        return _offered[modelId][termsId];
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        License storage license = _license[LicenseId.wrap(tokenId)];
        return license.usedBy != 0 || !_terms.termsOf(license.termsId).transferable;
    }

    /// @notice The licence as JSON in a data URI.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        License storage license = _license[LicenseId.wrap(tokenId)];
        return LicenseMetadata.dataURI(tokenId, license, _terms.termsOf(license.termsId));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(ILicenseToken).interfaceId || interfaceId == type(IERC5192).interfaceId
            || super.supportsInterface(interfaceId);
    }

    /// @dev The terms say whether a licence may move; one that a derivative uses never does.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from == address(0)) return from;
        License storage license = _license[LicenseId.wrap(tokenId)];
        if (license.usedBy != 0) {
            revert LicenseToken_InUse(LicenseId.wrap(tokenId), ModelId.wrap(license.usedBy));
        }
        if (!_terms.termsOf(license.termsId).transferable) {
            revert LicenseToken_NotTransferable(LicenseId.wrap(tokenId));
        }
    }

    /// @dev The licence is written before the receiver is called.
    function _issue(
        ModelId modelId,
        TermsId termsId,
        ILicenseTerms.Terms memory terms,
        address to,
        uint256 fee
    ) private returns (LicenseId licenseId) {
        if (to == address(0)) revert LicenseToken_ZeroAddress();
        _checkReciprocity(modelId, termsId, terms);
        licenseId = LicenseId.wrap(++totalLicenses);
        uint48 expires = terms.duration == 0 ? 0 : uint48(block.timestamp + terms.duration);
        _license[licenseId] = License(uint64(ModelId.unwrap(modelId)), expires, 0, termsId);
        emit LicenseMinted(licenseId, modelId, termsId, msg.sender, to, fee, expires);
        if (terms.transferable) emit Unlocked(LicenseId.unwrap(licenseId));
        else emit Locked(LicenseId.unwrap(licenseId));
        _safeMint(to, LicenseId.unwrap(licenseId));
    }

    function _takeFee(ModelId modelId, ILicenseTerms.Terms memory terms) private {
        bool native = terms.currency == TokenTransfer.NATIVE;
        uint256 expected = native ? terms.mintFee : 0;
        if (msg.value != expected) revert LicenseToken_WrongValue(msg.value, expected);
        if (terms.mintFee == 0) return;
        if (!native) {
            // `pay` takes what is delivered for ever, a stopped token too; a sale is new.
            if (!_router.isAccepted(terms.currency)) {
                revert IRevenueRouter.RevenueRouter_TokenNotAccepted(terms.currency);
            }
            uint256 received = TokenTransfer.pull(terms.currency, msg.sender, terms.mintFee);
            if (received != terms.mintFee) revert LicenseToken_ReceivedOther(received, terms.mintFee);
            IERC20(terms.currency).forceApprove(address(_router), terms.mintFee);
        }
        _router.pay{value: expected}(modelId, terms.currency, terms.mintFee, address(0));
    }

    function _checkActive(ModelId modelId) private view {
        IModelRegistry.Status status = _registry.statusOf(modelId, _registry.canonicalVersion(modelId));
        if (status != IModelRegistry.Status.Active) revert LicenseToken_ModelNotActive(modelId);
    }

    function _checkModelOwner(ModelId modelId) private view {
        if (_registry.modelOwner(modelId) != msg.sender) {
            revert LicenseToken_NotModelOwner(modelId, msg.sender);
        }
    }

    function _checkReciprocity(ModelId modelId, TermsId termsId, ILicenseTerms.Terms memory terms)
        private
        view
    {
        if (terms.right != ILicenseTerms.Right.FineTune) return;
        TermsId required = _graph.reciprocalTermsOf(modelId);
        if (TermsId.unwrap(required) != 0 && required != termsId) {
            revert LicenseToken_ReciprocalTermsRequired(modelId, required);
        }
    }

    function _hasExpired(License storage license) private view returns (bool) {
        return license.expires != 0 && block.timestamp > license.expires;
    }
}
