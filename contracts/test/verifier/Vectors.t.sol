// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VmSafe} from "forge-std/Vm.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Every vector of the C++ prover and of the Python reference prover, and every lie of the lying prover.
contract VectorsTest is VectorLoader {
    function test_verify_acceptsEveryVector() public {
        VmSafe.DirEntry[] memory files = vm.readDir("test/vectors");
        uint256 seen;
        for (uint256 i = 0; i < files.length; ++i) {
            if (!_isJson(files[i].path)) continue;
            string memory json = vm.readFile(files[i].path);
            if (!vm.keyExistsJson(json, ".proof")) continue; // vectors of something else
            ++seen;
            Vector memory v = parse(json);
            uint256 before = gasleft();
            assertTrue(check(v), files[i].path);
            emit log_named_uint(files[i].path, before - gasleft());
        }
        assertGe(seen, 12, "vectors are there");
    }

    /// @dev Two convolutions, two sum pools, three dense layers on 28 x 28, input committed, chunks of 2^15.
    function test_verify_gasOfLeNet5() public {
        Vector memory v = load("lenet_mu15");
        bool accepted = v.verifier.verify(v.key, v.context, v.instances, v.proof);
        uint256 used = vm.snapshotGasLastCall("verifier", "lenet5");
        assertTrue(accepted);
        assertLt(used, 610_000);
    }

    function test_verify_rejectsLies_committedNet() public {
        _rejectsLies("net_committed_mu8", 30);
    }

    function test_verify_rejectsLies_hiddenInputNet() public {
        _rejectsLies("net_hidden_input_mu7", 30);
    }

    function test_verify_rejectsLies_publicNet() public {
        _rejectsLies("net_public_mu8", 30);
    }

    /// @dev Lies about the masks and with them: sections 5 and 5a of the protocol, by the reference prover.
    function test_verify_rejectsLies_masks() public {
        _rejectsLies("ref_mlp_public", 21);
    }

    function _rejectsLies(string memory name, uint256 atLeast) private {
        string memory json = readVector(name);
        Vector memory honest = parse(json);
        assertTrue(check(honest), "honest");
        uint256 i;
        for (;; ++i) {
            string memory at = string.concat(".lies[", vm.toString(i), "]");
            if (!vm.keyExistsJson(json, at)) break;
            Vector memory lie = honest;
            lie.context = vm.parseJsonBytes32(json, string.concat(at, ".context"));
            lie.instances = vm.parseJsonUintArray(json, string.concat(at, ".instances"));
            lie.proof = vm.parseJsonBytes(json, string.concat(at, ".proof"));
            lie.key = honest.key;
            string memory vk = string.concat(at, ".vk");
            if (vm.keyExistsJson(json, vk)) lie.key = placeKey(vm.parseJsonBytes(json, vk));
            assertFalse(check(lie), vm.parseJsonString(json, string.concat(at, ".name")));
            honest.key = placeKey(honest.vk);
        }
        assertGe(i, atLeast, "lies are there");
    }

    function _isJson(string memory path) private pure returns (bool) {
        bytes memory b = bytes(path);
        return b.length > 5 && keccak256(_tail(b, 5)) == keccak256(".json");
    }

    function _tail(bytes memory b, uint256 n) private pure returns (bytes memory t) {
        t = new bytes(n);
        for (uint256 i = 0; i < n; ++i) {
            t[i] = b[b.length - n + i];
        }
    }
}
