// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelDisputes} from "../../src/interfaces/IModelDisputes.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {ModelDisputes} from "../../src/licensing/ModelDisputes.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

contract ModelDisputesTest is LicensingBase {
    function setUp() public override {
        super.setUp();
        vm.deal(stranger, 1 ether);
        vm.deal(creator, 1 ether);
    }

    function test_D17_aTagFreezesTheTaggedModelOnly() public {
        ModelId parent = born(parentOwner);
        ModelId child = childOf(parent, tuner, absolute(100_000));
        ModelId other = born(stranger);
        payNative(parent, 1 ether);
        payNative(child, 1 ether);
        payNative(other, 1 ether);
        uint256 id = accuse(child);

        vm.expectRevert(abi.encodeWithSelector(IRevenueRouter.RevenueRouter_Frozen.selector, child));
        revenueRouter.claim(child);
        // The child's ancestors, other models and the platform are not touched, and money still comes in.
        assertEq(revenueRouter.collectRoyalty(child, parent, NATIVE), 0.0975 ether);
        assertEq(revenueRouter.claim(parent), 1.0725 ether);
        assertEq(revenueRouter.claim(other), 0.975 ether);
        revenueRouter.claimPlatform();
        payNative(child, 1 ether);

        vm.prank(arbiter);
        disputes.decide(id, false, "unfounded");
        assertEq(revenueRouter.claim(child), 2 * 0.8775 ether);
    }

    function test_decide_dismissedPaysTheAccused() public {
        uint256 id = accuse(modelId);
        vm.expectEmit();
        emit IModelDisputes.DisputeDecided(id, false, creator, "unfounded");
        vm.prank(arbiter);
        disputes.decide(id, false, "unfounded");
        assertFalse(disputes.isFrozen(modelId));
        assertEq(disputes.bondOf(creator), DISPUTE_BOND);
        vm.prank(creator);
        assertEq(disputes.withdrawBond(payout), DISPUTE_BOND);
        assertEq(payout.balance, DISPUTE_BOND);
        vm.prank(creator);
        assertEq(disputes.withdrawBond(payout), 0);
        assertEq(address(disputes).balance, 0);
    }

    function test_decide_upheldKeepsTheTagUntilItIsLifted() public {
        uint256 id = accuse(modelId);
        vm.prank(arbiter);
        disputes.decide(id, true, "same weights");
        assertTrue(disputes.isFrozen(modelId));
        assertEq(disputes.bondOf(stranger), DISPUTE_BOND);
        skip(365 days);
        assertTrue(disputes.isFrozen(modelId));
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotAccuser.selector, id, creator));
        disputes.lift(id);
        vm.expectEmit();
        emit IModelDisputes.DisputeLifted(id, stranger);
        vm.prank(stranger);
        disputes.lift(id);
        assertFalse(disputes.isFrozen(modelId));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotUpheld.selector, id));
        disputes.lift(id);
    }

    function test_decide_onlyByTheArbiterAndInTime() public {
        uint256 id = accuse(modelId);
        vm.expectRevert();
        disputes.decide(id, true, "");
        vm.prank(admin);
        vm.expectRevert();
        disputes.decide(id, true, "");
        vm.startPrank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotOpen.selector, 9));
        disputes.decide(9, true, "");
        skip(30 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotOpen.selector, id));
        disputes.decide(id, true, "");
        vm.stopPrank();
    }

    function test_lapse_givesTheBondBack() public {
        uint256 id = accuse(modelId);
        skip(30 days);
        vm.expectRevert(
            abi.encodeWithSelector(IModelDisputes.ModelDisputes_StillOpen.selector, id, block.timestamp)
        );
        disputes.lapse(id);
        skip(1);
        vm.expectEmit();
        emit IModelDisputes.DisputeLapsed(id);
        disputes.lapse(id);
        assertFalse(disputes.isFrozen(modelId));
        assertEq(disputes.bondOf(stranger), DISPUTE_BOND);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotOpen.selector, id));
        disputes.lapse(id);
    }

    function test_withdraw_costsTheBond() public {
        uint256 id = accuse(modelId);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotAccuser.selector, id, creator));
        disputes.withdraw(id);
        vm.expectEmit();
        emit IModelDisputes.DisputeWithdrawn(id, creator);
        vm.prank(stranger);
        disputes.withdraw(id);
        assertEq(disputes.bondOf(creator), DISPUTE_BOND);
        assertFalse(disputes.isFrozen(modelId));
    }

    function test_open_twoTagsAreTwo() public {
        // An owner who accuses himself keeps nobody from accusing him.
        vm.prank(creator);
        uint256 own = disputes.open{value: DISPUTE_BOND}(modelId, "", "");
        uint256 id = accuse(modelId);
        vm.prank(creator);
        disputes.withdraw(own);
        assertTrue(disputes.isFrozen(modelId));
        vm.prank(arbiter);
        disputes.decide(id, false, "");
        assertFalse(disputes.isFrozen(modelId));
    }

    function test_open_anAccountAccusesAModelOnce() public {
        uint256 id = accuse(modelId);
        skip(30 days + 1);
        disputes.lapse(id);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IModelDisputes.ModelDisputes_AccusedBefore.selector, modelId, stranger)
        );
        disputes.open{value: DISPUTE_BOND}(modelId, "", "");
    }

    function test_open_checksBondModelAndText() public {
        vm.expectRevert(
            abi.encodeWithSelector(IModelDisputes.ModelDisputes_WrongBond.selector, 1, DISPUTE_BOND)
        );
        disputes.open{value: 1}(modelId, "", "");
        ModelId none = ModelId.wrap(99);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_ModelNotFound.selector, none));
        disputes.open{value: DISPUTE_BOND}(none, "", "");
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_TextTooLong.selector, 513, 512));
        disputes.open{value: DISPUTE_BOND}(modelId, "", string(new bytes(513)));
        vm.expectRevert(IModelDisputes.ModelDisputes_ZeroBond.selector);
        new ModelDisputes(address(deployed.authority), registry, 0);
    }

    function test_answer_byTheOwnerWhileItIsOpen() public {
        uint256 id = accuse(modelId);
        vm.expectRevert(
            abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotOwner.selector, modelId, address(this))
        );
        disputes.answer(id, "ipfs://answer");
        vm.expectEmit();
        emit IModelDisputes.DisputeAnswered(id, creator, "ipfs://answer");
        vm.prank(creator);
        disputes.answer(id, "ipfs://answer");
        vm.prank(arbiter);
        disputes.decide(id, true, "");
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotOpen.selector, id));
        disputes.answer(id, "");
    }

    function test_liftByArbiter() public {
        uint256 id = accuse(modelId);
        vm.expectRevert();
        disputes.liftByArbiter(id);
        vm.startPrank(arbiter);
        vm.expectRevert(abi.encodeWithSelector(IModelDisputes.ModelDisputes_NotUpheld.selector, id));
        disputes.liftByArbiter(id);
        disputes.decide(id, true, "");
        disputes.liftByArbiter(id);
        vm.stopPrank();
        assertFalse(disputes.isFrozen(modelId));
    }

    function test_withdrawBond_notToZero() public {
        vm.expectRevert(IModelDisputes.ModelDisputes_ZeroAddress.selector);
        disputes.withdrawBond(address(0));
    }

    function accuse(ModelId model) private returns (uint256 id) {
        vm.prank(stranger);
        id = disputes.open{value: DISPUTE_BOND}(model, "evidence", "ipfs://evidence");
        assertTrue(disputes.isFrozen(model));
        assertEq(disputes.totalDisputes(), id);
    }
}
