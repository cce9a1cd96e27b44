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
        uint256 proof; // calldata position of C_h C_q C_g C_S C_d, seven scalars, C_W C_Wy
    }

    /// @notice What the check e(A, [1]_2) = e(B, [tau]_2) e(C_q, [tau^b]_2) needs of an opening, beside the commitment.
    struct Reduced {
        uint256 coefs; // address of the coefficients in A of C_h C_q C_g C_S C_d, C_W C_Wy, then C_q's and C_Wy's own
        uint256 value; // the coefficient of -[1]_1 in A
    }

    struct Scalars {
        uint256 a;
        uint256 gamma;
        uint256 zeta;
        uint256 nu;
        uint256 y;
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
        reduced.coefs = _coefficients(s);
        reduced.value = _interpolated(s, reduced.coefs, _valueAtA(o, s), _valueOfD(o, s));
    }

    /// @notice Adds an opening's part of A, of B and of the quotients by X^b - a; the first one's finds empty `b` and `q`.
    function add(uint256 proof, uint256 coefs, uint256 a, uint256 b, uint256 q, bool first) internal view {
        unchecked {
            Bn254.addFromCalldata(a, proof, coefs, 5);
            Bn254.addFromCalldata(a, proof + QUOTIENTS, coefs + 160, 2);
            if (first) {
                // their coefficient is 1
                assembly ("memory-safe") {
                    calldatacopy(b, add(proof, add(QUOTIENTS, 64)), 64)
                    calldatacopy(q, add(proof, 64), 64)
                }
            } else {
                Bn254.addFromCalldata(b, proof + QUOTIENTS + 64, coefs + 224, 1);
                Bn254.addFromCalldata(q, proof + 64, coefs + 224, 1);
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
            t.absorb("m.w", proof + QUOTIENTS, 64);
            s.y = t.challenge("m.y");
            t.absorb("m.wy", proof + QUOTIENTS + 64, 64);
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

    /// @dev The coefficients of `Reduced` (eight words).
    function _coefficients(Scalars memory s) private pure returns (uint256 coefs) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            coefs := mload(0x40)
            mstore(0x40, add(coefs, 256))
            let a := mload(s)
            let minusZeta := sub(r, mload(add(s, 64)))
            let minusInv := sub(r, mload(add(s, 160)))
            let y := mload(add(s, 128))
            let nu := mload(add(s, 96))
            let d := mulmod(add(mload(add(s, 64)), minusInv), add(a, minusZeta), r)
            d := mulmod(d, add(a, minusInv), r)
            let yA := add(y, sub(r, a))
            let c := mulmod(d, nu, r)
            mstore(coefs, c)
            mstore(add(coefs, 32), a)
            c := mulmod(mulmod(c, nu, r), yA, r)
            mstore(add(coefs, 64), addmod(c, sub(r, 1), r))
            c := mulmod(c, nu, r)
            mstore(add(coefs, 96), c)
            mstore(add(coefs, 128), mulmod(mulmod(c, nu, r), add(y, minusInv), r))
            d := mulmod(mulmod(d, yA, r), add(y, minusInv), r)
            mstore(add(coefs, 160), sub(r, mulmod(d, add(y, minusZeta), r)))
            mstore(add(coefs, 192), y)
            mstore(add(coefs, 224), 1)
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

    /// @dev d(zeta) = zeta^(b-1) g(1/zeta).
    function _valueOfD(Opening memory o, Scalars memory s) private pure returns (uint256 d) {
        unchecked {
            d = s.zeta;
            for (uint256 i = (o.mu + 1) >> 1; i != 0; --i) {
                d = mulmod(d, d, FR);
            }
            d = mulmod(mulmod(d, s.zetaInv, FR), s.gZi, FR);
        }
    }

    /// @dev What the opened values contribute: the interpolants at y, weighted as C_h, C_g, C_S, C_d are.
    function _interpolated(Scalars memory s, uint256 coefs, uint256 hA, uint256 d)
        private
        pure
        returns (uint256 value)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let a := mload(s)
            let y := mload(add(s, 128))
            let nu := mload(add(s, 96))
            let aZeta := add(a, sub(r, mload(add(s, 64))))
            let aInv := add(a, sub(r, mload(add(s, 160))))
            let yZeta := add(y, sub(r, mload(add(s, 64))))
            let yInv := add(y, sub(r, mload(add(s, 160))))
            // g and S: their lines through zeta and 1/zeta
            let line := mulmod(addmod(mload(add(s, 192)), mulmod(nu, mload(add(s, 320)), r), r), yInv, r)
            let other := mulmod(addmod(mload(add(s, 224)), mulmod(nu, mload(add(s, 352)), r), r), yZeta, r)
            value := mulmod(mulmod(nu, add(y, sub(r, a)), r), add(line, sub(r, other)), r)
            // h: its line, and what it lacks at a
            line := mulmod(mload(add(s, 256)), yInv, r)
            value := addmod(value, add(line, sub(r, mulmod(mload(add(s, 288)), yZeta, r))), r)
            value := mulmod(value, mulmod(aZeta, aInv, r), r)
            line := mulmod(mload(add(s, 256)), aInv, r)
            line := add(line, sub(r, mulmod(mload(add(s, 288)), aZeta, r)))
            other := mulmod(add(mload(add(s, 64)), sub(r, mload(add(s, 160)))), hA, r)
            other := mulmod(add(other, sub(add(r, r), line)), mulmod(yZeta, yInv, r), r)
            value := mulmod(addmod(value, other, r), nu, r)
            value := addmod(value, mulmod(mload(add(coefs, 128)), d, r), r)
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
