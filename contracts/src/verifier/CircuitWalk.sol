// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AxisWeights} from "./AxisWeights.sol";
import {FR, Fr} from "./Fr.sol";
import {FormContext, Forms} from "./Forms.sol";
import {COLUMN_IN, COLUMN_OUT, Key} from "./KeyReader.sol";
import {PublicValues} from "./PublicValues.sol";
import {Verdict, Verifier_MalformedKey} from "./Verdict.sol";

/// @notice One pass over the steps of a key: what it needs, and what it sums up.
struct Walk {
    // needed
    FormContext forms;
    uint256 steps;
    uint256 stepsEnd;
    uint256 numSteps;
    uint256 nRho;
    uint256 nProd;
    uint256 rEnd; // end of the product sumcheck's point: r^(n) starts at rEnd - 64 n
    uint256 rNu; // r^(nu)
    uint256 rTop; // eq table of its top variables (see Fr.eqHigh)
    uint256 prefix; // eq of the first i variables of rho and z, i = 0 … mu
    uint256 halves; // 2^-i, i = 0 … nProd
    uint256 gamma;
    uint256 lambda;
    uint256 env; // work space: axes of a prod term
    PublicValues.Source values;
    uint256 claims; // calldata position of the next a_i
    uint256 claimsEnd;
    // running powers
    uint256 gammaPower;
    uint256 lambdaPower;
    // sums
    uint256 consts; // K
    uint256 publics; // Pub
    uint256 products; // sum of w_i 2^-(N - n_i) E_i a_i b_i
    uint256 ids; // id~ at r^(nu)
}

/// @title The circuit, walked once: initial claim, product check and merge coefficients together
library CircuitWalk {
    /// @notice Walks all steps. Ends the call with `false` if the proof has another number of product claims.
    function run(Walk memory w) internal pure {
        unchecked {
            uint256 ptr = w.steps;
            for (uint256 i = w.numSteps; i != 0; --i) {
                ptr = _step(w, ptr);
                w.gammaPower = mulmod(w.gammaPower, w.gamma, FR);
            }
            if (ptr != w.stepsEnd) revert Verifier_MalformedKey(ptr - w.steps);
            if (w.claims != w.claimsEnd) Verdict.reject();
        }
    }

    function _step(Walk memory w, uint256 ptr) private pure returns (uint256) {
        unchecked {
            uint256 n;
            (ptr, n) = _outAxes(w, ptr);
            ptr = _limbs(w, ptr, n);
            ptr = _consts(w, ptr);
            ptr = _lins(w, ptr);
            return _prods(w, ptr);
        }
    }

    /// @dev The byte at `ptr`.
    function _u8(uint256 ptr) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := byte(0, mload(ptr))
        }
    }

    /// @dev gamma^k times the coefficient (i128) at `ptr`.
    function _weight(Walk memory w, uint256 ptr) private pure returns (uint256 weight) {
        weight = w.gammaPower;
        assembly ("memory-safe") {
            let coef := sar(128, mload(ptr))
            weight := mulmod(weight, add(mul(slt(coef, 0), FR), coef), FR)
        }
    }

    /// @dev Reads `count` packed axes at `ptr` into the words at `axes`; they take the slices of a box whose highest
    ///      variable lies below `top`. Returns the address behind the last slice, going down.
    function _readAxes(uint256 ptr, uint256 count, uint256 axes, uint256 top) private pure returns (uint256) {
        assembly ("memory-safe") {
            for { let end := add(ptr, shl(2, count)) } lt(ptr, end) { ptr := add(ptr, 4) } {
                let axis := shr(224, mload(ptr))
                top := sub(top, shl(6, shr(24, axis)))
                mstore(axes, or(shl(32, top), axis))
                axes := add(axes, 32)
            }
        }
        return top;
    }

    /// @dev Sum of the logs of `count` packed axes.
    function _sumLogs(uint256 ptr, uint256 count) private pure returns (uint256 n) {
        assembly ("memory-safe") {
            for { let end := add(ptr, shl(2, count)) } lt(ptr, end) { ptr := add(ptr, 4) } {
                n := add(n, byte(0, mload(ptr)))
            }
        }
    }

    function _outAxes(Walk memory w, uint256 ptr) private pure returns (uint256 next, uint256 n) {
        unchecked {
            FormContext memory c = w.forms;
            uint256 count = _u8(ptr++);
            n = _sumLogs(ptr, count);
            if (count > Forms.MAX_AXES || n > w.nRho) revert Verifier_MalformedKey(ptr - w.steps);
            _readAxes(ptr, count, c.outAxes, c.rho + (n << 6));
            c.numOut = count;
            next = ptr + (count << 2);
        }
    }

    function _limbs(Walk memory w, uint256 ptr, uint256 n) private pure returns (uint256) {
        unchecked {
            uint256 count = _u8(ptr++);
            if (count == 0) return ptr;
            FormContext memory c = w.forms;
            if (n > c.nu) revert Verifier_MalformedKey(ptr - w.steps);
            uint256 ids;
            for (uint256 end = ptr + (count << 2); ptr < end; ptr += 4) {
                uint256 limb;
                assembly ("memory-safe") {
                    limb := mload(ptr)
                }
                uint256 tensor = Forms.tensorRecord(c, limb >> 240);
                uint256 weight = mulmod(w.gammaPower, 1 << (limb >> 232 & 0xff), FR);
                Forms.addDirect(c, tensor, n, weight, w.prefix);
                uint256 place = Fr.eqHigh(w.rNu, n, c.nu, w.rTop, Forms.offsetOf(tensor));
                ids = addmod(ids, mulmod(limb >> 224 & 0xff, place, FR), FR);
            }
            // the box at r^(nu): the same slices as at rho
            uint256 axes = c.outAxes;
            uint256 shift = w.rNu - c.rho;
            for (uint256 i; i < c.numOut; ++i) {
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(add(axes, shl(5, i)))
                }
                ids = mulmod(ids, Forms.belowAxis(c, axis + (shift << 32)), FR);
            }
            w.ids = addmod(w.ids, ids, FR);
            return ptr;
        }
    }

    function _consts(Walk memory w, uint256 ptr) private pure returns (uint256) {
        unchecked {
            FormContext memory c = w.forms;
            for (uint256 count = _u8(ptr++); count != 0; --count) {
                uint256 term = _weight(w, ptr);
                ptr += 16;
                for (uint256 i; i < c.numOut; ++i) {
                    term = mulmod(term, _rangeFactor(c, ptr, i), FR);
                    ptr += 6;
                }
                w.consts = addmod(w.consts, term, FR);
            }
            return ptr;
        }
    }

    /// @dev lt(hi) - lt(lo) of the range at `ptr` along out axis `i`.
    function _rangeFactor(FormContext memory c, uint256 ptr, uint256 i) private pure returns (uint256) {
        uint256 axes = c.outAxes;
        uint256 axis;
        uint256 range;
        assembly ("memory-safe") {
            axis := mload(add(axes, shl(5, i)))
            range := shr(208, mload(ptr))
        }
        if (range == AxisWeights.dimOf(axis)) return Forms.belowDim(c, i);
        (uint256 point, uint256 log) = (AxisWeights.pointOf(axis), AxisWeights.logOf(axis));
        return Fr.sub(Fr.lt(range & 0xffffff, point, log), Fr.lt(range >> 24, point, log));
    }

    function _lins(Walk memory w, uint256 ptr) private pure returns (uint256) {
        unchecked {
            FormContext memory c = w.forms;
            for (uint256 count = _u8(ptr++); count != 0; --count) {
                uint256 weight = _weight(w, ptr);
                (uint256 tensor, uint256 maps, uint256 end) = Forms.readOperand(c, ptr + 16);
                uint256 column = tensor >> 248;
                if (
                    (column == COLUMN_IN && w.values.inputPublic)
                        || (column == COLUMN_OUT && w.values.outputPublic)
                ) {
                    (uint256 value, uint256 used) =
                        PublicValues.evaluate(w.values, tensor, maps, end, c.outAxes);
                    value = mulmod(value, Forms.broadcastFactor(c, used), FR);
                    w.publics = addmod(w.publics, mulmod(weight, value, FR), FR);
                    ptr = end;
                } else {
                    ptr = Forms.addOperand(c, ptr + 16, c.outAxes, FR - weight, true);
                }
            }
            return ptr;
        }
    }

    function _prods(Walk memory w, uint256 ptr) private pure returns (uint256) {
        unchecked {
            for (uint256 count = _u8(ptr++); count != 0; --count) {
                ptr = _prod(w, ptr);
            }
            return ptr;
        }
    }

    function _prod(Walk memory w, uint256 ptr) private pure returns (uint256) {
        unchecked {
            uint256 weight = _weight(w, ptr);
            uint256 e;
            (ptr, e) = _environment(w, ptr + 16);
            uint256 claims = w.claims;
            if (claims == w.claimsEnd) Verdict.reject();
            w.claims = claims + 64;
            assembly ("memory-safe") {
                e := mulmod(e, mulmod(calldataload(claims), calldataload(add(claims, 32)), FR), FR)
            }
            w.products = addmod(w.products, mulmod(weight, e, FR), FR);
            uint256 power = w.lambdaPower;
            ptr = Forms.addOperand(w.forms, ptr, w.env, power, false);
            power = mulmod(power, w.lambda, FR);
            ptr = Forms.addOperand(w.forms, ptr, w.env, power, false);
            w.lambdaPower = mulmod(power, w.lambda, FR);
            return ptr;
        }
    }

    /// @dev Sets the environment of the prod term whose contraction axes are at `ptr`.
    /// @return next the address of operand A
    /// @return e 2^-(N - n_x) times E(r), the product of eq(rho slice, r slice) over the shared axes
    function _environment(Walk memory w, uint256 ptr) private pure returns (uint256 next, uint256 e) {
        unchecked {
            FormContext memory c = w.forms;
            uint256 contracted = _u8(ptr++);
            next = ptr + (contracted << 2) + 1;
            uint256 mask = _u8(next - 1);
            uint256 numOut = c.numOut;
            if (contracted + numOut > Forms.MAX_AXES) revert Verifier_MalformedKey(ptr - w.steps);
            uint256 env = w.env;
            uint256 outAxes = c.outAxes;
            uint256 n = _sumLogs(ptr, contracted);
            for (uint256 i; i < numOut; ++i) {
                assembly ("memory-safe") {
                    let axis := mload(add(outAxes, shl(5, i)))
                    mstore(add(env, shl(5, i)), axis)
                    n := add(n, mul(and(shr(i, mask), 1), and(shr(24, axis), 0xff)))
                }
            }
            if (n > w.nProd) revert Verifier_MalformedKey(ptr - w.steps);
            e = w.halves + ((w.nProd - n) << 5);
            assembly ("memory-safe") {
                e := mload(e)
            }
            // variables [N - n, N) of r: the first contraction axis is the highest, so the box ends at rEnd
            uint256 top = _readAxes(ptr, contracted, env + (numOut << 5), w.rEnd);
            for (uint256 i; mask >> i != 0 && i < numOut; ++i) {
                if (mask >> i & 1 == 0) continue;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(add(outAxes, shl(5, i)))
                }
                uint256 log = AxisWeights.logOf(axis);
                top -= log << 6;
                e = mulmod(e, Fr.eq(AxisWeights.pointOf(axis), top, log), FR);
                assembly ("memory-safe") {
                    mstore(add(env, shl(5, i)), or(shl(32, top), and(axis, 0xffffffff)))
                }
            }
        }
    }
}
