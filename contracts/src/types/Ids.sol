// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A model line: the ERC-721 token id in the ModelRegistry. Numbered from 1; 0 is no model.
type ModelId is uint256;

/// @dev A version of a model line. Numbered from 1 within its model; 0 is no version.
type VersionId is uint256;

/// @dev An access pass: the ERC-721 token id in AccessPass. Numbered from 1; 0 is no pass.
type PassId is uint256;
