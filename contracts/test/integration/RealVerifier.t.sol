// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7992Verifier} from "../../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../../src/interfaces/IProofVerifier.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {ModelId, ProofSystemId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev The registry and the router around the real verifier, on proofs that other programs made (test/vectors).
contract RealVerifierTest is TestBase {
    struct Statement {
        ModelId modelId;
        bytes32 context;
        uint256[] input;
        bytes output;
        bytes proof;
    }

    function test_verifyInference_publicInput() public {
        Statement memory s = publishVector("ref_mlp_public", false);
        check(s);
        s.input[0] += 1;
        refuse(s);
    }

    function test_verifyInference_committedInput() public {
        Statement memory s = publishVector("ref_mlp_committed", true);
        assertEq(s.input.length, 2);
        check(s);
        s.output[31] ^= 0x01;
        refuse(s);
    }

    function test_verifyInference_boundToItsContext() public {
        Statement memory s = publishVector("ref_conv_public", false);
        check(s);
        s.context = keccak256("another request");
        refuse(s);
    }

    function test_verifyInference_refusesACutProof() public {
        Statement memory s = publishVector("ref_conv_committed", true);
        check(s);
        bytes memory proof = s.proof;
        assembly ("memory-safe") {
            mstore(proof, sub(mload(proof), 1))
        }
        refuse(s);
    }

    function check(Statement memory s) internal view {
        bytes32 inputCommitment = keccak256(abi.encodePacked(s.input));
        bytes memory proof = abi.encode(uint256(0), s.context, s.input, s.proof);
        verifierRouter.verifyInference(ModelId.unwrap(s.modelId), inputCommitment, s.output, proof);
    }

    function refuse(Statement memory s) internal {
        bytes32 inputCommitment = keccak256(abi.encodePacked(s.input));
        bytes memory proof = abi.encode(uint256(0), s.context, s.input, s.proof);
        vm.expectRevert(IERC7992Verifier.InvalidProof.selector);
        verifierRouter.verifyInference(ModelId.unwrap(s.modelId), inputCommitment, s.output, proof);
    }

    /// @dev Publishes the vector's key as a model of its own and takes its instances apart where the registry says.
    function publishVector(string memory name, bool committed) internal returns (Statement memory s) {
        string memory json = vm.readFile(string.concat("test/vectors/", name, ".json"));
        bytes memory powers = abi.encode(vm.parseJsonBytes(json, ".tau_powers"));
        address real = vm.deployCode("UniversalVerifier.sol:UniversalVerifier", powers);
        vm.prank(operator);
        ProofSystemId system = verifierRouter.registerProofSystem(name, real, 10_000_000);
        key = VerifyingKeyCode.deploy(vm.parseJsonBytes(json, ".vk"));
        IModelRegistry.VersionCommitment memory version = commitment(name);
        (version.verifier, version.proofSystem) = (real, system);
        s.modelId = register(creator);
        publishActive(s.modelId, creator, version);

        uint256[] memory instances = vm.parseJsonUintArray(json, ".instances");
        uint256 words = IProofVerifier(real).inputWords(key);
        assertEq(committed, uint8(key.code[5]) & 1 == 1);
        s.context = vm.parseJsonBytes32(json, ".context");
        s.proof = vm.parseJsonBytes(json, ".proof");
        s.input = new uint256[](words);
        for (uint256 i = 0; i < instances.length; ++i) {
            if (i < words) s.input[i] = instances[i];
            else s.output = abi.encodePacked(s.output, instances[i]);
        }
    }
}
