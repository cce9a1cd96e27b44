// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Immutable licence terms: keccak256 of their ABI encoding. Zero is no terms.
type TermsId is bytes32;

/// @dev A licence: the ERC-721 token id in LicenseToken. Numbered from 1; 0 is no licence.
type LicenseId is uint256;

/// @dev Parts in a whole: every share is in parts per million.
uint256 constant PPM = 1_000_000;

/// @dev Most that one parent may ask, and most that all ancestors of a model take together: one half.
uint32 constant MAX_STACK_PPM = 500_000;

using {sameTerms as ==, otherTerms as !=} for TermsId global;

function sameTerms(TermsId a, TermsId b) pure returns (bool) {
    return TermsId.unwrap(a) == TermsId.unwrap(b);
}

function otherTerms(TermsId a, TermsId b) pure returns (bool) {
    return TermsId.unwrap(a) != TermsId.unwrap(b);
}
