// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {ModelId} from "../types/Ids.sol";
import {PPM} from "../types/Licensing.sol";

/// @title Flattened ancestors of a model
/// @notice A table is a list of words `id << 64 | absolutePpm << 32 | relativePpm`, strictly ascending by id. What a
/// child inherits from a parent P with share s:
///   absolute entries of P unchanged;
///   of s, each relative entry r of P takes floor(s·r / 10^6), and P itself the rest: together exactly s;
///   s is absolute or relative as the licence says.
library AncestorTable {
    /// @dev The table that a child inherits from one parent alone.
    /// @param table the parent's own table
    /// @param parent the parent; not in its own table
    function inherit(uint256[] memory table, uint256 parent, uint256 sharePpm, ILicenseTerms.Policy policy)
        internal
        pure
        returns (uint256[] memory out)
    {
        out = new uint256[](table.length + 1);
        uint256 shift = policy == ILicenseTerms.Policy.Absolute ? 32 : 0;
        uint256 left = sharePpm;
        uint256 place = table.length;
        for (uint256 i = table.length; i != 0;) {
            uint256 word = table[--i];
            uint256 moved = sharePpm * uint32(word) / PPM;
            left -= moved;
            uint256 spot = word >> 64 > parent ? i + 1 : i;
            if (spot == i + 1) place = i;
            out[spot] = (word >> 32 << 32) + (moved << shift);
        }
        out[place] = (parent << 64) | (left << shift);
    }

    /// @dev The sum of two tables: shares of an ancestor in both are added.
    function merge(uint256[] memory a, uint256[] memory b) internal pure returns (uint256[] memory out) {
        if (a.length == 0) return b;
        out = new uint256[](a.length + b.length);
        (uint256 i, uint256 j, uint256 n) = (0, 0, 0);
        while (i < a.length || j < b.length) {
            uint256 idA = i < a.length ? a[i] >> 64 : type(uint256).max;
            uint256 idB = j < b.length ? b[j] >> 64 : type(uint256).max;
            if (idA < idB) out[n++] = a[i++];
            else if (idB < idA) out[n++] = b[j++];
            else out[n++] = a[i++] + (b[j++] & type(uint64).max);
        }
        assembly ("memory-safe") {
            mstore(out, n)
        }
    }

    /// @dev Everything that the ancestors take, in ppm.
    function stack(uint256[] memory table) internal pure returns (uint256 ppm) {
        for (uint256 i = 0; i < table.length; ++i) {
            ppm += ppmOf(table[i]);
        }
    }

    /// @dev What one ancestor takes, in ppm; zero when it is not in the table. Binary search.
    function find(uint256[] memory table, uint256 id) internal pure returns (uint256 ppm) {
        (uint256 low, uint256 high) = (0, table.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (table[middle] >> 64 < id) low = middle + 1;
            else high = middle;
        }
        return low < table.length && table[low] >> 64 == id ? ppmOf(table[low]) : 0;
    }

    /// @dev The table in the interface's form.
    function decode(uint256[] memory table) internal pure returns (IDerivativeGraph.Ancestor[] memory out) {
        out = new IDerivativeGraph.Ancestor[](table.length);
        for (uint256 i = 0; i < table.length; ++i) {
            out[i] = IDerivativeGraph.Ancestor(
                ModelId.wrap(table[i] >> 64), uint32(table[i] >> 32), uint32(table[i])
            );
        }
    }

    function ppmOf(uint256 word) private pure returns (uint256) {
        return uint256(uint32(word >> 32)) + uint32(word);
    }
}
