// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @title The forms on the mask columns Z and R (docs/spec/protocol.md §5a)
library Masks {
    struct Input {
        uint256 mu;
        uint256 rounds; // N, of the product sumcheck
        uint256 r; // its point
        uint256 z; // point of the opening
        uint256 lambda;
        uint256 claimPower; // lambda^J: of the last merge claim
        uint256 products; // P, number of prod terms
    }

    /// @notice coef_Z(z) and coef_R(z): the two forms of g, theta on the slots of the evaluations, and the last claim.
    function coefficients(Input memory i) internal pure returns (uint256 coefZ, uint256 coefR) {
        unchecked {
            uint256 slots = 3 * i.rounds + 6 + 2 * i.products;
            if (slots > (1 << (i.mu - 1)) - 1) revert Verifier_MalformedKey(slots);
            uint256 weights;
            assembly ("memory-safe") {
                weights := mload(0x40)
            }
            uint256 end = _sumcheckSlots(i, weights);
            end = _evaluationSlots(i, end);
            coefZ = addmod(_fold(weights, slots, i.z, i.mu), i.claimPower, FR);
            coefR = mulmod(i.claimPower, _sum(i.z, i.mu), FR);
        }
    }

    /// @dev Slots of g: its sum over the cube is claimed with weight 1, its value at r with weight lambda.
    function _sumcheckSlots(Input memory i, uint256 to) private pure returns (uint256 end) {
        uint256 half = 1 << (i.rounds - 1);
        uint256 r = i.r;
        uint256 lambda = i.lambda;
        uint256 last = r + (i.rounds << 6);
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            mstore(to, add(shl(1, half), lambda))
            to := add(to, 32)
            let power := 0
            for { r := add(r, 32) } lt(r, last) { r := add(r, 64) } {
                let x := mload(r)
                power := mulmod(lambda, x, f)
                mstore(to, add(power, half))
                power := mulmod(power, x, f)
                mstore(add(to, 32), add(power, half))
                power := mulmod(power, x, f)
                mstore(add(to, 64), add(power, half))
                to := add(to, 96)
            }
            let x := mload(sub(last, 32))
            power := mulmod(power, x, f)
            mstore(to, add(power, half))
            mstore(add(to, 32), add(mulmod(power, x, f), half))
            end := add(to, 64)
        }
    }

    /// @dev theta lambda^j on the slot of claim j: h, q, ht (not t), then a_1, b_1, …
    function _evaluationSlots(Input memory i, uint256 to) private pure returns (uint256 end) {
        uint256 last = i.r + (i.rounds << 6);
        uint256 lambda = i.lambda;
        uint256 left = i.products << 1;
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            let power := mulmod(mload(sub(last, 64)), mload(sub(last, 32)), f) // theta
            power := mulmod(mulmod(power, lambda, f), lambda, f)
            mstore(to, power)
            power := mulmod(power, lambda, f)
            mstore(add(to, 32), power)
            power := mulmod(power, lambda, f)
            mstore(add(to, 64), power)
            power := mulmod(power, lambda, f) // claim 5: t
            to := add(to, 96)
            for {} left { left := sub(left, 1) } {
                power := mulmod(power, lambda, f)
                mstore(to, power)
                to := add(to, 32)
            }
            end := to
        }
    }

    /// @dev Sum of weights[s] eq(z, s) over s < n < 2^(mu - 1), two variables at a time; uses up the weights and three
    ///      words behind them.
    function _fold(uint256 weights, uint256 n, uint256 z, uint256 mu) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            mu := add(z, shl(6, mu))
        }
        while (n > 1) {
            n = _foldTwo(weights, n, z);
            unchecked {
                z += 128;
            }
        }
        assembly ("memory-safe") {
            value := mload(weights)
            for {} lt(z, mu) { z := add(z, 64) } { value := mulmod(value, mload(z), FR) }
        }
    }

    function _foldTwo(uint256 to, uint256 n, uint256 z) private pure returns (uint256 folded) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let f := mload(mload(0x60))
            let from := to
            let end := add(to, shl(5, n))
            mstore(end, 0)
            mstore(add(end, 32), 0)
            mstore(add(end, 64), 0)
            folded := shr(2, add(n, 3))
            let e0 := mulmod(mload(z), mload(add(z, 64)), f)
            let e1 := mulmod(mload(add(z, 32)), mload(add(z, 64)), f)
            let e2 := mulmod(mload(z), mload(add(z, 96)), f)
            let e3 := mulmod(mload(add(z, 32)), mload(add(z, 96)), f)
            for {} lt(from, end) { from := add(from, 128) } {
                // the sum of four canonical products does not overflow
                let sum := mulmod(mload(from), e0, f)
                sum := add(sum, mulmod(mload(add(from, 32)), e1, f))
                sum := add(sum, mulmod(mload(add(from, 64)), e2, f))
                mstore(to, add(sum, mulmod(mload(add(from, 96)), e3, f)))
                to := add(to, 32)
            }
        }
    }

    /// @dev kappa(z): sum of the variables.
    function _sum(uint256 z, uint256 mu) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            for { let end := add(z, shl(6, mu)) } lt(z, end) { z := add(z, 64) } {
                sum := addmod(sum, mload(add(z, 32)), FR)
            }
        }
    }
}
