// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {AccessPass} from "../../src/access/AccessPass.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IERC4907} from "../../src/interfaces/IERC4907.sol";
import {IERC5192} from "../../src/interfaces/IERC5192.sol";
import {IERC5643} from "../../src/interfaces/IERC5643.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPriceBook} from "../../src/interfaces/IPriceBook.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {PICO} from "../../src/types/PicoAmount.sol";
import {TestBase} from "../utils/TestBase.sol";

contract AccessPassTest is TestBase {
    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_A1_moneyPaidInComesOutToTheLastWei() public {
        setPrice(modelId, versionId, PICO / 3 * 100, 0); // 33.3… wei per call: nothing divides
        PassId passId = buy(7, 1);
        uint256 price = accessPass.getPass(passId).escrow;
        for (uint256 nonce = 0; nonce < 7; ++nonce) {
            settle(passId, nonce);
        }
        assertEq(address(accessPass).balance, 0);
        assertEq(address(revenueRouter).balance, price);
        revenueRouter.claim(modelId);
        revenueRouter.claimPlatform();
        assertEq(address(revenueRouter).balance, 0);
        assertEq(payout.balance + treasury.balance, price);
    }

    function test_A2_surplusGoesBack() public {
        uint256 price = priceBook.quotePass(modelId, versionId, 10, 30);
        uint256 before = buyer.balance;
        vm.prank(buyer);
        accessPass.buy{value: price + 5 ether}(order(10, 30));
        assertEq(buyer.balance, before - price);
        assertEq(address(accessPass).balance, price);

        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_Underpaid.selector, price - 1, price));
        accessPass.buy{value: price - 1}(order(10, 30));
    }

    function test_A3_callsAreDebitedOnlyByTheSettlerAndOnlyInTime() public {
        PassId passId = buy(2, 1);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotSettler.selector, creator));
        accessPass.consume(passId, 1);

        vm.startPrank(address(verifierRouter));
        accessPass.consume(passId, 2);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotEnoughCalls.selector, 1, 0));
        accessPass.consume(passId, 1);
        vm.stopPrank();

        passId = buy(2, 1);
        skip(1 days);
        vm.startPrank(address(verifierRouter));
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotEnoughCalls.selector, 0, 2));
        accessPass.consume(passId, 0);
        accessPass.consume(passId, 1);
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_Expired.selector, passId, block.timestamp - 1)
        );
        accessPass.consume(passId, 1);
        vm.stopPrank();
    }

    function test_A3_settlerIsFixedOnceByAdmin() public {
        AccessPass fresh = new AccessPass(
            address(deployed.authority), registry, priceBook, revenueRouter, deployed.quotaLedger
        );
        vm.deal(address(this), 1 ether);
        vm.expectRevert(IAccessPass.AccessPass_SettlerNotFixed.selector);
        fresh.buy{value: 1 ether}(order(1, 1));
        vm.expectRevert();
        fresh.bindSettler(address(verifierRouter));
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_SettlerWithoutCode.selector, stranger));
        fresh.bindSettler(stranger);
        fresh.bindSettler(address(verifierRouter));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_SettlerFixed.selector, address(verifierRouter))
        );
        fresh.bindSettler(address(this));
        vm.stopPrank();
    }

    function test_A4_secondPassDoesNotTouchTheFirst() public {
        PassId good = buy(100, 30);
        IAccessPass.Order memory tiny = order(1, 1);
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        PassId gift = accessPass.buy{value: 1 ether}(tiny); // to the buyer, by somebody else
        assertEq(accessPass.ownerOf(PassId.unwrap(gift)), buyer);
        assertEq(accessPass.getPass(good).callsLeft, 100);
        assertEq(accessPass.balanceOf(buyer), 2);
        settle(good, 1);
        assertEq(accessPass.getPass(good).callsLeft, 99);
        assertEq(accessPass.getPass(gift).callsLeft, 1);
    }

    function test_A5_transferabilityIsTheModelOwnersSnapshottedInThePass() public {
        PassId bound = buy(1, 1);
        assertTrue(accessPass.locked(PassId.unwrap(bound)));
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotTransferable.selector, bound));
        accessPass.transferFrom(buyer, stranger, PassId.unwrap(bound));

        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotModelOwner.selector, modelId, buyer));
        accessPass.setPassTerms(modelId, IAccessPass.Terms(true, 0));
        vm.expectEmit();
        emit IAccessPass.PassTermsChanged(modelId, true, 50_000);
        setTerms(true, 50_000);
        vm.expectEmit();
        emit IERC5192.Unlocked(PassId.unwrap(bound) + 1);
        PassId free = buy(1, 1);
        setTerms(false, 0);
        assertTrue(accessPass.locked(PassId.unwrap(bound)));
        assertFalse(accessPass.locked(PassId.unwrap(free)));
        vm.prank(buyer);
        accessPass.transferFrom(buyer, stranger, PassId.unwrap(free));
        assertEq(accessPass.ownerOf(PassId.unwrap(free)), stranger);
        assertEq(accessPass.termsOf(modelId).resalePpm, 0);
        (address receiver, uint256 royalty) = accessPass.royaltyInfo(PassId.unwrap(free), 1 ether);
        assertEq(receiver, payout);
        assertEq(royalty, 0.05 ether);
    }

    function test_A6_onlyAnActiveVersionIsSold() public {
        IAccessPass.Order memory o = order(1, 1);
        o.modelId = ModelId.wrap(77);
        expectNotForSale(o);
        o = order(1, 1);
        o.versionId = VersionId.wrap(0);
        expectNotForSale(o);
        o.versionId = publish(modelId, creator, commitment("draft"));
        o.deadline = block.timestamp;
        expectNotForSale(o);
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        o = order(1, 1);
        expectNotForSale(o);
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        expectNotForSale(o);
    }

    function test_A7_maxPriceAndDeadlineHold() public {
        uint256 price = priceBook.quotePass(modelId, versionId, 10, 30);
        setPrice(modelId, versionId, 2 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        IAccessPass.Order memory o = order(10, 30);
        o.maxPrice = price;
        o.deadline = block.timestamp + 2 * NOTICE;
        skip(NOTICE);
        uint256 raised = priceBook.quotePass(modelId, versionId, 10, 30);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_PriceAboveMax.selector, raised, price));
        accessPass.buy{value: 10 ether}(o);

        o.maxPrice = raised;
        skip(NOTICE + 1);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessPass.AccessPass_DeadlinePassed.selector, block.timestamp, o.deadline
            )
        );
        accessPass.buy{value: 10 ether}(o);
    }

    function test_A8_callsAndDaysAreBounded() public {
        uint256[4] memory calls = [uint256(0), 1e9 + 1, 1, 1];
        uint256[4] memory numDays = [uint256(1), 1, 0, 3651];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(buyer);
            vm.expectRevert(
                i < 2
                    ? abi.encodeWithSelector(IPriceBook.PriceBook_CallsOutOfRange.selector, calls[i], 1e9)
                    : abi.encodeWithSelector(IPriceBook.PriceBook_DaysOutOfRange.selector, numDays[i], 3650)
            );
            accessPass.buy{value: 1 ether}(order(calls[i], numDays[i]));
        }
    }

    function test_A9_oneCallEarnsOneShareOfThePriceAndNoMore() public {
        PassId passId = buy(3, 1);
        uint256 price = 3 * CALL_PRICE + DAY_PRICE;
        settle(passId, 1);
        assertEq(address(accessPass).balance, price - price / 3);
    }

    function test_A10_unusedPartComesBackWhenTheVersionIsRevoked() public {
        PassId passId = buy(10, 30);
        settle(passId, 1);
        uint256 rest = accessPass.getPass(passId).escrow;
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessPass.AccessPass_NotRefundable.selector, passId, block.timestamp + 30 days
            )
        );
        accessPass.refund(passId, buyer);
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);

        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_NotAuthorised.selector, passId, stranger)
        );
        accessPass.refund(passId, stranger);
        vm.startPrank(buyer);
        vm.expectRevert(IAccessPass.AccessPass_ZeroAddress.selector);
        accessPass.refund(passId, address(0));
        uint256 before = buyer.balance;
        vm.expectEmit();
        emit IAccessPass.PassRefunded(passId, buyer, rest);
        assertEq(accessPass.refund(passId, buyer), rest);
        assertEq(buyer.balance, before + rest);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NothingToRefund.selector, passId));
        accessPass.refund(passId, buyer);
        vm.stopPrank();
        assertEq(address(accessPass).balance, 0);
    }

    function test_A10_unusedPartComesBackAfterExpiry() public {
        PassId passId = buy(10, 1);
        settle(passId, 1);
        uint256 rest = accessPass.getPass(passId).escrow;
        skip(1 days + 1);
        address safe = makeAddr("safe");
        vm.prank(buyer);
        accessPass.refund(passId, safe);
        assertEq(safe.balance, rest);
    }

    function test_A10_cancelledPassSettlesDuringTheNoticeThenRefunds() public {
        PassId passId = buy(10, 30);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_NotAuthorised.selector, passId, stranger)
        );
        accessPass.cancelSubscription(PassId.unwrap(passId));
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_UnexpectedValue.selector, 1));
        accessPass.cancelSubscription{value: 1}(PassId.unwrap(passId));
        vm.expectEmit();
        emit IERC5643.SubscriptionUpdate(PassId.unwrap(passId), uint64(block.timestamp + 1 days));
        accessPass.cancelSubscription(PassId.unwrap(passId));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_Expired.selector, passId, block.timestamp + 1 days)
        );
        accessPass.cancelSubscription(PassId.unwrap(passId));
        vm.expectRevert();
        accessPass.refund(passId, buyer);
        vm.stopPrank();
        skip(1 days);
        settle(passId, 1);
        skip(1);
        vm.prank(buyer);
        accessPass.refund(passId, buyer);
        assertEq(address(accessPass).balance, 0);
    }

    function test_A11_receiverIsCheckedLikeEveryErc721Receiver() public {
        IAccessPass.Order memory o = order(1, 1);
        o.to = address(0);
        vm.prank(buyer);
        vm.expectRevert(IAccessPass.AccessPass_ZeroAddress.selector);
        accessPass.buy{value: 1 ether}(o);
        o.to = address(priceBook);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(priceBook))
        );
        accessPass.buy{value: 1 ether}(o);
    }

    function test_A12_moneyComesInOnlyAsAPrice() public {
        vm.deal(address(this), 1 ether);
        (bool ok,) = address(accessPass).call{value: 1}("");
        assertFalse(ok);
        (ok,) = address(verifierRouter).call{value: 1}("");
        assertFalse(ok);
        (ok,) = address(revenueRouter).call{value: 1}("");
        assertFalse(ok);
    }

    function test_A13_passOfARevokedVersionIsNotStuck() public {
        PassId passId = buy(10, 30);
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        settle(passId, 1); // deprecated: no longer sold, still served
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        vm.prank(buyer);
        accessPass.refund(passId, buyer);
        assertEq(address(accessPass).balance, 0);
    }

    function test_A14_passesAreEnumerableAndDescribed() public {
        buy(1, 1);
        IAccessPass.Order memory o = order(1, 1);
        o.to = stranger;
        vm.prank(buyer);
        accessPass.buy{value: 1 ether}(o);
        buy(5, 2);
        PassId[] memory mine = accessPass.passesOf(buyer, 0, 100);
        assertEq(mine.length, 2);
        assertEq(PassId.unwrap(mine[0]), 1);
        assertEq(PassId.unwrap(mine[1]), 3);
        assertEq(accessPass.passesOf(buyer, 2, 1).length, 0);
        assertEq(accessPass.passesOf(stranger, 2, type(uint256).max).length, 1);
        assertEq(accessPass.passesOf(buyer, 50, 10).length, 0);
        assertEq(accessPass.passesOf(address(0), 0, 10).length, 0);
        string memory prefix = "data:application/json;base64,";
        assertEq(slice(accessPass.tokenURI(3), bytes(prefix).length), prefix);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 9));
        accessPass.tokenURI(9);
    }

    // --- renewal -----------------------------------------------------------------------------------------------------

    function test_renewSubscription_addsWholeDaysToTheEscrow() public {
        PassId passId = buy(10, 1);
        uint256 id = PassId.unwrap(passId);
        uint256 escrow = accessPass.getPass(passId).escrow;
        uint64 expires = accessPass.expiresAt(id);
        assertTrue(accessPass.isRenewable(id));
        uint256 before = buyer.balance;
        vm.startPrank(buyer);
        vm.expectEmit();
        emit IAccessPass.PassRenewed(passId, expires + 2 days, 2 * DAY_PRICE);
        accessPass.renewSubscription{value: 1 ether}(id, uint64(1 days + 1));
        assertEq(buyer.balance, before - 2 * DAY_PRICE);
        assertEq(accessPass.expiresAt(id), expires + 2 days);
        assertEq(accessPass.getPass(passId).escrow, escrow + 2 * DAY_PRICE);

        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_Underpaid.selector, 0, DAY_PRICE));
        accessPass.renewSubscription(id, 1 days);
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_DaysOutOfRange.selector, 0, 3650));
        accessPass.renewSubscription(id, 0);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_NotAuthorised.selector, passId, stranger)
        );
        accessPass.renewSubscription(id, 1 days);
    }

    function test_renewSubscription_needsALivingPassOfAVersionForSale() public {
        PassId used = buy(1, 1);
        settle(used, 1);
        expectNotRenewable(used);
        PassId ended = buy(1, 1);
        skip(1 days + 1);
        expectNotRenewable(ended);
        PassId old = buy(1, 1);
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        expectNotRenewable(old);
    }

    // --- the rest ----------------------------------------------------------------------------------------------------

    function test_setUser_lendsUntilExpiryOrTransfer() public {
        setTerms(true, 0);
        uint256 id = PassId.unwrap(buy(1, 10));
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, stranger, id)
        );
        accessPass.setUser(id, stranger, type(uint64).max);
        vm.startPrank(buyer);
        accessPass.setUser(id, stranger, uint64(block.timestamp + 10));
        assertEq(accessPass.userOf(id), stranger);
        skip(10);
        assertEq(accessPass.userOf(id), stranger);
        skip(1);
        assertEq(accessPass.userOf(id), address(0));
        accessPass.setUser(id, stranger, type(uint64).max);
        assertEq(accessPass.userExpires(id), type(uint64).max);
        accessPass.transferFrom(buyer, buyer, id);
        assertEq(accessPass.userOf(id), stranger);
        vm.expectEmit();
        emit IERC4907.UpdateUser(id, address(0), 0);
        accessPass.transferFrom(buyer, creator, id);
        assertEq(accessPass.userOf(id), address(0));
        vm.stopPrank();
    }

    function test_royaltyInfo_isZeroWithoutAPayout() public {
        setTerms(true, 100_000);
        uint256 id = PassId.unwrap(buy(1, 1));
        vm.prank(creator);
        registry.transferFrom(creator, stranger, ModelId.unwrap(modelId));
        (address receiver, uint256 royalty) = accessPass.royaltyInfo(id, 1 ether);
        assertEq(receiver, address(0));
        assertEq(royalty, 0);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_ResalePpmAboveLimit.selector, 100_001, 100_000)
        );
        accessPass.setPassTerms(modelId, IAccessPass.Terms(true, 100_001));
    }

    function test_pause_stopsSalesButNoRefund() public {
        PassId passId = buy(10, 1);
        vm.prank(guardian);
        accessPass.pause();
        vm.startPrank(buyer);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        accessPass.buy{value: 1 ether}(order(1, 1));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        accessPass.renewSubscription{value: 1 ether}(PassId.unwrap(passId), 1 days);
        skip(1 days + 1);
        accessPass.refund(passId, buyer);
        vm.stopPrank();
    }

    function test_buy_freePassEarnsNothing() public {
        setPrice(modelId, versionId, 0, 0);
        PassId passId = buy(2, 1);
        settle(passId, 1);
        assertEq(accessPass.getPass(passId).callsLeft, 1);
        assertEq(address(revenueRouter).balance, 0);
    }

    function test_supportsInterface() public view {
        assertTrue(accessPass.supportsInterface(0xad092b5c)); // 4907
        assertTrue(accessPass.supportsInterface(0x8c65f84d)); // 5643
        assertTrue(accessPass.supportsInterface(0xb45a3c0e)); // 5192
        assertTrue(accessPass.supportsInterface(type(IERC2981).interfaceId));
        assertTrue(accessPass.supportsInterface(type(IERC721).interfaceId));
        assertTrue(accessPass.supportsInterface(type(IERC165).interfaceId));
        assertTrue(accessPass.supportsInterface(type(IAccessPass).interfaceId));
        assertFalse(accessPass.supportsInterface(0xffffffff));
    }

    function test_getPass_missing() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        accessPass.getPass(PassId.wrap(1));
    }

    function testFuzz_consume_sumsExactly(uint256 calls, uint256 perCall, uint256 seed) public {
        calls = bound(calls, 1, 40);
        perCall = bound(perCall, 1, 1e36);
        setPrice(modelId, versionId, perCall, 0);
        skip(NOTICE);
        vm.deal(buyer, type(uint128).max);
        PassId passId = buy(calls, 3650);
        uint256 price = accessPass.getPass(passId).escrow;
        uint256 earned;
        while (accessPass.getPass(passId).callsLeft != 0) {
            uint256 left = accessPass.getPass(passId).callsLeft;
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 units = bound(seed, 1, left);
            uint256 escrow = accessPass.getPass(passId).escrow;
            vm.prank(address(verifierRouter));
            uint256 part = accessPass.consume(passId, units);
            assertEq(part, units == left ? escrow : escrow * units / left);
            earned += part;
        }
        assertEq(earned, price);
        assertEq(address(accessPass).balance, 0);
        assertEq(address(revenueRouter).balance, price);
    }

    function expectNotForSale(IAccessPass.Order memory o) internal {
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_VersionNotForSale.selector, o.modelId, o.versionId)
        );
        accessPass.buy{value: 1 ether}(o);
    }

    function expectNotRenewable(PassId passId) internal {
        uint64 expires = accessPass.getPass(passId).expires;
        assertFalse(accessPass.isRenewable(PassId.unwrap(passId)));
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotRenewable.selector, passId, expires));
        accessPass.renewSubscription{value: 1 ether}(PassId.unwrap(passId), 1 days);
    }

    function slice(string memory text, uint256 length) internal pure returns (string memory) {
        bytes memory part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = bytes(text)[i];
        }
        return string(part);
    }
}
