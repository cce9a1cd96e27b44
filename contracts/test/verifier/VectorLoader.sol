// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {UniversalVerifier} from "../../src/verifier/UniversalVerifier.sol";

/// @notice Loads proofs made by other implementations (test/vectors/*.json) and deploys their keys.
abstract contract VectorLoader is Test {
    struct Vector {
        UniversalVerifier verifier;
        address key;
        bytes vk;
        bytes32 context;
        uint256[] instances;
        bytes proof;
    }

    function load(string memory name) internal returns (Vector memory v) {
        string memory json = vm.readFile(string.concat("test/vectors/", name, ".json"));
        uint256[] memory tau = vm.parseJsonUintArray(json, ".tau_g2");
        v.verifier = new UniversalVerifier([tau[0], tau[1], tau[2], tau[3]]);
        v.vk = vm.parseJsonBytes(json, ".vk");
        v.key = deployKey(v.vk);
        v.context = vm.parseJsonBytes32(json, ".context");
        v.instances = vm.parseJsonUintArray(json, ".instances");
        v.proof = vm.parseJsonBytes(json, ".proof");
    }

    /// @dev A contract whose code is one zero byte, then the key.
    function deployKey(bytes memory vk) internal returns (address key) {
        bytes memory code = abi.encodePacked(hex"00", vk);
        bytes memory creation = abi.encodePacked(hex"61", uint16(code.length), hex"80600a3d393df3", code);
        assembly ("memory-safe") {
            key := create(0, add(creation, 32), mload(creation))
        }
        assertEq(key.code, code, "key deployed");
    }

    function check(Vector memory v) internal view returns (bool) {
        return v.verifier.verify(v.key, v.context, v.instances, v.proof);
    }
}
