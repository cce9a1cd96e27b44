// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Memo} from "./Memo.sol";
import {ShiftedSum} from "./ShiftedSum.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @title The weights that axis maps give to tensor axes (docs/spec/protocol.md §3)
/// @notice Every function returns `w~(z) = sum of w(j) eq(z, j)` over the indices j of one tensor axis. An *axis* is one
///         word, `point << 32 | log << 24 | dim` (the low 32 bits as in the key); `z` is the slice of the axis.
library AxisWeights {
    /// @dev An axis without variables, index 0 with weight 1 (SUMWIN with p = 255).
    uint256 internal constant NO_AXIS = 1;
    /// @dev Instead of the axis of the taps.
    uint256 private constant UNWEIGHTED = 0;

    struct Window {
        uint256 stride;
        uint256 dilation;
        int256 offset;
        uint256 dim; // of the tensor axis
        uint256 log;
        uint256 z;
        uint256 memo; // see Memo; NONE if z changes
    }

    function dimOf(uint256 axis) internal pure returns (uint256) {
        return axis & 0xffffff;
    }

    function logOf(uint256 axis) internal pure returns (uint256) {
        return axis >> 24 & 0xff;
    }

    function pointOf(uint256 axis) internal pure returns (uint256) {
        return axis >> 32;
    }

    /// @notice WIN: sum of eq(p, a) eq(t, b) eq(z, s a + e b + off) over a < dim_p, b < dim_t with the index in range.
    /// @dev Cost about 400 gas per tap and variable if the stride is a power of two, else about 100 gas per pair (a, b).
    function window(uint256 p, uint256 t, Window memory w) internal pure returns (uint256 sum) {
        return _sum(p, t, dimOf(t), w);
    }

    /// @notice SUMWIN: sum of eq(p, a) eq(z, s a + e b + off) over a < dim_p, b < taps with the index in range.
    /// @dev Cost as of `window`; O(log) for one range without an axis, and for taps inside a block of the stride.
    function sumWindow(uint256 p, uint256 taps, Window memory w) internal pure returns (uint256 sum) {
        if (p & 0xffffffff == NO_AXIS) {
            if (w.dilation == 1) return _range(taps, w);
            w.stride = 1;
        }
        return _sum(p, UNWEIGHTED, taps, w);
    }

    function _sum(uint256 p, uint256 t, uint256 taps, Window memory w) private pure returns (uint256) {
        unchecked {
            uint256 s = w.stride;
            bool shifts = s != 0 && s & (s - 1) == 0 && s >> w.log <= 1;
            return shifts ? _shiftedSum(p, t, taps, w) : _denseSum(p, t, taps, w);
        }
    }

    /// @dev For a stride of 2^low: index s a + k is the block a + (k >> low), and in it the place k mod s.
    function _shiftedSum(uint256 p, uint256 t, uint256 taps, Window memory w)
        private
        pure
        returns (uint256 sum)
    {
        unchecked {
            Taps memory g;
            while (w.stride >> g.low != 1) ++g.low;
            (g.p, g.z, g.log, g.memo) = (p, w.z + (g.low << 6), w.log - g.low, w.memo);
            int256 k = w.offset;
            for (uint256 b = 0; b < taps; ++b) {
                uint256 bound = _bound(dimOf(p), g.low, w, k);
                if (k >> g.low != g.shift || bound != g.bound) {
                    sum = _flush(sum, g);
                    (g.pending, g.shift, g.bound) = (0, k >> g.low, bound);
                }
                g.pending = addmod(g.pending, _tapWeight(t, b, w.z, g.low, k), FR);
                k += int256(w.dilation);
            }
            sum = _flush(sum, g);
        }
    }

    /// @dev Taps whose indices differ only inside their blocks of the stride.
    struct Taps {
        uint256 p;
        uint256 z; // the variables that count blocks
        uint256 log; // their number
        uint256 low; // log2 of the stride
        uint256 table; // see ShiftedSum; 0 until needed
        uint256 n;
        uint256 pending; // weight of the taps that have the following two in common
        int256 shift;
        uint256 bound;
        uint256 memo;
    }

    function _flush(uint256 sum, Taps memory g) private pure returns (uint256) {
        if (g.pending == 0) return sum;
        return addmod(sum, mulmod(g.pending, _shifted(g), FR), FR);
    }

    /// @dev Sum of eq(p, a) eq(z, a + shift) over a < bound with a + shift >= 0.
    function _shifted(Taps memory g) private pure returns (uint256) {
        unchecked {
            (uint256 point, uint256 log) = (pointOf(g.p), logOf(g.p));
            if (g.shift == 0 && log <= g.log) return Fr.eqBelow(g.bound, point, log, g.z, g.log);
            uint256 key =
                Memo.SHIFTED | g.z << 192 | g.bound << 160 | (uint256(g.shift) & type(uint64).max) << 96;
            key |= g.log << 64 | log << 32 | point;
            if (g.memo == Memo.NONE) return _evaluateShifted(g, point, log);
            (bool known, uint256 value) = Memo.find(g.memo, key);
            if (known) return value;
            value = _evaluateShifted(g, point, log);
            Memo.keep(g.memo, key, value);
            return value;
        }
    }

    function _evaluateShifted(Taps memory g, uint256 point, uint256 log) private pure returns (uint256) {
        unchecked {
            if (g.table == 0) (g.table, g.n) = ShiftedSum.prepare(point, log, g.z, g.log);
            (int256 k, int256 bound, uint256 zeroOne) = (g.shift, int256(g.bound), 32);
            if (k < 0) (k, bound, zeroOne) = (-k, bound + k, 64); // the blocks count, not a
            if (bound <= 0) return 0;
            return ShiftedSum.evaluate(g.table, g.n, uint256(k), uint256(bound), zeroOne);
        }
    }

    /// @dev The number of a < dim with 2^low a + k < w.dim.
    function _bound(uint256 dim, uint256 low, Window memory w, int256 k) private pure returns (uint256) {
        unchecked {
            int256 room = int256(w.dim) - k;
            if (room <= 0) return 0;
            uint256 bound = (uint256(room) + w.stride - 1) >> low;
            return bound < dim ? bound : dim;
        }
    }

    /// @dev eq(t, b) times eq(z, k) over the lowest `low` variables.
    function _tapWeight(uint256 t, uint256 b, uint256 z, uint256 low, int256 k)
        private
        pure
        returns (uint256 weight)
    {
        weight = low == 0 ? 1 : Fr.eqIndex(z, low, uint256(k));
        if (t != UNWEIGHTED) weight = mulmod(weight, Fr.eqIndex(pointOf(t), logOf(t), b), FR);
    }

    function _denseSum(uint256 p, uint256 t, uint256 taps, Window memory w)
        private
        pure
        returns (uint256 sum)
    {
        unchecked {
            uint256 tableP = _scratch();
            uint256 tableZ = Fr.eqTable(tableP, pointOf(p), logOf(p));
            Fr.eqTable(tableZ, w.z, w.log);
            int256 k = w.offset;
            for (uint256 b = 0; b < taps; ++b) {
                uint256 part = _strided(tableP, dimOf(p), tableZ, w, k);
                sum = addmod(sum, mulmod(_tapWeight(t, b, w.z, 0, k), part, FR), FR);
                k += int256(w.dilation);
            }
        }
    }

    /// @notice REGROUP: sum over f of eq(dest point, f in the dest box) eq(z, f in the source box).
    /// @param dest address of `count` axes: the environment's
    /// @param src the tensor axes packed as in the key, 32 bits each, the last one lowest
    /// @param z the joint slice of the tensor axes
    /// @dev Cost about 120 gas per element: the dense row-major list of eq(dest point, f), contracted axis by axis.
    function regroup(uint256 dest, uint256 count, uint256 src, uint256 z)
        internal
        pure
        returns (uint256 sum)
    {
        unchecked {
            uint256 values = _scratch();
            uint256 n = 1;
            assembly ("memory-safe") {
                mstore(values, 1)
            }
            for (dest += count << 5; count != 0; --count) {
                dest -= 32;
                uint256 axis;
                assembly ("memory-safe") {
                    axis := mload(dest)
                }
                n = _prependAxis(values, n, axis);
            }
            for (; src != 0; src >>= 32) {
                uint256 dim = src & 0xffffff;
                if (dim == 0) revert Verifier_MalformedKey(src);
                if (dim == 1) continue;
                uint256 log = src >> 24 & 0xff;
                Fr.eqTable(values + (n << 5), z, log);
                z += log << 6;
                contractAxis(values, values + (n << 5), dim, n / dim);
                n /= dim;
            }
            assembly ("memory-safe") {
                sum := mload(values)
            }
        }
    }

    /// @dev The outer product of an axis' eq table, not padded, with the `n` words at `values`; returns the new number.
    function _prependAxis(uint256 values, uint256 n, uint256 axis) private pure returns (uint256 grown) {
        unchecked {
            uint256 dim = dimOf(axis);
            grown = n * dim;
            uint256 table = n == 1 ? values : values + (grown << 5);
            Fr.eqTable(table, pointOf(axis), logOf(axis));
            if (n == 1) return grown; // the list was the word 1
            uint256 size = n << 5;
            assembly ("memory-safe") {
                for { let to := add(values, sub(shl(5, grown), size)) } dim { to := sub(to, size) } {
                    dim := sub(dim, 1)
                    let e := mload(add(table, shl(5, dim)))
                    for { let i := 0 } lt(i, size) { i := add(i, 32) } {
                        mstore(add(to, i), mulmod(e, mload(add(values, i)), FR))
                    }
                }
            }
        }
    }

    /// @notice values[i] = sum of values[dim i + j] table[j] over j < dim, for i < rows.
    function contractAxis(uint256 values, uint256 table, uint256 dim, uint256 rows) internal pure {
        assembly ("memory-safe") {
            let from := values
            let width := shl(5, dim)
            for { let to := values } rows { rows := sub(rows, 1) } {
                let sum := 0
                let t := table
                for { let end := add(from, width) } lt(from, end) { from := add(from, 32) } {
                    sum := addmod(sum, mulmod(mload(from), mload(t), FR), FR)
                    t := add(t, 32)
                }
                mstore(to, sum)
                to := add(to, 32)
            }
        }
    }

    /// @dev Sum of eq(z, j) over offset <= j < offset + taps inside the axis.
    function _range(uint256 taps, Window memory w) private pure returns (uint256) {
        unchecked {
            int256 high = w.offset + int256(taps);
            if (high > int256(w.dim)) high = int256(w.dim);
            int256 low = w.offset < 0 ? int256(0) : w.offset;
            if (low >= high) return 0;
            if (low + 1 == high) return Fr.eqIndex(w.z, w.log, uint256(low));
            return Fr.sub(Fr.lt(uint256(high), w.z, w.log), Fr.lt(uint256(low), w.z, w.log));
        }
    }

    /// @dev Sum of tableP[a] tableZ[s a + k] over a < rows with 0 <= s a + k < dim.
    function _strided(uint256 tableP, uint256 rows, uint256 tableZ, Window memory w, int256 k)
        private
        pure
        returns (uint256 sum)
    {
        uint256 stride = w.stride;
        uint256 dim = w.dim;
        assembly ("memory-safe") {
            for { let end := add(tableP, shl(5, rows)) } lt(tableP, end) { tableP := add(tableP, 32) } {
                // a negative index is a large number
                if lt(k, dim) {
                    sum := addmod(sum, mulmod(mload(tableP), mload(add(tableZ, shl(5, k))), FR), FR)
                }
                k := add(k, stride)
            }
        }
    }

    /// @dev Eq tables live behind the free memory pointer; nothing else does while one is in use.
    function _scratch() private pure returns (uint256 pos) {
        assembly ("memory-safe") {
            pos := mload(0x40)
        }
    }
}
