// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Dense} from "./Dense.sol";
import {FR, Fr} from "./Fr.sol";
import {Verdict, Verifier_MalformedKey} from "./Verdict.sol";

/// @title Public input and output: tensors that the verifier reads itself (docs/spec/protocol.md §4)
library PublicValues {
    /// @notice Number of values of a tensor record: the product of its dims (1 for axes that it does not have).
    function count(uint256 tensor) internal pure returns (uint256 n) {
        n = 1;
        unchecked {
            uint256 left = 176;
            for (uint256 axes = tensor >> 240 & 0xff; axes != 0; --axes) {
                n *= tensor >> left & 0xffffff;
                left -= 32;
            }
        }
        if (n >> 32 != 0) revert Verifier_MalformedKey(tensor);
    }

    /// @notice `sum over the logical box of value * eq(rho, padded index)`, values row-major, unpadded. Ends the call with
    ///         `false` if a value is not canonical.
    /// @param from calldata position of the values, as many as `count` says
    function evaluate(uint256 tensor, uint256 from, uint256 rho) internal pure returns (uint256 value) {
        unchecked {
            uint256 n = count(tensor);
            uint256 values = _read(from, n);
            uint256 table = values + (n << 5);
            uint256 axes = tensor >> 240 & 0xff;
            // the last axis has the lowest variables
            for (uint256 left = 208 - (axes << 5); left < 208; left += 32) {
                uint256 dim = tensor >> left & 0xffffff;
                uint256 log = tensor >> left >> 24 & 0xff;
                if (dim == 0) revert Verifier_MalformedKey(tensor);
                Fr.eqTable(table, rho, log);
                rho += log << 6;
                n /= dim;
                Dense.contractAxis(values, table, dim, n);
            }
            assembly ("memory-safe") {
                value := mload(values)
            }
        }
    }

    /// @dev Copies values behind the free memory pointer; each must be a canonical scalar.
    function _read(uint256 from, uint256 n) private pure returns (uint256 values) {
        uint256 bad;
        assembly ("memory-safe") {
            values := mload(0x40)
            let to := values
            for { let end := add(from, shl(5, n)) } lt(from, end) { from := add(from, 32) } {
                let v := calldataload(from)
                bad := or(bad, iszero(lt(v, FR)))
                mstore(to, v)
                to := add(to, 32)
            }
        }
        if (bad != 0) Verdict.reject();
    }
}
