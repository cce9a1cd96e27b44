// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FQ} from "../../src/verifier/Bn254.sol";
import {FR} from "../../src/verifier/Fr.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Differential test of the two verifiers: the mutated proofs of test/soundness/mutation.cpp, by number, through the
/// contract. On both sides only what is unchanged is accepted. MINTMARK_MUTATIONS sets how many of each vector.
contract MutationsTest is VectorLoader {
    function test_mutations_relu() public {
        _mutations("relu");
    }

    function test_mutations_mixed() public {
        _mutations("mixed");
    }

    function test_mutations_committedNet() public {
        _mutations("net_committed_mu7");
    }

    function test_mutations_hiddenInputNet() public {
        _mutations("net_hidden_input_mu7");
    }

    function test_mutations_referenceMlp() public {
        _mutations("ref_mlp_public");
    }

    function test_mutations_referenceConv() public {
        _mutations("ref_conv_committed");
    }

    function _mutations(string memory name) private {
        Vector memory honest = load(name);
        assertTrue(check(honest), "honest");
        uint256 count = vm.envOr("MINTMARK_MUTATIONS", uint256(100));
        bytes32 unchanged = _digest(honest);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 0; i < count; ++i) {
            Vector memory shown = _mutated(honest, i);
            assertEq(check(shown), _digest(shown) == unchanged, vm.toString(i));
            assembly {
                mstore(0x40, free)
            }
        }
    }

    function _digest(Vector memory v) private pure returns (bytes32) {
        return keccak256(abi.encode(v.context, v.instances, v.proof));
    }

    function _mutated(Vector memory honest, uint256 index) private pure returns (Vector memory out) {
        bytes32 random = keccak256(abi.encodePacked("mintmark mutation", index));
        out = honest;
        out = Vector(honest.verifier, honest.key, honest.vk, honest.context, honest.instances, honest.proof);
        uint256 a = uint32(bytes4(random << 8));
        uint256 b = uint32(bytes4(random << 40));
        uint8 bit = uint8(1 << (uint8(random[9]) & 7));
        uint256 kind = uint8(random[0]) % 14;
        if (kind == 10) {
            out.instances = abi.decode(abi.encode(honest.instances), (uint256[]));
            uint256 at = b % out.instances.length;
            out.instances[at] = addmod(out.instances[at], 1, FR);
        } else if (kind == 11) {
            out.context ^= bytes32(uint256(bit) << (8 * (31 - a % 32)));
        } else {
            out.proof = _changed(honest.proof, kind, a, b, bit, random);
        }
    }

    function _changed(bytes memory honest, uint256 kind, uint256 a, uint256 b, uint8 bit, bytes32 random)
        private
        pure
        returns (bytes memory proof)
    {
        if (kind == 8) return _resized(honest, honest.length - 1 - a % 64);
        if (kind == 9) return _resized(honest, honest.length + 1 + a % 64);
        proof = _resized(honest, honest.length);
        uint256 words = proof.length / 32;
        if (kind == 0) proof[a % proof.length] ^= bytes1(bit);
        else if (kind == 1) proof[a % proof.length] = random[9];
        else if (kind == 4) _swap(proof, a % words, b % words);
        else if (kind == 5) _copyPoint(proof, b % (words - 1), a % (words - 1));
        else if (kind == 13) _zeroPoint(proof, a % (words - 1));
        else _changeWord(proof, a % words, kind, random);
    }

    function _changeWord(bytes memory proof, uint256 at, uint256 kind, bytes32 random) private pure {
        uint256 value = _word(proof, at);
        if (kind == 2) value = uint256(keccak256(abi.encode(random))) % FR;
        else if (kind == 3) value = value == type(uint256).max ? 0 : value + 1;
        else if (kind == 6) value = FR - value % FR;
        else if (kind == 7) value = FQ - value % FQ;
        else value = 0;
        _put(proof, at, value);
    }

    function _swap(bytes memory proof, uint256 i, uint256 j) private pure {
        (uint256 x, uint256 y) = (_word(proof, i), _word(proof, j));
        _put(proof, i, y);
        _put(proof, j, x);
    }

    function _copyPoint(bytes memory proof, uint256 from, uint256 to) private pure {
        (uint256 x, uint256 y) = (_word(proof, from), _word(proof, from + 1));
        _put(proof, to, x);
        _put(proof, to + 1, y);
    }

    function _zeroPoint(bytes memory proof, uint256 at) private pure {
        _put(proof, at, 0);
        _put(proof, at + 1, 0);
    }

    function _resized(bytes memory from, uint256 length) private pure returns (bytes memory to) {
        to = new bytes(length);
        uint256 common = length < from.length ? length : from.length;
        assembly ("memory-safe") {
            mcopy(add(to, 32), add(from, 32), common)
        }
    }

    function _word(bytes memory data, uint256 at) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(data, add(32, shl(5, at))))
        }
    }

    function _put(bytes memory data, uint256 at, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(data, add(32, shl(5, at))), value)
        }
    }
}
