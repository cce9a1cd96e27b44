// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {LicenseId} from "../types/Licensing.sol";

/// @title Ancestors and parents of a model as contract code
/// @notice Code cannot change, and reading it costs one account and not one slot per ancestor. The bytes: 0x00, the
/// number n of ancestors, n entries of 16 bytes (AncestorTable), then 32 bytes per parent:
/// model (8), version (4), licence (8), share (4), relation (1), policy (1), six zero bytes.
library Lineage {
    function store(uint256[] memory table, uint256[] memory parents) internal returns (address lineage) {
        bytes memory data = new bytes(1 + 16 * table.length + 32 * parents.length);
        data[0] = bytes1(uint8(table.length));
        assembly ("memory-safe") {
            let to := add(data, 33)
            let from := add(table, 32)
            for { let end := add(from, shl(5, mload(table))) } lt(from, end) { from := add(from, 32) } {
                mstore(to, shl(128, mload(from)))
                to := add(to, 16)
            }
            from := add(parents, 32)
            for { let end := add(from, shl(5, mload(parents))) } lt(from, end) { from := add(from, 32) } {
                mstore(to, mload(from))
                to := add(to, 32)
            }
        }
        return VerifyingKeyCode.deploy(data);
    }

    /// @dev The ancestors' table; empty for no lineage.
    function tableOf(address lineage) internal view returns (uint256[] memory table) {
        if (lineage == address(0)) return table;
        bytes memory code = lineage.code;
        table = new uint256[](uint8(code[1]));
        assembly ("memory-safe") {
            let from := add(code, 34)
            let to := add(table, 32)
            for { let end := add(to, shl(5, mload(table))) } lt(to, end) { to := add(to, 32) } {
                mstore(to, shr(128, mload(from)))
                from := add(from, 16)
            }
        }
    }

    /// @dev The parents; empty for no lineage.
    function parentsOf(address lineage) internal view returns (IDerivativeGraph.Parent[] memory parents) {
        if (lineage == address(0)) return parents;
        bytes memory code = lineage.code;
        uint256 start = 2 + 16 * uint256(uint8(code[1]));
        parents = new IDerivativeGraph.Parent[]((code.length - start) / 32);
        for (uint256 i = 0; i < parents.length; ++i) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(code, 32), add(start, shl(5, i))))
            }
            parents[i] = unpack(word);
        }
    }

    function pack(IDerivativeGraph.Parent memory parent) internal pure returns (uint256 word) {
        word = ModelId.unwrap(parent.modelId) << 192 | VersionId.unwrap(parent.versionId) << 160
            | LicenseId.unwrap(parent.licenseId) << 96 | uint256(parent.sharePpm) << 64;
        return word | uint256(parent.relation) << 56 | uint256(parent.policy) << 48;
    }

    function unpack(uint256 word) internal pure returns (IDerivativeGraph.Parent memory) {
        return IDerivativeGraph.Parent({
            modelId: ModelId.wrap(word >> 192),
            versionId: VersionId.wrap(uint32(word >> 160)),
            licenseId: LicenseId.wrap(uint64(word >> 96)),
            sharePpm: uint32(word >> 64),
            relation: IDerivativeGraph.Relation(uint8(word >> 56)),
            policy: ILicenseTerms.Policy(uint8(word >> 48))
        });
    }
}
