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
    uint256 outAxes; // address of the step's out axes (see AxisWeights), all at slices of rho
    uint256 numOut;
    uint256 below; // address of lt(dim, rho slice) per out axis, UNKNOWN until needed
    AxisWeights.Window window;
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

    /// @notice Allocates zero coefficients for all columns.
    function newContext(Key memory k, uint256 rho, uint256 z) internal pure returns (FormContext memory c) {
        c.mu = k.mu;
        c.nu = k.nu;
        c.tensors = k.tensors;
        c.numTensors = k.numTensors;
        c.rho = rho;
        c.z = z;
        uint256 counts = k.counts;
        (uint256 coefs, uint256 outAxes) = (0, 0);
        assembly ("memory-safe") {
            coefs := mload(0x40)
            let pos := add(coefs, shl(5, NUM_COLUMNS))
            for { let i := 0 } lt(i, shl(5, NUM_COLUMNS)) { i := add(i, 32) } {
                let count := mload(add(counts, i))
                mstore(add(coefs, i), or(shl(32, pos), count))
                pos := add(pos, shl(5, count))
            }
            outAxes := pos
            mstore(0x40, add(pos, shl(6, MAX_AXES)))
            // nothing has been written there yet, but scratch use may have left something behind
            calldatacopy(
                add(coefs, shl(5, NUM_COLUMNS)),
                calldatasize(),
                sub(pos, add(coefs, shl(5, NUM_COLUMNS)))
            )
        }
        c.coefs = coefs;
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
            uint256 tensor;
            (tensor, ptr, next) = readOperand(c, ptr);
            uint256 mu = c.mu;
            uint256 n = variablesOf(tensor);
            {
                (uint256 product, uint256 used) = _maps(c, ptr, next, env, tensor, false);
                weight = mulmod(weight, product, FR);
                if (broadcast) weight = mulmod(weight, broadcastFactor(c, used), FR);
            }
            uint256 offset = offsetOf(tensor);
            if (n <= mu) {
                weight = mulmod(weight, place(c, n, offset), FR);
                addAt(chunkAddress(c, tensor >> 248, offset >> mu, 1), weight);
                return next;
            }
            uint256 chunks = 1 << (n - mu);
            uint256 pos = chunkAddress(c, tensor >> 248, offset >> mu, chunks);
            for (uint256 i; i < chunks; ++i) {
                for (uint256 j; j < n - mu; ++j) {
                    Fr.putVariable(c.z + ((mu + j) << 6), i >> j & 1);
                }
                (uint256 product,) = _maps(c, ptr, next, env, tensor, true);
                addAt(pos + (i << 5), mulmod(weight, product, FR));
            }
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

    /// @dev Product of the weights of the maps whose axes end above mu (`crossing`) or do not, and a bit mask of the
    ///      environment axes that any map uses.
    function _maps(FormContext memory c, uint256 ptr, uint256 end, uint256 env, uint256 tensor, bool crossing)
        private
        pure
        returns (uint256 acc, uint256 used)
    {
        unchecked {
            acc = 1;
            uint256 top = variablesOf(tensor);
            uint256 left = 208; // bits of the record from the next axis on
            for (; ptr < end; ptr += MAP_BYTES) {
                uint256 map;
                assembly ("memory-safe") {
                    map := mload(ptr)
                }
                uint256 kind = map >> 248;
                uint256 p = map >> 240 & 0xff;
                bool here = (top > c.mu) == crossing;
                if (kind == REGROUP) {
                    uint256 count = map >> 224 & 0xff;
                    left -= count << 5;
                    uint256 src = tensor >> left & ((1 << (count << 5)) - 1);
                    uint256 log = variablesOf(src << 16);
                    top -= log;
                    used |= ((1 << (map >> 232 & 0xff)) - 1) << p;
                    if (!here) continue;
                    uint256 w = AxisWeights.regroup(env + (p << 5), map >> 232 & 0xff, src, c.z + (top << 6));
                    acc = mulmod(acc, w, FR);
                    continue;
                }
                left -= 32;
                uint256 axis = tensor >> left & 0xffffffff;
                top -= axis >> 24;
                if (kind == ALL) continue;
                used |= 1 << p;
                if (kind == WIN) used |= 1 << (map >> 232 & 0xff);
                if (!here) continue;
                acc = mulmod(acc, _weight(c, map, axis, env, c.z + (top << 6)), FR);
            }
        }
    }

    function _weight(FormContext memory c, uint256 map, uint256 axis, uint256 env, uint256 z)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 kind = map >> 248;
            uint256 p = map >> 240 & 0xff;
            uint256 from = AxisWeights.NO_AXIS;
            if (p != 255) {
                assembly ("memory-safe") {
                    from := mload(add(env, shl(5, p)))
                }
            }
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
            uint256 taps;
            assembly ("memory-safe") {
                taps := mload(add(env, shl(5, and(shr(232, map), 0xff))))
            }
            return AxisWeights.window(from, taps, w);
        }
    }
}
