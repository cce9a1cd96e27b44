// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {PassId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {MockFeed} from "../mocks/MockMarket.sol";
import {PlainNft} from "../mocks/SellingGateTokens.sol";
import {DollarToken} from "../mocks/SellingPayments.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev What users of the selling side live through, on the system as it is deployed, roles handed over.
contract SellingStoriesTest is TestBase {
    DollarToken internal dollar;
    PaymentChannels internal channels;
    QuotaLedger internal ledger;
    address internal node;
    uint256 internal nodeKey;

    function setUp() public override {
        super.setUp();
        (channels, ledger) = (deployed.paymentChannels, deployed.quotaLedger);
        (node, nodeKey) = makeAddrAndKey("node");
        dollar = new DollarToken();
        dollar.mint(buyer, 1000e6);
        MockFeed feed = new MockFeed(8, 1e8);
        vm.startPrank(operator);
        revenueRouter.addToken(address(dollar));
        deployed.currencies.list(address(dollar), 6, address(feed), 1 hours, 0.95e8, 1.05e8);
        vm.stopPrank();
        // $0.05 per million tokens read, $0.40 per million written, a cent a day.
        IRateBook.RateCard memory card;
        card.rates[uint256(Unit.InputToken)] = 50_000;
        card.rates[uint256(Unit.OutputToken)] = 400_000;
        card.rates[uint256(Unit.Day)] = 1e10;
        (card.minMultiplierPpm, card.maxMultiplierPpm) = (1e6, 1e6);
        vm.startPrank(creator);
        priceBook.setRates(modelId, versionId, card);
        revenueRouter.setNodePpm(modelId, 300_000);
        vm.stopPrank();
    }

    function signed(uint256 key_, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key_, digest);
        return abi.encodePacked(r, s, v);
    }

    /// An API buyer tops up ten dollars, lets a session key sign, asks three times, and takes the rest back; node, platform
    /// and creator are paid from one settlement.
    function test_story_apiBuyerPaysPerTokenThroughAChannel() public {
        (address session, uint256 sessionKey) = makeAddrAndKey("session");
        vm.startPrank(buyer);
        dollar.approve(address(channels), 10e6);
        channels.deposit(buyer, node, address(dollar), 10e6);
        channels.authoriseSession(node, address(dollar), session, 5e6, uint64(block.timestamp + 30 days));
        vm.stopPrank();

        // The gateway prices each answer by what it really used and keeps the latest voucher only.
        IPaymentChannels.Batch memory batch =
            IPaymentChannels.Batch(modelId, versionId, node, address(dollar));
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] =
            IPaymentChannels.Item(buyer, 0, uint64(block.timestamp + 7 days), keccak256("receipts"), "");
        for (uint256 answer = 1; answer <= 3; ++answer) {
            uint256[12] memory usage;
            (usage[uint256(Unit.InputToken)], usage[uint256(Unit.OutputToken)]) = (40_000, 1000 * answer);
            items[0].cumulative += uint128(
                priceBook.quoteUsage(modelId, versionId, address(dollar), usage, IRateBook.Tariff.Public)
            );
        }
        assertEq(items[0].cumulative, 3 * 2000 + 6 * 400);
        items[0].signature = signed(sessionKey, channels.voucherDigest(batch, items[0]));

        (, uint256 total) = channels.settleMany(batch, items);
        assertEq(total, 8400);
        assertEq(revenueRouter.platformClaimable(address(dollar)), 210); // 2.5 %
        assertEq(revenueRouter.nodeClaimable(node, address(dollar)), 2457); // 30 % of the rest
        assertEq(revenueRouter.claimable(modelId, address(dollar)), 8400 - 210 - 2457);
        vm.prank(node);
        revenueRouter.claimNode(address(dollar), node);
        revenueRouter.claim(modelId, address(dollar));
        revenueRouter.claimPlatform(address(dollar));
        assertEq(dollar.balanceOf(payout), 5733);
        assertEq(dollar.balanceOf(address(revenueRouter)), 0);

        // Done for today: the node agrees, so nothing has to thaw.
        bytes32 id = channels.channelIdOf(buyer, node, address(dollar));
        bytes memory consent = signed(nodeKey, channels.closeDigest(id, block.timestamp));
        vm.prank(buyer);
        channels.close(node, address(dollar), buyer, block.timestamp, consent);
        assertEq(dollar.balanceOf(buyer), 1000e6 - 8400);
    }

    /// An agent buys a million tokens in dollars and lends the pass to its hot wallet; the version is revoked half way.
    function test_story_agentsPassIsRefundedWhenTheVersionIsRevoked() public {
        (address hot, uint256 hotKey) = makeAddrAndKey("hot wallet");
        vm.startPrank(buyer);
        dollar.approve(address(accessPass), 1e6);
        PassId passId = accessPass.buyUnits(
            IAccessPass.UnitOrder(
                modelId,
                versionId,
                Unit.OutputToken,
                1_000_000,
                10,
                address(dollar),
                500_000,
                block.timestamp,
                buyer,
                IRateBook.Tariff.Public,
                0
            )
        );
        accessPass.setUser(PassId.unwrap(passId), hot, uint64(block.timestamp + 10 days));
        vm.stopPrank();
        assertEq(dollar.balanceOf(buyer), 999_500_000, "40 cents and ten days");

        IAccessPass.Usage memory usage =
            IAccessPass.Usage(passId, 250_000, uint64(block.timestamp), node, keccak256("receipts"));
        accessPass.settleUsage(usage, signed(hotKey, accessPass.usageDigest(usage)));
        assertEq(accessPass.getPass(passId).escrow, 375_000);
        assertGt(revenueRouter.nodeClaimable(node, address(dollar)), 0);

        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        vm.prank(buyer);
        accessPass.refund(passId, buyer);
        assertEq(dollar.balanceOf(buyer), 1000e6 - 125_000);
    }

    /// A pass of calls, bought in dollars, is debited by a proof like one bought in native currency.
    function test_story_proofsSettleCallsThatWerePaidInDollars() public {
        IRateBook.RateCard memory card = priceBook.currentRates(modelId, versionId).card;
        card.rates[uint256(Unit.Call)] = 2e10; // two cents
        vm.prank(creator);
        priceBook.setRates(modelId, versionId, card);
        vm.startPrank(buyer);
        dollar.approve(address(accessPass), 1e6);
        PassId passId = accessPass.buyUnits(
            IAccessPass.UnitOrder(
                modelId,
                versionId,
                Unit.Call,
                9,
                2,
                address(dollar),
                1e6,
                block.timestamp,
                buyer,
                IRateBook.Tariff.Public,
                0
            )
        );
        vm.stopPrank();
        settle(passId, 1);
        (uint256 accounted,) = revenueRouter.creatorAccount(modelId, address(dollar));
        uint256 earned = accounted + revenueRouter.platformClaimable(address(dollar));
        assertEq(earned, uint256(200_000) / 9);
        assertEq(dollar.balanceOf(address(accessPass)), 200_000 - earned);
    }

    /// Holders of a collection have a monthly quota; the DAO lets one more account in.
    function test_story_communityUsesItsQuotas() public {
        PlainNft nft = new PlainNft();
        nft.mint(buyer, 42);
        vm.startPrank(creator);
        uint256 holders = ledger.createGate(
            modelId, IGateBook.GateTerms(IGateBook.Kind.Erc721, address(nft), 0, 1000, 1, 30 days)
        );
        uint256 guests = ledger.createGate(
            modelId,
            IGateBook.GateTerms(IGateBook.Kind.Predicate, address(deployed.allowlist), 0, 100, 1, 30 days)
        );
        vm.stopPrank();
        (address guest, uint256 guestKey) = makeAddrAndKey("guest");
        address[] memory names = new address[](1);
        names[0] = guest;
        vm.prank(operator); // holds GATEKEEPER
        deployed.allowlist.grant(guests, names, 100);

        IQuotaLedger.Usage[] memory items = new IQuotaLedger.Usage[](3);
        items[0] = IQuotaLedger.Usage(holders, versionId, 42, 0, buyer, 800, 0, "");
        items[1] = IQuotaLedger.Usage(guests, versionId, uint160(guest), 0, guest, 150, 0, "");
        items[2] = IQuotaLedger.Usage(guests, versionId, uint160(stranger), 0, stranger, 1, 0, "");
        items[0].signature = signed(buyerKey, ledger.usageDigest(items[0], node));
        items[1].signature = signed(guestKey, ledger.usageDigest(items[1], node));
        vm.prank(node);
        IQuotaLedger.Status[] memory statuses = ledger.settleMany(items);
        assertTrue(statuses[0] == IQuotaLedger.Status.Settled);
        assertTrue(statuses[1] == IQuotaLedger.Status.SettledInPart);
        assertTrue(statuses[2] == IQuotaLedger.Status.NotSigned);
        assertEq(ledger.remaining(holders, versionId, buyer, 42), 200);
        assertEq(ledger.remaining(guests, versionId, guest, uint160(guest)), 0);
        skip(30 days);
        assertEq(ledger.remaining(guests, versionId, guest, uint160(guest)), 100);
    }

    /// The guardian stops everything that he can stop: users' money comes back all the same.
    function test_story_guardiansPauseHoldsNobodysMoney() public {
        vm.startPrank(buyer);
        channels.deposit{value: 1 ether}(buyer, node, address(0), 1 ether);
        vm.stopPrank();
        PassId passId = buy(10, 1);
        vm.startPrank(guardian);
        channels.pause();
        accessPass.pause();
        deployed.currencies.suspend(address(dollar));
        vm.stopPrank();
        vm.startPrank(buyer);
        channels.thaw(node, address(0), 1 ether);
        skip(3 days);
        channels.withdraw(node, address(0), buyer);
        accessPass.refund(passId, buyer);
        vm.stopPrank();
        assertEq(buyer.balance, 1000 ether);
    }
}
