// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FQ} from "../../src/verifier/Bn254.sol";
import {FR} from "../../src/verifier/Fr.sol";
import "../../src/verifier/Verdict.sol";
import {IUniversalVerifier, VectorLoader} from "./VectorLoader.sol";

/// @notice The contract's answers to everything but an honest proof: `false` for proofs, reverts for keys.
contract UniversalVerifierTest is VectorLoader {
    Vector internal mlp;

    function setUp() public {
        mlp = load("ref_mlp_public");
    }

    function test_verify_acceptsPublicMlp() public view {
        assertTrue(check(mlp));
    }

    // --- bytes ------------------------------------------------------------------------------------------

    function test_verify_rejectsEveryByteFlipped_relu_a() public {
        _flipBytes("relu", 0);
    }

    function test_verify_rejectsEveryByteFlipped_relu_b() public {
        _flipBytes("relu", 1);
    }

    function test_verify_rejectsEveryByteFlipped_relu_c() public {
        _flipBytes("relu", 2);
    }

    /// forge-config: default.fuzz.runs = 200
    /// forge-config: long.fuzz.runs = 1000
    function testFuzz_verify_rejectsFlippedBit(uint256 position) public view {
        Vector memory v = mlp;
        position = bound(position, 0, v.proof.length * 8 - 1);
        v.proof[position >> 3] ^= bytes1(uint8(1 << (position & 7)));
        assertFalse(check(v));
    }

    function _flipBytes(string memory name, uint256 part) private {
        Vector memory v = load(name);
        assertTrue(check(v), "honest");
        for (uint256 i = part; i < v.proof.length; i += 3) {
            bytes1 mask = bytes1(uint8(1 << (i & 7)));
            v.proof[i] ^= mask;
            assertFalse(check(v), vm.toString(i));
            v.proof[i] ^= mask;
        }
    }

    function test_verify_rejectsOtherLengths() public view {
        Vector memory v = mlp;
        uint256[9] memory lengths = [uint256(0), 1, 31, 32, 64, 1000, 1600, 2000, 2464];
        for (uint256 i = 0; i < lengths.length; ++i) {
            assertFalse(_withLength(v, lengths[i]));
        }
        uint256 n = v.proof.length;
        uint256[8] memory deltas = [uint256(1), 2, 31, 32, 63, 64, 96, 128];
        for (uint256 i = 0; i < deltas.length; ++i) {
            assertFalse(_withLength(v, n + deltas[i]));
            assertFalse(_withLength(v, n - deltas[i]));
        }
    }

    function _withLength(Vector memory v, uint256 length) private view returns (bool) {
        bytes memory proof = new bytes(length);
        for (uint256 i = 0; i < length && i < v.proof.length; ++i) {
            proof[i] = v.proof[i];
        }
        return v.verifier.verify(v.key, v.context, v.instances, proof);
    }

    // --- scalars and points -----------------------------------------------------------------------------

    /// @dev x + r is the same scalar: only the canonicity check can refuse it.
    function test_verify_rejectsNonCanonicalScalars() public view {
        Vector memory v = mlp;
        uint256 scalars;
        for (uint256 i = _pointsBegin(v); i < v.proof.length; i += 32) {
            if (i == v.proof.length - 672) i += 320; // five points
            if (i == v.proof.length - 128) break; // two points
            _addAt(v.proof, i, FR);
            assertFalse(check(v), vm.toString(i));
            _addAt(v.proof, i, type(uint256).max - FR + 1);
            ++scalars;
        }
        assertGt(scalars, 40);
        assertTrue(check(v), "restored");
    }

    function test_verify_rejectsBadPoints() public view {
        Vector memory v = mlp;
        uint256 end = _pointsBegin(v);
        for (uint256 i = 0; i < end; i += 64) {
            _rejectsBadPoint(v, i);
        }
        for (uint256 i = v.proof.length - 672; i < v.proof.length - 352; i += 64) {
            _rejectsBadPoint(v, i);
        }
        for (uint256 i = v.proof.length - 128; i < v.proof.length; i += 64) {
            _rejectsBadPoint(v, i);
        }
        assertTrue(check(v), "restored");
    }

    /// @dev A coordinate that is not canonical, a point off the curve, infinity, the negative.
    function _rejectsBadPoint(Vector memory v, uint256 i) private view {
        uint256 x = _get(v.proof, i);
        uint256 y = _get(v.proof, i + 32);
        if (x == 0 && y == 0) return; // an honest infinity
        _rejectsPoint(v, i, x + FQ, y);
        _rejectsPoint(v, i, x, y + FQ);
        _rejectsPoint(v, i, x, addmod(y, 1, FQ));
        _rejectsPoint(v, i, 0, 0);
        _rejectsPoint(v, i, x, FQ - y);
        _put(v.proof, i, x);
        _put(v.proof, i + 32, y);
    }

    function _rejectsPoint(Vector memory v, uint256 i, uint256 x, uint256 y) private view {
        _put(v.proof, i, x);
        _put(v.proof, i + 32, y);
        assertFalse(check(v), vm.toString(i));
    }

    /// @dev First scalar of the proof: chunk counts are in the key's header.
    function _pointsBegin(Vector memory v) private pure returns (uint256) {
        uint256 nF = uint8(v.vk[21]);
        uint256 nG = uint8(v.vk[23]);
        uint256 nT = uint8(v.vk[25]);
        return 64 * (2 * nF + nG + 2 * nT + 2);
    }

    function _get(bytes memory data, uint256 i) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := mload(add(add(data, 32), i))
        }
    }

    function _put(bytes memory data, uint256 i, uint256 x) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 32), i), x)
        }
    }

    function _addAt(bytes memory data, uint256 i, uint256 x) private pure {
        unchecked {
            _put(data, i, _get(data, i) + x);
        }
    }

    // --- statement --------------------------------------------------------------------------------------

    /// forge-config: default.fuzz.runs = 200
    /// forge-config: long.fuzz.runs = 1000
    function testFuzz_verify_rejectsOtherContext(bytes32 context) public view {
        Vector memory v = mlp;
        vm.assume(context != v.context);
        v.context = context;
        assertFalse(check(v));
    }

    function test_verify_rejectsChangedInstances_public() public view {
        _rejectsChangedInstances(mlp);
    }

    function test_verify_rejectsChangedInstances_committed() public {
        _rejectsChangedInstances(load("ref_mlp_committed"));
    }

    function _rejectsChangedInstances(Vector memory v) private view {
        for (uint256 i = 0; i < v.instances.length; ++i) {
            uint256 x = v.instances[i];
            uint256[4] memory others = [addmod(x, 1, FR), x + FR, x + FQ, FQ - x];
            for (uint256 j = 0; j < 4; ++j) {
                v.instances[i] = others[j];
                assertFalse(check(v), vm.toString(i));
            }
            v.instances[i] = x;
        }
        assertTrue(check(v), "restored");
    }

    function test_verify_rejectsMissingAndAdditionalInstances() public view {
        Vector memory v = mlp;
        uint256[] memory honest = v.instances;
        for (uint256 n = 0; n <= honest.length + 3; ++n) {
            if (n == honest.length) continue;
            v.instances = new uint256[](n);
            for (uint256 i = 0; i < n && i < honest.length; ++i) {
                v.instances[i] = honest[i];
            }
            assertFalse(check(v), vm.toString(n));
        }
    }

    // --- keys -------------------------------------------------------------------------------------------

    function test_verify_rejectsOtherKey() public {
        Vector memory v = mlp;
        v.vk[v.vk.length - 1] ^= 0x01; // a commitment to T, off the curve
        v.key = placeKey(v.vk);
        assertFalse(check(v));
    }

    function test_verify_revertsForNoKey() public {
        Vector memory v = mlp;
        v.key = address(0xdead);
        vm.expectRevert(abi.encodeWithSelector(Verifier_NotAKey.selector, v.key));
        this.callCheck(v);
        v.key = address(this);
        vm.expectRevert(abi.encodeWithSelector(Verifier_NotAKey.selector, v.key));
        this.callCheck(v);
    }

    function test_verify_revertsForOtherProofSystem() public {
        Vector memory v = mlp;
        for (uint8 id = 0; id < 7; ++id) {
            if (id == 5) continue;
            v.vk[0] = bytes1(id); // 1 had no masks, 2 other look-up numerators, 3 keys without a program, 4 another opening
            v.key = placeKey(v.vk);
            vm.expectRevert(abi.encodeWithSelector(Verifier_NotAKey.selector, v.key));
            this.callCheck(v);
        }
    }

    function test_verify_revertsForOtherSrs() public {
        Vector memory v = mlp;
        v.vk[32] ^= 0x01;
        v.key = placeKey(v.vk);
        bytes32 digest = v.verifier.srsDigest();
        vm.expectRevert(
            abi.encodeWithSelector(Verifier_OtherSrs.selector, digest ^ bytes32(bytes1(0x01)), digest)
        );
        this.callCheck(v);
    }

    function test_verify_revertsForTrailingKeyBytes() public {
        Vector memory v = mlp;
        v.key = placeKey(bytes.concat(v.vk, hex"00"));
        vm.expectPartialRevert(Verifier_MalformedKey.selector);
        this.callCheck(v);
    }

    /// @dev No change of the key's circuit lets the same proof pass.
    /// forge-config: default.fuzz.runs = 200
    /// forge-config: long.fuzz.runs = 1000
    function testFuzz_verify_neverAcceptsUnderAlteredKey(uint256 position) public {
        Vector memory v = mlp;
        position = bound(position, 0, v.vk.length * 8 - 1);
        v.vk[position >> 3] ^= bytes1(uint8(1 << (position & 7)));
        v.key = placeKey(v.vk);
        try this.callCheck{gas: 30_000_000}(v) returns (bool accepted) {
            assertFalse(accepted);
        } catch {}
    }

    function callCheck(Vector calldata v) external view returns (bool) {
        return v.verifier.verify(v.key, v.context, v.instances, v.proof);
    }

    // --- gas and deployment -----------------------------------------------------------------------------

    /// @dev Whoever picks the gas limit can make the call revert, never make a true proof false.
    function test_verify_neverFalseForLackOfGas() public view {
        Vector memory v = mlp;
        bytes memory call = abi.encodeCall(v.verifier.verify, (v.key, v.context, v.instances, v.proof));
        for (uint256 gas = 30_000; gas < 500_000; gas += 997) {
            (bool ok, bytes memory answer) = address(v.verifier).staticcall{gas: gas}(call);
            assertTrue(!ok || abi.decode(answer, (bool)), vm.toString(gas));
        }
    }

    function test_constructor_srsDigest() public {
        string memory json = readVector("relu");
        assertEq(parse(json).verifier.srsDigest(), vm.parseJsonBytes32(json, ".srs_digest"));
    }

    // --- the powers of tau: who may choose one proves anything ------------------------------------------------------

    function test_constructor_revertsForWrongSizes() public {
        bytes memory powers = tauOf(readVector("relu"));
        _refuseTau("");
        _refuseTau(_part(powers, 0, powers.length - 1));
        _refuseTau(bytes.concat(powers, new bytes(32)));
        uint256 missing = 14 - powers.length / 192;
        for (uint256 i = 0; i < missing; ++i) {
            powers = bytes.concat(powers, _part(powers, powers.length - 192, 192));
        }
        _refuseTau(powers);
    }

    function test_constructor_revertsForInfinityAndPointsOffTheCurve() public {
        bytes memory powers = tauOf(readVector("relu"));
        _refuseTau(new bytes(192));
        _refuseTau(bytes.concat(_part(powers, 0, 64), new bytes(128)));
        _refuseTau(bytes.concat(new bytes(64), _part(powers, 64, 128)));
        _refuseTau(bytes.concat(_part(powers, 0, 64), abi.encode(1, 2, 3, 4)));
        _refuseTau(bytes.concat(abi.encode(1, 3), _part(powers, 64, 128)));
        // x = 1 is on the twist; its order is not r
        bytes memory other = abi.encode(
            0,
            1,
            0x0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4,
            0x2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb
        );
        _refuseTau(bytes.concat(_part(powers, 0, 64), other));
    }

    /// @dev Of the second power on, the point of G1 is negated first: a coordinate that is none must not wrap around.
    function test_constructor_revertsForAFalsePointOfALaterPower() public {
        bytes memory powers = tauOf(readVector("relu"));
        bytes memory first = _part(powers, 0, 192);
        bytes memory second = _part(powers, 192, 192);
        (uint256 x, uint256 y) = abi.decode(_part(second, 0, 64), (uint256, uint256));
        bytes memory g2 = _part(second, 64, 128);
        assertTrue(address(deployVerifier(verifierCode(bytes.concat(first, second)))) != address(0));
        _refuseTau(bytes.concat(first, abi.encode(0, 0), g2));
        _refuseTau(bytes.concat(first, abi.encode(x, y + FQ), g2));
        _refuseTau(bytes.concat(first, abi.encode(x, FQ - y), g2));
    }

    /// @dev The same tau in both groups, but another one than before: only the squares tell.
    function test_constructor_revertsForPowersOfAnotherTau() public {
        bytes memory powers = tauOf(readVector("relu"));
        bytes memory others = tauOf(readVector("ref_mlp_public"));
        for (uint256 k = 0; k < 4; ++k) {
            bytes memory before = _part(powers, 0, 192 * k);
            _refuseTau(bytes.concat(before, _part(others, 192 * k, 64), _part(powers, 192 * k + 64, 128)));
            _refuseTau(bytes.concat(before, _part(powers, 192 * k, 64), _part(others, 192 * k + 64, 128)));
            if (k == 0) continue;
            _refuseTau(bytes.concat(before, _part(others, 192 * k, 192)));
            _refuseTau(bytes.concat(before, _part(powers, 192 * (k + 1), 192))); // one left out
            _refuseTau(bytes.concat(before, _part(powers, 192 * (k - 1), 192))); // one twice
        }
    }

    function test_constructor_keepsThePowersAsCode() public {
        bytes memory powers = tauOf(readVector("relu"));
        bytes memory code = deployVerifier(verifierCode(powers)).tauPowers().code;
        assertEq(code.length, 1 + powers.length / 192 * 128);
        assertEq(code[0], bytes1(0), "STOP");
        for (uint256 k = 0; k < powers.length / 192; ++k) {
            assertEq(_part(code, 1 + 128 * k, 128), _part(powers, 192 * k + 64, 128));
        }
    }

    /// @dev Zeros behind the last power are infinity to the pairing: e(q, infinity) would wave every quotient through.
    function test_verify_falseWithoutThePowerOfTheKeysSize() public {
        Vector memory v = load("net_public_mu7");
        bytes memory powers = tauOf(readVector("net_public_mu7"));
        v.verifier = deployVerifier(verifierCode(_part(powers, 0, 192 * 5))); // k = 4 is the last
        assertTrue(check(v));
        v.verifier = deployVerifier(verifierCode(_part(powers, 0, 192 * 4)));
        assertFalse(check(v));
    }

    /// @dev A proof whose quotient is made for [tau^b]_2 at infinity.
    function test_verify_rejectsAQuotientForAMissingPower() public {
        string memory json = readVector("ref_mlp_public");
        Vector memory v = parse(json);
        v.verifier = deployVerifier(verifierCode(_part(tauOf(json), 0, 192 * 4))); // k = 4 is needed
        string memory at;
        for (uint256 i = 0; keccak256(bytes(at)) != keccak256("no power"); ++i) {
            at = vm.parseJsonString(json, string.concat(".lies[", vm.toString(i), "].name"));
            v.context = vm.parseJsonBytes32(json, string.concat(".lies[", vm.toString(i), "].context"));
            v.instances = vm.parseJsonUintArray(json, string.concat(".lies[", vm.toString(i), "].instances"));
            v.proof = vm.parseJsonBytes(json, string.concat(".lies[", vm.toString(i), "].proof"));
        }
        assertFalse(check(v));
    }

    function test_codeSize() public view {
        assertGt(address(mlp.verifier).code.length, 10_000);
        assertLt(address(mlp.verifier).code.length, 24_576);
    }

    function _part(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[from + i];
        }
    }

    function _refuseTau(bytes memory tau) private {
        // not vm.expectRevert: it takes a creation by assembly that succeeds for one that reverts
        IUniversalVerifier made = deployVerifier(verifierCode(tau));
        bytes4 reason;
        assembly ("memory-safe") {
            mstore(0, 0)
            if lt(returndatasize(), 33) { returndatacopy(0, 0, returndatasize()) }
            reason := mload(0)
        }
        assertEq(address(made), address(0), "deployed");
        assertEq(reason, Verifier_InvalidTau.selector);
    }
}
