// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";

/// @title The two sumchecks (docs/spec/protocol.md §5, steps 5 and 7)
/// @notice Each absorbs its rounds from calldata and writes the challenges as a point (see `Fr`). Scalars that are not
///         canonical make `ok` false; the caller must then reject.
library Sumcheck {
    /// @notice Product sumcheck. The last claim is affine in the first one, which the verifier learns only when it walks
    ///         the circuit, so the slope and intercept are returned: `last = slope * first + intercept`.
    /// @param from calldata position of `rounds` triples c0, c2, c3
    function product(uint256 t, uint256 from, uint256 rounds, uint256 point)
        internal
        pure
        returns (bool ok, uint256 slope, uint256 intercept)
    {
        assembly ("memory-safe") {
            ok := 1
            slope := 1
            for { let end := add(point, shl(6, rounds)) } lt(point, end) { point := add(point, 64) } {
                mstore(add(t, 32), "prod")
                mstore(add(t, 64), 96)
                calldatacopy(add(t, 96), from, 96)
                from := add(from, 96)
                mstore(t, keccak256(t, 192))
                let c0 := mload(add(t, 96))
                let c2 := mload(add(t, 128))
                let c3 := mload(add(t, 160))
                ok := and(ok, and(lt(c0, FR), and(lt(c2, FR), lt(c3, FR))))
                mstore(add(t, 32), "r")
                mstore(add(t, 64), 0)
                let r := keccak256(t, 96)
                mstore(t, r)
                r := mod(r, FR)
                mstore(point, addmod(1, sub(FR, r), FR))
                mstore(add(point, 32), r)
                // c0 + r (claim - 2 c0 - c2 - c3) + r^2 c2 + r^3 c3; 2 c0 + c2 + c3 < 4 FR < 2^256
                let high := mulmod(r, addmod(c2, mulmod(r, c3, FR), FR), FR)
                let c1 := addmod(add(intercept, high), sub(mul(4, FR), add(add(c0, c0), add(c2, c3))), FR)
                intercept := addmod(c0, mulmod(r, c1, FR), FR)
                slope := mulmod(slope, r, FR)
            }
        }
    }

    /// @notice Merge sumcheck over a known first claim.
    /// @param from calldata position of `rounds` pairs c0, c2
    function merge(uint256 t, uint256 from, uint256 rounds, uint256 claim, uint256 point)
        internal
        pure
        returns (bool ok, uint256 last)
    {
        assembly ("memory-safe") {
            ok := 1
            last := claim
            for { let end := add(point, shl(6, rounds)) } lt(point, end) { point := add(point, 64) } {
                mstore(add(t, 32), "merge")
                mstore(add(t, 64), 64)
                calldatacopy(add(t, 96), from, 64)
                from := add(from, 64)
                mstore(t, keccak256(t, 160))
                let c0 := mload(add(t, 96))
                let c2 := mload(add(t, 128))
                ok := and(ok, and(lt(c0, FR), lt(c2, FR)))
                mstore(add(t, 32), "z")
                mstore(add(t, 64), 0)
                let z := keccak256(t, 96)
                mstore(t, z)
                z := mod(z, FR)
                mstore(point, addmod(1, sub(FR, z), FR))
                mstore(add(point, 32), z)
                // c0 + z (claim - 2 c0 - c2) + z^2 c2
                let c1 := addmod(add(last, mulmod(z, c2, FR)), sub(mul(3, FR), add(add(c0, c0), c2)), FR)
                last := addmod(c0, mulmod(z, c1, FR), FR)
            }
        }
    }
}
