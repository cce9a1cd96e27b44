// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TermsId} from "../types/Licensing.sol";

/// @title Immutable licence terms
/// @notice Terms are named by the hash of what they say, so the same terms have one id whoever registers them and an
/// id never changes its meaning.
interface ILicenseTerms {
    /// @dev Weights: the holder gets the decryption key of the checkpoint. FineTune: the holder may register a
    /// derivative.
    enum Right {
        Weights,
        FineTune
    }

    /// @dev Absolute (LAP): the share is taken from the income of every descendant, however far. Relative (LRP): only
    /// from what a direct child earns or itself receives; the parent's own ancestors take theirs out of the parent's.
    enum Policy {
        Absolute,
        Relative
    }

    struct Terms {
        Right right;
        Policy policy; // Weights: Absolute
        bool transferable;
        bool approval; // FineTune: the parent's owner may object to a derivative
        bool reciprocal; // FineTune: the derivative offers fine-tuning under these terms only
        uint32 sharePpm; // FineTune: the parent's share of the derivative's income
        uint32 duration; // seconds that a licence lasts; 0 = without end
        uint128 mintFee; // in the currency's smallest unit
        address currency; // zero: the native currency
        bytes32 textHash; // SHA-256 of the legal text; zero when there is none
    }

    error LicenseTerms_Unknown(TermsId termsId);
    error LicenseTerms_ShareAboveLimit(uint256 ppm, uint256 limit);
    error LicenseTerms_NotForWeights();

    event TermsRegistered(TermsId indexed termsId, Terms terms);

    /// @notice Makes terms usable. Terms that are known already keep their id and cost little.
    function register(Terms calldata terms) external returns (TermsId termsId);

    /// @notice The id of terms, registered or not: keccak256 of their ABI encoding.
    function idOf(Terms calldata terms) external pure returns (TermsId termsId);

    /// @notice The terms; reverts when they are not registered.
    function termsOf(TermsId termsId) external view returns (Terms memory terms);

    /// @notice Whether the terms are registered.
    function isRegistered(TermsId termsId) external view returns (bool known);
}
