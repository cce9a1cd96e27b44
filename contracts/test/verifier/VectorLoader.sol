// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IBatchVerifier} from "../../src/interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";

/// @dev What the tests ask of UniversalVerifier. Who imports the contract itself is compiled through the IR as well, with a
/// copy of it inside: that took as long as everything else together.
interface IUniversalVerifier is IProofVerifier, IBatchVerifier {
    function srsDigest() external view returns (bytes32);

    function tauPowers() external view returns (address);
}

/// @notice Loads proofs made by other implementations (test/vectors/*.json) and places their keys as contract code.
abstract contract VectorLoader is Test {
    struct Vector {
        IUniversalVerifier verifier;
        address key;
        bytes vk;
        bytes32 context;
        uint256[] instances;
        bytes proof;
    }

    function readVector(string memory name) internal view returns (string memory json) {
        json = vm.readFile(string.concat("test/vectors/", name, ".json"));
    }

    function load(string memory name) internal returns (Vector memory v) {
        v = parse(readVector(name));
    }

    function parse(string memory json) internal returns (Vector memory v) {
        v.verifier = deployVerifier(verifierCode(tauOf(json)));
        v.vk = vm.parseJsonBytes(json, ".vk");
        v.key = placeKey(v.vk);
        v.context = vm.parseJsonBytes32(json, ".context");
        v.instances = vm.parseJsonUintArray(json, ".instances");
        v.proof = vm.parseJsonBytes(json, ".proof");
    }

    function verifierCode(bytes memory tau) internal view returns (bytes memory) {
        return abi.encodePacked(vm.getCode("UniversalVerifier.sol:UniversalVerifier"), abi.encode(tau));
    }

    function deployVerifier(bytes memory code) internal returns (IUniversalVerifier verifier) {
        assembly ("memory-safe") {
            verifier := create(0, add(code, 0x20), mload(code))
        }
    }

    function tauOf(string memory json) internal pure returns (bytes memory powers) {
        powers = vm.parseJsonBytes(json, ".tau_powers");
    }

    /// @dev A contract whose code is one zero byte, then the key. Test keys may exceed the size limit of real code.
    function placeKey(bytes memory vk) internal returns (address key) {
        key = address(uint160(uint256(keccak256(vk))));
        vm.etch(key, abi.encodePacked(hex"00", vk));
    }

    /// @dev Keeps no memory, so it can be called thousands of times.
    function check(Vector memory v) internal view returns (bool accepted) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        accepted = v.verifier.verify(v.key, v.context, v.instances, v.proof);
        assembly {
            mstore(0x40, free)
        }
    }
}
