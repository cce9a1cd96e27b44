// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRefereedExecution} from "../../src/interfaces/IRefereedExecution.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {IndexedMerkle} from "../../src/libraries/IndexedMerkle.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {
    RefereeConst,
    RefereeLimb,
    RefereeLin,
    RefereeMap,
    RefereeMapKind,
    RefereeOperand,
    RefereeProd,
    RefereeSource,
    RefereeStep
} from "../../src/types/RefereeStep.sol";
import {RefereedExecution} from "../../src/verifier/adapters/RefereedExecution.sol";
import {RefereeKey} from "../../src/verifier/adapters/RefereeKey.sol";
import {AdapterBase} from "./AdapterBase.sol";

/// @dev A program of two steps, small enough to follow by hand: x_i for i < 3 is input i; output i for i < 2 is 2·x_i + 1.
abstract contract RefereedBase is AdapterBase {
    uint256 internal constant BOND = 1 ether;
    uint256 internal constant CHALLENGE_BOND = 0.3 ether;
    uint256 internal constant WINDOW = 1 hours;
    uint256 internal constant MOVE = 20 minutes;

    RefereedExecution internal adapter;
    address internal prover = makeAddr("prover");
    address internal challenger = makeAddr("challenger");
    IVerifierRouter.Request internal request;
    bytes32 internal context;
    uint256[] internal truth;

    function setUp() public virtual override {
        super.setUp();
        vm.deal(prover, 100 ether);
        vm.deal(challenger, 100 ether);
        adapter = new RefereedExecution(treasury);
        publishUnder("refereed-v1", address(adapter), deployKey(terms()));
        request = longRequest(buy(3, 30), 1);
        context = verifierRouter.contextOf(request);
        truth = instancesOf(1);
        (truth[3], truth[4]) = (2 * truth[0] + 1, 2 * truth[1] + 1);
    }

    function terms() internal pure returns (RefereeKey.Key memory) {
        return RefereeKey.Key({
            system: RefereeKey.SYSTEM,
            inputWords: INPUT_WORDS,
            outputWords: 2,
            steps: 2,
            elements: 3,
            weights: 0,
            rows: 0,
            programRoot: IndexedMerkle.parentOf(pair(stepLeaf(0), stepLeaf(1))),
            weightsRoot: 0,
            tablesRoot: 0,
            saltsRoot: IndexedMerkle.parentOf(saltLeaves()),
            bond: BOND,
            challengeBond: CHALLENGE_BOND,
            window: WINDOW,
            movePeriod: MOVE
        });
    }

    function deployKey(RefereeKey.Key memory k) internal returns (address) {
        return VerifyingKeyCode.deploy(abi.encode(k));
    }

    // --- the program and its trees -----------------------------------------------------------------------------------

    function stepAt(uint256 index) internal pure returns (RefereeStep memory step) {
        step.dims = new uint32[](1);
        step.dims[0] = index == 0 ? 3 : 2;
        step.limbs = new RefereeLimb[](index == 0 ? 1 : 0);
        if (index == 0) step.limbs[0] = RefereeLimb(0, 250, false, 0, 0);
        step.consts = new RefereeConst[](index);
        if (index == 1) {
            step.base = 3;
            step.consts[0] = RefereeConst(1, new uint32[](1), step.dims);
        }
        RefereeMap[] memory maps = new RefereeMap[](1);
        maps[0] = RefereeMap(RefereeMapKind.Eq, 0, 0, 3, 0, 0, 0, 0);
        step.lins = new RefereeLin[](1);
        RefereeSource source = index == 0 ? RefereeSource.Input : RefereeSource.Limb;
        step.lins[0] = RefereeLin(index == 0 ? int128(1) : int128(2), RefereeOperand(source, 0, 0, maps));
        step.prods = new RefereeProd[](0);
    }

    function stepLeaf(uint256 index) internal pure returns (bytes32) {
        return keccak256(abi.encode(stepAt(index)));
    }

    function stepProof(uint16 index) internal pure returns (IRefereedExecution.StepProof memory proof) {
        (proof.index, proof.step, proof.path) = (index, stepAt(index), new bytes32[](1));
        proof.path[0] = stepLeaf(1 - index);
    }

    function saltOf(uint256 position) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", position));
    }

    function saltLeaves() internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](4);
        for (uint256 i = 0; i < 3; ++i) {
            leaves[i] = IndexedMerkle.leafOf(saltOf(i), new int256[](0));
        }
    }

    /// @dev The leaves of a trace of the statement in which x_i = values[i].
    function traceLeaves(uint256[] memory instances, int256[3] memory values)
        internal
        view
        returns (bytes32[] memory leaves)
    {
        leaves = new bytes32[](4);
        for (uint256 i = 0; i < 3; ++i) {
            leaves[i] = IndexedMerkle.leafOf(boundSalt(i, instances), wordsOf(values[i]));
        }
    }

    function boundSalt(uint256 position, uint256[] memory instances) internal view returns (bytes32) {
        bytes32 statementHash = keccak256(abi.encode(context, keccak256(abi.encodePacked(instances))));
        return keccak256(abi.encode(saltOf(position), statementHash));
    }

    function wordsOf(int256 value) internal pure returns (int256[] memory words) {
        words = new int256[](2);
        words[0] = value;
    }

    function honestValues() internal view returns (int256[3] memory values) {
        for (uint256 i = 0; i < 3; ++i) {
            values[i] = int256(truth[i]);
        }
    }

    function pathOf(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory path) {
        path = new bytes32[](2);
        path[0] = leaves[index ^ 1];
        path[1] = IndexedMerkle.parentOf(index < 2 ? pair(leaves[2], leaves[3]) : pair(leaves[0], leaves[1]));
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](2);
        (nodes[0], nodes[1]) = (a, b);
    }

    // --- moves -------------------------------------------------------------------------------------------------------

    function statement(uint256[] memory instances)
        internal
        view
        returns (IRefereedExecution.Statement memory)
    {
        return IRefereedExecution.Statement(context, instances);
    }

    function propose(uint256[] memory instances, bytes32[] memory leaves) internal returns (bytes32) {
        vm.prank(prover);
        return adapter.propose{value: BOND}(key, statement(instances), IndexedMerkle.parentOf(leaves));
    }

    function challengeTrace(bytes32 id) internal {
        vm.prank(challenger);
        adapter.challengeTrace{value: CHALLENGE_BOND}(id);
    }

    function challengeOutput(bytes32 id, uint256[] memory instances, uint64 output) internal {
        vm.prank(challenger);
        adapter.challengeOutput{value: CHALLENGE_BOND}(id, statement(instances), output, stepProof(1));
    }

    function descend(bytes32 id, bytes32[] memory leaves, uint256 choice) internal {
        vm.prank(prover);
        adapter.postNodes(id, leaves);
        vm.prank(challenger);
        adapter.pickNode(id, leaves, choice);
    }

    function leafProof(uint256 position, int256 value)
        internal
        pure
        returns (IRefereedExecution.LeafProof memory leaf)
    {
        leaf.words = wordsOf(value);
        (leaf.salt, leaf.saltPath) = (saltOf(position), pathOf(saltLeaves(), position));
        leaf.results = new bytes32[][](1);
    }

    /// @dev The opening of x_`position` in a trace.
    function opening(uint256[] memory instances, bytes32[] memory leaves, uint256 position, int256 value)
        internal
        view
        returns (IRefereedExecution.Value memory)
    {
        return
            IRefereedExecution.Value(wordsOf(value), boundSalt(position, instances), pathOf(leaves, position));
    }

    function nothing() internal pure returns (IRefereedExecution.Value memory value) {}

    function proofOf(bytes32[] memory leaves) internal view returns (bytes memory) {
        return abi.encode(prover, IndexedMerkle.parentOf(leaves));
    }

    function assertState(bytes32 id, IRefereedExecution.State state) internal view {
        assertEq(uint8(adapter.getClaim(id).state), uint8(state));
    }

    function assertStage(bytes32 id, IRefereedExecution.Stage stage) internal view {
        assertEq(uint8(adapter.getGame(id).stage), uint8(stage));
    }
}
