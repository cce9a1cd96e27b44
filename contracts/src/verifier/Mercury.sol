// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {FR, FR_HALF} from "./Fr.sol";
import {Transcript} from "./Transcript.sol";
import {Verdict} from "./Verdict.sol";

/// @title Mercury: opening of a committed multilinear polynomial at one point (docs/spec/protocol.md §6)
library Mercury {
    using Transcript for uint256;

    struct Opening {
        uint256 z; // the point
        uint256 mu; // its variables
        uint256 v; // the value
        uint256 proof; // calldata position of C_h C_q C_g C_S C_d, seven scalars, C_W1 C_W2 C_W3
    }

    /// @notice What the check e(A, [1]_2) = e(B, [tau]_2) needs of an opening, beside the commitment.
    struct Reduced {
        uint256 coefs; // address of the coefficients in A of C_h C_q C_g C_S C_d, C_W1 C_W2 C_W3, then those in B of the last three
        uint256 value; // y, the coefficient of -[1]_1 in A
    }

    struct Scalars {
        uint256 a;
        uint256 gamma;
        uint256 zeta;
        uint256 nu;
        uint256 eps;
        uint256 zetaInv;
        uint256 gZ;
        uint256 gZi;
        uint256 hZ;
        uint256 hZi;
        uint256 sZ;
        uint256 sZi;
    }

    /// @notice The longest message that the transcript must have room for.
    uint256 internal constant MAX_ABSORBED = 224;

    uint256 private constant SCALARS = 320; // behind five points
    uint256 private constant QUOTIENTS = 544; // behind seven scalars

    /// @notice Reads an opening; ends the call with `false` if a scalar is not canonical or 1/zeta is none.
    function reduce(Opening memory o, uint256 t) internal pure returns (Reduced memory reduced) {
        Scalars memory s = _readScalars(o.proof, t);
        uint256 zetaB;
        (reduced.coefs, zetaB) = _coefficients(o, s);
        reduced.value = _combinedValue(s, zetaB, _valueAtA(o, s));
    }

    /// @notice Adds an opening's part of A and of B; the first one's finds an empty `b`.
    function add(uint256 proof, uint256 coefs, uint256 a, uint256 b, bool first) internal view {
        unchecked {
            Bn254.addFromCalldata(a, proof, coefs, 5);
            Bn254.addFromCalldata(a, proof + QUOTIENTS, coefs + 160, 3);
            if (first) {
                // its first coefficient is 1
                assembly ("memory-safe") {
                    calldatacopy(b, add(proof, QUOTIENTS), 64)
                }
                Bn254.addFromCalldata(b, proof + QUOTIENTS + 64, coefs + 288, 2);
            } else {
                Bn254.addFromCalldata(b, proof + QUOTIENTS, coefs + 256, 3);
            }
        }
    }

    function _readScalars(uint256 proof, uint256 t) private pure returns (Scalars memory s) {
        unchecked {
            t.absorb("m.h", proof, 64);
            s.a = t.challenge("m.a");
            t.absorb("m.qg", proof + 64, 128);
            s.gamma = t.challenge("m.gamma");
            t.absorb("m.sd", proof + 192, 128);
            s.zeta = t.challenge("m.zeta");
            t.absorb("m.ev", proof + SCALARS, 224);
            s.nu = t.challenge("m.nu");
            t.absorb("m.w", proof + QUOTIENTS, 192);
            s.eps = t.challenge("m.eps");
        }
        bool ok;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let evals := add(s, 160)
            calldatacopy(evals, add(proof, SCALARS), 224)
            ok := eq(mulmod(mload(add(s, 64)), mload(evals), r), 1)
            for { let end := add(evals, 224) } lt(evals, end) { evals := add(evals, 32) } {
                ok := and(ok, lt(mload(evals), r))
            }
        }
        if (!ok) Verdict.reject();
    }

    /// @dev The coefficients of `Reduced` (eleven words), and zeta^b.
    function _coefficients(Opening memory o, Scalars memory s)
        private
        pure
        returns (uint256 coefs, uint256 zetaB)
    {
        unchecked {
            zetaB = s.zeta;
            for (uint256 i = (o.mu + 1) >> 1; i != 0; --i) {
                zetaB = mulmod(zetaB, zetaB, FR);
            }
        }
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            coefs := mload(0x40)
            mstore(0x40, add(coefs, 352))
            let a := mload(s)
            let zeta := mload(add(s, 64))
            let nu := mload(add(s, 96))
            let eps := mload(add(s, 128))
            let nu2 := mulmod(nu, nu, r)
            let eps2 := mulmod(eps, eps, r)
            mstore(coefs, addmod(nu, add(eps, eps2), r))
            mstore(add(coefs, 32), addmod(a, sub(r, zetaB), r))
            mstore(add(coefs, 64), addmod(nu2, mulmod(eps, nu, r), r))
            mstore(add(coefs, 96), mulmod(nu2, add(nu2, eps), r))
            mstore(add(coefs, 128), mulmod(nu2, nu, r))
            mstore(add(coefs, 160), zeta)
            mstore(add(coefs, 192), mulmod(eps, mload(add(s, 160)), r))
            mstore(add(coefs, 224), mulmod(eps2, a, r))
            mstore(add(coefs, 256), 1)
            mstore(add(coefs, 288), eps)
            mstore(add(coefs, 320), eps2)
        }
    }

    /// @dev h(a), which the identity of step 3 determines from the evaluations at zeta and 1/zeta.
    function _valueAtA(Opening memory o, Scalars memory s) private pure returns (uint256 hA) {
        (uint256 p1, uint256 p1i, uint256 p2, uint256 p2i) = _productForms(o, s);
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            hA := add(mulmod(mload(add(s, 256)), p2i, r), mulmod(mload(add(s, 288)), p2, r))
            hA := mulmod(mload(add(s, 32)), hA, r) // gamma
            hA := add(hA, add(mulmod(mload(add(s, 192)), p1i, r), mulmod(mload(add(s, 224)), p1, r)))
            // zeta s(zeta) + zeta^-1 s(zeta^-1)
            let tail := mulmod(mload(add(s, 64)), mload(add(s, 320)), r)
            tail := add(tail, mulmod(mload(add(s, 160)), mload(add(s, 352)), r))
            hA := addmod(hA, sub(add(r, r), tail), r)
            // gamma v
            tail := mulmod(mload(add(s, 32)), mload(add(o, 64)), r)
            hA := addmod(mulmod(hA, FR_HALF, r), sub(r, tail), r)
        }
    }

    /// @dev P_u1 and P_u2 at zeta and 1/zeta.
    function _productForms(Opening memory o, Scalars memory s)
        private
        pure
        returns (uint256 p1, uint256 p1i, uint256 p2, uint256 p2i)
    {
        unchecked {
            uint256 mu1 = (o.mu + 1) >> 1;
            uint256 z2 = o.z + (mu1 << 6);
            p1 = _productForm(o.z, mu1, s.zeta);
            p1i = _productForm(o.z, mu1, s.zetaInv);
            p2 = _productForm(z2, o.mu - mu1, s.zeta);
            p2i = _productForm(z2, o.mu - mu1, s.zetaInv);
        }
    }

    /// @dev y = g + nu h + nu^2 g + nu^3 d + nu^4 s at zeta, + eps (h + nu g + nu^2 s at 1/zeta) + eps^2 h(a).
    function _combinedValue(Scalars memory s, uint256 zetaB, uint256 hA) private pure returns (uint256 y) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let nu := mload(add(s, 96))
            let eps := mload(add(s, 128))
            let gZ := mload(add(s, 192))
            let gZi := mload(add(s, 224))
            let d := mulmod(mulmod(zetaB, mload(add(s, 160)), r), gZi, r)
            y := add(d, mulmod(nu, mload(add(s, 320)), r))
            y := add(gZ, mulmod(nu, y, r))
            y := add(mload(add(s, 256)), mulmod(nu, y, r))
            y := add(gZ, mulmod(nu, y, r))
            let low := add(gZi, mulmod(nu, mload(add(s, 352)), r))
            low := add(mload(add(s, 288)), mulmod(nu, low, r))
            low := add(low, mulmod(eps, hA, r))
            y := addmod(y, mulmod(eps, low, r), r)
        }
    }

    /// @dev P_u(x) = product of (1 - u_i + u_i x^(2^i)) over `n` variables.
    function _productForm(uint256 u, uint256 n, uint256 x) private pure returns (uint256 acc) {
        assembly ("memory-safe") {
            acc := 1
            for { let end := add(u, shl(6, n)) } lt(u, end) { u := add(u, 64) } {
                acc := mulmod(acc, add(mload(u), mulmod(mload(add(u, 32)), x, FR)), FR)
                x := mulmod(x, x, FR)
            }
        }
    }
}
