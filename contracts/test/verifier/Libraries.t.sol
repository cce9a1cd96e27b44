// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {AxisWeights} from "../../src/verifier/AxisWeights.sol";
import {FR, Fr, TOP} from "../../src/verifier/Fr.sol";
import {Forms} from "../../src/verifier/Forms.sol";
import {Transcript} from "../../src/verifier/Transcript.sol";

/// @notice The verifier's succinct evaluations against sums straight from docs/spec/protocol.md §0 and §3.
contract LibrariesTest is Test {
    using Transcript for uint256;

    uint256 internal constant MAX_VARS = 6;

    /// @dev A pseudo-random point, and its values.
    function _point(uint256 seed, uint256 n) private pure returns (uint256 point, uint256[] memory x) {
        x = new uint256[](n);
        bytes memory room = new bytes(64 * n + 32);
        assembly ("memory-safe") {
            point := add(room, 32)
        }
        for (uint256 i = 0; i < n; ++i) {
            x[i] = uint256(keccak256(abi.encode(seed, i))) % FR;
            if (seed % 7 == i) x[i] = seed % 2; // Boolean values too
            Fr.putVariable(point + 64 * i, x[i]);
        }
    }

    /// @dev eq(x, j), from the definition.
    function _eq(uint256[] memory x, uint256 j) private pure returns (uint256 acc) {
        acc = 1;
        for (uint256 i = 0; i < x.length; ++i) {
            acc = mulmod(acc, j >> i & 1 == 1 ? x[i] : addmod(1, FR - x[i], FR), FR);
        }
    }

    function _log(uint256 d) private pure returns (uint256 l) {
        while (1 << l < d) ++l;
    }

    function _axis(uint256 seed, uint256 dim) private pure returns (uint256 axis, uint256[] memory x) {
        uint256 point;
        (point, x) = _point(seed, _log(dim));
        axis = point << 32 | _log(dim) << 24 | dim;
    }

    // --- Fr -----------------------------------------------------------------------------------------------

    function testFuzz_eq(uint256 seed, uint256 n) public pure {
        n = bound(n, 0, MAX_VARS);
        (uint256 a, uint256[] memory x) = _point(seed, n);
        (uint256 b, uint256[] memory y) = _point(~seed, n);
        uint256 sum;
        for (uint256 j = 0; j < 1 << n; ++j) {
            sum = addmod(sum, mulmod(_eq(x, j), _eq(y, j), FR), FR);
            assertEq(Fr.eqIndex(a, n, j | 1 << n), _eq(x, j));
        }
        assertEq(Fr.eq(a, b, n), sum);
    }

    function testFuzz_lt(uint256 seed, uint256 n) public pure {
        n = bound(n, 0, MAX_VARS);
        (uint256 a, uint256[] memory x) = _point(seed, n);
        uint256 sum;
        for (uint256 d = 0; d <= 1 << n; ++d) {
            assertEq(Fr.lt(d, a, n), sum);
            sum = addmod(sum, _eq(x, d), FR);
        }
    }

    function testFuzz_eqHigh(uint256 seed, uint256 total, uint256 n, uint256 index) public pure {
        total = bound(total, 0, 9);
        n = bound(n, 0, total);
        (uint256 a, uint256[] memory x) = _point(seed, total);
        uint256 top;
        assembly ("memory-safe") {
            top := mload(0x40)
            mstore(0x40, add(top, shl(5, shl(TOP, 1))))
        }
        if (total >= TOP) Fr.eqTable(top, a + 64 * (total - TOP), TOP);
        uint256[] memory high = new uint256[](total - n);
        for (uint256 i = n; i < total; ++i) {
            high[i - n] = x[i];
        }
        assertEq(Fr.eqHigh(a, n, total, top, index), _eq(high, index >> n));
    }

    function testFuzz_eqBelow(uint256 seed, uint256 na, uint256 more) public pure {
        na = bound(na, 0, 5);
        uint256 nb = na + bound(more, 0, 3);
        (uint256 a, uint256[] memory x) = _point(seed, na);
        (uint256 b, uint256[] memory y) = _point(~seed, nb);
        uint256 sum;
        for (uint256 d = 0; d <= 1 << na; ++d) {
            assertEq(Fr.eqBelow(d, a, na, b, nb), sum);
            sum = addmod(sum, mulmod(_eq(x, d), _eq(y, d), FR), FR);
        }
    }

    function testFuzz_eqTable(uint256 seed, uint256 n) public pure {
        n = bound(n, 0, MAX_VARS);
        (uint256 a, uint256[] memory x) = _point(seed, n);
        uint256 table;
        assembly ("memory-safe") {
            table := mload(0x40)
            mstore(0x40, add(table, shl(5, shl(n, 1))))
        }
        assertEq(Fr.eqTable(table, a, n), table + (32 << n));
        for (uint256 j = 0; j < 1 << n; ++j) {
            uint256 value;
            assembly ("memory-safe") {
                value := mload(add(table, shl(5, j)))
            }
            assertEq(value, _eq(x, j));
        }
    }

    function testFuzz_sub(uint256 a, uint256 b) public pure {
        (a, b) = (a % FR, b % FR);
        assertEq(addmod(Fr.sub(a, b), b, FR), a);
    }

    // --- axis maps ----------------------------------------------------------------------------------------

    struct Case {
        uint256 p;
        uint256 t;
        uint256[] px;
        uint256[] tx;
        uint256[] zx;
        uint256 rows;
        uint256 taps;
    }

    function _window(uint256 seed, Case memory c) private pure returns (AxisWeights.Window memory w) {
        w.dim = 1 + uint256(keccak256(abi.encode(seed, "d"))) % 20;
        w.log = _log(w.dim);
        (w.z, c.zx) = _point(uint256(keccak256(abi.encode(seed, "z"))), w.log);
        w.stride = uint256(keccak256(abi.encode(seed, "s"))) % 5;
        w.dilation = 1 + uint256(keccak256(abi.encode(seed, "e"))) % 3;
        w.offset = int256(uint256(keccak256(abi.encode(seed, "o"))) % 12) - 5;
    }

    /// @dev Sum of eq(p, a) eq(t, b) eq(z, s a + e b + off), from the definition.
    function _sum(Case memory c, AxisWeights.Window memory w, bool weighted)
        private
        pure
        returns (uint256 sum)
    {
        for (uint256 a = 0; a < c.rows; ++a) {
            for (uint256 b = 0; b < c.taps; ++b) {
                int256 j = int256(w.stride * a + w.dilation * b) + w.offset;
                if (j < 0 || j >= int256(w.dim)) continue;
                uint256 term = mulmod(_eq(c.px, a), _eq(c.zx, uint256(j)), FR);
                if (weighted) term = mulmod(term, _eq(c.tx, b), FR);
                sum = addmod(sum, term, FR);
            }
        }
    }

    function testFuzz_window(uint256 seed) public pure {
        Case memory c;
        AxisWeights.Window memory w = _window(seed, c);
        c.rows = 1 + seed % 11;
        c.taps = 1 + (seed >> 8) % 6;
        (c.p, c.px) = _axis(seed, c.rows);
        (c.t, c.tx) = _axis(seed ^ 1, c.taps);
        assertEq(AxisWeights.window(c.p, c.t, w), _sum(c, w, true));
    }

    function testFuzz_sumWindow(uint256 seed) public pure {
        Case memory c;
        AxisWeights.Window memory w = _window(seed, c);
        c.rows = 1 + seed % 11;
        c.taps = (seed >> 8) % 6;
        (c.p, c.px) = _axis(seed, c.rows);
        assertEq(AxisWeights.sumWindow(c.p, c.taps, w), _sum(c, w, false));
    }

    /// @dev The blocks that have a short cut: stride 2^k, offset and taps inside the block.
    function testFuzz_sumWindow_blocks(uint256 seed) public pure {
        Case memory c;
        AxisWeights.Window memory w = _window(seed, c);
        w.stride = 1 << (seed >> 16) % 3;
        w.offset = int256((seed >> 24) % w.stride);
        c.rows = 1 + seed % 11;
        c.taps = 1 + (seed >> 8) % (w.stride - uint256(w.offset));
        w.dilation = 1;
        w.dim = w.stride * (c.rows - 1) + uint256(w.offset) + c.taps + (seed >> 32) % 3;
        w.log = _log(w.dim);
        (w.z, c.zx) = _point(seed ^ 5, w.log);
        (c.p, c.px) = _axis(seed, c.rows);
        assertEq(AxisWeights.sumWindow(c.p, c.taps, w), _sum(c, w, false));
    }

    function testFuzz_sumWindow_withoutAxis(uint256 seed) public pure {
        Case memory c;
        AxisWeights.Window memory w = _window(seed, c);
        w.stride = 0;
        if (seed & 1 == 0) w.dilation = 1;
        c.rows = 1;
        c.taps = (seed >> 8) % 9;
        assertEq(AxisWeights.sumWindow(AxisWeights.NO_AXIS, c.taps, w), _sum(c, w, false));
    }

    struct Regroup {
        uint256[3] dest;
        uint256[3] src;
        uint256[3] axes; // of dest
        uint256[][3] xs;
        uint256 z;
        uint256[] zx;
        uint256 packed; // src
    }

    /// @dev All ways to cut 24 elements into at most three axes, on both sides.
    function testFuzz_regroup(uint256 seed) public pure {
        Regroup memory g;
        (g.dest, g.src) = (_boxOf24(seed), _boxOf24(seed >> 64));
        (g.z, g.zx) = _point(seed ^ 1, _log(g.src[0]) + _log(g.src[1]) + _log(g.src[2]));
        for (uint256 i = 0; i < 3; ++i) {
            (g.axes[i], g.xs[i]) = _axis(seed ^ (2 + i), g.dest[i]);
            g.packed = g.packed << 32 | _log(g.src[i]) << 24 | g.src[i];
        }
        uint256 sum;
        for (uint256 f = 0; f < 24; ++f) {
            sum = addmod(sum, mulmod(_eq(g.zx, _padded(f, g.src)), _eqBox(f, g.dest, g.xs), FR), FR);
        }
        uint256 count = g.dest[0] == 1 ? 2 : 3; // fewer axes where the first is trivial
        uint256[3] memory axes = g.axes;
        uint256 at;
        assembly ("memory-safe") {
            at := add(axes, mul(32, sub(3, count)))
        }
        assertEq(AxisWeights.regroup(at, count, g.packed, g.z), sum);
    }

    function _eqBox(uint256 f, uint256[3] memory dims, uint256[][3] memory xs)
        private
        pure
        returns (uint256 e)
    {
        e = 1;
        for (uint256 i = 3; i != 0; --i) {
            e = mulmod(e, _eq(xs[i - 1], f % dims[i - 1]), FR);
            f /= dims[i - 1];
        }
    }

    function _padded(uint256 f, uint256[3] memory dims) private pure returns (uint256 index) {
        uint256 base;
        for (uint256 i = 3; i != 0; --i) {
            index |= (f % dims[i - 1]) << base;
            f /= dims[i - 1];
            base += _log(dims[i - 1]);
        }
    }

    function _boxOf24(uint256 seed) private pure returns (uint256[3] memory dims) {
        uint256[8] memory divisors = [uint256(1), 2, 3, 4, 6, 8, 12, 24];
        dims[0] = divisors[seed % 8];
        for (dims[1] = divisors[(seed >> 8) % 8]; 24 / dims[0] % dims[1] != 0;) {
            dims[1] = 1;
        }
        dims[2] = 24 / dims[0] / dims[1];
    }

    // --- records and transcript -----------------------------------------------------------------------------

    function testFuzz_variablesOf(uint8[6] memory logs, uint256 noise) public pure {
        uint256 sum;
        uint256 record = noise & ~uint256(type(uint208).max);
        for (uint256 i = 0; i < 6; ++i) {
            uint256 log = logs[i] % 40;
            sum += log;
            record |= (log << 24 | (noise >> i & 0xffffff)) << (176 - 32 * i);
        }
        assertEq(Forms.variablesOf(record), sum);
    }

    function test_transcript_followsSpec() public view {
        bytes32 state = keccak256("mintmark-flat-v3");
        state = keccak256(abi.encodePacked(state, bytes32("ctx"), uint256(32), bytes32(uint256(7))));
        bytes32 drawn = keccak256(abi.encodePacked(state, bytes32("r"), uint256(0)));
        uint256 t = Transcript.start();
        t.absorbWord("ctx", bytes32(uint256(7)));
        assertEq(t.challenge("r"), uint256(drawn) % FR);
        this.absorbsCalldata(drawn, hex"0102030405");
    }

    function absorbsCalldata(bytes32 state, bytes calldata data) external pure {
        uint256 t = Transcript.resume(state, 5);
        uint256 from;
        assembly ("memory-safe") {
            from := data.offset
        }
        t.absorb("io", from, 5);
        state = keccak256(abi.encodePacked(state, bytes32("io"), uint256(5), data));
        state = keccak256(abi.encodePacked(state, bytes32("rho"), uint256(0)));
        (uint256 point,) = _point(0, 2);
        t.challengePoint("rho", point, 2);
        uint256 x;
        uint256 y;
        assembly ("memory-safe") {
            x := add(mload(point), mload(add(point, 32)))
            y := mload(add(point, 96))
        }
        assertEq(x, FR + 1);
        assertEq(y, uint256(keccak256(abi.encodePacked(state, bytes32("rho"), uint256(0)))) % FR);
    }
}
