// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AnswerBounty} from "../../examples/AnswerBounty.sol";
import {IERC7992Verifier} from "../../src/interfaces/IERC7992.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {ModelId, PassId} from "../../src/types/Ids.sol";
import {InferenceNFT} from "../../src/verifier/InferenceNFT.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev Splits this file's statements.
abstract contract AnswerBase is TestBase {
    function inputOf(uint256[] memory instances) internal pure returns (uint256[] memory words) {
        words = new uint256[](INPUT_WORDS);
        for (uint256 i = 0; i < INPUT_WORDS; ++i) {
            words[i] = instances[i];
        }
    }

    function outputOf(uint256[] memory instances) internal pure returns (bytes memory) {
        return abi.encodePacked(instances[INPUT_WORDS], instances[INPUT_WORDS + 1]);
    }
}

contract InferenceNFTTest is AnswerBase {
    InferenceNFT internal nft;
    IVerifierRouter.Request internal request;
    bytes internal prompt;
    bytes internal content;
    bytes internal proof;
    uint256 internal tokenId;

    function setUp() public override {
        super.setUp();
        nft = new InferenceNFT(verifierRouter);
        PassId passId = buy(3, 30);
        request = requestFor(passId, 1);
        prompt = abi.encode(request);
        content = outputOf(instancesOf(1));
        proof = abi.encode(sign(request, buyerKey), inputOf(instancesOf(1)), prove(request, instancesOf(1)));
        tokenId = uint256(verifierRouter.nullifierOf(request));
        settle(passId, 1);
    }

    function mint() internal {
        vm.prank(buyer);
        nft.addAigcData(tokenId, prompt, content, proof);
    }

    function test_erc7007_mintsAVerifiedResultOnce() public {
        assertTrue(nft.verify(prompt, content, proof));
        mint();
        vm.snapshotValue("mint an answer (without the proof's check)", vm.lastCallGas().gasTotalUsed);
        assertEq(nft.ownerOf(tokenId), buyer);
        vm.expectRevert(abi.encodeWithSelector(InferenceNFT.InferenceNFT_AlreadyMinted.selector, tokenId));
        vm.prank(buyer);
        nft.addAigcData(tokenId, prompt, content, proof);
    }

    function test_erc7007_verifyStaysTrueAfterThePayoutChanged() public {
        mint();
        vm.prank(creator);
        registry.setPayout(modelId, stranger);
        assertTrue(nft.verify(prompt, content, proof));
        bytes memory other = content;
        other[0] ^= 0x01;
        assertFalse(nft.verify(prompt, other, proof));
    }

    function test_erc7007_onlyTheRequesterMints() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(InferenceNFT.InferenceNFT_NotTheRequester.selector, stranger));
        nft.addAigcData(tokenId, prompt, content, proof);
    }

    function test_erc7007_onlySettledRequestsUnderTheirOwnId() public {
        vm.startPrank(buyer);
        vm.expectPartialRevert(InferenceNFT.InferenceNFT_WrongToken.selector);
        nft.addAigcData(tokenId + 1, prompt, content, proof);
        request.nonce = 2;
        uint256 id = uint256(verifierRouter.nullifierOf(request));
        vm.expectRevert(abi.encodeWithSelector(InferenceNFT.InferenceNFT_NotSettled.selector, id));
        nft.addAigcData(id, abi.encode(request), content, proof);
    }

    function test_erc7007_anotherAnswerIsRefused() public {
        content[0] ^= 0x01;
        assertFalse(nft.verify(prompt, content, proof));
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(InferenceNFT.InferenceNFT_ProofRejected.selector, tokenId));
        nft.addAigcData(tokenId, prompt, content, proof);
    }

    function test_erc7007_interfaces() public view {
        assertTrue(nft.supportsInterface(0x702c55a6));
        assertTrue(nft.supportsInterface(0x80ac58cd));
        assertFalse(nft.supportsInterface(0xffffffff));
    }
}

contract AnswerBountyTest is AnswerBase {
    AnswerBounty internal bounty;
    uint256[] internal instances;
    address internal solver = makeAddr("solver");

    function setUp() public override {
        super.setUp();
        bounty = new AnswerBounty(IERC7992Verifier(address(verifierRouter)));
        instances = instancesOf(9);
    }

    function offer() internal returns (uint256) {
        vm.prank(buyer);
        return bounty.offer{value: 2 ether}(
            ModelId.unwrap(modelId), keccak256(abi.encodePacked(inputOf(instances)))
        );
    }

    function test_integration_bountyPaysForAProvenAnswer() public {
        uint256 id = offer();
        bytes memory proof = abi.encodePacked(verifier.seal(key, bounty.contextFor(id, solver), instances));
        vm.prank(stranger); // a copied proof is bound to the solver
        vm.expectRevert(IERC7992Verifier.InvalidProof.selector);
        bounty.answer(id, outputOf(instances), inputOf(instances), proof);

        vm.prank(solver);
        bounty.answer(id, outputOf(instances), inputOf(instances), proof);
        assertEq(solver.balance, 2 ether);
        assertEq(bounty.getBounty(id).answer, outputOf(instances));

        vm.prank(solver);
        vm.expectRevert(abi.encodeWithSelector(AnswerBounty.AnswerBounty_Answered.selector, id));
        bounty.answer(id, outputOf(instances), inputOf(instances), proof);
    }

    function test_integration_bountyRefusesAFalseAnswer() public {
        uint256 id = offer();
        bytes memory proof = abi.encodePacked(verifier.seal(key, bounty.contextFor(id, solver), instances));
        instances[INPUT_WORDS] += 1;
        vm.prank(solver);
        vm.expectRevert(IERC7992Verifier.InvalidProof.selector);
        bounty.answer(id, outputOf(instances), inputOf(instances), proof);
        vm.expectRevert(AnswerBounty.AnswerBounty_NothingOffered.selector);
        bounty.offer(1, 0);
    }
}
