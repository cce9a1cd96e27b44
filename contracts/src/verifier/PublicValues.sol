// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AxisWeights} from "./AxisWeights.sol";
import {FR, Fr} from "./Fr.sol";
import {Verdict, Verifier_MalformedKey} from "./Verdict.sol";
import {COLUMN_IN} from "./KeyReader.sol";

/// @title Public input and output: tensors that the verifier reads itself (docs/spec/protocol.md §4)
library PublicValues {
    uint256 private constant EQ = 1;

    struct Source {
        uint256 instances; // calldata position of the first word
        uint256 length; // words
        uint256 inputWords; // words of the input part, once known
        uint256 outputWords;
        bool inputPublic;
        bool outputPublic;
    }

    /// @notice `sum over the logical box of value * product of eq(axis point, index)`, row-major, unpadded.
    ///         Ends the call with `false` if a value is missing or not canonical.
    /// @param maps begin of the operand's maps: EQ on every tensor axis
    /// @param env address of the environment's axes
    /// @return value the operand's value
    /// @return used bit mask of the environment axes that the maps use
    function evaluate(Source memory s, uint256 tensor, uint256 maps, uint256 end, uint256 env)
        internal
        pure
        returns (uint256 value, uint256 used)
    {
        unchecked {
            uint256 rows = 1; // values along all axes so far
            uint256 axes;
            assembly ("memory-safe") {
                axes := mload(0x40) // the axes first, then values, then an eq table
            }
            uint256 values = axes;
            for (uint256 left = 176; maps < end; left -= 32) {
                uint256 map;
                assembly ("memory-safe") {
                    map := mload(maps)
                }
                if (map >> 248 != EQ) revert Verifier_MalformedKey(maps);
                uint256 p = map >> 240 & 0xff;
                used |= 1 << p;
                rows *= tensor >> left & 0xffffff;
                assembly ("memory-safe") {
                    mstore(values, mload(add(env, shl(5, p))))
                }
                values += 32;
                maps += 12;
            }
            uint256 from = s.instances;
            if (tensor >> 248 == COLUMN_IN) {
                s.inputWords = rows;
            } else {
                s.outputWords = rows;
                from += s.inputWords << 5;
                rows += s.inputWords;
            }
            if (rows > s.length) Verdict.reject();
            value = _contract(from, axes, values, tensor >> 248 == COLUMN_IN ? rows : s.outputWords);
        }
    }

    /// @dev Contracts axis after axis, the last first, with its eq table; `count` values at calldata position `from`.
    function _contract(uint256 from, uint256 axes, uint256 values, uint256 count)
        private
        pure
        returns (uint256 value)
    {
        unchecked {
            uint256 bad;
            assembly ("memory-safe") {
                // values are canonical scalars
                let to := values
                for { let end := add(from, shl(5, count)) } lt(from, end) { from := add(from, 32) } {
                    let v := calldataload(from)
                    bad := or(bad, iszero(lt(v, FR)))
                    mstore(to, v)
                    to := add(to, 32)
                }
            }
            if (bad != 0) Verdict.reject();
            uint256 table = values + (count << 5);
            for (uint256 pos = values; pos != axes;) {
                pos -= 32;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(pos)
                }
                uint256 dim = AxisWeights.dimOf(axis);
                if (dim == 0) revert Verifier_MalformedKey(0);
                Fr.eqTable(table, AxisWeights.pointOf(axis), AxisWeights.logOf(axis));
                count /= dim;
                AxisWeights.contractAxis(values, table, dim, count);
            }
            assembly ("memory-safe") {
                value := mload(values)
            }
        }
    }
}
