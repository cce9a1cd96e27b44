// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Factors, FactorTable} from "../../src/verifier/Factors.sol";
import {FR, Fr} from "../../src/verifier/Fr.sol";
import {DEPTH, LastVariables} from "../../src/verifier/LastVariables.sol";
import {Terms} from "../../src/verifier/Terms.sol";
import {Transcript} from "../../src/verifier/Transcript.sol";
import {Verifier_MalformedKey} from "../../src/verifier/Verdict.sol";

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

    // --- factors ------------------------------------------------------------------------------------------

    /// @dev Two slices of variables, of r and of z, with room for 16 more behind them.
    struct Slices {
        FactorTable f;
        uint256[] x;
        uint256[] y;
    }

    function _slices(uint256 seed, uint256 nx, uint256 ny) private pure returns (Slices memory s) {
        uint256[] memory all;
        (s.f.points, all) = _point(seed, nx + ny + 16);
        (s.x, s.y) = (new uint256[](nx), new uint256[](ny));
        for (uint256 i = 0; i < nx + ny; ++i) {
            if (i < nx) s.x[i] = all[i];
            else s.y[i - nx] = all[i];
        }
        s.f.rEnd = s.f.points + 64 * nx;
        s.f.zEnd = s.f.rEnd + 64 * ny;
        uint256 room;
        assembly ("memory-safe") {
            room := mload(0x40)
            mstore(0x40, add(room, 32768))
        }
        (s.f.rLast, s.f.zLast) = (room, room + LastVariables.BYTES);
        s.f.values = s.f.next = room + 2 * LastVariables.BYTES;
        // of shorter points the deeper levels hold nothing that is asked for
        LastVariables.plant(s.f.rLast, s.f.rEnd);
        LastVariables.plant(s.f.zLast, s.f.zEnd);
    }

    function _begin(bytes memory data) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(data, 32)
        }
    }

    function _value(FactorTable memory f, uint256 i) private pure returns (uint256 value) {
        uint256 values = f.values;
        assembly ("memory-safe") {
            value := mload(add(values, shl(5, i)))
        }
    }

    /// @dev Sum of eq(x, a) eq(y, s a + k) over a < rows, 0 <= s a + k < dim.
    function _strided(Slices memory s, uint256 rows, uint256 stride, int256 k, uint256 dim)
        private
        pure
        returns (uint256 sum)
    {
        for (uint256 a = 0; a < rows; ++a) {
            int256 j = int256(stride * a) + k;
            if (j < 0 || j >= int256(dim)) continue;
            sum = addmod(sum, mulmod(_eq(s.x, a), _eq(s.y, uint256(j)), FR), FR);
        }
    }

    function testFuzz_eqs_ats_belows(uint256 seed) public pure {
        uint8 n = uint8(seed % 8);
        Slices memory s = _slices(seed, n, n);
        uint32 j = uint32(seed >> 32) & uint32((1 << n) - 1);
        Factors.eqs(s.f, _begin(abi.encodePacked(uint8(0), n, n)), 1);
        bytes memory ats = abi.encodePacked(uint8(0), n, j, n, n, j);
        assertEq(Factors.ats(s.f, _begin(ats), 2), _begin(ats) + 12);
        Factors.belows(s.f, _begin(abi.encodePacked(n, n, j)), 1);
        assertEq(_value(s.f, 0), _strided(s, 1 << n, 1, 0, 1 << n));
        assertEq(_value(s.f, 1), _eq(s.x, j));
        assertEq(_value(s.f, 2), _eq(s.y, j));
        uint256 sum;
        for (uint256 i = 0; i < j; ++i) {
            sum = addmod(sum, _eq(s.y, i), FR);
        }
        assertEq(_value(s.f, 3), sum);
    }

    /// @dev Records that go on from each other: prefixes of one pair of slices, then another pair.
    function testFuzz_eqs_ofTheSameSlices(uint256 seed) public pure {
        Slices memory s = _slices(seed, 6, 6);
        bytes memory records;
        for (uint8 n = uint8(seed % 3); n <= 6; n += 2) {
            records = bytes.concat(records, abi.encodePacked(uint8(0), uint8(6), n));
        }
        uint256 count = records.length / 3;
        records = bytes.concat(records, abi.encodePacked(uint8(1), uint8(6), uint8(2)));
        assertEq(Factors.eqs(s.f, _begin(records), count + 1), _begin(records) + records.length);
        for (uint256 i = 0; i < count; ++i) {
            uint256 n = seed % 3 + 2 * i;
            assertEq(_value(s.f, i), Fr.eq(s.f.points, s.f.rEnd, n));
        }
        assertEq(_value(s.f, count), Fr.eq(s.f.points + 64, s.f.rEnd, 2));
    }

    /// @dev Slices of every length at the end of r and of z, and before it: few of them, and so many that there are second
    ///      trees.
    function testFuzz_ats(uint256 seed) public pure {
        uint8 n = uint8(10 + seed % 4);
        Slices memory s = _slices(seed, n, n);
        _checkAts(s, seed, n, 1);
        s.f.next = s.f.values;
        _checkAts(s, ~seed, n, 3);
    }

    function _checkAts(Slices memory s, uint256 seed, uint8 n, uint256 each) private pure {
        bytes memory records;
        for (uint8 i = 0; i < 3 * n; ++i) {
            for (uint256 j = 0; j < each; ++j) {
                records = bytes.concat(records, _atRecord(seed, n, i, j));
            }
        }
        uint256 count = records.length / 6;
        assertEq(Factors.ats(s.f, _begin(records), count), _begin(records) + records.length);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 a, uint256 slice) = (uint8(records[6 * i]), uint8(records[6 * i + 1]));
            uint256 index = uint256(uint8(records[6 * i + 4])) << 8 | uint8(records[6 * i + 5]);
            (uint256 value, uint256 expected) =
                (_value(s.f, i), Fr.eqIndex(s.f.points + 64 * a, slice, index));
            if (value != expected) assertEq(value, expected, vm.toString(i));
        }
    }

    /// @dev Suffixes of r, suffixes of z, then slices one variable before the end of r.
    function _atRecord(uint256 seed, uint8 n, uint8 i, uint256 j) private pure returns (bytes memory) {
        uint8 length = uint8(1 + i % n);
        uint8 first = i < n ? n - length : i < 2 * n ? 2 * n - length : n - length;
        if (i >= 2 * n) --length;
        return abi.encodePacked(first, length, uint32(uint256(keccak256(abi.encode(seed, i, j))) & 0x3fff));
    }

    /// @dev Shifts that leave the index's bits alone: one half, one quarter of the longer slice.
    function testFuzz_shifts_ofWholeBlocks(uint256 seed) public pure {
        (uint8 nx, uint8 ny) = (uint8(seed % 5), uint8(seed % 5 + (seed >> 8) % 3));
        Slices memory s = _slices(seed, nx, ny);
        int32 k = int32(uint32((seed >> 16) % (1 << (ny - nx)) << nx));
        uint32 bound = uint32(1 << nx);
        bytes memory record = abi.encodePacked(uint8(0), nx, nx, ny, k, bound);
        assertEq(Factors.shifts(s.f, _begin(record), 1), _begin(record) + 12);
        assertEq(_value(s.f, 0), _strided(s, bound, 1, k, 1 << ny));
    }

    /// @dev Shifts by less than a block whose bound is that of the longer slice.
    function testFuzz_shifts_withoutABound(uint256 seed) public pure {
        uint8 n = uint8(1 + seed % 5);
        Slices memory s = _slices(seed, n, n);
        int32 k = int32(uint32((seed >> 16) % (2 << n))) - int32(uint32(1 << n));
        uint32 bound = uint32(k < 0 ? 1 << n : (1 << n) - uint256(int256(k)));
        bytes memory record = abi.encodePacked(uint8(0), n, n, n, k, bound);
        assertEq(Factors.shifts(s.f, _begin(record), 1), _begin(record) + 12);
        assertEq(_value(s.f, 0), _strided(s, bound, 1, k, 1 << n));
    }

    /// @dev Three shifts of the same slices share a table; the fourth has the slices in each other's place.
    function testFuzz_shifts(uint256 seed) public pure {
        (uint8 nx, uint8 ny) = (uint8(seed % 5), uint8((seed >> 8) % 5));
        Slices memory s = _slices(seed, nx, ny);
        bytes memory records;
        int32[4] memory k;
        uint32[4] memory bound;
        for (uint256 i = 0; i < 4; ++i) {
            k[i] = int32(uint32((seed >> (16 + 8 * i)) % (2 << ny))) - int32(uint32(1 << ny));
            int256 most = int256(uint256(1 << ny)) - k[i];
            if (most > int256(uint256(1 << nx))) most = int256(uint256(1 << nx));
            bound[i] = uint32(uint256(most) - (seed >> (64 + 8 * i)) % (uint256(most) + 1));
            records = bytes.concat(records, abi.encodePacked(uint8(0), nx, nx, ny, k[i], bound[i]));
        }
        assertEq(Factors.shifts(s.f, _begin(records), 4), _begin(records) + 48);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(_value(s.f, i), _strided(s, bound[i], 1, k[i], 1 << ny));
        }
    }

    function testFuzz_denses(uint256 seed) public pure {
        (uint8 nx, uint8 ny) = (uint8(seed % 5), uint8((seed >> 8) % 5));
        Slices memory s = _slices(seed, nx, ny);
        uint24 rows = uint24((seed >> 16) % ((1 << nx) + 1));
        uint32 dim = uint32((seed >> 24) % ((1 << ny) + 1));
        uint16 stride = uint16((seed >> 32) % 40);
        int48 k = int48(uint48((seed >> 40) % 64)) - 40;
        bytes memory record = abi.encodePacked(uint8(0), nx, nx, ny, rows, dim, stride, k);
        assertEq(Factors.denses(s.f, _begin(record), 1), _begin(record) + 19);
        assertEq(_value(s.f, 0), _strided(s, rows, stride, k, dim));
    }

    /// @dev All ways to cut 24 elements into three axes, on both sides; the upper variables of the tensor axes may be bits
    ///      of a chunk's number.
    function testFuzz_regroups(uint256 seed) public pure {
        (uint256[3] memory dest, uint256[3] memory src) = (_boxOf24(seed), _boxOf24(seed >> 64));
        uint256 nx = _log(dest[0]) + _log(dest[1]) + _log(dest[2]);
        uint256 ny = _log(src[0]) + _log(src[1]) + _log(src[2]);
        uint256 inside = ny - (seed >> 128) % 3;
        Slices memory s = _slices(seed, nx, inside);
        uint16 chunk = uint16(seed >> 136);
        bytes memory record = abi.encodePacked(uint8(nx), uint8(3), uint8(3), chunk);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 first = i == 0 ? _log(dest[1]) + _log(dest[2]) : i == 1 ? _log(dest[2]) : 0;
            record =
                bytes.concat(record, abi.encodePacked(uint8(first), uint8(_log(dest[i])), uint24(dest[i])));
        }
        for (uint256 i = 0; i < 3; ++i) {
            record = bytes.concat(record, abi.encodePacked(uint8(_log(src[i])), uint24(src[i])));
        }
        assertEq(Factors.regroups(s.f, _begin(record), 1), _begin(record) + record.length);
        uint256[] memory y = new uint256[](ny);
        for (uint256 i = 0; i < ny; ++i) {
            y[i] = i < inside ? s.y[i] : chunk >> (i - inside) & 1;
        }
        uint256 sum;
        for (uint256 f = 0; f < 24; ++f) {
            sum = addmod(sum, mulmod(_eq(s.x, _padded(f, dest)), _eq(y, _padded(f, src)), FR), FR);
        }
        assertEq(_value(s.f, 0), sum);
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

    /// @dev Nine factors, the powers of a number, then a sum of their products and terms of every length.
    function testFuzz_sums_terms(uint256 x) public pure {
        x %= FR;
        Slices memory s = _slices(x, 2, 2);
        Factors.powers(s.f, 1, x, 9);
        bytes memory sum =
            abi.encodePacked(uint16(2), uint16(1), uint16(2), uint16(4), uint16(3), uint16(0), uint16(0));
        assertEq(Factors.sums(s.f, _begin(sum), 1), _begin(sum) + 14);
        assertEq(_value(s.f, 9), addmod(_power(x, 7), _power(x, 3), FR));
        bytes memory counts;
        bytes memory terms;
        uint256 expected;
        uint256 degree;
        for (uint16 n = 1; n <= 7; ++n) {
            counts = bytes.concat(counts, abi.encodePacked(uint16(2)));
            degree += n;
            bytes memory ids;
            for (uint16 i = n; i != 0; --i) {
                ids = bytes.concat(ids, abi.encodePacked(i));
            }
            terms = bytes.concat(terms, abi.encodePacked(uint16(1)), ids, abi.encodePacked(uint16(0)), ids);
            expected = addmod(expected, _power(x, degree), FR);
        }
        uint256[] memory targets = new uint256[](2);
        uint256 to;
        assembly ("memory-safe") {
            to := add(targets, 32)
        }
        (uint256 end, bool outside) = Terms.short(_begin(terms), _begin(counts), s.f.values, to, 2);
        assertEq(end, _begin(terms) + terms.length);
        assertFalse(outside);
        assertEq(targets[0], expected);
        assertEq(targets[1], expected);
        (, outside) = Terms.short(_begin(terms), _begin(counts), s.f.values, to, 1);
        assertTrue(outside);
    }

    function testFuzz_spread(uint256 seed) public {
        Slices memory s = _slices(seed, 2, 1);
        uint256[] memory targets = this.spreadInto(seed, 9);
        for (uint256 i = 0; i < 8; ++i) {
            uint256 e = mulmod(_eq(s.y, i & 1), _eq(s.x, i >> 1), FR);
            assertEq(targets[1 + i], mulmod(e, _power(seed % FR, 3), FR));
        }
        vm.expectPartialRevert(Verifier_MalformedKey.selector);
        this.spreadInto(seed, 8);
    }

    /// @dev Factors 1 and 2 (x and x^2) times the eq table of y, then of x, from target 1 on.
    function spreadInto(uint256 seed, uint256 numTargets) external pure returns (uint256[] memory targets) {
        Slices memory s = _slices(seed, 2, 1);
        Factors.powers(s.f, 1, seed % FR, 3);
        bytes memory record =
            abi.encodePacked(uint16(1), uint8(2), uint8(2), uint16(1), uint16(2), uint16(0x0201), uint16(2));
        targets = new uint256[](9);
        uint256 to;
        assembly ("memory-safe") {
            to := add(targets, 32)
        }
        assertEq(
            Terms.spread(_begin(record), 1, s.f.values, to, numTargets, s.f.points),
            _begin(record) + record.length
        );
    }

    function testFuzz_long(uint256 x) public {
        assertEq(this.longInto(x, 1)[0], _power(x % FR, 4));
        vm.expectPartialRevert(Verifier_MalformedKey.selector);
        this.longInto(x, 0);
    }

    function longInto(uint256 x, uint256 numTargets) external pure returns (uint256[] memory targets) {
        Slices memory s = _slices(x, 2, 1);
        Factors.powers(s.f, 1, x % FR, 3);
        bytes memory record = abi.encodePacked(uint16(0), uint8(3), uint16(1), uint16(1), uint16(2));
        targets = new uint256[](1);
        uint256 to;
        assembly ("memory-safe") {
            to := add(targets, 32)
        }
        assertEq(Terms.long(_begin(record), 1, s.f.values, to, numTargets), _begin(record) + record.length);
    }

    function _power(uint256 x, uint256 n) private pure returns (uint256 y) {
        y = 1;
        for (; n != 0; --n) {
            y = mulmod(y, x, FR);
        }
    }

    // --- transcript -----------------------------------------------------------------------------------------

    function test_transcript_followsSpec() public view {
        bytes32 state = keccak256("mintmark-flat-v5");
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
