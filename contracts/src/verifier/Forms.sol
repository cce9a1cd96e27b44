// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AxisWeights} from "./AxisWeights.sol";
import {FR, Fr} from "./Fr.sol";
import {COLUMN_G, Key, NUM_COLUMNS} from "./KeyReader.sol";
import {Verifier_MalformedKey} from "./Verdict.sol";

/// @notice What the linear forms of a proof depend on, and where their chunk coefficients are gathered.
struct FormContext {
    uint256 mu;
    uint256 nu;
    uint256 tensors; // address of the key's tensor records
    uint256 numTensors;
    uint256 rho; // point
    uint256 z; // point of the opening, with room for 16 further variables
    uint256 top; // eq table of z's top variables (see Fr.eqHigh)
    uint256 coefs; // address of NUM_COLUMNS words, `address of the column's coefficients << 32 | chunks`
    uint256 memo; // address of MEMO_SLOTS pairs: what determines a map's weight, and the weight
    uint256 outAxes; // address of the step's out axes (see AxisWeights), all at slices of rho
    uint256 numOut;
    uint256 below; // address of lt(dim, rho slice) per out axis, UNKNOWN until needed
    AxisWeights.Window window;
    Operand operand; // the one that is being added
}

/// @notice An operand of a term.
struct Operand {
    uint256 tensor; // its record
    uint256 maps; // address of its axis maps
    uint256 end; // behind them
    uint256 env; // address of the environment's axes
    uint256 log; // log2 of the chunks of a tensor of several
}

/// @title Linear forms: what an operand reads, as coefficients of the chunk commitments (docs/spec/protocol.md §3)
library Forms {
    uint256 internal constant MAX_AXES = 64;
    uint256 internal constant UNKNOWN = type(uint256).max;

    uint256 private constant ALL = 0;
    uint256 private constant EQ = 1;
    uint256 private constant WIN = 2;
    uint256 private constant SUMWIN = 3;
    uint256 private constant REGROUP = 4;
    uint256 private constant MAP_BYTES = 12;
    uint256 private constant MEMO_SLOTS = 61;

    /// @notice Allocates zero coefficients for all columns.
    function newContext(Key memory k, uint256 rho, uint256 z) internal pure returns (FormContext memory c) {
        c.mu = k.mu;
        c.nu = k.nu;
        c.tensors = k.tensors;
        c.numTensors = k.numTensors;
        c.rho = rho;
        c.z = z;
        uint256 counts = k.counts;
        (uint256 coefs, uint256 memo, uint256 outAxes) = (0, 0, 0);
        assembly ("memory-safe") {
            coefs := mload(0x40)
            let pos := add(coefs, shl(5, NUM_COLUMNS))
            for { let i := 0 } lt(i, shl(5, NUM_COLUMNS)) { i := add(i, 32) } {
                let count := mload(add(counts, i))
                mstore(add(coefs, i), or(shl(32, pos), count))
                pos := add(pos, shl(5, count))
            }
            memo := pos
            pos := add(pos, shl(6, MEMO_SLOTS))
            outAxes := pos
            mstore(0x40, add(pos, shl(6, MAX_AXES)))
            // nothing has been written there yet, but scratch use may have left something behind
            calldatacopy(
                add(coefs, shl(5, NUM_COLUMNS)),
                calldatasize(),
                sub(pos, add(coefs, shl(5, NUM_COLUMNS)))
            )
        }
        (c.coefs, c.memo) = (coefs, memo);
        c.outAxes = outAxes;
        unchecked {
            c.below = outAxes + (MAX_AXES << 5);
        }
    }

    /// @notice The record of a tensor: `column, axes, offset, 6 x (log, dim)`, left-aligned.
    function tensorRecord(FormContext memory c, uint256 id) internal pure returns (uint256 tensor) {
        if (id >= c.numTensors) revert Verifier_MalformedKey(id);
        uint256 tensors = c.tensors;
        assembly ("memory-safe") {
            tensor := mload(add(tensors, shl(5, id)))
        }
    }

    /// @notice Number of variables: the sum of the six logs.
    function variablesOf(uint256 tensor) internal pure returns (uint256 n) {
        assembly ("memory-safe") {
            // the logs are the top bytes of six 32-bit fields; a multiplication adds the fields up
            let logs := and(shr(40, tensor), 0xff000000ff000000ff000000ff000000ff000000ff)
            n := and(shr(160, mul(logs, 0x10000000100000001000000010000000100000001)), 0xff)
        }
    }

    /// @notice First lane of a tensor.
    function offsetOf(uint256 tensor) internal pure returns (uint256) {
        return tensor >> 208 & 0xffffffff;
    }

    /// @notice Adds `weight * eq(rho, .)` on a tensor with the step's out axes.
    /// @param below prefix[i] = eq of the first i variables of rho and z, for i up to mu
    function addDirect(FormContext memory c, uint256 tensor, uint256 n, uint256 weight, uint256 below)
        internal
        pure
    {
        unchecked {
            uint256 mu = c.mu;
            uint256 offset = offsetOf(tensor);
            uint256 low;
            assembly ("memory-safe") {
                let i := n
                if gt(n, mu) { i := mu }
                low := mulmod(weight, mload(add(below, shl(5, i))), FR)
            }
            if (n <= mu) {
                weight = place(c, n, offset);
                addAt(chunkAddress(c, tensor >> 248, offset >> mu, 1), mulmod(low, weight, FR));
                return;
            }
            uint256 chunks = 1 << (n - mu);
            uint256 pos = chunkAddress(c, tensor >> 248, offset >> mu, chunks);
            for (uint256 i; i < chunks; ++i) {
                addAt(pos + (i << 5), mulmod(low, Fr.eqIndex(c.rho + (mu << 6), n - mu, i), FR));
            }
        }
    }

    /// @notice Adds `weight` times the form of the operand at `ptr` (after its tensor id and count).
    /// @param env address of the environment's axes
    /// @param broadcast whether out axes that no map uses contribute lt(dim, rho slice): lin terms
    function addOperand(FormContext memory c, uint256 ptr, uint256 env, uint256 weight, bool broadcast)
        internal
        pure
        returns (uint256 next)
    {
        unchecked {
            Operand memory o = c.operand;
            (o.tensor, o.maps, o.end) = readOperand(c, ptr);
            o.env = env;
            next = o.end;
            uint256 mu = c.mu;
            uint256 n = variablesOf(o.tensor);
            weight = mulmod(weight, _maps(c, o, false), FR);
            if (broadcast) weight = mulmod(weight, broadcastFactor(c, _usedAxes(o)), FR);
            if (n > mu) {
                o.log = n - mu;
                _addChunks(c, o, weight);
                return next;
            }
            uint256 offset = offsetOf(o.tensor);
            weight = mulmod(weight, place(c, n, offset), FR);
            addAt(chunkAddress(c, o.tensor >> 248, offset >> mu, 1), weight);
        }
    }

    /// @dev Adds `weight` times the part of the maps that cross mu to the coefficient of every chunk.
    function _addChunks(FormContext memory c, Operand memory s, uint256 weight) private pure {
        unchecked {
            uint256 chunks = 1 << s.log;
            uint256 pos = chunkAddress(c, s.tensor >> 248, offsetOf(s.tensor) >> c.mu, chunks);
            (uint256 table, uint256 factor) = _crossingTable(c, s);
            if (table != 0) {
                weight = mulmod(weight, factor, FR);
                for (uint256 i = 0; i < chunks; ++i) {
                    uint256 e;
                    assembly ("memory-safe") {
                        e := mload(add(table, shl(5, i)))
                    }
                    addAt(pos + (i << 5), mulmod(weight, e, FR));
                }
                return;
            }
            for (uint256 i; i < chunks; ++i) {
                for (uint256 j; j < s.log; ++j) {
                    Fr.putVariable(c.z + ((c.mu + j) << 6), i >> j & 1);
                }
                addAt(pos + (i << 5), mulmod(weight, _maps(c, s, true), FR));
            }
        }
    }

    /// @dev If all maps that cross mu are EQ: the eq table of their points' variables above mu, and eq of the point and
    ///      z over those of them below mu. Else table 0.
    function _crossingTable(FormContext memory c, Operand memory s)
        private
        pure
        returns (uint256 table, uint256 factor)
    {
        unchecked {
            factor = 1;
            uint256 size = 1;
            assembly ("memory-safe") {
                table := mload(0x40)
                mstore(table, 1)
            }
            uint256 base; // variables of the axes so far, the last axis first
            uint256 left = 208 - (((s.end - s.maps) / MAP_BYTES) << 5);
            for (uint256 ptr = s.end; ptr > s.maps; left += 32) {
                ptr -= MAP_BYTES;
                uint256 map;
                assembly ("memory-safe") {
                    map := mload(ptr)
                }
                uint256 kind = map >> 248;
                if (kind == REGROUP) return (0, 0); // one map for several axes
                uint256 log = s.tensor >> left >> 24 & 0xff;
                if (base + log > c.mu) {
                    if (kind != EQ) return (0, 0);
                    uint256 point = AxisWeights.pointOf(_axisAt(s.env, map >> 240 & 0xff));
                    uint256 inside = base < c.mu ? c.mu - base : 0;
                    if (inside != 0) factor = Fr.eq(point, c.z + (base << 6), inside);
                    size = Fr.growEqTable(table, size, point + (inside << 6), log - inside);
                }
                base += log;
            }
        }
    }

    /// @dev Environment axis `p`.
    function _axisAt(uint256 env, uint256 p) private pure returns (uint256 axis) {
        assembly ("memory-safe") {
            axis := mload(add(env, shl(5, p)))
        }
    }

    /// @notice eq(z, offset) over the variables of a chunk above the lowest `n`.
    function place(FormContext memory c, uint256 n, uint256 offset) internal pure returns (uint256) {
        return Fr.eqHigh(c.z, n, c.mu, c.top, offset);
    }

    /// @notice An operand's tensor record, and the begin and end of its maps.
    function readOperand(FormContext memory c, uint256 ptr)
        internal
        pure
        returns (uint256 tensor, uint256 maps, uint256 end)
    {
        uint256 head;
        assembly ("memory-safe") {
            head := mload(ptr)
        }
        unchecked {
            tensor = tensorRecord(c, head >> 240);
            maps = ptr + 3;
            end = maps + (head >> 232 & 0xff) * MAP_BYTES;
        }
    }

    /// @notice Product of lt(dim, rho slice) over the out axes that are not in `used`.
    function broadcastFactor(FormContext memory c, uint256 used) internal pure returns (uint256 acc) {
        acc = 1;
        unchecked {
            uint256 n = c.numOut;
            used = ~used & ((1 << n) - 1);
            for (uint256 i; used != 0; ++i) {
                if (used & 1 != 0) acc = mulmod(acc, belowDim(c, i), FR);
                used >>= 1;
            }
        }
    }

    /// @notice lt(dim, rho slice) of out axis `i`, computed once per step.
    function belowDim(FormContext memory c, uint256 i) internal pure returns (uint256 value) {
        uint256 outAxes = c.outAxes;
        uint256 cache = c.below;
        uint256 axis;
        assembly ("memory-safe") {
            cache := add(cache, shl(5, i))
            value := mload(cache)
            axis := mload(add(outAxes, shl(5, i)))
        }
        if (value == UNKNOWN) {
            value = Fr.lt(AxisWeights.dimOf(axis), AxisWeights.pointOf(axis), AxisWeights.logOf(axis));
            assembly ("memory-safe") {
                mstore(cache, value)
            }
        }
    }

    /// @notice Address of the coefficient of chunk `first` of a column of which `count` chunks are read.
    function chunkAddress(FormContext memory c, uint256 column, uint256 first, uint256 count)
        internal
        pure
        returns (uint256 pos)
    {
        unchecked {
            uint256 coefs = c.coefs;
            assembly ("memory-safe") {
                pos := mload(add(coefs, shl(5, column)))
            }
            if (column > COLUMN_G || first + count > pos & 0xffffffff) {
                revert Verifier_MalformedKey(column);
            }
            pos = (pos >> 32) + (first << 5);
        }
    }

    /// @notice Adds to the scalar at a memory address.
    function addAt(uint256 pos, uint256 x) internal pure {
        assembly ("memory-safe") {
            mstore(pos, addmod(mload(pos), x, FR))
        }
    }

    /// @dev Product of the weights of the maps whose axes end above mu (`crossing`) or do not.
    function _maps(FormContext memory c, Operand memory o, bool crossing) private pure returns (uint256 acc) {
        unchecked {
            acc = 1;
            uint256 tensor = o.tensor;
            uint256 top = variablesOf(tensor);
            uint256 left = 208; // bits of the record from the next axis on
            for (uint256 ptr = o.maps; ptr < o.end; ptr += MAP_BYTES) {
                uint256 map;
                assembly ("memory-safe") {
                    map := mload(ptr)
                }
                bool here = (top > c.mu) == crossing;
                if (map >> 248 == REGROUP) {
                    uint256 bits = (map >> 224 & 0xff) << 5;
                    left -= bits;
                    uint256 axes = tensor >> left & ((1 << bits) - 1);
                    top -= variablesOf(axes << 16);
                    if (here) acc = mulmod(acc, _regroup(c, map, axes, top), FR);
                } else {
                    left -= 32;
                    uint256 axis = tensor >> left & 0xffffffff;
                    top -= axis >> 24;
                    if (here) acc = mulmod(acc, _weight(c, map, axis, top), FR);
                }
            }
        }
    }

    /// @dev Bit mask of the environment axes that any map uses.
    function _usedAxes(Operand memory o) private pure returns (uint256 used) {
        unchecked {
            for (uint256 ptr = o.maps; ptr < o.end; ptr += MAP_BYTES) {
                uint256 map;
                assembly ("memory-safe") {
                    map := mload(ptr)
                }
                uint256 kind = map >> 248;
                uint256 p = map >> 240 & 0xff;
                uint256 t = map >> 232 & 0xff;
                if (kind == REGROUP) used |= ((1 << t) - 1) << p;
                else if (kind != ALL) used |= 1 << p;
                if (kind == WIN) used |= 1 << t;
            }
        }
    }

    /// @dev The weight of a REGROUP map of the current operand: `axes` packed, their lowest variable is `base`.
    function _regroup(FormContext memory c, uint256 map, uint256 axes, uint256 base)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 dest = c.operand.env + ((map >> 240 & 0xff) << 5);
            return AxisWeights.regroup(dest, map >> 232 & 0xff, axes, c.z + (base << 6));
        }
    }

    /// @dev The weight of a map of the current operand on one axis, whose lowest variable is `base`. Steps read the same
    ///      shapes again and again; the points below mu do not change, so their weights are kept.
    function _weight(FormContext memory c, uint256 map, uint256 axis, uint256 base)
        private
        pure
        returns (uint256 weight)
    {
        unchecked {
            uint256 kind = map >> 248;
            if (kind == ALL || kind == EQ && axis >> 24 == 0) return 1;
            uint256 from = map >> 240 & 0xff;
            from = from == 255 ? AxisWeights.NO_AXIS : _axisAt(c.operand.env, from);
            if (kind == WIN || base + (axis >> 24) > c.mu) return _evaluate(c, map, axis, from, base);
            // 96 bits of the map, 64 of the environment's axis, 32 of the tensor's, and the base
            uint256 key = (map >> 160 << 160) | (from << 64) | (axis << 32) | (base + 1);
            uint256 slot = c.memo + (key % MEMO_SLOTS << 6);
            uint256 known;
            assembly ("memory-safe") {
                known := mload(slot)
                weight := mload(add(slot, 32))
            }
            if (known == key) return weight;
            weight = _evaluate(c, map, axis, from, base);
            assembly ("memory-safe") {
                mstore(slot, key)
                mstore(add(slot, 32), weight)
            }
        }
    }

    function _evaluate(FormContext memory c, uint256 map, uint256 axis, uint256 from, uint256 base)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 kind = map >> 248;
            uint256 z = c.z + (base << 6);
            if (kind == EQ) return Fr.eq(AxisWeights.pointOf(from), z, axis >> 24);
            AxisWeights.Window memory w = c.window;
            w.stride = map >> 208 & 0xffff;
            w.dilation = map >> 192 & 0xffff;
            w.offset = int256(int32(uint32(map >> 160)));
            w.dim = axis & 0xffffff;
            w.log = axis >> 24;
            w.z = z;
            if (kind == SUMWIN) return AxisWeights.sumWindow(from, map >> 224 & 0xffff, w);
            if (kind != WIN) revert Verifier_MalformedKey(kind);
            return AxisWeights.window(from, _axisAt(c.operand.env, map >> 232 & 0xff), w);
        }
    }
}
