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
    Point w1;
    Point w2;
    Point w3;
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
        uint256 eps;
        uint256 zetaB; // zeta^b
        uint256 hA; // h(a)
    }

    function read(bytes memory proof, uint256 at) internal pure returns (Opening memory o) {
        require(proof.length == at + 736, "length of the proof");
        (o.proof, o.at) = (proof, at);
        (o.h, o.q, o.g) = (point(proof, at), point(proof, at + 64), point(proof, at + 128));
        (o.s, o.d) = (point(proof, at + 192), point(proof, at + 256));
        for (uint256 i = 0; i < 7; ++i) {
            o.scalars[i] = word(proof, at + 320 + 32 * i);
            require(o.scalars[i] < R, "canonical scalars");
        }
        (o.w1, o.w2, o.w3) = (point(proof, at + 544), point(proof, at + 608), point(proof, at + 672));
    }

    function check(
        Opening memory o,
        Point memory commitment,
        uint256[] memory z,
        uint256 v,
        uint256[4] memory tau,
        ReferenceTranscript memory t
    ) internal view {
        Challenges memory c = _challenges(o, t);
        require(Scalars.mul(c.zeta, o.scalars[0]) == 1, "1/zeta");
        c.zetaB = Scalars.pow(c.zeta, 1 << ((z.length + 1) / 2));
        c.hA = _hAtA(o, c, z, v);
        Point memory a = _left(o, c, commitment);
        Point memory b = addMul(Point(0, 0), o.w1, 1);
        b = addMul(b, o.w2, c.eps);
        b = addMul(b, o.w3, Scalars.mul(c.eps, c.eps));
        require(_pairing(a, b, tau), "opening");
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
        t.absorb("m.w", _part(o, 544, 192));
        c.eps = t.challenge("m.eps");
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

    /// @dev A of step 6.
    function _left(Opening memory o, Challenges memory c, Point memory commitment)
        private
        view
        returns (Point memory a)
    {
        uint256 nu2 = Scalars.mul(c.nu, c.nu);
        uint256 nu3 = Scalars.mul(nu2, c.nu);
        uint256 eps2 = Scalars.mul(c.eps, c.eps);
        a = addMul(commitment, o.q, Scalars.sub(c.a, c.zetaB));
        a = addMul(a, o.h, Scalars.add(c.nu, Scalars.add(c.eps, eps2)));
        a = addMul(a, o.g, Scalars.add(nu2, Scalars.mul(c.eps, c.nu)));
        a = addMul(a, o.d, nu3);
        a = addMul(a, o.s, Scalars.add(Scalars.mul(nu2, nu2), Scalars.mul(c.eps, nu2)));
        a = addMul(a, Point(1, 2), Scalars.sub(0, _value(o, c)));
        a = addMul(a, o.w1, c.zeta);
        a = addMul(a, o.w2, Scalars.mul(c.eps, o.scalars[0]));
        a = addMul(a, o.w3, Scalars.mul(eps2, c.a));
    }

    /// @dev y of step 6.
    function _value(Opening memory o, Challenges memory c) private pure returns (uint256 y) {
        uint256[7] memory e = o.scalars;
        uint256 nu2 = Scalars.mul(c.nu, c.nu);
        // d at zeta is zeta^(b - 1) g(1/zeta)
        uint256 d = Scalars.mul(Scalars.mul(c.zetaB, e[0]), e[2]);
        y = Scalars.add(e[1], Scalars.mul(c.nu, e[3]));
        y = Scalars.add(y, Scalars.mul(nu2, e[1]));
        y = Scalars.add(y, Scalars.mul(Scalars.mul(nu2, c.nu), d));
        y = Scalars.add(y, Scalars.mul(Scalars.mul(nu2, nu2), e[5]));
        uint256 at = Scalars.add(e[4], Scalars.add(Scalars.mul(c.nu, e[2]), Scalars.mul(nu2, e[6])));
        y = Scalars.add(y, Scalars.mul(c.eps, at));
        y = Scalars.add(y, Scalars.mul(Scalars.mul(c.eps, c.eps), c.hA));
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

    /// @dev e(a, [1]_2) = e(b, [tau]_2).
    function _pairing(Point memory a, Point memory b, uint256[4] memory tau) private view returns (bool) {
        bytes memory one = abi.encode(
            0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
            0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
            0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
            0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
        );
        uint256 minusY = b.y == 0 ? 0 : FQ - b.y;
        (bool ok, bytes memory answer) =
            address(8).staticcall(abi.encodePacked(a.x, a.y, one, b.x, minusY, abi.encode(tau)));
        return ok && abi.decode(answer, (uint256)) == 1;
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
