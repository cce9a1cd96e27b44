// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ICurrencies} from "../../src/interfaces/ICurrencies.sol";
import {Currencies} from "../../src/pricing/Currencies.sol";
import {MarketToken, MockFeed} from "../mocks/MockMarket.sol";
import {SellingBase} from "../utils/SellingBase.sol";

contract CurrenciesTest is SellingBase {
    function list(MarketToken token, uint8 decimals, MockFeed feed) internal {
        currencies.list(address(token), decimals, address(feed), HEARTBEAT, 1, type(uint128).max);
    }

    // --- P4: a currency is an address with decimals and a feed ----------------------------------------------------------

    function test_P4_currenciesHaveTheirDecimals() public {
        uint8[5] memory decimals = [2, 6, 8, 18, 24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            MarketToken token = new MarketToken("T", decimals[i]);
            list(token, decimals[i], new MockFeed(8, 1e8));
            assertEq(currencies.fromUsd(address(token), 3e12, 1e12), 3 * 10 ** decimals[i]);
            assertEq(currencies.fromUsd(address(token), 1, 1e30), 1, "rounded up, once");
        }
    }

    function test_P4_decimalsMustBeTheTokensAndNeverChange() public {
        MarketToken token = new MarketToken("T", 7);
        MockFeed feed = new MockFeed(8, 1e8);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_DecimalsMismatch.selector, token, 7, 6));
        list(token, 6, feed);
        list(token, 7, feed);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_DecimalsFixed.selector, token, 7));
        list(token, 8, feed);
        Currencies fresh = new Currencies(address(authority), feed);
        vm.expectRevert(
            abi.encodeWithSelector(ICurrencies.Currencies_DecimalsMismatch.selector, NATIVE, 18, 6)
        );
        fresh.list(NATIVE, 6, address(feed), HEARTBEAT, 1, 2);
    }

    function test_P4_decimalsAreBounded() public {
        MarketToken token = new MarketToken("T", 25);
        MockFeed feed = new MockFeed(8, 1e8);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_DecimalsAboveLimit.selector, 25, 24));
        list(token, 25, feed);
        feed.setDecimals(25);
        token = new MarketToken("T", 24);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_DecimalsAboveLimit.selector, 25, 24));
        list(token, 24, feed);
    }

    function test_P4_unlistedCurrencyHasNoPrice() public {
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_NotListed.selector, stranger));
        currencies.fromUsd(stranger, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_NotListed.selector, stranger));
        currencies.suspend(stranger);
        assertEq(currencies.currencyOf(stranger).feed, address(0));
    }

    // --- P10: the oracle's rules -----------------------------------------------------------------------------------------

    function test_P10_conversion() public view {
        assertEq(currencies.fromUsd(NATIVE, 2500, 1), 1 ether);
        assertEq(currencies.fromUsd(NATIVE, 1, 1), 0.0004 ether);
        assertEq(currencies.fromUsd(address(usdc), 123_456_789, 1e6), 123_456_789);
        (uint256 answer, uint8 decimals) = currencies.answerOf(NATIVE);
        assertEq(answer, 2500e8);
        assertEq(decimals, 8);
    }

    function test_P10_staleAnswerIsRefused() public {
        skip(HEARTBEAT);
        currencies.answerOf(NATIVE);
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICurrencies.Currencies_AnswerStale.selector, ethFeed, block.timestamp - 3601, 3600
            )
        );
        currencies.answerOf(NATIVE);
        ethFeed.set(2500e8, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_AnswerStale.selector, ethFeed, 0, 3600));
        currencies.answerOf(NATIVE);
        ethFeed.set(2500e8, 0, block.timestamp + 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICurrencies.Currencies_AnswerStale.selector, ethFeed, block.timestamp + 1, 3600
            )
        );
        currencies.answerOf(NATIVE);
    }

    function test_P10_answerOutOfBoundsIsRefused() public {
        int256[4] memory answers = [int256(-1), 0, 0.9e8 - 1, 1.1e8 + 1];
        for (uint256 i = 0; i < answers.length; ++i) {
            usdcFeed.set(answers[i], 0, block.timestamp);
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICurrencies.Currencies_AnswerOutOfBounds.selector, usdcFeed, answers[i]
                )
            );
            currencies.fromUsd(address(usdc), 1, 1);
        }
        usdcFeed.set(0.9e8, 0, block.timestamp);
        assertEq(currencies.fromUsd(address(usdc), 9, 1), 10e6);
    }

    function test_P10_feedThatFailsOrChangesItsDecimalsIsRefused() public {
        ethFeed.setBroken(true);
        vm.expectRevert("feed is gone");
        currencies.answerOf(NATIVE);
        ethFeed.setBroken(false);
        ethFeed.setDecimals(18);
        vm.expectRevert(
            abi.encodeWithSelector(ICurrencies.Currencies_FeedDecimalsChanged.selector, ethFeed, 18, 8)
        );
        currencies.answerOf(NATIVE);
    }

    function test_P10_sequencerMustHaveBeenUp() public {
        MockFeed uptime = new MockFeed(0, 1);
        Currencies l2 = new Currencies(address(authority), uptime);
        l2.list(NATIVE, 18, address(ethFeed), HEARTBEAT, 1, 1e20);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_SequencerDown.selector, uptime));
        l2.answerOf(NATIVE);
        uptime.set(0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_SequencerDown.selector, uptime));
        l2.answerOf(NATIVE);
        uint256 since = block.timestamp;
        uptime.set(0, since, since);
        skip(1 hours);
        ethFeed.set(2500e8, block.timestamp, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(ICurrencies.Currencies_SequencerGrace.selector, since, 1 hours)
        );
        l2.answerOf(NATIVE);
        skip(1);
        l2.answerOf(NATIVE);
    }

    function test_P10_guardianSuspendsAtOnce() public {
        currencies.suspend(address(usdc));
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_Suspended.selector, usdc));
        currencies.fromUsd(address(usdc), 1, 1);
        currencies.list(address(usdc), 6, address(usdcFeed), HEARTBEAT, 1, 2e8);
        assertTrue(currencies.currencyOf(address(usdc)).suspended, "a new feed does not end it");
        currencies.resume(address(usdc));
        assertEq(currencies.fromUsd(address(usdc), 1, 1), 1e6);
    }

    // --- rights and bounds -----------------------------------------------------------------------------------------------

    function test_onlyRolesListAndSuspend() public {
        vm.startPrank(stranger);
        bytes memory refused =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.expectRevert(refused);
        currencies.list(NATIVE, 18, address(ethFeed), HEARTBEAT, 1, 2);
        vm.expectRevert(refused);
        currencies.suspend(NATIVE);
        vm.expectRevert(refused);
        currencies.resume(NATIVE);
    }

    function test_listChecksItsBounds() public {
        uint32[2] memory beats = [uint32(0), 2 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ICurrencies.Currencies_HeartbeatOutOfRange.selector, beats[i], 2 days)
            );
            currencies.list(NATIVE, 18, address(ethFeed), beats[i], 1, 2);
        }
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_BoundsOutOfOrder.selector, 0, 2));
        currencies.list(NATIVE, 18, address(ethFeed), HEARTBEAT, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(ICurrencies.Currencies_BoundsOutOfOrder.selector, 3, 2));
        currencies.list(NATIVE, 18, address(ethFeed), HEARTBEAT, 3, 2);
        vm.expectRevert(ICurrencies.Currencies_ZeroScale.selector);
        currencies.fromUsd(NATIVE, 1, 0);
    }

    function testFuzz_conversionNeverRoundsDown(
        uint256 usd,
        uint8 decimals,
        uint8 feedDecimals,
        uint256 answer
    ) public {
        (usd, decimals) = (bound(usd, 1, 1e40), uint8(bound(decimals, 0, 24)));
        feedDecimals = uint8(bound(feedDecimals, 0, 24));
        answer = bound(answer, 1, 1e30);
        MarketToken token = new MarketToken("T", decimals);
        list(token, decimals, new MockFeed(feedDecimals, int256(answer)));
        uint256 amount = currencies.fromUsd(address(token), usd, 1e12);
        // amount - 1 < usd × 10^(decimals + feedDecimals) / (10^12 answer) ≤ amount
        uint256 exact = usd * 10 ** (uint256(decimals) / 2); // keeps the check within 256 bits
        uint256 rest = 10 ** (uint256(decimals) - decimals / 2 + feedDecimals);
        if (exact > type(uint256).max / rest) return;
        assertGe(amount * answer * 1e12, exact * rest);
        assertLt((amount - 1) * answer * 1e12, exact * rest);
    }
}
