// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {PassId, VersionId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {PlainNft} from "../mocks/SellingGateTokens.sol";
import {BlockingToken, FeeToken, SilentToken} from "../mocks/Tokens.sol";
import {SellingPasses} from "../utils/SellingPasses.sol";

contract UnitPassTest is SellingPasses {
    // --- A1, A2, A12: paid in any listed currency, earned or returned ---------------------------------------------------------

    function test_A1_everyUnitOfAPassIsEarnedOrReturned() public {
        PassId passId = buyUnits(Unit.OutputToken, 1e6, 10, address(dollar)); // 20 cents, 10 cents of days
        assertEq(escrowOf(passId), 300_000);
        assertEq(dollar.balanceOf(address(passes)), 300_000);
        assertEq(meter(passId, 250_000, buyerKey), 75_000);
        assertEq(router.paidTo(MODEL, address(dollar)), 75_000);
        assertEq(router.servedBy(provider, address(dollar)), 75_000);
        skip(10 days + 1);
        vm.prank(buyer);
        passes.refund(passId, stranger);
        assertEq(dollar.balanceOf(stranger), 225_000);
        assertEq(dollar.balanceOf(address(passes)), 0);
    }

    function test_A2_surplusOfNativeCurrencyComesBack() public {
        uint256 before = buyer.balance;
        vm.prank(buyer);
        PassId passId = passes.buyUnits{value: 1 ether}(orderOf(Unit.OutputToken, 1e6, 10, NATIVE));
        assertEq(before - buyer.balance, 0.3 ether / uint256(2500));
        assertEq(escrowOf(passId), 0.3 ether / uint256(2500));
    }

    function test_A12_nativeCurrencySentWithATokenOrderIsRefused() public {
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(dollar));
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_UnexpectedValue.selector, 1));
        passes.buyUnits{value: 1}(order);
        order.token = NATIVE;
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_Underpaid.selector, 1, 0.000_12 ether));
        passes.buyUnits{value: 1}(order);
    }

    function test_A12_tokenThatTheRouterDoesNotTakeIsRefused() public {
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(usdc));
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_TokenNotAccepted.selector, usdc));
        passes.buyUnits(order);
    }

    // --- A3: only a holder's signature debits, and only once -------------------------------------------------------------------

    function test_A3_usageIsSignedByTheHolderAndCumulative() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 10, address(dollar));
        (address user, uint256 userKey) = makeAddrAndKey("user");
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotSignedByHolder.selector, passId));
        this.meterAs(passId, 10, userKey);
        vm.prank(buyer);
        passes.setUser(PassId.unwrap(passId), user, uint64(block.timestamp + 1 days));
        meter(passId, 10, userKey);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NothingNew.selector, passId, 10, 10));
        this.meterAs(passId, 10, userKey);
        meter(passId, 11, buyerKey);
        assertEq(passes.getPass(passId).callsLeft, 989);
        assertEq(passes.getPass(passId).metered, 11);
    }

    /// @dev External, so that a revert can be expected of the whole.
    function meterAs(PassId passId, uint64 cumulative, uint256 signer) external returns (uint256) {
        return meter(passId, cumulative, signer);
    }

    function test_A3_usageStopsAtWhatIsLeftAndAtTheEnd() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 10, address(dollar));
        uint256 escrow = escrowOf(passId);
        assertEq(meter(passId, 5000, buyerKey), escrow, "the last unit takes the remainder");
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotEnoughCalls.selector, 4000, 0));
        this.meterAs(passId, 5000, buyerKey);
        passId = buyUnits(Unit.OutputToken, 1000, 1, address(dollar));
        skip(1 days + 1);
        vm.expectPartialRevert(IAccessPass.AccessPass_Expired.selector);
        this.meterAs(passId, 1, buyerKey);
        IAccessPass.Usage memory usage = usageOf(passId, 1);
        usage.validUntil -= 1;
        vm.expectPartialRevert(IAccessPass.AccessPass_DeadlinePassed.selector);
        passes.settleUsage(usage, "");
    }

    function test_A3_proofsDebitCallsOnly() public {
        PassId tokens = buyUnits(Unit.OutputToken, 1000, 10, address(dollar));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_NotOfCalls.selector, tokens, Unit.OutputToken)
        );
        passes.consume(tokens, 1);
        PassId calls = buyUnits(Unit.Call, 4, 1, address(dollar)); // 5 cents
        assertEq(passes.consume(calls, 1), 12_500);
        assertEq(meter(calls, 1, buyerKey), 12_500);
        assertEq(passes.getPass(calls).callsLeft, 2, "proofs and vouchers draw on the same units");
        assertEq(router.paidTo(MODEL, address(dollar)), 25_000);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotSettler.selector, stranger));
        passes.consume(calls, 1);
    }

    // --- A5: soulbound by the model's terms ------------------------------------------------------------------------------------

    function test_A5_termsAreTheModelsNotTheBuyers() public {
        PassId bound = buyUnits(Unit.OutputToken, 1, 1, address(dollar));
        assertTrue(passes.locked(PassId.unwrap(bound)));
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NotTransferable.selector, bound));
        passes.transferFrom(buyer, stranger, PassId.unwrap(bound));
        vm.stopPrank();
        vm.prank(creator);
        passes.setPassTerms(MODEL, IAccessPass.Terms(true, 50_000));
        PassId free = buyUnits(Unit.OutputToken, 1, 1, address(dollar));
        vm.prank(buyer);
        passes.transferFrom(buyer, stranger, PassId.unwrap(free));
        assertEq(passes.ownerOf(PassId.unwrap(free)), stranger);
        vm.expectPartialRevert(IAccessPass.AccessPass_NotSignedByHolder.selector);
        this.meterAs(free, 1, buyerKey);
    }

    // --- A6, A7, A8, A11: sale ---------------------------------------------------------------------------------------------------

    function test_A6_onlyActiveVersionsAreSold() public {
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1, 1, address(dollar));
        for (uint256 i = 0; i <= uint256(IModelRegistry.Status.Revoked); ++i) {
            if (i == uint256(IModelRegistry.Status.Active)) continue;
            setStatus(IModelRegistry.Status(i));
            vm.prank(buyer);
            vm.expectRevert(
                abi.encodeWithSelector(IAccessPass.AccessPass_VersionNotForSale.selector, MODEL, VERSION)
            );
            passes.buyUnits(order);
        }
    }

    function test_A7_maxPriceAndDeadlineHold() public {
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(dollar));
        vm.startPrank(buyer);
        order.maxPrice = 299_999;
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_PriceAboveMax.selector, 300_000, 299_999)
        );
        passes.buyUnits(order);
        (order.maxPrice, order.deadline) = (300_000, block.timestamp - 1);
        vm.expectPartialRevert(IAccessPass.AccessPass_DeadlinePassed.selector);
        passes.buyUnits(order);
        order.deadline = block.timestamp;
        passes.buyUnits(order);
    }

    function test_A8_unitsAndDaysAreBoundedAndNeverForNothing() public {
        uint256[3][5] memory wrong = [
            [uint256(Unit.OutputToken), 0, 1],
            [uint256(Unit.OutputToken), (1 << 46) + 1, 1],
            [uint256(Unit.Day), 1, 1],
            [uint256(Unit.OutputToken), 1, 0],
            [uint256(Unit.OutputToken), 1, 3651]
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            IAccessPass.UnitOrder memory order =
                orderOf(Unit(wrong[i][0]), wrong[i][1], wrong[i][2], address(dollar));
            vm.prank(buyer);
            vm.expectPartialRevert(
                i < 3
                    ? IAccessPass.AccessPass_UnitsOutOfRange.selector
                    : IAccessPass.AccessPass_DaysOutOfRange.selector
            );
            passes.buyUnits(order);
        }
        // Less than the smallest unit of the currency is one of it.
        IRateBook.RateCard memory card = tokenCard();
        (card.rates[uint256(Unit.Day)], card.freeUnits) = (0, uint16(1 << uint256(Unit.Day)));
        setRates(card);
        assertEq(escrowOf(buyUnits(Unit.CachedInputToken, 1, 1, address(dollar))), 1);
    }

    function test_A8_declaredFreeIsFree() public {
        IRateBook.RateCard memory card = emptyCard();
        card.freeUnits = uint16((1 << uint256(Unit.Call)) | (1 << uint256(Unit.Day)));
        setRates(card); // tokens are offered no longer: that waits for the notice
        skip(NOTICE);
        usdcFeed.set(1e8, block.timestamp, block.timestamp);
        PassId passId = buyUnits(Unit.Call, 10, 5, address(dollar));
        assertEq(escrowOf(passId), 0);
        assertEq(meter(passId, 10, buyerKey), 0);
        assertEq(router.payments(), 0);
    }

    function test_A11_recipientMayNotBeZero() public {
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1, 1, address(dollar));
        order.to = address(0);
        vm.prank(buyer);
        vm.expectRevert(IAccessPass.AccessPass_ZeroAddress.selector);
        passes.buyUnits(order);
    }

    // --- A9: units that cost what they cost ----------------------------------------------------------------------------------------

    function test_A9_aLongAnswerUsesMoreThanAShortOne() public {
        PassId passId = buyUnits(Unit.OutputToken, 100_000, 1, address(dollar));
        uint256 shortAnswer = meter(passId, 100, buyerKey);
        uint256 longAnswer = meter(passId, 4100, buyerKey);
        assertGe(longAnswer, 40 * shortAnswer);
        // A holder signs after each answer: what he has not signed cannot be taken.
        assertEq(passes.getPass(passId).callsLeft, 95_900);
    }

    // --- A10: the unused part comes back -----------------------------------------------------------------------------------------

    function test_A10_refundOnRevocationAtOnce() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 10, address(dollar));
        uint256 paid = escrowOf(passId);
        uint256 earned = meter(passId, 400, buyerKey);
        setStatus(IModelRegistry.Status.Revoked);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_VersionNotServed.selector, MODEL, VERSION)
        );
        this.meterAs(passId, 500, buyerKey);
        vm.prank(buyer);
        assertEq(passes.refund(passId, buyer), paid - earned);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_NothingToRefund.selector, passId));
        passes.refund(passId, buyer);
    }

    function test_A10_refundOnOutageADayLaterWithoutAnybodysConsent() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 300, NATIVE);
        uint256 paid = escrowOf(passId);
        passes.pause();
        vm.startPrank(buyer);
        vm.expectPartialRevert(IAccessPass.AccessPass_NotRefundable.selector);
        passes.refund(passId, buyer);
        passes.cancelSubscription(PassId.unwrap(passId));
        skip(1 days + 1);
        uint256 before = buyer.balance;
        assertEq(passes.refund(passId, buyer), paid);
        assertEq(buyer.balance - before, paid);
    }

    function test_A10_renewalIsPaidInThePassesCurrency() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 2, address(dollar));
        uint256 before = escrowOf(passId);
        uint64 expires = passes.expiresAt(PassId.unwrap(passId));
        vm.startPrank(buyer);
        passes.renewSubscription(PassId.unwrap(passId), 2 days + 1);
        assertEq(escrowOf(passId) - before, 30_000, "three days of a cent");
        assertEq(passes.expiresAt(PassId.unwrap(passId)), expires + 3 days);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_UnexpectedValue.selector, 1));
        passes.renewSubscription{value: 1}(PassId.unwrap(passId), 1);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_DaysOutOfRange.selector, 0, 3650));
        passes.renewSubscription(PassId.unwrap(passId), 0);
    }

    // --- A13: a pinned version that is withdrawn -----------------------------------------------------------------------------------

    function test_A13_holderMovesToTheCanonicalVersion() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 10, address(dollar));
        VersionId next = VersionId.wrap(2);
        registry.setStatus(MODEL, next, IModelRegistry.Status.Active);
        registry.setCanonical(MODEL, next);
        vm.prank(stranger);
        vm.expectPartialRevert(IAccessPass.AccessPass_NotAuthorised.selector);
        passes.moveToCanonical(passId);
        vm.startPrank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_VersionStillSold.selector, MODEL, VERSION)
        );
        passes.moveToCanonical(passId);
        vm.stopPrank();
        uint256 escrow = escrowOf(passId);
        setStatus(IModelRegistry.Status.Deprecated);
        vm.prank(buyer);
        passes.moveToCanonical(passId);
        (, VersionId moved,,) = passes.holdersOf(passId);
        assertEq(VersionId.unwrap(moved), 2);
        assertEq(escrowOf(passId), escrow);
        meter(passId, 1, buyerKey);
        registry.setStatus(MODEL, next, IModelRegistry.Status.Revoked);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IAccessPass.AccessPass_VersionNotForSale.selector, MODEL, 2));
        passes.moveToCanonical(passId);
    }

    // --- G6: discount gate -----------------------------------------------------------------------------------------------------------

    function test_G6_holdersDiscountUsesTheGatesQuota() public {
        PlainNft nft = new PlainNft();
        nft.mint(buyer, 7);
        vm.startPrank(creator);
        uint256 gateId = ledger.createGate(
            MODEL, IGateBook.GateTerms(IGateBook.Kind.Erc721, address(nft), 0, 1, 1, 30 days)
        );
        IRateBook.RateCard memory card = tokenCard();
        (card.discountPpm, card.discountGate) = (500_000, uint64(gateId));
        priceBook.setRates(MODEL, VERSION, card);
        vm.stopPrank();
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(dollar));
        (order.tariff, order.gateKey) = (IRateBook.Tariff.Holder, 7);
        vm.prank(buyer);
        assertEq(escrowOf(passes.buyUnits(order)), 150_000);
        bytes memory used =
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_QuotaExceeded.selector, gateId, 7, 0);
        vm.prank(buyer);
        vm.expectRevert(used);
        passes.buyUnits(order);
        // The NFT in another wallet brings no second discount in this epoch.
        vm.prank(buyer);
        nft.transferFrom(buyer, stranger, 7);
        vm.prank(stranger);
        vm.expectRevert(used);
        passes.buyUnits(order);
    }

    // --- P7: signed quotes -------------------------------------------------------------------------------------------------------------

    function test_P7_signedQuoteSellsOnceToItsBuyer() public {
        (address owner, uint256 ownerKey) = makeAddrAndKey("owner");
        registry.setOwner(MODEL, owner);
        IRateBook.Quote memory quote = IRateBook.Quote(
            MODEL, VERSION, buyer, address(dollar), 123, Unit.OutputToken, 1e6, 30, 1, block.timestamp
        );
        bytes memory signature = signDigest(ownerKey, priceBook.quoteDigest(quote));
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_NotQuotedBuyer.selector, stranger, buyer)
        );
        passes.buyQuoted(quote, signature, stranger);
        vm.startPrank(buyer);
        PassId passId = passes.buyQuoted(quote, signature, buyer);
        assertEq(escrowOf(passId), 123);
        assertEq(passes.getPass(passId).callsLeft, 1e6);
        vm.expectPartialRevert(IAccessPass.AccessPass_QuoteUsed.selector);
        passes.buyQuoted(quote, signature, buyer);
        quote.nonce = 2;
        vm.expectPartialRevert(IRateBook.RateBook_QuoteNotSigned.selector);
        passes.buyQuoted(quote, signature, buyer);
    }

    // --- awkward tokens ------------------------------------------------------------------------------------------------------------------

    function listed(address token, uint8 decimals) internal {
        router.accept(token, true);
        currencies.list(token, decimals, address(usdcFeed), HEARTBEAT, 0.9e8, 1.1e8);
    }

    function test_P4_feeOnTransferIsRefusedAtTheDoor() public {
        FeeToken token = new FeeToken();
        listed(address(token), 18);
        token.mint(buyer, 1e18);
        token.setFee(10_000);
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(token));
        vm.startPrank(buyer);
        token.approve(address(passes), 1e18);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessPass.AccessPass_ReceivedOther.selector, 0.297e18, 0.3e18)
        );
        passes.buyUnits(order);
    }

    function test_P4_blacklistedBuyerIsRefundedElsewhere() public {
        BlockingToken token = new BlockingToken();
        listed(address(token), 6);
        token.mint(buyer, 1e6);
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(token));
        vm.startPrank(buyer);
        token.approve(address(passes), 1e6);
        PassId passId = passes.buyUnits(order);
        token.setBlocked(buyer, true);
        skip(11 days);
        vm.expectRevert("blocked");
        passes.refund(passId, buyer);
        passes.refund(passId, stranger);
        assertEq(token.balanceOf(stranger), 300_000);
    }

    function test_P4_pauseStopsSalesAndSettlementOnly() public {
        PassId passId = buyUnits(Unit.OutputToken, 1000, 1, address(dollar));
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1, 1, address(dollar));
        IRateBook.Quote memory quote;
        passes.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        this.meterAs(passId, 1, buyerKey);
        vm.startPrank(buyer);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        passes.buyUnits(order);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        passes.buyQuoted(quote, "", buyer);
        skip(2 days);
        passes.refund(passId, buyer);
    }

    // --- arithmetic ------------------------------------------------------------------------------------------------------------------------

    function testFuzz_earningsOfAPassSumToItsPrice(uint32 units, uint16[8] calldata steps) public {
        PassId passId = buyUnits(Unit.OutputToken, bound(units, 1, 1e6), 1, address(dollar));
        uint256 price = escrowOf(passId);
        uint64 cumulative;
        uint256 earned;
        for (uint256 i = 0; i < steps.length; ++i) {
            if (steps[i] == 0 || passes.getPass(passId).callsLeft == 0) continue;
            cumulative += steps[i];
            earned += meter(passId, cumulative, buyerKey);
            IAccessPass.Pass memory pass = passes.getPass(passId);
            assertEq(earned + pass.escrow, price);
            if (pass.callsLeft == 0) assertEq(pass.escrow, 0);
        }
        assertEq(router.paidTo(MODEL, address(dollar)), earned);
    }
}
