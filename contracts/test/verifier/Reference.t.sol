// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReferenceVerifier} from "../reference/ReferenceVerifier.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice The fast verifier against the readable one: the same verdict on honest proofs, lies and mutations.
contract ReferenceTest is VectorLoader {
    uint256 private constant ENOUGH = 60_000_000; // a point off the curve costs all the gas that there is

    Vector[] internal vectors;

    function setUp() public {
        string[4] memory names = ["ref_mlp_public", "ref_mlp_committed", "ref_conv_committed", "relu"];
        for (uint256 i = 0; i < names.length; ++i) {
            vectors.push(load(names[i]));
        }
    }

    function test_reference_acceptsEveryVector() public {
        string[12] memory names = [
            "relu",
            "gemm",
            "conv",
            "mixed",
            "ref_mlp_public",
            "ref_mlp_committed",
            "ref_conv_public",
            "ref_conv_committed",
            "net_public_mu7",
            "net_committed_mu7",
            "net_public_mu8",
            "net_committed_mu8"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            string memory json = readVector(names[i]);
            Vector memory v = parse(json);
            ReferenceVerifier slow = new ReferenceVerifier(tauOf(json));
            slow.check(v.vk, v.context, v.instances, v.proof); // reverts with the check that fails
            assertTrue(check(v), names[i]);
        }
    }

    /// @dev It says which check a proof fails.
    function test_reference_namesTheCheck() public {
        (Vector memory v, ReferenceVerifier slow) = _pick(0);
        v.proof[v.proof.length - 1] ^= 0x01;
        vm.expectRevert("point not on the curve");
        slow.check(v.vk, v.context, v.instances, v.proof);
        (v,) = _pick(0);
        v.context ^= bytes32(uint256(1));
        vm.expectRevert("1/zeta"); // other challenges
        slow.check(v.vk, v.context, v.instances, v.proof);
        (v,) = _pick(0);
        v.proof = bytes.concat(v.proof, hex"00");
        vm.expectRevert("length of the proof");
        slow.check(v.vk, v.context, v.instances, v.proof);
    }

    function test_reference_rejectsLies_hiddenInput() public {
        _rejectsLies("net_hidden_input_mu7", 9);
    }

    function test_reference_rejectsLies_masks() public {
        _rejectsLies("ref_mlp_public", 21);
    }

    /// @dev So that no lie is refused for lack of gas alone.
    function _acceptsHonest(ReferenceVerifier slow, string memory json) private {
        Vector memory v = parse(json);
        assertTrue(slow.verify{gas: ENOUGH}(v.vk, v.context, v.instances, v.proof), "honest");
    }

    function _rejectsLies(string memory vector, uint256 atLeast) private {
        string memory json = readVector(vector);
        ReferenceVerifier slow = new ReferenceVerifier(tauOf(json));
        bytes memory vk = vm.parseJsonBytes(json, ".vk");
        _acceptsHonest(slow, json);
        uint256 i = 0;
        for (;; ++i) {
            string memory at = string.concat(".lies[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, at)) break;
            string memory name = string.concat(at, ".vk");
            bytes memory key = vm.keyExistsJson(json, name) ? vm.parseJsonBytes(json, name) : vk;
            bool accepted = slow.verify{gas: ENOUGH}(
                key,
                vm.parseJsonBytes32(json, string.concat(at, ".context")),
                vm.parseJsonUintArray(json, string.concat(at, ".instances")),
                vm.parseJsonBytes(json, string.concat(at, ".proof"))
            );
            assertFalse(accepted, vm.parseJsonString(json, string.concat(at, ".name")));
        }
        assertGe(i, atLeast, "lies are there");
    }

    /// @dev One random change of proof or statement: both verifiers say the same, and never yes unless nothing changed.
    /// forge-config: default.fuzz.runs = 300
    /// forge-config: long.fuzz.runs = 10000
    function testFuzz_reference_sameVerdictOnMutations(uint256 seed, uint256 a, uint256 b, uint256 x) public {
        (Vector memory v, ReferenceVerifier slow) = _pick(seed % 4);
        bytes32 before = keccak256(abi.encode(v.context, v.instances, v.proof));
        _mutate(v, seed / 4 % 8, a, b, x);
        bool unchanged = keccak256(abi.encode(v.context, v.instances, v.proof)) == before;
        bool fast = check(v);
        assertEq(fast, slow.verify(v.vk, v.context, v.instances, v.proof), "verdicts");
        assertEq(fast, unchanged, "accepted");
    }

    function _pick(uint256 i) private returns (Vector memory v, ReferenceVerifier slow) {
        v = vectors[i];
        string[4] memory names = ["ref_mlp_public", "ref_mlp_committed", "ref_conv_committed", "relu"];
        slow = new ReferenceVerifier(tauOf(readVector(names[i])));
    }

    uint256 private constant R =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    uint256 private constant FQ =
        21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;

    function _mutate(Vector memory v, uint256 kind, uint256 a, uint256 b, uint256 x) private pure {
        uint256 words = v.proof.length / 32;
        uint256 i = 32 * (a % words);
        uint256 j = 32 * (b % words);
        unchecked {
            if (kind == 0) {
                v.proof[a % v.proof.length] ^= bytes1(uint8(1 << (b % 8)));
            } else if (kind == 1) {
                _put(v.proof, i, _get(v.proof, i) + R); // the same scalar, not canonical
            } else if (kind == 2) {
                _put(v.proof, i, FQ - _get(v.proof, i)); // the negative of a point
            } else if (kind == 3) {
                uint256 kept = _get(v.proof, i);
                _put(v.proof, i, _get(v.proof, j));
                _put(v.proof, j, kept);
            } else if (kind == 4) {
                _put(v.proof, i, x % R);
            } else if (kind == 5) {
                _put(v.proof, i, 0);
                _put(v.proof, i / 64 * 64, 0);
            } else if (kind == 6) {
                v.instances[a % v.instances.length] = b % 3 == 0 ? x : v.instances[b % v.instances.length];
            } else {
                bytes memory proof = v.proof;
                uint256 length = a % proof.length;
                assembly ("memory-safe") {
                    mstore(proof, length)
                }
            }
        }
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
}
