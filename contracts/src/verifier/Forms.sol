// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AxisWeights} from "./AxisWeights.sol";
import {FR, Fr, TOP} from "./Fr.sol";
import {COLUMN_G, Key, NUM_COLUMNS} from "./KeyReader.sol";
import {MEMO_PAIR, MEMO_SLOTS, Memo} from "./Memo.sol";
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
    uint256 memo; // see Memo
    uint256 outAxes; // address of the step's out axes (see AxisWeights), all at slices of rho
    uint256 numOut;
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
    uint256 next; // address of the next map
    uint256 map; // the map whose weight is to be computed, and what it depends on
    uint256 axis;
    uint256 from;
    uint256 key;
}

/// @title Linear forms: what an operand reads, as coefficients of the chunk commitments (docs/spec/protocol.md §3)
library Forms {
    uint256 internal constant MAX_AXES = 64;

    uint256 private constant ALL = 0;
    uint256 private constant EQ = 1;
    uint256 private constant WIN = 2;
    uint256 private constant SUMWIN = 3;
    uint256 private constant REGROUP = 4;
    uint256 private constant MAP_BYTES = 12;

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
        uint256 memoBytes = Memo.BYTES;
        assembly ("memory-safe") {
            coefs := mload(0x40)
            let pos := add(coefs, shl(5, NUM_COLUMNS))
            for { let i := 0 } lt(i, shl(5, NUM_COLUMNS)) { i := add(i, 32) } {
                let count := mload(add(counts, i))
                mstore(add(coefs, i), or(shl(32, pos), count))
                pos := add(pos, shl(5, count))
            }
            memo := pos
            pos := add(pos, memoBytes)
            outAxes := pos
            mstore(0x40, add(pos, shl(5, MAX_AXES)))
            // nothing has been written there yet, but scratch use may have left something behind
            calldatacopy(
                add(coefs, shl(5, NUM_COLUMNS)),
                calldatasize(),
                sub(pos, add(coefs, shl(5, NUM_COLUMNS)))
            )
        }
        (c.coefs, c.memo) = (coefs, memo);
        c.outAxes = outAxes;
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
            (uint256 factor, uint256 used) = _maps(c, o, false);
            weight = mulmod(weight, factor, FR);
            if (broadcast) weight = mulmod(weight, broadcastFactor(c, used), FR);
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
                (uint256 part,) = _maps(c, s, true);
                addAt(pos + (i << 5), mulmod(weight, part, FR));
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
        unchecked {
            uint256 mu = c.mu;
            if (n + TOP + 2 > mu) return Fr.eqHigh(c.z, n, mu, c.top, offset); // cheaper than to look it up
            uint256 key = Memo.PLACE | (offset & ((1 << mu) - 1)) << 8 | n;
            (bool known, uint256 value) = Memo.find(c.memo, key);
            if (known) return value;
            value = Fr.eqHigh(c.z, n, mu, c.top, offset);
            Memo.keep(c.memo, key, value);
            return value;
        }
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

    /// @notice lt(dim, rho slice) of out axis `i`.
    function belowDim(FormContext memory c, uint256 i) internal pure returns (uint256) {
        return belowAxis(c, _axisAt(c.outAxes, i));
    }

    /// @notice lt(dim, point) of an axis at a slice of rho or of r.
    function belowAxis(FormContext memory c, uint256 axis) internal pure returns (uint256 value) {
        unchecked {
            (uint256 dim, uint256 log) = (AxisWeights.dimOf(axis), AxisWeights.logOf(axis));
            if (dim >> log != 0) return 1;
            uint256 key = Memo.BELOW | axis;
            bool known;
            (known, value) = Memo.find(c.memo, key);
            if (known) return value;
            value = Fr.lt(dim, AxisWeights.pointOf(axis), log);
            Memo.keep(c.memo, key, value);
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

    /// @dev Product of the weights of the maps whose axes end above mu (`crossing`) or do not; and a bit mask of the
    ///      environment axes that any map uses. Steps read the same shapes again and again, and points below mu do not
    ///      change, so the weights below mu are kept (see Memo).
    function _maps(FormContext memory c, Operand memory o, bool crossing)
        private
        pure
        returns (uint256 acc, uint256 used)
    {
        unchecked {
            acc = 1;
            uint256 top = variablesOf(o.tensor);
            uint256 rest = o.tensor << 48; // the axes from the next one on, left-aligned
            o.next = o.maps;
            while (true) {
                (acc, used, rest, top) = _knownMaps(c, o, crossing, acc, used, rest, top);
                uint256 map = o.map;
                if (map == 0) return (acc, used);
                if (map >> 248 == REGROUP) {
                    uint256 bits = (map >> 224 & 0xff) << 5;
                    uint256 axes = rest >> (256 - bits);
                    rest <<= bits;
                    used |= ((1 << (map >> 232 & 0xff)) - 1) << (map >> 240 & 0xff);
                    bool here = (top > c.mu) == crossing;
                    top -= variablesOf(axes << 16);
                    if (here) acc = mulmod(acc, _regroup(c, map, axes, top), FR);
                } else {
                    acc = mulmod(acc, _newWeight(c, o, crossing, top), FR);
                }
            }
        }
    }

    /// @dev The maps from `o.next` on up to one that is REGROUP or whose weight is not known: that is `o.map` then, else 0.
    function _knownMaps(
        FormContext memory c,
        Operand memory o,
        bool crossing,
        uint256 acc,
        uint256 used,
        uint256 rest,
        uint256 top
    ) private pure returns (uint256, uint256, uint256, uint256) {
        assembly ("memory-safe") {
            let ptr := mload(add(o, 160))
            mstore(add(o, 192), 0)
            for {} lt(ptr, mload(add(o, 64))) {} {
                let map := mload(ptr)
                ptr := add(ptr, 12)
                if eq(byte(0, map), 4) {
                    mstore(add(o, 192), map)
                    break
                }
                let axis := shr(224, rest)
                rest := shl(32, rest)
                let above := gt(top, mload(c))
                top := sub(top, shr(24, axis))
                if iszero(byte(0, map)) { continue }
                used := or(used, shl(byte(1, map), 1))
                if eq(byte(0, map), 2) { used := or(used, shl(byte(2, map), 1)) }
                if xor(above, crossing) { continue }
                if and(eq(byte(0, map), 1), lt(axis, 0x1000000)) { continue }
                let from := 1 // NO_AXIS
                if lt(byte(1, map), 255) {
                    from := mload(add(mload(add(o, 96)), shl(5, byte(1, map))))
                }
                // 96 bits of the map, 64 of the environment's axis, 32 of the tensor's, and the base
                let key := or(or(shl(160, shr(160, map)), shl(64, from)), or(shl(32, axis), top))
                if eq(byte(0, map), 2) {
                    mstore(0, key)
                    mstore(32, mload(add(mload(add(o, 96)), shl(5, byte(2, map)))))
                    key := or(MEMO_PAIR, keccak256(0, 64))
                }
                let slot := add(mload(add(c, 256)), shl(6, mod(key, MEMO_SLOTS)))
                if and(eq(mload(slot), key), iszero(crossing)) {
                    acc := mulmod(acc, mload(add(slot, 32)), FR)
                    continue
                }
                mstore(add(o, 192), map)
                mstore(add(o, 224), axis)
                mstore(add(o, 256), from)
                mstore(add(o, 288), key)
                break
            }
            mstore(add(o, 160), ptr)
        }
        return (acc, used, rest, top);
    }

    /// @dev The weight of the map that `_knownMaps` ended at; its axis' lowest variable is `base`.
    function _newWeight(FormContext memory c, Operand memory o, bool crossing, uint256 base)
        private
        pure
        returns (uint256 weight)
    {
        uint256 memo = crossing ? Memo.NONE : c.memo;
        weight = _evaluate(c, o.map, o.axis, o.from, base, memo);
        if (!crossing) Memo.keep(memo, o.key, weight);
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

    function _evaluate(
        FormContext memory c,
        uint256 map,
        uint256 axis,
        uint256 from,
        uint256 base,
        uint256 memo
    ) private pure returns (uint256) {
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
            w.memo = memo;
            if (kind == SUMWIN) return AxisWeights.sumWindow(from, map >> 224 & 0xffff, w);
            if (kind != WIN) revert Verifier_MalformedKey(kind);
            return AxisWeights.window(from, _axisAt(c.operand.env, map >> 232 & 0xff), w);
        }
    }
}
