// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPriceBook} from "../../src/interfaces/IPriceBook.sol";
import {PriceBook} from "../../src/pricing/PriceBook.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {PICO, PicoAmount} from "../../src/types/PicoAmount.sol";
import {TestBase} from "../utils/TestBase.sol";

contract PriceBookTest is TestBase {
    uint256 internal constant MAX_PRICE = 1e36;

    // --- the sketch's defects ----------------------------------------------------------------------------------------

    function test_P1_priceBelowOneWeiIsStillAPrice() public {
        setPrice(modelId, versionId, PICO / 1000, 0); // a thousandth of a wei per call
        assertEq(priceBook.quotePass(modelId, versionId, 1, 1), 1);
        assertEq(priceBook.quotePass(modelId, versionId, 1_000_000, 1), 1000);
        assertEq(priceBook.quotePass(modelId, versionId, 1_000_001, 1), 1001);
    }

    function test_P2_sumIsRoundedOnceAndUp() public {
        setPrice(modelId, versionId, PICO / 2, PICO / 2);
        // Rounding each part up would give 2 + 2.
        assertEq(priceBook.quotePass(modelId, versionId, 3, 3), 3);
    }

    function test_P3_unpricedVersionIsNotFree() public {
        VersionId unpriced = publishActive(modelId, creator, commitment("unpriced"));
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_PriceNotSet.selector, modelId, unpriced));
        priceBook.quotePass(modelId, unpriced, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_PriceNotSet.selector, modelId, unpriced));
        priceBook.quoteDays(modelId, unpriced, 1);
    }

    function test_P3_freeMustBeSaid() public {
        vm.startPrank(creator);
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_FreeFlagMismatch.selector, 0, 0, false));
        priceBook.setPrice(modelId, versionId, price(0, 0, false));
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_FreeFlagMismatch.selector, 1, 0, true));
        priceBook.setPrice(modelId, versionId, price(1, 0, true));
        priceBook.setPrice(modelId, versionId, price(0, 0, true));
        vm.stopPrank();
        assertEq(priceBook.quotePass(modelId, versionId, 1e9, 3650), 0);
    }

    function test_P4_priceIsInNativeWei() public view {
        assertEq(
            priceBook.quotePass(modelId, versionId, 1, 1), CALL_PRICE + DAY_PRICE, "no token, no decimals"
        );
    }

    function test_P5_onlyTheModelOwnerSetsAPriceWithinBounds() public {
        vm.expectRevert(
            abi.encodeWithSelector(IPriceBook.PriceBook_NotModelOwner.selector, modelId, address(this))
        );
        priceBook.setPrice(modelId, versionId, price(1, 1, false));
        vm.startPrank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IPriceBook.PriceBook_PriceAboveLimit.selector, MAX_PRICE + 1, MAX_PRICE)
        );
        priceBook.setPrice(modelId, versionId, price(MAX_PRICE + 1, 1, false));
        vm.expectRevert(
            abi.encodeWithSelector(IPriceBook.PriceBook_PriceAboveLimit.selector, MAX_PRICE + 1, MAX_PRICE)
        );
        priceBook.setPrice(modelId, versionId, price(1, MAX_PRICE + 1, false));
        vm.expectRevert(
            abi.encodeWithSelector(IPriceBook.PriceBook_VersionNotFound.selector, modelId, VersionId.wrap(9))
        );
        priceBook.setPrice(modelId, VersionId.wrap(9), price(1, 1, false));
        vm.stopPrank();
        vm.expectRevert(
            abi.encodeWithSelector(
                IPriceBook.PriceBook_NotModelOwner.selector, ModelId.wrap(9), address(this)
            )
        );
        priceBook.setPrice(ModelId.wrap(9), versionId, price(1, 1, false));
    }

    function test_P5_increaseWaitsForTheNotice() public {
        uint256 old = priceBook.quotePass(modelId, versionId, 10, 10);
        vm.expectEmit();
        emit IPriceBook.PriceScheduled(
            modelId, versionId, 2, picoPrice(2 * CALL_PRICE * PICO, 0), uint64(block.timestamp) + NOTICE
        );
        setPrice(modelId, versionId, 2 * CALL_PRICE * PICO, 0);
        assertEq(priceBook.quotePass(modelId, versionId, 10, 10), old);
        assertEq(priceBook.latestPrice(modelId, versionId).number, 2);
        assertEq(priceBook.currentPrice(modelId, versionId).number, 1);
        skip(NOTICE - 1);
        assertEq(priceBook.quotePass(modelId, versionId, 10, 10), old);
        skip(1);
        assertEq(priceBook.quotePass(modelId, versionId, 10, 10), 20 * CALL_PRICE);
        assertEq(priceBook.currentPrice(modelId, versionId).number, 2);
    }

    function test_P5_decreaseHoldsAtOnceAndReplacesAScheduledIncrease() public {
        setPrice(modelId, versionId, 5 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        setPrice(modelId, versionId, CALL_PRICE * PICO / 2, DAY_PRICE * PICO);
        assertEq(priceBook.quotePass(modelId, versionId, 2, 1), CALL_PRICE + DAY_PRICE);
        skip(2 * NOTICE);
        assertEq(priceBook.quotePass(modelId, versionId, 2, 1), CALL_PRICE + DAY_PRICE);
    }

    function test_P5_secondIncreaseDoesNotShortenTheNotice() public {
        setPrice(modelId, versionId, 2 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        skip(NOTICE - 1);
        setPrice(modelId, versionId, 9 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        skip(1);
        assertEq(priceBook.quotePass(modelId, versionId, 1, 1), CALL_PRICE + DAY_PRICE);
        skip(NOTICE - 1);
        assertEq(priceBook.quotePass(modelId, versionId, 1, 1), 9 * CALL_PRICE + DAY_PRICE);
    }

    function test_P5_startedEpochIsTheBaseOfTheNextChange() public {
        setPrice(modelId, versionId, 2 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        skip(NOTICE);
        // Above the first price, below the one that holds: no increase.
        setPrice(modelId, versionId, 3 * CALL_PRICE * PICO / 2, DAY_PRICE * PICO);
        assertEq(priceBook.quotePass(modelId, versionId, 2, 1), 3 * CALL_PRICE + DAY_PRICE);
        setPrice(modelId, versionId, CALL_PRICE * PICO, 2 * DAY_PRICE * PICO);
        assertEq(priceBook.quotePass(modelId, versionId, 2, 1), 3 * CALL_PRICE + DAY_PRICE);
    }

    function test_P6_soldPassKeepsItsPrice() public {
        buy(10, 1);
        setPrice(modelId, versionId, 9 * CALL_PRICE * PICO, DAY_PRICE * PICO);
        skip(NOTICE - 1);
        settle(lastPass(), 1);
        assertEq(accessPass.getPass(lastPass()).escrow, (10 * CALL_PRICE + DAY_PRICE) * 9 / 10);
    }

    function test_P7_priceIsAFunctionOfTheBookAlone() public {
        uint256 quote = priceBook.quotePass(modelId, versionId, 5, 5);
        vm.prank(stranger);
        assertEq(priceBook.quotePass(modelId, versionId, 5, 5), quote);
        skip(300 days);
        buy(5, 5);
        assertEq(priceBook.quotePass(modelId, versionId, 5, 5), quote);
    }

    function test_P8_callsAndDaysHaveTheirOwnPrices() public view {
        uint256 base = priceBook.quotePass(modelId, versionId, 1, 1);
        assertEq(priceBook.quotePass(modelId, versionId, 2, 1) - base, CALL_PRICE);
        assertEq(priceBook.quotePass(modelId, versionId, 1, 2) - base, DAY_PRICE);
        assertEq(priceBook.quoteDays(modelId, versionId, 4), 4 * DAY_PRICE);
    }

    function test_P11_hostileAmountsAreRefusedByName() public {
        expectCalls(0);
        expectCalls(1e9 + 1);
        expectCalls(type(uint256).max);
        expectDays(0);
        expectDays(3651);
        expectDays(type(uint256).max);
        setPrice(modelId, versionId, MAX_PRICE, MAX_PRICE);
        skip(NOTICE);
        assertEq(priceBook.quotePass(modelId, versionId, 1e9, 3650), 1e24 * (1e9 + 3650));
    }

    // --- the rest ----------------------------------------------------------------------------------------------------

    function test_constructor_boundsTheNotice() public {
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_NoticeOutOfRange.selector, 0, 30 days));
        new PriceBook(registry, deployed.currencies, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IPriceBook.PriceBook_NoticeOutOfRange.selector, 31 days, 30 days)
        );
        new PriceBook(registry, deployed.currencies, 31 days);
    }

    function testFuzz_quotePass_isTheSumRoundedUpOnce(
        uint256 perCall,
        uint256 perDay,
        uint256 calls,
        uint256 numDays
    ) public {
        (perCall, perDay) = (bound(perCall, 1, MAX_PRICE), bound(perDay, 0, MAX_PRICE));
        (calls, numDays) = (bound(calls, 1, 1e9), bound(numDays, 1, 3650));
        setPrice(modelId, versionId, perCall, perDay);
        skip(NOTICE);
        uint256 pico = perCall * calls + perDay * numDays;
        uint256 quote = priceBook.quotePass(modelId, versionId, calls, numDays);
        assertGe(quote * PICO, pico);
        assertLt(quote * PICO - pico, PICO);
        assertGt(quote, 0);
    }

    function testFuzz_setPrice_neverRaisesBeforeTheNotice(uint256 perCall, uint256 perDay, uint256 wait)
        public
    {
        (perCall, perDay) = (bound(perCall, 0, MAX_PRICE), bound(perDay, 0, MAX_PRICE));
        wait = bound(wait, 0, NOTICE - 1);
        uint256 old = priceBook.quotePass(modelId, versionId, 3, 5);
        setPrice(modelId, versionId, perCall, perDay);
        skip(wait);
        assertLe(priceBook.quotePass(modelId, versionId, 3, 5), old);
    }

    function price(uint256 perCall, uint256 perDay, bool free)
        internal
        pure
        returns (IPriceBook.Price memory)
    {
        return IPriceBook.Price(PicoAmount.wrap(uint128(perCall)), PicoAmount.wrap(uint128(perDay)), free);
    }

    function expectCalls(uint256 calls) internal {
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_CallsOutOfRange.selector, calls, 1e9));
        priceBook.quotePass(modelId, versionId, calls, 1);
    }

    function expectDays(uint256 numDays) internal {
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_DaysOutOfRange.selector, numDays, 3650));
        priceBook.quotePass(modelId, versionId, 1, numDays);
        vm.expectRevert(abi.encodeWithSelector(IPriceBook.PriceBook_DaysOutOfRange.selector, numDays, 3650));
        priceBook.quoteDays(modelId, versionId, numDays);
    }
}
