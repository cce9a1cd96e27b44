// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VersionGate} from "../../../src/governance/VersionGate.sol";
import {IAccuracyProofs} from "../../../src/interfaces/IAccuracyProofs.sol";
import {IBenchmarkOracle} from "../../../src/interfaces/IBenchmarkOracle.sol";
import {IModelRegistry} from "../../../src/interfaces/IModelRegistry.sol";
import {VerifyingKeyCode} from "../../../src/libraries/VerifyingKeyCode.sol";
import {VersionId} from "../../../src/types/Ids.sol";
import {MockFeed} from "../../mocks/MockMarket.sol";
import {GovernanceBase} from "./GovernanceBase.sol";

contract VersionGateTest is GovernanceBase {
    modifier asTimelock() {
        vm.startPrank(address(timelock));
        _;
        vm.stopPrank();
    }

    function approved() private returns (address k) {
        bytes32 hash;
        (k, hash) = accuracyKey();
        vm.prank(address(timelock));
        proofs.approveKey(modelId, second, hash, SAMPLES);
    }

    function expectUnproven() private {
        vm.expectRevert(abi.encodeWithSelector(VersionGate.VersionGate_NotProven.selector, modelId, second));
    }

    function acceptByAccuracy() private asTimelock {
        gate.acceptByAccuracy(modelId, second);
    }

    function test_V1_onlyTheTimelockAndOnlyThroughTheGate() public {
        vm.expectRevert(abi.encodeWithSelector(VersionGate.VersionGate_NotTimelock.selector, address(this)));
        gate.acceptByReview(modelId, second, 1);
        vm.expectRevert(abi.encodeWithSelector(VersionGate.VersionGate_NotTimelock.selector, address(this)));
        gate.acceptByAccuracy(modelId, second);
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.ModelRegistry_NotCurator.selector, modelId, address(timelock)
            )
        );
        registry.setCanonicalVersion(modelId, second);
    }

    function test_V2_nothingWithoutReview() public asTimelock {
        vm.expectRevert(
            abi.encodeWithSelector(VersionGate.VersionGate_ReviewNotPassed.selector, 1, modelId, second)
        );
        gate.acceptByReview(modelId, second, 1);
    }

    function test_V2_anOldReviewIsNoReviewOfAnotherVersion() public {
        uint256 id = reviewed(first, 95, 95);
        skip(3 days);
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(VersionGate.VersionGate_ReviewNotPassed.selector, id, modelId, second)
        );
        gate.acceptByReview(modelId, second, id);
    }

    function test_accuracy_opensTheGate() public {
        prove(approved(), second, suite(90));
        acceptByAccuracy();
        assertEq(VersionId.unwrap(registry.canonicalVersion(modelId)), VersionId.unwrap(second));
    }

    function test_accuracy_lowerIsRefused() public {
        prove(approved(), second, suite(89));
        vm.expectRevert(abi.encodeWithSelector(VersionGate.VersionGate_AccuracyTooLow.selector, 89, 90));
        acceptByAccuracy();
    }

    function test_accuracy_anImpossibleCountIsNone() public {
        prove(approved(), second, suite(SAMPLES + 1));
        expectUnproven();
        acceptByAccuracy();
        prove(approved(), second, suite(SAMPLES));
        acceptByAccuracy();
    }

    function test_accuracy_otherWeightsAreRefused() public {
        address k = VerifyingKeyCode.deploy(keyBytes("other", "accuracy"));
        vm.expectRevert(abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_OtherWeights.selector, key, k));
        proofs.prove(modelId, second, k, suite(95), "");
    }

    function test_accuracy_anotherTestSetProvesNothing() public {
        address k = approved();
        uint256[] memory easy = suite(100);
        easy[0] = 12;
        prove(k, second, easy);
        expectUnproven();
        acceptByAccuracy();
    }

    function test_accuracy_anotherVersionsProofIsRefused() public {
        address k = approved();
        uint256[] memory instances = suite(95);
        bytes memory proof = abi.encode(verifier.seal(k, proofs.contextOf(modelId, first), instances));
        vm.expectRevert(IAccuracyProofs.AccuracyProofs_ProofRejected.selector);
        proofs.prove(modelId, second, k, instances, proof);
        proofs.prove(modelId, first, k, instances, proof);
        expectUnproven();
        acceptByAccuracy();
    }

    function test_accuracy_anUnapprovedKeyProvesNothing() public {
        (address k, bytes32 hash) = accuracyKey();
        prove(k, second, suite(95));
        expectUnproven();
        acceptByAccuracy();
        vm.prank(address(timelock));
        proofs.approveKey(modelId, second, hash, 10); // ten samples are not the standard's hundred
        expectUnproven();
        acceptByAccuracy();
    }

    function test_accuracy_malformedKeysAndInstancesAreRefused() public {
        vm.expectRevert(abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_NotAKey.selector, stranger));
        proofs.prove(modelId, second, stranger, suite(95), "");
        address short = VerifyingKeyCode.deploy(hex"02");
        vm.expectRevert(abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_NotAKey.selector, short));
        proofs.prove(modelId, second, short, suite(95), "");
        address weightless = VerifyingKeyCode.deploy(new bytes(1000));
        vm.expectRevert(abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_NotAKey.selector, weightless));
        proofs.prove(modelId, second, weightless, suite(95), "");
        (address k,) = accuracyKey();
        vm.expectRevert(abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_WrongInstances.selector, 2, 3));
        proofs.prove(modelId, second, k, new uint256[](2), "");
        vm.expectRevert(IAccuracyProofs.AccuracyProofs_ProofRejected.selector);
        proofs.prove(modelId, second, k, suite(95), "");
    }

    /// @dev A verifier may say no as well as revert.
    function test_accuracy_aNoIsANo() public {
        (address k,) = accuracyKey();
        vm.mockCall(address(verifier), abi.encodeWithSelector(verifier.verify.selector), abi.encode(false));
        vm.expectRevert(IAccuracyProofs.AccuracyProofs_ProofRejected.selector);
        proofs.prove(modelId, second, k, suite(95), "");
    }

    function test_accuracy_aDisabledSystemAndARevokedVersionAreRefused() public {
        (address k,) = accuracyKey();
        router.disableProofSystem(SYSTEM);
        vm.expectRevert(IAccuracyProofs.AccuracyProofs_SystemRefused.selector);
        proofs.prove(modelId, second, k, suite(95), "");
        vm.prank(creator);
        registry.setStatus(modelId, second, IModelRegistry.Status.Revoked, "");
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccuracyProofs.AccuracyProofs_VersionNotProvable.selector, modelId, second
            )
        );
        proofs.prove(modelId, second, k, suite(95), "");
    }

    function test_approveKey_isTheTimelocks() public {
        vm.expectRevert(
            abi.encodeWithSelector(IAccuracyProofs.AccuracyProofs_NotTimelock.selector, address(this))
        );
        proofs.approveKey(modelId, second, "k", 1);
        vm.prank(address(timelock));
        vm.expectRevert(IAccuracyProofs.AccuracyProofs_ZeroSamples.selector);
        proofs.approveKey(modelId, second, "k", 0);
    }

    // --- the oracle beside the evidence --------------------------------------------------------------------------------

    function source(MockFeed feed) private pure returns (IBenchmarkOracle.Source memory) {
        return IBenchmarkOracle.Source(address(feed), 1 days, 8, 0, 1e8, 9e7);
    }

    function test_oracle_isNeededWhereItIsNamed() public {
        prove(approved(), second, suite(95));
        MockFeed feed = new MockFeed(8, 89_999_999);
        vm.prank(address(timelock));
        oracle.setSource(modelId, second, source(feed));
        vm.expectRevert(
            abi.encodeWithSelector(VersionGate.VersionGate_BenchmarkTooLow.selector, modelId, second)
        );
        acceptByAccuracy();
        feed.set(9e7, block.timestamp, block.timestamp);
        acceptByAccuracy();
    }

    function test_oracle_believesNoStaleMadOrRescaledAnswer() public {
        MockFeed feed = new MockFeed(8, 95e6);
        vm.prank(address(timelock));
        oracle.setSource(modelId, second, source(feed));
        (int256 answer,) = oracle.scoreOf(modelId, second);
        assertEq(answer, 95e6);
        uint256[3] memory times = [uint256(0), block.timestamp + 1, block.timestamp - 1 days - 1];
        for (uint256 i = 0; i < 3; ++i) {
            feed.set(95e6, 1, times[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IBenchmarkOracle.BenchmarkOracle_AnswerStale.selector, address(feed), times[i]
                )
            );
            oracle.scoreOf(modelId, second);
        }
        int256[2] memory mad = [int256(-1), 1e8 + 1];
        for (uint256 i = 0; i < 2; ++i) {
            feed.set(mad[i], 1, block.timestamp);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IBenchmarkOracle.BenchmarkOracle_AnswerOutOfBounds.selector, address(feed), mad[i]
                )
            );
            oracle.isGoodEnough(modelId, second);
        }
        feed.set(95e6, 1, block.timestamp);
        feed.setDecimals(6);
        vm.expectRevert(
            abi.encodeWithSelector(
                IBenchmarkOracle.BenchmarkOracle_DecimalsChanged.selector, address(feed), 6, 8
            )
        );
        oracle.isGoodEnough(modelId, second);
    }

    function test_oracle_sourcesAreTheTimelocksAndSane() public {
        MockFeed feed = new MockFeed(8, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IBenchmarkOracle.BenchmarkOracle_NotTimelock.selector, address(this))
        );
        oracle.setSource(modelId, second, source(feed));
        IBenchmarkOracle.Source memory bad = source(feed);
        bad.floor = 1e8 + 1;
        vm.startPrank(address(timelock));
        vm.expectRevert(IBenchmarkOracle.BenchmarkOracle_BadSource.selector);
        oracle.setSource(modelId, second, bad);
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(IBenchmarkOracle.BenchmarkOracle_NoSource.selector, modelId, second)
        );
        oracle.scoreOf(modelId, second);
    }
}
