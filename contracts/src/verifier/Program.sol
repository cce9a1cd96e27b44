// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR} from "./Fr.sol";
import {Factors, FactorTable} from "./Factors.sol";
import {COLUMN_F, Key, NUM_COLUMNS} from "./KeyReader.sol";
import {Terms} from "./Terms.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @notice A verifier's program, and what it adds up.
struct Run {
    FactorTable factors;
    uint256 records; // address of the first record, behind the counts
    uint256 end; // of the program
    uint256 numClaims; // P, the number of prod terms
    uint256 targets; // K, id~, then the coefficients of the chunks of all columns
    uint256 columns; // address of NUM_COLUMNS words, `address of the column's coefficients << 32 | chunks`
    uint256 halves; // address of the factor 2^0
    uint256 products; // sum of w_i 2^-(N - n_i) E_i a_i b_i
    uint256 lambdaPower; // lambda^J
}

/// @title A verifier's program (docs/spec/protocol.md §8a), one pass: initial claim, product check and merge coefficients
/// @dev The program of a registered key was compared with its circuit off-chain. Running it is total whatever the bytes are:
///      ids are not checked, a wrong one reads another word of memory.
library Program {
    uint256 private constant HEAD_BYTES = 6; // IN and OUT tensor, number of claims
    uint256 private constant COUNTS = 17; // u16 each: kinds of factors, then of terms
    uint256 private constant FIRST_CHUNK = 2; // target

    /// @notice Finds the program in the key.
    function load(Key memory k) internal pure returns (Run memory p) {
        unchecked {
            uint256 start = k.program;
            p.end = k.commitments;
            p.records = start + HEAD_BYTES + 2 * COUNTS;
            if (p.records > p.end) revert Verifier_MalformedKey(start);
            p.numClaims = _count(start + 4);
        }
    }

    /// @notice Records of the tensors that IN and OUT consist of.
    function publicTensors(Run memory p, Key memory k) internal pure returns (uint256 input, uint256 output) {
        unchecked {
            uint256 start = p.records - HEAD_BYTES - 2 * COUNTS;
            (uint256 i, uint256 j) = (_count(start), _count(start + 2));
            if (i >= k.numTensors || j >= k.numTensors) revert Verifier_MalformedKey(i);
            uint256 tensors = k.tensors;
            assembly ("memory-safe") {
                input := mload(add(tensors, shl(5, i)))
                output := mload(add(tensors, shl(5, j)))
            }
        }
    }

    /// @notice Memory for the factors and zero targets.
    function allocate(Run memory p, Key memory k) internal pure {
        unchecked {
            uint256 factors = 2 * k.numSteps + 2 * p.numClaims + k.mu + k.nProd + 2;
            uint256 counts = p.records - 2 * COUNTS;
            for (uint256 i = 0; i < 8; ++i) {
                factors += _count(counts + 2 * i);
            }
            uint256 chunkCounts = k.counts;
            uint256 targets;
            uint256 columns;
            assembly ("memory-safe") {
                columns := mload(0x40)
                targets := add(columns, shl(5, NUM_COLUMNS))
                let pos := add(targets, shl(5, FIRST_CHUNK))
                for { let i := 0 } lt(i, shl(5, NUM_COLUMNS)) { i := add(i, 32) } {
                    let count := mload(add(chunkCounts, i))
                    mstore(add(columns, i), or(shl(32, pos), count))
                    pos := add(pos, shl(5, count))
                }
                // nothing has been written there yet, but scratch use may have left something behind
                calldatacopy(targets, calldatasize(), sub(pos, targets))
                mstore(0x40, add(pos, shl(5, factors)))
                factors := pos
            }
            (p.targets, p.columns, p.factors.values, p.factors.next) = (targets, columns, factors, factors);
        }
    }

    /// @notice The factors that every program has: powers of gamma, their negatives, powers of lambda from the sixth on,
    ///         prefixes of eq(rho, z), powers of 1/2.
    function fixedFactors(Run memory p, Key memory k, uint256 gamma, uint256 lambda) internal pure {
        unchecked {
            FactorTable memory f = p.factors;
            Factors.powers(f, 1, gamma, k.numSteps);
            Factors.negatives(f, k.numSteps);
            uint256 power = mulmod(lambda, lambda, FR);
            power = mulmod(mulmod(power, power, FR), power, FR);
            Factors.powers(f, power, lambda, 2 * p.numClaims);
            p.lambdaPower = mulmod(_at(f.next - 32, 0), lambda, FR);
            if (p.numClaims == 0) p.lambdaPower = power;
            Factors.prefixes(f, f.points, f.rEnd, k.mu);
            p.halves = f.next;
            Factors.halves(f, k.nProd);
        }
    }

    /// @notice Evaluates all factors, adds up all terms and claims.
    /// @param claims calldata position of a_1, b_1, a_2, …
    function run(Run memory p, uint256 claims) internal pure {
        unchecked {
            FactorTable memory f = p.factors;
            uint256 counts = p.records - 2 * COUNTS;
            uint256 ptr = Factors.constants(f, p.records, _count(counts));
            ptr = Factors.eqs(f, ptr, _count(counts + 2));
            ptr = Factors.ats(f, ptr, _count(counts + 4));
            ptr = Factors.belows(f, ptr, _count(counts + 6));
            ptr = Factors.shifts(f, ptr, _count(counts + 8));
            ptr = Factors.denses(f, ptr, _count(counts + 10));
            ptr = Factors.regroups(f, ptr, _count(counts + 12));
            ptr = Factors.sums(f, ptr, _count(counts + 14));
            ptr = _terms(p, ptr, counts + 16);
            (p.products, ptr) = Terms.claimed(ptr, p.numClaims, f.values, claims);
            if (ptr != p.end) revert Verifier_MalformedKey(ptr);
        }
    }

    function _terms(Run memory p, uint256 ptr, uint256 counts) private pure returns (uint256) {
        unchecked {
            (uint256 targets, uint256 values) = (p.targets, p.factors.values);
            uint256 numTargets = _numTargets(p);
            bool outside;
            (ptr, outside) = Terms.short(ptr, counts, values, targets, numTargets);
            if (outside) revert Verifier_MalformedKey(ptr);
            ptr = Terms.long(ptr, _count(counts + 14), values, targets, numTargets);
            ptr = Terms.spread(ptr, _count(counts + 16), values, targets, numTargets, p.factors.points);
            return ptr;
        }
    }

    /// @dev K, id~, and the chunks of W, IN, OUT, F, G.
    function _numTargets(Run memory p) private pure returns (uint256) {
        (uint256 g, uint256 n) = column(p, COLUMN_F + 1);
        unchecked {
            return (g - p.targets >> 5) + n;
        }
    }

    // --- results ------------------------------------------------------------------------------------------

    /// @notice K, the sum of the constants.
    function constants(Run memory p) internal pure returns (uint256) {
        return _at(p.targets, 0);
    }

    /// @notice id~ at r^(nu).
    function ids(Run memory p) internal pure returns (uint256) {
        return _at(p.targets, 1);
    }

    /// @notice 2^-n.
    function half(Run memory p, uint256 n) internal pure returns (uint256) {
        return _at(p.halves, n);
    }

    /// @notice eq of all variables of z and as many of rho.
    function prefix(Run memory p) internal pure returns (uint256) {
        return _at(p.halves - 32, 0);
    }

    /// @notice Address of the coefficients of a column's chunks, and their number.
    function column(Run memory p, uint256 code) internal pure returns (uint256 coefs, uint256 n) {
        uint256 entry = _at(p.columns, code);
        (coefs, n) = (entry >> 32, entry & 0xffffffff);
    }

    /// @notice Adds `weight * table[i] + constant` to the coefficient of every chunk i of the column.
    function addColumn(Run memory p, uint256 code, uint256 table, uint256 weight, uint256 constant_)
        internal
        pure
    {
        (uint256 pos, uint256 n) = column(p, code);
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            for { let end := add(pos, shl(5, n)) } lt(pos, end) { pos := add(pos, 32) } {
                mstore(pos, addmod(add(mload(pos), constant_), mulmod(weight, mload(table), r), r))
                table := add(table, 32)
            }
        }
    }

    function _at(uint256 pos, uint256 i) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := mload(add(pos, shl(5, i)))
        }
    }

    /// @dev The u16 at `ptr`.
    function _count(uint256 ptr) private pure returns (uint256 n) {
        assembly ("memory-safe") {
            n := shr(240, mload(ptr))
        }
    }
}
