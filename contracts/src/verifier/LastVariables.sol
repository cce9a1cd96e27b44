// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";

/// @dev Variables that a tree covers.
uint256 constant DEPTH = 5;

/// @title eq of the last n variables of a point at any index, for every n
/// @notice A *tree* is a memory address: word `2^n + j` is eq(last n variables, j) for n <= DEPTH. A second one behind it
///         (`SECOND` bytes on) may cover the DEPTH variables before those.
library LastVariables {
    uint256 internal constant SECOND = 64 << DEPTH;
    uint256 internal constant BYTES = 2 * SECOND;

    /// @notice Writes the tree of the DEPTH variables that end at the address `end`: about 2,200 gas.
    function plant(uint256 tree, uint256 end) internal pure {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            mstore(add(tree, 32), 1)
            let from := add(tree, 64)
            // the words of one variable
            mcopy(from, sub(end, 64), 64)
            for { let first := sub(end, shl(6, sub(DEPTH, 1))) } gt(end, first) {} {
                end := sub(end, 64)
                let x0 := mload(sub(end, 64))
                let x1 := mload(sub(end, 32))
                // a level's words lie at [from, to), those of the next one at [to, …)
                let to := add(from, sub(from, tree))
                for { let last := to } lt(from, last) { from := add(from, 64) } {
                    let v := mload(from)
                    mstore(to, mulmod(v, x0, r))
                    mstore(add(to, 32), mulmod(v, x1, r))
                    v := mload(add(from, 32))
                    mstore(add(to, 64), mulmod(v, x0, r))
                    mstore(add(to, 96), mulmod(v, x1, r))
                    to := add(to, 128)
                }
            }
        }
    }

    /// @notice eq(slice, index) for the `n` variables from `a` on, behind which the tree's point ends; higher bits of
    ///         `index` are ignored. Reads the first tree only.
    function at(uint256 tree, uint256 a, uint256 n, uint256 index) internal pure returns (uint256 value) {
        uint256 low = 1;
        unchecked {
            if (n > DEPTH) {
                low = Fr.eqIndex(a, n - DEPTH, index);
                index >>= n - DEPTH;
                n = DEPTH;
            }
        }
        assembly ("memory-safe") {
            let size := shl(n, 1)
            value := mulmod(low, mload(add(tree, shl(5, or(size, and(index, sub(size, 1)))))), FR)
        }
    }
}
