// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7992Verifier} from "../../src/interfaces/IERC7992.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, ProofSystemId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

contract VerifyInferenceTest is TestBase {
    bytes32 internal constant CONTEXT = keccak256("what the integrator chose");

    function test_verifyInference_acceptsAProofUnderTheCallersContext() public view {
        (bytes memory output, bytes memory proof) = statement(0);
        verifierRouter.verifyInference(1, inputCommitment(instancesOf(1), INPUT_WORDS), output, proof);
        (output, proof) = statement(1);
        verifierRouter.verifyInference(1, inputCommitment(instancesOf(1), INPUT_WORDS), output, proof);
        assertEq(verifierRouter.proofSystemOf(1), ProofSystemId.unwrap(SYSTEM));
        assertEq(verifierRouter.registry(), address(registry));
    }

    function test_verifyInference_refusesWhatTheProofDoesNotSay() public {
        bytes32 input = inputCommitment(instancesOf(1), INPUT_WORDS);
        (bytes memory output, bytes memory proof) = statement(0);
        vm.expectRevert(IERC7992Verifier.InputCommitmentMismatch.selector);
        verifierRouter.verifyInference(1, keccak256("other"), output, proof);
        bytes memory other = abi.encodePacked(uint256(1), uint256(2));
        vm.expectRevert(IERC7992Verifier.InvalidProof.selector);
        verifierRouter.verifyInference(1, input, other, proof);
        vm.expectRevert(IERC7992Verifier.OutputMismatch.selector);
        verifierRouter.verifyInference(1, input, abi.encodePacked(output, uint8(0)), proof);
        uint256[] memory words = new uint256[](INPUT_WORDS + 1);
        vm.expectRevert(IERC7992Verifier.InputCommitmentMismatch.selector);
        verifierRouter.verifyInference(
            1, keccak256(abi.encodePacked(words)), output, abi.encode(uint256(0), CONTEXT, words, bytes(""))
        );
    }

    function test_verifyInference_refusesAVersionThatIsNotActive() public {
        (bytes memory output, bytes memory proof) = statement(1);
        bytes32 input = inputCommitment(instancesOf(1), INPUT_WORDS);
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        vm.expectRevert(
            abi.encodeWithSelector(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector, 1)
        );
        verifierRouter.verifyInference(1, input, output, proof);
        vm.expectRevert(
            abi.encodeWithSelector(IERC7992Verifier.VerificationRefused_ModelDeprecated.selector, 9)
        );
        verifierRouter.verifyInference(9, input, output, proof);
    }

    function statement(uint256 version) internal view returns (bytes memory output, bytes memory proof) {
        uint256[] memory instances = instancesOf(1);
        uint256[] memory input = new uint256[](INPUT_WORDS);
        for (uint256 i = 0; i < INPUT_WORDS; ++i) {
            input[i] = instances[i];
        }
        output = abi.encodePacked(instances[INPUT_WORDS], instances[INPUT_WORDS + 1]);
        bytes memory inner = abi.encodePacked(verifier.seal(key, CONTEXT, instances));
        proof = abi.encode(version, CONTEXT, input, inner);
    }
}
