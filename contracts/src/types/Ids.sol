// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A model line: the ERC-721 token id in the ModelRegistry. Numbered from 1; 0 is no model.
type ModelId is uint256;

/// @dev A version of a model line. Numbered from 1 within its model; 0 is no version.
type VersionId is uint256;

/// @dev An access pass: the ERC-721 token id in AccessPass. Numbered from 1; 0 is no pass.
type PassId is uint256;

/// @dev A proof system: the first four bytes of keccak256 of its name, e.g. "mintmark-flat-v5" (ERC-7992).
type ProofSystemId is bytes4;

using {sameModel as ==, otherModel as !=} for ModelId global;
using {sameVersion as ==, otherVersion as !=} for VersionId global;

function sameModel(ModelId a, ModelId b) pure returns (bool) {
    return ModelId.unwrap(a) == ModelId.unwrap(b);
}

function otherModel(ModelId a, ModelId b) pure returns (bool) {
    return ModelId.unwrap(a) != ModelId.unwrap(b);
}

function sameVersion(VersionId a, VersionId b) pure returns (bool) {
    return VersionId.unwrap(a) == VersionId.unwrap(b);
}

function otherVersion(VersionId a, VersionId b) pure returns (bool) {
    return VersionId.unwrap(a) != VersionId.unwrap(b);
}
