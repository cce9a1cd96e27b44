// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7992Verifier} from "../src/interfaces/IERC7992.sol";

/// @title A bounty for a model's answer: how a contract of yours uses a proven inference
/// @notice Somebody wants to act on what model M says about an input, and pays whoever brings the answer with its proof.
/// The contract knows nothing about proof systems: `verifyInference` reverts unless the model's own version accepts.
contract AnswerBounty {
    struct Bounty {
        uint256 modelId;
        bytes32 inputCommitment; // keccak256 of the input words
        uint256 reward; // wei; zero once it is paid
        bytes answer; // output words, packed; empty until it is there
    }

    IERC7992Verifier public immutable verifier;
    Bounty[] private _bounties;

    error AnswerBounty_NothingOffered();
    error AnswerBounty_Answered(uint256 id);
    error AnswerBounty_PaymentRefused(address to);

    event BountyOffered(uint256 indexed id, uint256 indexed modelId, bytes32 inputCommitment, uint256 reward);
    event BountyAnswered(uint256 indexed id, address indexed solver, bytes answer);

    /// @param verifier_ Mintmark's VerifierRouter
    constructor(IERC7992Verifier verifier_) {
        verifier = verifier_;
    }

    function offer(uint256 modelId, bytes32 inputCommitment) external payable returns (uint256 id) {
        if (msg.value == 0) revert AnswerBounty_NothingOffered();
        id = _bounties.length;
        _bounties.push(Bounty(modelId, inputCommitment, msg.value, ""));
        emit BountyOffered(id, modelId, inputCommitment, msg.value);
    }

    /// @param words the input words that the commitment hides
    /// @param proof made for `contextFor(id, msg.sender)`: who copies it from the mempool cannot use it
    function answer(uint256 id, bytes calldata output, uint256[] calldata words, bytes calldata proof)
        external
    {
        Bounty storage bounty = _bounties[id];
        uint256 reward = bounty.reward;
        if (reward == 0) revert AnswerBounty_Answered(id);
        bytes memory routed = abi.encode(uint256(0), contextFor(id, msg.sender), words, proof);
        verifier.verifyInference(bounty.modelId, bounty.inputCommitment, output, routed);
        (bounty.reward, bounty.answer) = (0, output);
        emit BountyAnswered(id, msg.sender, output);
        (bool ok,) = msg.sender.call{value: reward}("");
        if (!ok) revert AnswerBounty_PaymentRefused(msg.sender);
    }

    function getBounty(uint256 id) external view returns (Bounty memory) {
        return _bounties[id];
    }

    /// @notice What a solver's proof must be bound to.
    function contextFor(uint256 id, address solver) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), id, solver));
    }
}
