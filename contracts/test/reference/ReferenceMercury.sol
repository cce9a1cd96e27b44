// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Point} from "./ReferenceKey.sol";
import {ReferenceTranscript, Transcripts} from "./ReferenceTranscript.sol";
import {R, Scalars} from "./Scalars.sol";

struct Opening {
    bytes proof;
    uint256 at;
    Point h;
    Point q;
    Point g;
    Point s;
    Point d;
    uint256[7] scalars; // zeta', g(zeta), g(zeta'), h(zeta), h(zeta'), S(zeta), S(zeta')
    Point w;
    Point wy;
}

/// @notice docs/spec/protocol.md §6, with the curve precompiles (EIP-196, EIP-197).
library Mercury {
    using Transcripts for ReferenceTranscript;

    uint256 private constant FQ =
        21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;

    struct Challenges {
        uint256 a;
        uint256 gamma;
        uint256 zeta;
        uint256 nu;
        uint256 y;
        uint256 scale; // (zeta - 1/zeta) (a - zeta) (a - 1/zeta)
        bytes32 beforeLast; // the transcript's state when the last point is not absorbed yet
        uint256 zetaB; // zeta^b
        uint256 hA; // h(a)
    }

    function read(bytes memory proof, uint256 at) internal pure returns (Opening memory o) {
        require(proof.length == at + 672, "length of the proof");
        (o.proof, o.at) = (proof, at);
        (o.h, o.q, o.g) = (point(proof, at), point(proof, at + 64), point(proof, at + 128));
        (o.s, o.d) = (point(proof, at + 192), point(proof, at + 256));
        for (uint256 i = 0; i < 7; ++i) {
            o.scalars[i] = word(proof, at + 320 + 32 * i);
            require(o.scalars[i] < R, "canonical scalars");
        }
        (o.w, o.wy) = (point(proof, at + 544), point(proof, at + 608));
    }

    function check(
        Opening memory o,
        Point memory commitment,
        uint256[] memory z,
        uint256 v,
        bytes memory tau,
        ReferenceTranscript memory t
    ) internal view returns (bytes32 beforeLast) {
        Challenges memory c = _challenges(o, t);
        beforeLast = c.beforeLast;
        require(Scalars.mul(c.zeta, o.scalars[0]) == 1, "1/zeta");
        c.zetaB = Scalars.pow(c.zeta, 1 << ((z.length + 1) / 2));
        c.hA = _hAtA(o, c, z, v);
        Point memory a = _left(o, c, commitment);
        require(_pairing(a, o.wy, o.q, tau), "opening");
    }

    function _challenges(Opening memory o, ReferenceTranscript memory t)
        private
        pure
        returns (Challenges memory c)
    {
        t.absorb("m.h", _part(o, 0, 64));
        c.a = t.challenge("m.a");
        t.absorb("m.qg", _part(o, 64, 128));
        c.gamma = t.challenge("m.gamma");
        t.absorb("m.sd", _part(o, 192, 128));
        c.zeta = t.challenge("m.zeta");
        t.absorb("m.ev", _part(o, 320, 224));
        c.nu = t.challenge("m.nu");
        t.absorb("m.w", _part(o, 544, 64));
        c.y = t.challenge("m.y");
        c.beforeLast = t.state;
        t.absorb("m.wy", _part(o, 608, 64));
        c.scale = Scalars.mul(Scalars.sub(c.zeta, o.scalars[0]), Scalars.sub(c.a, c.zeta));
        c.scale = Scalars.mul(c.scale, Scalars.sub(c.a, o.scalars[0]));
    }

    /// @dev Step 4: the constant term of the identity of step 3.
    function _hAtA(Opening memory o, Challenges memory c, uint256[] memory z, uint256 v)
        private
        pure
        returns (uint256 h)
    {
        uint256[7] memory e = o.scalars;
        uint256 mu1 = (z.length + 1) / 2;
        uint256[] memory u = Scalars.slice(z, 0, mu1);
        uint256 sum = Scalars.add(Scalars.mul(e[1], _form(u, e[0])), Scalars.mul(e[2], _form(u, c.zeta)));
        u = Scalars.last(z, z.length - mu1);
        h = Scalars.add(Scalars.mul(e[3], _form(u, e[0])), Scalars.mul(e[4], _form(u, c.zeta)));
        sum = Scalars.add(sum, Scalars.mul(c.gamma, h));
        sum = Scalars.sub(sum, Scalars.mul(c.zeta, e[5]));
        sum = Scalars.sub(sum, Scalars.mul(e[0], e[6]));
        h = Scalars.sub(Scalars.mul(sum, Scalars.half(1)), Scalars.mul(c.gamma, v));
    }

    /// @dev P_u(x) = product of 1 - u_i + u_i x^(2^i).
    function _form(uint256[] memory u, uint256 x) private pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 0; i < u.length; ++i) {
            product = Scalars.mul(product, Scalars.add(Scalars.sub(1, u[i]), Scalars.mul(u[i], x)));
            x = Scalars.mul(x, x);
        }
    }

    /// @dev A of step 6: C* + a C_q - C_g, then what is opened, weighted, less its interpolants at y.
    function _left(Opening memory o, Challenges memory c, Point memory commitment)
        private
        view
        returns (Point memory sum)
    {
        uint256[7] memory e = o.scalars;
        uint256[3] memory x = [c.zeta, e[0], c.a];
        sum = addMul(commitment, o.q, c.a);
        sum = addMul(sum, o.g, Scalars.sub(0, 1));
        uint256 weight = Scalars.mul(c.scale, c.nu);
        sum = _opened(sum, o.h, weight, _through(x, [e[3], e[4], c.hA], 3, c.y));
        weight = Scalars.mul(Scalars.mul(weight, c.nu), Scalars.sub(c.y, c.a));
        sum = _opened(sum, o.g, weight, _through(x, [e[1], e[2], 0], 2, c.y));
        weight = Scalars.mul(weight, c.nu);
        sum = _opened(sum, o.s, weight, _through(x, [e[5], e[6], 0], 2, c.y));
        weight = Scalars.mul(Scalars.mul(weight, c.nu), Scalars.sub(c.y, e[0]));
        sum = _opened(sum, o.d, weight, Scalars.mul(Scalars.mul(c.zetaB, e[0]), e[2]));
        sum = addMul(sum, o.w, Scalars.sub(0, _vanishing(x, c)));
        sum = addMul(sum, o.wy, c.y);
    }

    /// @dev scale (y - zeta) (y - 1/zeta) (y - a)
    function _vanishing(uint256[3] memory x, Challenges memory c) private pure returns (uint256 product) {
        product = c.scale;
        for (uint256 i = 0; i < 3; ++i) {
            product = Scalars.mul(product, Scalars.sub(c.y, x[i]));
        }
    }

    /// @dev sum + weight (p - value [1]_1)
    function _opened(Point memory sum, Point memory p, uint256 weight, uint256 value)
        private
        view
        returns (Point memory)
    {
        return addMul(addMul(sum, p, weight), Point(1, 2), Scalars.sub(0, Scalars.mul(weight, value)));
    }

    /// @dev The polynomial of least degree with values `v` at the first `n` of `x`, at `at`.
    function _through(uint256[3] memory x, uint256[3] memory v, uint256 n, uint256 at)
        private
        view
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < n; ++i) {
            uint256 term = v[i];
            for (uint256 j = 0; j < n; ++j) {
                if (i == j) continue;
                term = Scalars.mul(term, Scalars.sub(at, x[j]));
                term = Scalars.mul(term, _inverse(Scalars.sub(x[i], x[j])));
            }
            sum = Scalars.add(sum, term);
        }
    }

    function _inverse(uint256 x) private view returns (uint256) {
        (bool ok, bytes memory y) = address(5).staticcall(abi.encode(32, 32, 32, x, R - 2, R));
        require(ok, "inverse");
        return abi.decode(y, (uint256));
    }

    // --- curve ----------------------------------------------------------------------------------------------

    /// @notice a + scalar b; reverts unless both are on the curve.
    function addMul(Point memory a, Point memory b, uint256 scalar) internal view returns (Point memory) {
        (bool ok, bytes memory product) = address(7).staticcall(abi.encode(b.x, b.y, scalar));
        require(ok, "point not on the curve");
        bytes memory sum;
        (ok, sum) = address(6).staticcall(abi.encodePacked(a.x, a.y, product));
        require(ok, "point not on the curve");
        return abi.decode(sum, (Point));
    }

    /// @dev e(a, [1]_2) = e(b, [tau]_2) e(q, [tau^b]_2); `tau` is [tau]_2, [tau^b]_2.
    function _pairing(Point memory a, Point memory b, Point memory q, bytes memory tau)
        private
        view
        returns (bool)
    {
        bytes memory one = abi.encode(
            0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
            0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
            0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
            0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
        );
        bytes memory left = bytes.concat(abi.encode(a.x, a.y == 0 ? 0 : FQ - a.y), one);
        bytes memory middle = bytes.concat(abi.encode(b.x, b.y), _half(tau, 0));
        bytes memory right = bytes.concat(abi.encode(q.x, q.y), _half(tau, 128));
        (bool ok, bytes memory answer) = address(8).staticcall(bytes.concat(left, middle, right));
        return ok && abi.decode(answer, (uint256)) == 1;
    }

    function _half(bytes memory data, uint256 from) private pure returns (bytes memory half) {
        half = new bytes(128);
        for (uint256 i = 0; i < 128; ++i) {
            half[i] = data[from + i];
        }
    }

    // --- bytes ----------------------------------------------------------------------------------------------

    function word(bytes memory data, uint256 at) internal pure returns (uint256 x) {
        require(at + 32 <= data.length, "length of the proof");
        assembly ("memory-safe") {
            x := mload(add(add(data, 32), at))
        }
    }

    function point(bytes memory data, uint256 at) internal pure returns (Point memory) {
        return Point(word(data, at), word(data, at + 32));
    }

    function _part(Opening memory o, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i += 32) {
            uint256 x = word(o.proof, o.at + from + i);
            assembly ("memory-safe") {
                mstore(add(add(part, 32), i), x)
            }
        }
    }
}
