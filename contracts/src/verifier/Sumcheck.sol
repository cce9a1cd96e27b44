// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";

/// @title The two sumchecks (docs/spec/protocol.md §5, steps 5 and 7)
/// @notice Each absorbs its rounds from calldata and writes the challenges as a point (see `Fr`). Scalars that are not
///         canonical make `ok` false; the caller must then reject.
library Sumcheck {
    /// @notice Product sumcheck over a known first claim.
    /// @param from calldata position of `rounds - 1` triples c0, c2, c3, then the last round's c0, c2, c3, c4, c5
    /// @param claim the first claim, canonical
    /// @return ok whether all scalars are canonical
    /// @return last the claim after the last round
    function product(uint256 t, uint256 from, uint256 rounds, uint256 claim, uint256 point)
        internal
        pure
        returns (bool ok, uint256 last)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            ok := 1
            last := claim
            for { let end := add(point, shl(6, sub(rounds, 1))) } lt(point, end) { point := add(point, 64) } {
                mstore(add(t, 32), "prod")
                mstore(add(t, 64), 96)
                calldatacopy(add(t, 96), from, 96)
                from := add(from, 96)
                mstore(t, keccak256(t, 192))
                let c0 := mload(add(t, 96))
                let c2 := mload(add(t, 128))
                let c3 := mload(add(t, 160))
                ok := and(ok, and(lt(c0, f), and(lt(c2, f), lt(c3, f))))
                mstore(add(t, 32), "r")
                mstore(add(t, 64), 0)
                let r := keccak256(t, 96)
                mstore(t, r)
                r := mod(r, f)
                mstore(point, addmod(1, sub(f, r), f))
                mstore(add(point, 32), r)
                // c0 + r (claim - 2 c0 - c2 - c3) + r^2 c2 + r^3 c3; 2 c0 + c2 + c3 < 4 f < 2^256
                let high := mulmod(r, add(c2, mulmod(r, c3, f)), f)
                let c1 := addmod(add(last, high), sub(mul(4, f), add(add(c0, c0), add(c2, c3))), f)
                last := addmod(c0, mulmod(r, c1, f), f)
            }
        }
        bool lastOk;
        (lastOk, last) = _lastProductRound(t, from, last, point);
        ok = ok && lastOk;
    }

    /// @dev The round of degree 5: c0, c2, c3, c4, c5 at `from`.
    function _lastProductRound(uint256 t, uint256 from, uint256 claim, uint256 point)
        private
        pure
        returns (bool ok, uint256 last)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            mstore(add(t, 32), "prod")
            mstore(add(t, 64), 160)
            calldatacopy(add(t, 96), from, 160)
            mstore(t, keccak256(t, 256))
            mstore(add(t, 32), "r")
            mstore(add(t, 64), 0)
            let r := keccak256(t, 96)
            mstore(t, r)
            r := mod(r, f)
            mstore(point, addmod(1, sub(f, r), f))
            mstore(add(point, 32), r)
            // c1 = claim - 2 c0 - c2 - c3 - c4 - c5; Horner for c2 … c5
            let high := 0
            ok := 1
            for { let i := 128 } i { i := sub(i, 32) } {
                let c := mload(add(add(t, 96), i))
                ok := and(ok, lt(c, f))
                high := mulmod(r, add(c, high), f)
                claim := addmod(claim, sub(f, c), f)
            }
            let c0 := mload(add(t, 96))
            ok := and(ok, lt(c0, f))
            let c1 := addmod(add(claim, high), sub(mul(2, f), add(c0, c0)), f)
            last := addmod(c0, mulmod(r, c1, f), f)
        }
    }

    /// @notice Merge sumcheck. The last claim is affine in the first one, which the verifier learns only when it walks the
    ///         circuit, so slope and intercept are returned: `last = slope * first + intercept`.
    /// @param from calldata position of `rounds` pairs c0, c2
    function merge(uint256 t, uint256 from, uint256 rounds, uint256 point)
        internal
        pure
        returns (bool ok, uint256 slope, uint256 intercept)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            ok := 1
            slope := 1
            for { let end := add(point, shl(6, rounds)) } lt(point, end) { point := add(point, 64) } {
                mstore(add(t, 32), "merge")
                mstore(add(t, 64), 64)
                calldatacopy(add(t, 96), from, 64)
                from := add(from, 64)
                mstore(t, keccak256(t, 160))
                let c0 := mload(add(t, 96))
                let c2 := mload(add(t, 128))
                ok := and(ok, and(lt(c0, f), lt(c2, f)))
                mstore(add(t, 32), "z")
                mstore(add(t, 64), 0)
                let z := keccak256(t, 96)
                mstore(t, z)
                z := mod(z, f)
                mstore(point, addmod(1, sub(f, z), f))
                mstore(add(point, 32), z)
                // c0 + z (claim - 2 c0 - c2) + z^2 c2
                let c1 := addmod(add(intercept, mulmod(z, c2, f)), sub(mul(3, f), add(add(c0, c0), c2)), f)
                intercept := addmod(c0, mulmod(z, c1, f), f)
                slope := mulmod(slope, z, f)
            }
        }
    }
}
