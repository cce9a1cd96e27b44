// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";
import {LicenseId, TermsId} from "../types/Licensing.sol";

/// @title Licences of models
/// @notice An ERC-721 token per licence; its model and terms are fixed when it is minted. The fee is the model's income
/// and goes through the RevenueRouter. A fine-tune licence is used by one derivative, for ever, and stays with its
/// holder as evidence.
interface ILicenseToken {
    struct License {
        uint64 modelId;
        uint48 expires; // last second; 0 = without end
        uint64 usedBy; // the derivative that holds it; 0 = unused
        TermsId termsId;
    }

    /// @notice What a buyer asks for.
    struct Order {
        ModelId modelId;
        TermsId termsId;
        address to;
        uint256 maxFee; // the most that the buyer pays
        uint32 maxRevenueShare; // ppm; the most that the terms may take of a derivative's income
        uint256 deadline; // last second at which the order holds
    }

    error LicenseToken_NotOffered(ModelId modelId, TermsId termsId);
    error LicenseToken_NotModelOwner(ModelId modelId, address caller);
    error LicenseToken_ModelNotActive(ModelId modelId);
    error LicenseToken_ReciprocalTermsRequired(ModelId modelId, TermsId required);
    error LicenseToken_DeadlinePassed(uint256 nowSeconds, uint256 deadline);
    error LicenseToken_FeeAboveMax(uint256 fee, uint256 maxFee);
    error LicenseToken_RevenueShareAboveMax(uint256 ppm, uint256 maxPpm);
    error LicenseToken_WrongValue(uint256 value, uint256 expected);
    error LicenseToken_ReceivedOther(uint256 received, uint256 expected);
    error LicenseToken_ZeroAddress();
    error LicenseToken_NotTransferable(LicenseId licenseId);
    error LicenseToken_InUse(LicenseId licenseId, ModelId child);
    error LicenseToken_NotGraph(address caller);
    error LicenseToken_NotFineTune(LicenseId licenseId);
    error LicenseToken_Expired(LicenseId licenseId, uint256 expires);
    error LicenseToken_NotHolder(LicenseId licenseId, address caller);

    event TermsOffered(ModelId indexed modelId, TermsId indexed termsId, bool offered);
    event LicenseMinted(
        LicenseId indexed licenseId,
        ModelId indexed modelId,
        TermsId indexed termsId,
        address buyer,
        address to,
        uint256 fee,
        uint48 expires
    );
    event LicenseUsed(LicenseId indexed licenseId, ModelId indexed child);
    event LicenseReleased(LicenseId indexed licenseId, ModelId indexed child);

    /// @notice Offers licences of a model under registered terms, or ends the offer. Only the model's owner. Licences
    /// that are minted keep their terms.
    /// @dev A derivative with a reciprocal parent offers fine-tuning under that parent's terms only.
    function offer(ModelId modelId, TermsId termsId, bool offered) external;

    /// @notice Sells a licence under offered terms of a model whose canonical version is Active.
    /// @dev Native fee: `msg.value` is exactly the fee. Token fee: pulled from the caller.
    function mint(Order calldata order) external payable returns (LicenseId licenseId);

    /// @notice Gives a licence under any registered terms, without a fee. Only the model's owner.
    function grant(ModelId modelId, TermsId termsId, address to) external returns (LicenseId licenseId);

    /// @notice Ties a fine-tune licence to a derivative. Only the DerivativeGraph.
    /// @param holder must own the licence
    function use(LicenseId licenseId, ModelId child, address holder)
        external
        returns (ModelId parent, TermsId termsId);

    /// @notice Unties a licence from a rejected derivative. Only the DerivativeGraph.
    function release(LicenseId licenseId) external;

    /// @notice The licence; reverts when there is none.
    function getLicense(LicenseId licenseId) external view returns (License memory license);

    /// @notice Whether `holder` holds this licence of this model and right, and it has not expired: what a key server
    /// asks before it releases a key.
    function isHeldBy(LicenseId licenseId, address holder, ModelId modelId) external view returns (bool held);

    /// @notice Whether licences of the model are sold under these terms.
    function isOffered(ModelId modelId, TermsId termsId) external view returns (bool offered);

    /// @notice How many licences were ever minted; they are numbered from 1.
    function totalLicenses() external view returns (uint256 count);
}
