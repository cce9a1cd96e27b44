// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../src/interfaces/IAdapterErrors.sol";
import {IBonds} from "../../src/interfaces/IBonds.sol";
import {IOptimisticVerifier} from "../../src/interfaces/IOptimisticVerifier.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {NativeTransfer} from "../../src/libraries/NativeTransfer.sol";
import {OptimisticVerifier} from "../../src/verifier/adapters/OptimisticVerifier.sol";
import {YesVerifier} from "../mocks/MockProofVerifier.sol";
import {AdapterBase} from "./AdapterBase.sol";

contract OptimisticVerifierTest is AdapterBase {
    uint256 internal constant BOND = 1 ether;
    uint256 internal constant CHALLENGE_BOND = 0.3 ether;
    uint256 internal constant WINDOW = 1 hours;
    uint256 internal constant ANSWER = 2 hours;

    OptimisticVerifier internal adapter;
    address internal proposer = makeAddr("proposer");
    address internal challenger = makeAddr("challenger");
    IVerifierRouter.Request internal request;
    bytes32 internal context;
    uint256[] internal truth;

    function setUp() public override {
        super.setUp();
        vm.deal(proposer, 100 ether);
        vm.deal(challenger, 100 ether);
        adapter = new OptimisticVerifier(treasury);
        publishUnder("optimistic-v1", address(adapter), deployKey(terms()));
        request = longRequest(buy(3, 30), 1);
        context = verifierRouter.contextOf(request);
        truth = instancesOf(1);
    }

    function terms() internal view returns (OptimisticVerifier.Key memory) {
        return OptimisticVerifier.Key({
            system: adapter.SYSTEM(),
            inputWords: INPUT_WORDS,
            verifier: address(verifier),
            codehash: address(verifier).codehash,
            innerKey: innerKey == address(0) ? key : innerKey,
            gasLimit: 1_000_000,
            bond: BOND,
            challengeBond: CHALLENGE_BOND,
            window: WINDOW,
            answerPeriod: ANSWER
        });
    }

    function deployKey(OptimisticVerifier.Key memory k) internal returns (address) {
        return VerifyingKeyCode.deploy(abi.encode(k));
    }

    function propose(uint256[] memory instances) internal returns (bytes32) {
        vm.prank(proposer);
        return adapter.propose{value: BOND}(key, context, instances);
    }

    function challenge(bytes32 id) internal {
        vm.prank(challenger);
        adapter.challenge{value: CHALLENGE_BOND}(id);
    }

    function lie() internal view returns (uint256[] memory instances) {
        instances = instancesOf(1);
        instances[INPUT_WORDS] += 1;
    }

    // --- the story ---------------------------------------------------------------------------------------------------

    function test_optimistic_settlesAfterAQuietWindow() public {
        bytes32 id = propose(truth);
        vm.snapshotValue("propose", vm.lastCallGas().gasTotalUsed);
        assertEq(id, adapter.claimIdOf(key, context, truth));
        refuseToSettle(request, truth, "");
        skip(WINDOW);
        refuseToSettle(request, truth, "");
        skip(1);
        settleWith(request, truth, "");
        adapter.returnBond(id);
        assertEq(adapter.creditOf(proposer), BOND);
        assertTrue(adapter.isFinal(id));
        vm.prank(proposer);
        assertEq(adapter.withdraw(proposer), BOND);
        assertEq(proposer.balance, 100 ether);
        assertEq(address(adapter).balance, 0);
    }

    function test_optimistic_proofAnswersAChallenge() public {
        bytes32 id = propose(truth);
        challenge(id);
        vm.snapshotValue("challenge", vm.lastCallGas().gasTotalUsed);
        skip(ANSWER);
        vm.prank(stranger); // who sends the proof gets nothing for it
        adapter.answer(key, context, truth, innerProof(context, truth));
        vm.snapshotValue("answer", vm.lastCallGas().gasTotalUsed);
        assertEq(adapter.creditOf(proposer), BOND + CHALLENGE_BOND);
        assertEq(adapter.creditOf(stranger), 0);
        settleWith(request, truth, "");
        refuseReturn(id, IOptimisticVerifier.State.Proven);
    }

    function test_optimistic_lieLosesItsBondExactly() public {
        bytes32 id = propose(lie());
        challenge(id);
        skip(ANSWER + 1);
        adapter.reject(id);
        assertEq(adapter.creditOf(challenger), CHALLENGE_BOND + BOND / 2);
        assertEq(adapter.creditOf(treasury), BOND - BOND / 2);
        assertEq(adapter.creditOf(proposer), 0);
        assertEq(address(adapter).balance, BOND + CHALLENGE_BOND);
        refuseToSettle(request, lie(), "");
        assertFalse(adapter.isFinal(id));
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_WrongState.selector);
        adapter.reject(id);
    }

    // --- attackers ---------------------------------------------------------------------------------------------------

    function test_Z1_optimisticClaimBelongsToItsRequest() public {
        propose(truth);
        skip(WINDOW + 1);
        IVerifierRouter.Request memory other = request;
        other.nonce = 2;
        refuseToSettle(other, truth, "");
        refuseToSettle(request, lie(), "");
        // Another key with the same terms is another claim.
        address second = deployKey(terms());
        assertFalse(adapter.verify(second, context, truth, ""));
        assertTrue(adapter.verify(key, context, truth, ""));
        settleWith(request, truth, "");
        bytes memory signature = sign(request, buyerKey);
        bytes32 nullifier = verifierRouter.nullifierOf(request);
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier)
        );
        verifierRouter.settle(request, signature, truth, "");
    }

    function test_optimistic_bondCannotLeaveInsideTheWindow() public {
        bytes32 id = propose(lie());
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_TooEarly.selector);
        adapter.returnBond(id);
        vm.prank(proposer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_NothingToWithdraw.selector, proposer));
        adapter.withdraw(proposer);
        challenge(id);
        refuseReturn(id, IOptimisticVerifier.State.Challenged);
        skip(ANSWER + 1);
        refuseReturn(id, IOptimisticVerifier.State.Challenged);
    }

    /// @dev Two claims lie in the contract. The proposer of one asks for its bond again, the owner of a credit withdraws again:
    /// both would be paid with the other's bond.
    function test_optimistic_aBondComesBackOnceAndLeavesOnce() public {
        vm.deal(stranger, BOND);
        bytes32 id = propose(truth);
        vm.prank(stranger);
        adapter.propose{value: BOND}(key, context, lie());
        skip(WINDOW + 1);
        adapter.returnBond(id);
        refuseReturn(id, IOptimisticVerifier.State.Returned);
        assertEq(adapter.creditOf(proposer), BOND);
        vm.startPrank(proposer);
        assertEq(adapter.withdraw(proposer), BOND);
        assertEq(adapter.creditOf(proposer), 0);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_NothingToWithdraw.selector, proposer));
        adapter.withdraw(proposer);
        vm.stopPrank();
        assertEq(address(adapter).balance, BOND, "the stranger's");
    }

    /// @dev A challenge costs a bond of the key's size: needless doubts pay the prover, and once only.
    function test_optimistic_cheapChallengesAreRefused() public {
        bytes32 id = propose(truth);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_WrongValue.selector, 1, CHALLENGE_BOND));
        adapter.challenge{value: 1}(id);
        challenge(id);
        vm.prank(challenger);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_WrongState.selector);
        adapter.challenge{value: CHALLENGE_BOND}(id);
        adapter.answer(key, context, truth, innerProof(context, truth));
        vm.prank(challenger);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_WrongState.selector);
        adapter.challenge{value: CHALLENGE_BOND}(id);
    }

    /// @dev A liar who sees a challenge coming and challenges himself first still pays half of his bond.
    function test_optimistic_frontRunningOnesOwnChallengeCosts() public {
        bytes32 id = propose(lie());
        vm.startPrank(proposer);
        adapter.challenge{value: CHALLENGE_BOND}(id);
        skip(ANSWER + 1);
        adapter.reject(id);
        adapter.withdraw(proposer);
        vm.stopPrank();
        assertEq(proposer.balance, 100 ether - (BOND - BOND / 2));
        refuseToSettle(request, lie(), "");
    }

    /// @dev Somebody proposes the right answer first, or a wrong one: neither stops the other.
    function test_optimistic_claimsOfOneRequestDoNotBlockEachOther() public {
        bytes32 wrong = propose(lie());
        propose(truth);
        vm.prank(proposer);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_ClaimKnown.selector);
        adapter.propose{value: BOND}(key, context, truth);
        challenge(wrong);
        skip(ANSWER + 1);
        adapter.reject(wrong);
        settleWith(request, truth, "");
    }

    /// @dev Somebody sees a node's claim coming, makes it first, doubts it himself and lets it fall. He pays half of a bond for
    /// it; the node's answer is as good as before.
    function test_optimistic_aTrueClaimThatSomebodyLetFallIsClaimedAgain() public {
        address attacker = makeAddr("attacker");
        vm.deal(attacker, 10 ether);
        vm.startPrank(attacker);
        bytes32 id = adapter.propose{value: BOND}(key, context, truth);
        adapter.challenge{value: CHALLENGE_BOND}(id);
        vm.stopPrank();
        vm.prank(proposer);
        vm.expectRevert(abi.encodeWithSelector(IOptimisticVerifier.Optimistic_ClaimKnown.selector, id));
        adapter.propose{value: BOND}(key, context, truth);
        skip(ANSWER + 1);
        adapter.reject(id);
        vm.prank(attacker);
        adapter.withdraw(attacker);
        assertEq(attacker.balance, 10 ether - (BOND - BOND / 2));

        assertEq(propose(truth), id);
        IOptimisticVerifier.Claim memory claim = adapter.getClaim(id);
        assertEq(claim.proposer, proposer);
        assertEq(claim.challenger, address(0));
        assertEq(claim.until, block.timestamp + WINDOW);
        skip(WINDOW + 1);
        settleWith(request, truth, "");
        adapter.returnBond(id);
        assertEq(adapter.creditOf(proposer), BOND);
        assertEq(address(adapter).balance, BOND + adapter.creditOf(treasury));
    }

    /// @dev A lie that was rejected costs another bond, has a whole window again and can be doubted again.
    function test_optimistic_aLieClaimedAgainLosesAgain() public {
        for (uint256 i = 1; i <= 2; ++i) {
            bytes32 id = propose(lie());
            assertFalse(adapter.isFinal(id));
            challenge(id);
            skip(ANSWER + 1);
            assertFalse(adapter.isFinal(id));
            adapter.reject(id);
            assertEq(adapter.creditOf(challenger), i * (CHALLENGE_BOND + BOND / 2));
            assertEq(adapter.creditOf(treasury), i * (BOND - BOND / 2));
        }
        assertEq(proposer.balance, 98 ether);
        refuseToSettle(request, lie(), "");
    }

    function test_optimistic_challengeAndAnswerOnlyInTime() public {
        bytes32 id = propose(truth);
        skip(WINDOW + 1);
        vm.prank(challenger);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_TooLate.selector);
        adapter.challenge{value: CHALLENGE_BOND}(id);

        bytes32 second = propose(lie());
        challenge(second);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_TooEarly.selector);
        adapter.reject(second);
        skip(ANSWER + 1);
        bytes memory proof = innerProof(context, lie());
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_TooLate.selector);
        adapter.answer(key, context, lie(), proof);
    }

    function test_optimistic_falseProofChangesNothing() public {
        bytes32 id = propose(lie());
        challenge(id);
        bytes memory proof = innerProof(context, truth);
        vm.expectRevert(IOptimisticVerifier.Optimistic_ProofRejected.selector);
        adapter.answer(key, context, lie(), proof);
        assertEq(uint8(adapter.getClaim(id).state), uint8(IOptimisticVerifier.State.Challenged));
    }

    function test_Z7_innerVerifierWhoseCodeChanged() public {
        challenge(propose(lie()));
        vm.etch(address(verifier), address(new YesVerifier()).code);
        vm.expectPartialRevert(IAdapterErrors.Adapter_CodeChanged.selector);
        adapter.answer(key, context, lie(), "");
    }

    function test_optimistic_answerNeedsItsGas() public {
        challenge(propose(truth));
        bytes memory proof = innerProof(context, truth);
        vm.expectPartialRevert(IAdapterErrors.Adapter_TooLittleGas.selector);
        adapter.answer{gas: 900_000}(key, context, truth, proof);
    }

    function test_optimistic_receiverThatRefusesOnlyStopsItself() public {
        bytes32 id = propose(truth);
        skip(WINDOW + 1);
        adapter.returnBond(id);
        vm.startPrank(proposer);
        vm.expectPartialRevert(NativeTransfer.NativeTransfer_Refused.selector);
        adapter.withdraw(address(adapter));
        vm.expectRevert(IBonds.Bonds_ZeroAddress.selector);
        adapter.withdraw(address(0));
        assertEq(adapter.withdraw(stranger), BOND);
    }

    // --- terms -------------------------------------------------------------------------------------------------------

    function test_optimistic_termsOutOfRange() public {
        for (uint256 i = 0; i < 8; ++i) {
            OptimisticVerifier.Key memory k = terms();
            if (i == 0) k.bond = 0;
            else if (i == 1) k.bond = 1 << 128;
            else if (i == 2) k.challengeBond = 0;
            else if (i == 3) k.challengeBond = 1 << 128;
            else if (i == 4) k.window = 10 minutes - 1;
            else if (i == 5) k.window = 30 days + 1;
            else if (i == 6) k.answerPeriod = 10 minutes - 1;
            else k.answerPeriod = 30 days + 1;
            address bad = deployKey(k);
            vm.expectRevert(
                abi.encodeWithSelector(IOptimisticVerifier.Optimistic_TermsOutOfRange.selector, bad)
            );
            adapter.inputWords(bad);
        }
    }

    function test_optimistic_proposalsNeedBondAndInput() public {
        vm.startPrank(proposer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.Bonds_WrongValue.selector, BOND - 1, BOND));
        adapter.propose{value: BOND - 1}(key, context, truth);
        vm.expectPartialRevert(IOptimisticVerifier.Optimistic_TooFewInstances.selector);
        adapter.propose{value: BOND}(key, context, new uint256[](INPUT_WORDS - 1));
    }

    function test_optimistic_sinkIsSomebody() public {
        vm.expectRevert(IBonds.Bonds_ZeroAddress.selector);
        new OptimisticVerifier(address(0));
    }

    /// @dev Every wei that came in is somebody's credit or a bond that still stands, whatever the bonds are.
    function testFuzz_optimistic_slashesExactly(uint128 bond, uint128 challengeBond) public {
        OptimisticVerifier.Key memory k = terms();
        (k.bond, k.challengeBond) = (bound(bond, 1, 1e24), bound(challengeBond, 1, 1e24));
        address own = deployKey(k);
        vm.deal(proposer, k.bond);
        vm.deal(challenger, k.challengeBond);
        vm.prank(proposer);
        bytes32 id = adapter.propose{value: k.bond}(own, context, truth);
        vm.prank(challenger);
        adapter.challenge{value: k.challengeBond}(id);
        skip(ANSWER + 1);
        adapter.reject(id);
        assertEq(adapter.creditOf(challenger) + adapter.creditOf(treasury), address(adapter).balance);
        assertEq(adapter.creditOf(challenger), k.challengeBond + k.bond / 2);
    }

    function refuseReturn(bytes32 id, IOptimisticVerifier.State state) internal {
        vm.expectRevert(abi.encodeWithSelector(IOptimisticVerifier.Optimistic_WrongState.selector, id, state));
        adapter.returnBond(id);
    }
}
