// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {UNITS, Unit} from "../../src/types/Unit.sol";
import {Wallet} from "../mocks/Receivers.sol";
import {SellingBase} from "../utils/SellingBase.sol";

contract RateBookTest is SellingBase {
    IRateBook.Tariff internal constant PUBLIC = IRateBook.Tariff.Public;
    IRateBook.Tariff internal constant HOLDER = IRateBook.Tariff.Holder;
    uint256 internal constant MEGA = 1e6;

    function quote(uint256[12] memory quantities) internal view returns (uint256) {
        return priceBook.quoteUsage(MODEL, VERSION, address(usdc), quantities, PUBLIC);
    }

    function report(uint32 ppm) internal {
        vm.prank(creator);
        priceBook.reportUtilisation(MODEL, ppm);
    }

    // --- P1: less than a dollar per million tokens -------------------------------------------------------------------------

    function test_P1_fiveCentsPerMillionTokensArePricedRight() public {
        setRates(tokenCard());
        assertEq(quote(use(Unit.InputToken, MEGA)), 50_000, "5 cents");
        assertEq(quote(use(Unit.InputToken, 20)), 1, "one millionth of a dollar, exactly");
        assertEq(quote(use(Unit.InputToken, 21)), 2, "rounded up");
        assertEq(quote(use(Unit.InputToken, 1)), 1, "never zero");
        // A settlement of a thousand small calls is rounded once.
        assertEq(quote(use(Unit.InputToken, 21_000)), 1050);
        // The sketch: one token costs one unit of a token with 6 decimals, or nothing.
        assertEq(priceBook.estimateCallCost(MODEL, MEGA, 0, 0, 0, 0), 50_000 * MEGA + PICO_USD / 100);
    }

    function test_P1_nativeAndDollarPricesAgree() public {
        setRates(tokenCard());
        uint256[12] memory quantities = use(Unit.OutputToken, MEGA); // 20 cents
        assertEq(priceBook.quoteUsage(MODEL, VERSION, NATIVE, quantities, PUBLIC), uint256(1 ether) / 12_500);
    }

    // --- P2: images -----------------------------------------------------------------------------------------------------

    function test_P2_smallImagesAreNotFree() public {
        IRateBook.RateCard memory card = emptyCard();
        card.rates[uint256(Unit.PixelStep)] = 40_000; // 4 cents per million pixel-steps
        setRates(card);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 512, 512, 1), 512 * 512 * 40_000);
        assertEq(quote(use(Unit.PixelStep, 512 * 512)), 10_486, "10485.76 up");
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 999, 1000, 1), 999_000 * 40_000);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 1999, 1000, 1), 1_999_000 * 40_000);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 512, 512, 20), 20 * 512 * 512 * 40_000);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 1, 1, 0), 40_000, "no step counts as one");
    }

    function test_P2_imagesByThePieceByTheStepOrBoth() public {
        IRateBook.RateCard memory card = emptyCard();
        card.rates[uint256(Unit.Image)] = 7;
        setRates(card);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 512, 512, 30), 7);
        card.rates[uint256(Unit.PixelStep)] = 2;
        setRates(card);
        assertEq(priceBook.estimateCallCost(MODEL, 0, 0, 10, 10, 3), 7 + 600);
    }

    // --- P3: nothing is free by omission ------------------------------------------------------------------------------------

    function test_P3_unpricedVersionIsNotFree() public {
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_RatesNotSet.selector, MODEL, VERSION));
        quote(use(Unit.Call, 1));
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_RatesNotSet.selector, MODEL, VERSION));
        priceBook.estimateCallCost(MODEL, 1, 1, 0, 0, 0);
        vm.expectRevert(IRateBook.RateBook_NothingOffered.selector);
        setRates(emptyCard());
    }

    function test_P3_unitThatIsNotOfferedHasNoPrice() public {
        setRates(tokenCard());
        for (uint256 i = 0; i < UNITS; ++i) {
            if (tokenCard().rates[i] != 0) continue;
            vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_UnitNotOffered.selector, i));
            quote(use(Unit(i), 1));
        }
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_UnitNotOffered.selector, Unit.PixelStep));
        priceBook.estimateCallCost(MODEL, 1, 1, 512, 512, 1);
        vm.expectRevert(IRateBook.RateBook_NothingUsed.selector);
        quote(use(Unit.Call, 0));
    }

    function test_P3_freeMustBeSaidUnitByUnit() public {
        IRateBook.RateCard memory card = tokenCard();
        card.freeUnits = uint16(1 << uint256(Unit.CachedInputToken));
        vm.expectRevert(
            abi.encodeWithSelector(IRateBook.RateBook_FreeUnitPriced.selector, Unit.CachedInputToken)
        );
        setRates(card);
        card.rates[uint256(Unit.CachedInputToken)] = 0;
        card.minimum = 100;
        setRates(card);
        assertEq(quote(use(Unit.CachedInputToken, 1e12)), 0, "declared free, minimum or not");
        card.freeUnits = uint16(1 << UNITS);
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_UnknownFreeUnit.selector, 1 << UNITS));
        setRates(card);
    }

    // --- P5: setter, bounds, notice -----------------------------------------------------------------------------------------

    function test_P5_onlyTheOwnerOfAnExistingVersion() public {
        vm.expectRevert(
            abi.encodeWithSelector(IRateBook.RateBook_NotModelOwner.selector, MODEL, address(this))
        );
        priceBook.setRates(MODEL, VERSION, tokenCard());
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_VersionNotFound.selector, MODEL, 2));
        vm.prank(creator);
        priceBook.setRates(MODEL, VersionId.wrap(2), tokenCard());
    }

    function test_P5_worseCardsWaitForTheNotice() public {
        setRates(tokenCard());
        for (uint256 i = 0; i < 5; ++i) {
            IRateBook.RateCard memory card = tokenCard();
            if (i == 0) card.rates[uint256(Unit.InputToken)] += 1;
            if (i == 1) card.rates[uint256(Unit.CachedInputToken)] = 0; // no longer offered
            if (i == 2) card.minimum = 1;
            if (i == 3) card.maxMultiplierPpm = 1_000_001;
            if (i == 4) (card.discountPpm, card.discountGate) = (10, 1);
            setRates(card);
            IRateBook.CardEpoch memory latest = priceBook.latestRates(MODEL, VERSION);
            bool worse = i != 4;
            assertEq(latest.startsAt, block.timestamp + (worse ? NOTICE : 0));
            if (worse) {
                assertEq(
                    keccak256(abi.encode(priceBook.currentRates(MODEL, VERSION).card)),
                    keccak256(abi.encode(tokenCard()))
                );
            }
        }
        // From a discount: less of it, or another gate for it, is worse.
        IRateBook.RateCard memory other = tokenCard();
        (other.discountPpm, other.discountGate) = (9, 1);
        setRates(other);
        assertEq(priceBook.latestRates(MODEL, VERSION).startsAt, block.timestamp + NOTICE);
        (other.discountPpm, other.discountGate) = (11, 2);
        setRates(other);
        assertEq(priceBook.latestRates(MODEL, VERSION).startsAt, block.timestamp + NOTICE);
        skip(NOTICE);
        assertEq(priceBook.currentRates(MODEL, VERSION).card.discountGate, 2);
    }

    function test_P5_lowerRatesAndNewUnitsHoldAtOnce() public {
        IRateBook.RateCard memory card = tokenCard();
        card.minMultiplierPpm = 900_000;
        setRates(card);
        card.rates[uint256(Unit.InputToken)] -= 1;
        card.rates[uint256(Unit.Image)] = 5;
        card.minMultiplierPpm = 800_000;
        setRates(card);
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 2);
        card.minMultiplierPpm = 800_001;
        setRates(card);
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 2, "a higher floor waits");
        card.minMultiplierPpm = 800_000;
        card.freeUnits = uint16(1 << uint256(Unit.Image));
        card.rates[uint256(Unit.Image)] = 0;
        setRates(card);
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 4, "priced to free holds at once");
        card.freeUnits = 0;
        card.rates[uint256(Unit.Image)] = 1;
        setRates(card);
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 4, "free to priced waits");
        skip(NOTICE);
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 5);
    }

    function test_P5_cardsAreBounded() public {
        IRateBook.RateCard memory card = tokenCard();
        uint32[2][4] memory wrong = [
            [uint32(249_999), 1e6], [uint32(1_000_001), 1e6], [uint32(1e6), 999_999], [uint32(1e6), 4_000_001]
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            (card.minMultiplierPpm, card.maxMultiplierPpm) = (wrong[i][0], wrong[i][1]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IRateBook.RateBook_MultiplierOutOfRange.selector, wrong[i][0], wrong[i][1]
                )
            );
            setRates(card);
        }
        card = tokenCard();
        (card.discountPpm, card.discountGate) = (900_001, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRateBook.RateBook_DiscountOutOfRange.selector, 900_001, 900_000)
        );
        setRates(card);
        (card.discountPpm, card.discountGate) = (0, 1);
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_DiscountOutOfRange.selector, 0, 900_000));
        setRates(card);
    }

    // --- P6: an estimate of the worst case covers the real use --------------------------------------------------------------

    function testFuzz_P6_realUseNeverExceedsTheEstimate(
        uint64 input,
        uint64 most,
        uint64 produced,
        uint32 utilisation
    ) public {
        setRates(tokenCard());
        report(uint32(bound(utilisation, 0, 1e6)));
        (input, most) = (uint64(bound(input, 0, 1e12)), uint64(bound(most, 0, 1e12)));
        produced = uint64(bound(produced, 0, most));
        uint256[12] memory quantities = use(Unit.InputToken, input);
        (quantities[uint256(Unit.Call)], quantities[uint256(Unit.OutputToken)]) = (1, produced);
        (uint256 usd, uint256 scale) = priceBook.usageCost(MODEL, VERSION, quantities, PUBLIC);
        assertLe(usd, priceBook.estimateCallCost(MODEL, input, most, 0, 0, 0) * (scale / PICO_USD));
    }

    // --- P7: utilisation, discount, quotes ----------------------------------------------------------------------------------

    function test_P7_multiplierStaysWithinTheCard() public {
        IRateBook.RateCard memory card = tokenCard();
        (card.minMultiplierPpm, card.maxMultiplierPpm) = (500_000, 3_000_000);
        setRates(card);
        uint256[12] memory quantities = use(Unit.InputToken, MEGA);
        uint32[5] memory utilisation = [uint32(0), 250_000, 500_000, 750_000, 1_000_000];
        uint256[5] memory cents = [uint256(25_000), 37_500, 50_000, 100_000, 150_000];
        for (uint256 i = 0; i < 5; ++i) {
            report(utilisation[i]);
            assertEq(quote(quantities), cents[i]);
        }
        assertEq(priceBook.multiplierOf(MODEL, VERSION), 3_000_000);
        skip(1 hours + 1);
        assertEq(priceBook.multiplierOf(MODEL, VERSION), 1_000_000, "an old reading counts no more");
        vm.prank(creator);
        vm.expectRevert(
            abi.encodeWithSelector(IRateBook.RateBook_UtilisationOutOfRange.selector, 1_000_001, 1_000_000)
        );
        priceBook.reportUtilisation(MODEL, 1_000_001);
    }

    function test_P7_reporterIsNamedByTheOwnerAndEndsWithHim() public {
        setRates(tokenCard());
        vm.prank(creator);
        priceBook.setReporter(MODEL, stranger);
        vm.prank(stranger);
        priceBook.reportUtilisation(MODEL, 1);
        registry.setOwner(MODEL, provider);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_NotReporter.selector, MODEL, stranger));
        priceBook.reportUtilisation(MODEL, 2);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_NotModelOwner.selector, MODEL, stranger));
        priceBook.setReporter(MODEL, stranger);
    }

    function test_P7_holdersPayLessAndPassesIgnoreUtilisation() public {
        IRateBook.RateCard memory card = tokenCard();
        (card.discountPpm, card.discountGate, card.maxMultiplierPpm) = (250_000, 1, 4_000_000);
        setRates(card);
        uint256[12] memory quantities = use(Unit.InputToken, MEGA);
        assertEq(priceBook.quoteUsage(MODEL, VERSION, address(usdc), quantities, HOLDER), 37_500);
        report(1_000_000);
        assertEq(quote(quantities), 200_000);
        assertEq(
            priceBook.quoteUnits(MODEL, VERSION, address(usdc), Unit.InputToken, MEGA, 3, PUBLIC), 80_000
        );
        assertEq(priceBook.quoteUnits(MODEL, VERSION, address(usdc), Unit.Call, 7, 3, HOLDER), 75_000);
    }

    function theQuote() internal view returns (IRateBook.Quote memory) {
        return IRateBook.Quote({
            modelId: MODEL,
            versionId: VERSION,
            buyer: buyer,
            token: address(usdc),
            amount: 5e6,
            unit: Unit.OutputToken,
            units: 1e9,
            numDays: 30,
            nonce: 1,
            deadline: block.timestamp
        });
    }

    function test_P7_quotesAreSignedByOwnerOrQuoter() public {
        (address owner, uint256 ownerKey) = makeAddrAndKey("owner");
        (address quoter, uint256 quoterKey) = makeAddrAndKey("quoter");
        registry.setOwner(MODEL, owner);
        IRateBook.Quote memory q = theQuote();
        bytes32 digest = priceBook.quoteDigest(q);
        assertEq(priceBook.checkQuote(q, signDigest(ownerKey, digest)), digest);
        bytes memory byQuoter = signDigest(quoterKey, digest);
        bytes memory refused = abi.encodeWithSelector(IRateBook.RateBook_QuoteNotSigned.selector, MODEL);
        vm.expectRevert(refused);
        priceBook.checkQuote(q, byQuoter);
        vm.prank(owner);
        priceBook.setQuoter(MODEL, quoter);
        priceBook.checkQuote(q, byQuoter);
        q.amount -= 1;
        vm.expectRevert(refused);
        priceBook.checkQuote(q, byQuoter);
        q.amount += 1;
        registry.setOwner(MODEL, stranger);
        vm.expectRevert(refused);
        priceBook.checkQuote(q, byQuoter);
        registry.setOwner(MODEL, address(new Wallet(vm.addr(quoterKey))));
        priceBook.checkQuote(q, byQuoter);
    }

    function test_P7_quotesExpireAndAreNeverZero() public {
        IRateBook.Quote memory q = theQuote();
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRateBook.RateBook_QuoteExpired.selector, block.timestamp, block.timestamp - 1
            )
        );
        priceBook.checkQuote(q, "");
        (q.deadline, q.amount) = (block.timestamp, 0);
        vm.expectRevert(IRateBook.RateBook_QuoteOfZero.selector);
        priceBook.checkQuote(q, "");
        q.amount = 1;
        q.modelId = ModelId.wrap(9);
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_QuoteNotSigned.selector, 9));
        priceBook.checkQuote(q, "");
    }

    // --- P8: every unit, and a least charge ---------------------------------------------------------------------------------

    function test_P8_everyUnitIsPriced() public {
        IRateBook.RateCard memory card = emptyCard();
        uint256[12] memory quantities;
        uint256 expected;
        for (uint256 i = 0; i < UNITS; ++i) {
            bool duration = i >= uint256(Unit.AudioSecond) && i <= uint256(Unit.GpuSecond);
            card.rates[i] = uint64(1000 * (i + 1));
            quantities[i] = 3 * (duration ? 1000 : 1);
            expected += 3000 * (i + 1);
        }
        setRates(card);
        (uint256 usd, uint256 scale) = priceBook.usageCost(MODEL, VERSION, quantities, PUBLIC);
        assertEq(usd, expected * (scale / PICO_USD));
    }

    function test_P8_partsOfASecondCostParts() public {
        IRateBook.RateCard memory card = emptyCard();
        card.rates[uint256(Unit.AudioSecond)] = uint64(PICO_USD); // a dollar a second
        setRates(card);
        assertEq(quote(use(Unit.AudioSecond, 250)), 250_000, "a quarter of a second");
        assertEq(priceBook.quoteUnits(MODEL, VERSION, address(usdc), Unit.AudioSecond, 60, 0, PUBLIC), 60e6);
    }

    function test_P8_leastCharge() public {
        IRateBook.RateCard memory card = tokenCard();
        card.minimum = uint64(PICO_USD / 1000);
        setRates(card);
        assertEq(quote(use(Unit.InputToken, 1)), 1000);
        assertEq(quote(use(Unit.InputToken, MEGA)), 50_000);
    }

    // --- P11: hostile numbers -----------------------------------------------------------------------------------------------

    function test_P11_hostileDimensionsAreRefused() public {
        IRateBook.RateCard memory card = emptyCard();
        for (uint256 i = 0; i < UNITS; ++i) {
            card.rates[i] = type(uint64).max;
        }
        card.maxMultiplierPpm = 4_000_000;
        setRates(card);
        report(1_000_000);
        uint256 most = type(uint256).max;
        uint256[3][3] memory sides = [[most, 1, 1], [uint256(1), 65_537, 1], [uint256(1), 1, most]];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectPartialRevert(IRateBook.RateBook_QuantityOutOfRange.selector);
            priceBook.estimateCallCost(MODEL, 0, 0, sides[i][0], sides[i][1], sides[i][2]);
        }
        vm.expectRevert(abi.encodeWithSelector(IRateBook.RateBook_QuantityOutOfRange.selector, most, 1 << 56));
        priceBook.estimateCallCost(MODEL, most, 0, 0, 0, 0);
        // The largest of everything at the highest prices does not overflow.
        priceBook.estimateCallCost(MODEL, 1 << 56, 1 << 56, 65_536, 65_536, 65_536);
        uint256[12] memory quantities;
        for (uint256 i = 0; i < UNITS; ++i) {
            quantities[i] = 1 << 56;
        }
        priceBook.quoteUsage(MODEL, VERSION, NATIVE, quantities, PUBLIC);
    }

    // --- public invariant 11 ------------------------------------------------------------------------------------------------

    function testFuzz_priceIsNeverZeroUnlessDeclaredFree(
        uint64[12] calldata rates,
        uint16 freeUnits,
        uint8 pick,
        uint64 quantity,
        uint32 discount,
        uint32 utilisation
    ) public {
        IRateBook.RateCard memory card = emptyCard();
        card.freeUnits = uint16(freeUnits & ((1 << UNITS) - 1));
        for (uint256 i = 0; i < UNITS; ++i) {
            if ((card.freeUnits >> i) & 1 == 0) card.rates[i] = uint64(bound(rates[i], 1, type(uint64).max));
        }
        card.minMultiplierPpm = 250_000;
        (card.discountPpm, card.discountGate) = (uint32(bound(discount, 1, 900_000)), 1);
        setRates(card);
        report(uint32(bound(utilisation, 0, 1e6)));
        uint256 unit = pick % UNITS;
        uint256[12] memory quantities = use(Unit(unit), bound(quantity, 1, 1 << 56));
        uint256 amount = priceBook.quoteUsage(MODEL, VERSION, address(usdc), quantities, HOLDER);
        assertEq(amount == 0, (card.freeUnits >> unit) & 1 == 1);
    }

    /// The bill against a computation of its own, in one go per unit and with rational arithmetic.
    function testFuzz_billIsExact(uint64[12] calldata rates, uint40[12] calldata used, uint32 discount)
        public
    {
        IRateBook.RateCard memory card = emptyCard();
        (card.discountPpm, card.discountGate) = (uint32(bound(discount, 1, 900_000)), 1);
        uint256[12] memory quantities;
        uint256 milliPico;
        for (uint256 i = 0; i < UNITS; ++i) {
            (card.rates[i], quantities[i]) =
            (uint64(bound(rates[i], 1, type(uint64).max)), uint256(used[i]) + 1);
            milliPico += quantities[i] * card.rates[i] * (i >= 8 && i <= 10 ? 1 : 1000);
        }
        setRates(card);
        uint256 amount = priceBook.quoteUsage(MODEL, VERSION, address(usdc), quantities, HOLDER);
        // amount = ⌈milliPico × (1 - discount) / 10^9⌉: from 10^-15 dollar to 10^-6
        uint256 exact = milliPico * (1e6 - card.discountPpm);
        assertGe(amount * 1e15, exact);
        assertLt((amount - 1) * 1e15, exact);
    }

    function test_status_isNotAskedByThePriceBook() public {
        setStatus(IModelRegistry.Status.Draft);
        setRates(tokenCard());
        assertEq(priceBook.currentRates(MODEL, VERSION).number, 1, "a price can be set before the sale");
    }
}
