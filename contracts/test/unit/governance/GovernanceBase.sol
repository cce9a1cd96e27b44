// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Test} from "forge-std/Test.sol";
import {GovernanceDeployment} from "../../../script/GovernanceDeployment.sol";
import {AccuracyProofs} from "../../../src/governance/AccuracyProofs.sol";
import {BenchmarkOracle} from "../../../src/governance/BenchmarkOracle.sol";
import {MintGovernor} from "../../../src/governance/MintGovernor.sol";
import {MintToken} from "../../../src/governance/MintToken.sol";
import {ReviewBoard} from "../../../src/governance/ReviewBoard.sol";
import {VersionGate} from "../../../src/governance/VersionGate.sol";
import {IAccessPass} from "../../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../../../src/interfaces/IReviewBoard.sol";
import {VerifyingKeyCode} from "../../../src/libraries/VerifyingKeyCode.sol";
import {ModelRegistry} from "../../../src/registry/ModelRegistry.sol";
import {ModelId, ProofSystemId, VersionId} from "../../../src/types/Ids.sol";
import {VerifierRouter} from "../../../src/verifier/VerifierRouter.sol";
import {MockProofVerifier} from "../../mocks/MockProofVerifier.sol";

/// @dev A DAO, a registry with one model of two versions whose curator is the gate, and the steps that tests repeat.
abstract contract GovernanceBase is Test {
    ProofSystemId internal constant SYSTEM = ProofSystemId.wrap(bytes4(keccak256("mintmark-flat-v5")));
    uint256 internal constant SUPPLY = 1_000_000 ether;
    uint256 internal constant BOND = 2 ether;
    uint256 internal constant CHALLENGE_BOND = 1 ether;
    uint32 internal constant SAMPLES = 100;
    uint32 internal constant MIN_RIGHT = 90;

    address internal guardian = makeAddr("guardian");
    address internal creator = makeAddr("creator");
    address internal whale = makeAddr("whale");
    address internal voter = makeAddr("voter");
    address internal challenger = makeAddr("challenger");
    address internal stranger = makeAddr("stranger");
    address[4] internal reviewers;

    AccessManager internal authority;
    TimelockController internal timelock;
    MintToken internal token;
    MintGovernor internal governor;
    ModelRegistry internal registry;
    VerifierRouter internal router;
    MockProofVerifier internal verifier;
    AccuracyProofs internal proofs;
    ReviewBoard internal board;
    BenchmarkOracle internal oracle;
    VersionGate internal gate;

    ModelId internal modelId;
    VersionId internal first;
    VersionId internal second;
    address internal key;
    bytes32 internal suiteHash;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        authority = new AccessManager(address(this));
        registry = new ModelRegistry(address(authority), 60);
        router = new VerifierRouter(address(authority), registry, IAccessPass(address(1)));
        verifier = new MockProofVerifier();
        router.registerProofSystem("mintmark-flat-v5", address(verifier), 1_000_000);
        _deployGovernance();
        _publishBoth();
        _admitReviewers();
        assertTrue(token.transfer(voter, 100_000 ether));
        assertTrue(token.transfer(whale, 500_000 ether));
        vm.prank(voter);
        token.delegate(voter);
        skip(1);
    }

    function _deployGovernance() private {
        GovernanceDeployment.Contracts memory c = GovernanceDeployment.deploy(
            GovernanceDeployment.Config({
                registry: registry,
                router: router,
                holder: address(this),
                supply: SUPPLY,
                timelockDelay: 2 days,
                settings: MintGovernor.Settings(1 days, 7 days, 10_000 ether, 4, 2 days, guardian),
                rules: rules()
            }),
            address(this)
        );
        (token, timelock, governor, proofs) = (c.token, c.timelock, c.governor, c.proofs);
        (board, oracle, gate) = (c.board, c.oracle, c.gate);
    }

    function rules() internal pure returns (IReviewBoard.Rules memory) {
        return IReviewBoard.Rules(BOND, CHALLENGE_BOND, 1 days, 1 days, 3 days, 20 days, 2, 3);
    }

    // --- keys and versions --------------------------------------------------------------------------------------------

    /// @dev A key with two weight commitments made of `weights`, one table commitment, and a committed input of one chunk.
    function keyBytes(bytes32 weights, bytes32 rest) internal pure returns (bytes memory) {
        return abi.encodePacked(
            hex"0208080801000000",
            hex"000100010000",
            hex"000200010000000000000001",
            hex"000000000000",
            keccak256("srs"),
            rest,
            abi.encode(uint256(1)),
            abi.encode(weights, weights, weights, ~weights),
            abi.encode(rest, rest)
        );
    }

    function suite(uint256 right) internal pure returns (uint256[] memory instances) {
        instances = new uint256[](3);
        (instances[0], instances[1], instances[2]) = (11, 22, right);
    }

    function publish(string memory weights) internal returns (VersionId version) {
        IModelRegistry.VersionCommitment memory c = IModelRegistry.VersionCommitment({
            manifestRoot: keccak256(bytes(weights)),
            weightsHash: sha256(bytes(weights)),
            circuitHash: keccak256("circuit"),
            vkHash: keccak256(keyBytes("weights", "model")),
            tokenizerHash: 0,
            verifyingKey: key,
            verifier: address(verifier),
            proofSystem: SYSTEM,
            parameterCount: 1,
            encrypted: true,
            architecture: "LeNet-5",
            storageURI: "ipfs://bafy"
        });
        vm.startPrank(creator);
        registry.commitVersion(registry.commitmentOf(creator, c.weightsHash, c.manifestRoot, "salt"));
        skip(60);
        version = registry.publishVersion(modelId, c, "salt");
        registry.setStatus(modelId, version, IModelRegistry.Status.Active, "");
        vm.stopPrank();
    }

    function _publishBoth() private {
        key = VerifyingKeyCode.deploy(keyBytes("weights", "model"));
        suiteHash = keccak256(abi.encodePacked(uint256(11), uint256(22)));
        vm.prank(creator);
        modelId = registry.registerModel("lenet", "ipfs://card", creator);
        first = publish("one");
        second = publish("two");
        vm.prank(creator);
        registry.setCurator(modelId, address(gate));
    }

    function _admitReviewers() private {
        for (uint256 i = 0; i < 4; ++i) {
            reviewers[i] = makeAddr(string.concat("reviewer", vm.toString(i)));
            vm.deal(reviewers[i], 10 ether);
            vm.prank(reviewers[i]);
            board.deposit{value: BOND}();
            vm.prank(address(timelock));
            board.admit(reviewers[i], true);
        }
        vm.deal(challenger, 10 ether);
        vm.prank(address(timelock));
        board.setStandard(modelId, suiteHash, SAMPLES, MIN_RIGHT);
    }

    // --- reviews ------------------------------------------------------------------------------------------------------

    function weightsOf(VersionId version) internal view returns (bytes32) {
        (IModelRegistry.VersionCommitment memory c,) = registry.getVersion(modelId, version);
        return c.weightsHash;
    }

    function seat(uint256 id, address reviewer, uint32 right) internal {
        bytes32 hash = weightsOf(board.getReview(id).versionId);
        bytes32 commitment = board.commitmentOf(id, reviewer, hash, right, "salt");
        vm.prank(reviewer);
        board.commit(id, commitment);
    }

    function show(uint256 id, address reviewer, uint32 right) internal {
        bytes32 hash = weightsOf(board.getReview(id).versionId);
        vm.prank(reviewer);
        board.reveal(id, hash, right, "salt");
    }

    /// @dev A review with two revealed scores, now in its challenge window.
    function reviewed(VersionId version, uint32 a, uint32 b) internal returns (uint256 id) {
        id = board.open(modelId, version);
        seat(id, reviewers[0], a);
        seat(id, reviewers[1], b);
        skip(1 days);
        show(id, reviewers[0], a);
        show(id, reviewers[1], b);
        skip(1 days);
    }

    function challengeScore(uint256 id, address reviewer) internal {
        vm.prank(challenger);
        board.challenge{value: CHALLENGE_BOND}(id, reviewer, "evidence");
    }

    // --- accuracy -----------------------------------------------------------------------------------------------------

    function prove(address accuracyKey, VersionId version, uint256[] memory instances) internal {
        bytes memory proof =
            abi.encode(verifier.seal(accuracyKey, proofs.contextOf(modelId, version), instances));
        proofs.prove(modelId, version, accuracyKey, instances, proof);
    }

    function accuracyKey() internal returns (address deployed, bytes32 hash) {
        deployed = VerifyingKeyCode.deploy(keyBytes("weights", "accuracy"));
        hash = keccak256(keyBytes("weights", "accuracy"));
    }

    // --- votes --------------------------------------------------------------------------------------------------------

    struct Action {
        address[] targets;
        uint256[] values;
        bytes[] calls;
        string text;
    }

    function action(address target, uint256 value, bytes memory call)
        internal
        pure
        returns (Action memory a)
    {
        (a.targets, a.values, a.calls) = (new address[](1), new uint256[](1), new bytes[](1));
        (a.targets[0], a.values[0], a.calls[0], a.text) = (target, value, call, "text");
    }

    function propose(Action memory a) internal returns (uint256) {
        vm.prank(voter);
        return governor.propose(a.targets, a.values, a.calls, a.text);
    }

    function voteAndQueue(Action memory a) internal returns (uint256 id) {
        id = propose(a);
        skip(1 days + 1);
        vm.prank(voter);
        governor.castVote(id, 1);
        skip(7 days + 1);
        governor.queue(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
        skip(2 days);
    }

    function execute(Action memory a) internal {
        governor.execute(a.targets, a.values, a.calls, keccak256(bytes(a.text)));
    }
}
