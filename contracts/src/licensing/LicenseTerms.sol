// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {MAX_STACK_PPM, TermsId} from "../types/Licensing.sol";

/// @title LicenseTerms
/// @notice Nobody owns terms and nothing can change or remove them.
contract LicenseTerms is ILicenseTerms {
    mapping(TermsId termsId => Terms) private _terms;
    mapping(TermsId termsId => bool) private _known;

    /// @inheritdoc ILicenseTerms
    function register(Terms calldata terms) external returns (TermsId termsId) {
        termsId = idOf(terms);
        if (_known[termsId]) return termsId;
        if (terms.sharePpm > MAX_STACK_PPM) {
            revert LicenseTerms_ShareAboveLimit(terms.sharePpm, MAX_STACK_PPM);
        }
        if (terms.right == Right.Weights && _saysAnythingOfDerivatives(terms)) {
            revert LicenseTerms_NotForWeights();
        }
        (_known[termsId], _terms[termsId]) = (true, terms);
        emit TermsRegistered(termsId, terms);
    }

    /// @inheritdoc ILicenseTerms
    function termsOf(TermsId termsId) external view returns (Terms memory) {
        if (!_known[termsId]) revert LicenseTerms_Unknown(termsId);
        return _terms[termsId];
    }

    /// @inheritdoc ILicenseTerms
    function isRegistered(TermsId termsId) external view returns (bool) {
        return _known[termsId];
    }

    /// @inheritdoc ILicenseTerms
    function idOf(Terms calldata terms) public pure returns (TermsId) {
        return TermsId.wrap(keccak256(abi.encode(terms)));
    }

    function _saysAnythingOfDerivatives(Terms calldata terms) private pure returns (bool) {
        return terms.policy != Policy.Absolute || terms.approval || terms.reciprocal || terms.sharePpm != 0;
    }
}
