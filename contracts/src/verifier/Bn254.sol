// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Verdict} from "./Verdict.sol";

/// @dev The base field of BN254.
uint256 constant FQ =
    21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;

/// @title BN254 group operations through the precompiles (EIP-196, EIP-197, EIP-1108)
/// @notice An *accumulator* is the memory address of five words: a point (x, y) and three words of work space. Every
///         point is decoded by a precompile, so a point off the curve or a coordinate >= FQ ends the call with `false`.
library Bn254 {
    // Allowances with a margin over EIP-1108's 150, 6,000 and 147,000: a failing precompile burns its allowance.
    uint256 private constant ADD_GAS = 2000;
    uint256 private constant MUL_GAS = 12_000;
    uint256 private constant PAIRING_GAS = 250_000;

    /// @notice A new accumulator that holds infinity.
    function accumulator() internal pure returns (uint256 acc) {
        assembly ("memory-safe") {
            acc := mload(0x40)
            mstore(0x40, add(acc, 160))
            mstore(acc, 0)
            mstore(add(acc, 32), 0)
        }
    }

    /// @notice `acc += sum of coefs[i] * points[i]` for `count` points in calldata, coefficients in memory.
    function addFromCalldata(uint256 acc, uint256 points, uint256 coefs, uint256 count) internal view {
        bool ok;
        assembly ("memory-safe") {
            ok := 1
            let p := add(acc, 64)
            for { let end := add(points, shl(6, count)) } lt(points, end) { points := add(points, 64) } {
                calldatacopy(p, points, 64)
                mstore(add(acc, 128), mload(coefs))
                coefs := add(coefs, 32)
                ok := and(ok, staticcall(MUL_GAS, 7, p, 96, p, 64))
                ok := and(staticcall(ADD_GAS, 6, acc, 128, acc, 64), ok)
            }
        }
        if (!ok) Verdict.rejectFailedPrecompile();
    }

    /// @notice `acc += sum of coefs[i] * points[i]` for `count` points in memory; infinities cost nothing.
    function addFromMemory(uint256 acc, uint256 points, uint256 coefs, uint256 count) internal view {
        bool ok;
        assembly ("memory-safe") {
            ok := 1
            let p := add(acc, 64)
            for { let end := add(points, shl(6, count)) } lt(points, end) { points := add(points, 64) } {
                let x := mload(points)
                let y := mload(add(points, 32))
                if or(x, y) {
                    mstore(p, x)
                    mstore(add(acc, 96), y)
                    mstore(add(acc, 128), mload(coefs))
                    ok := and(ok, staticcall(MUL_GAS, 7, p, 96, p, 64))
                    ok := and(staticcall(ADD_GAS, 6, acc, 128, acc, 64), ok)
                }
                coefs := add(coefs, 32)
            }
        }
        if (!ok) Verdict.rejectFailedPrecompile();
    }

    /// @notice Whether e(a, [1]_2) = e(b, [tau]_2) e(q, [tau^(2^k)]_2) for three accumulators, with points of `tauPowers`;
    ///         false if it holds too few.
    function pairingHolds(uint256 a, uint256 b, uint256 q, address tauPowers, uint256 k)
        internal
        view
        returns (bool holds)
    {
        bool ok;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mcopy(m, a, 32)
            let y := mload(add(a, 32))
            mstore(add(m, 32), mul(iszero(iszero(y)), sub(FQ, y)))
            mstore(add(m, 64), 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2)
            mstore(add(m, 96), 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed)
            mstore(add(m, 128), 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b)
            mstore(add(m, 160), 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa)
            mcopy(add(m, 192), b, 64)
            extcodecopy(tauPowers, add(m, 256), 1, 128)
            mcopy(add(m, 384), q, 64)
            extcodecopy(tauPowers, add(m, 448), add(shl(7, k), 1), 128)
            // behind the last power lie zeros, which would pass for infinity
            holds := mload(add(m, 448))
            ok := staticcall(PAIRING_GAS, 8, m, 576, m, 32)
            holds := and(and(ok, iszero(iszero(holds))), eq(mload(m), 1))
        }
        if (!ok) Verdict.rejectFailedPrecompile();
    }
}
