// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {HostileTarget} from "../mocks/SellingGateTokens.sol";
import {Wallet} from "../mocks/Receivers.sol";
import {SellingChannels} from "../utils/SellingChannels.sol";

contract PaymentChannelsTest is SellingChannels {
    IPaymentChannels.Status internal constant SETTLED = IPaymentChannels.Status.Settled;
    address internal session;
    uint256 internal sessionKey;

    function setUp() public override {
        super.setUp();
        (session, sessionKey) = makeAddrAndKey("session");
    }

    function authorise(uint96 cap, uint64 expires) internal {
        vm.prank(buyer);
        channels.authoriseSession(provider, NATIVE, session, cap, expires);
    }

    // --- A1, A2, A3: money that comes in can leave, by use or back to its owner ------------------------------------------------

    function test_A1_depositsAreEarnedOrComeBackToTheLastWei() public {
        deposit(NATIVE, 10 ether);
        settled(NATIVE, 4 ether, SETTLED);
        assertEq(router.paidTo(MODEL, NATIVE), 4 ether);
        assertEq(router.servedBy(provider, NATIVE), 4 ether);
        uint256 before = buyer.balance;
        vm.startPrank(buyer);
        channels.thaw(provider, NATIVE, 6 ether);
        skip(THAW);
        channels.withdraw(provider, NATIVE, buyer);
        assertEq(buyer.balance - before, 6 ether);
        assertEq(address(channels).balance, 0);
    }

    function test_A2_valueMustBeTheAmount() public {
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.PaymentChannels_ValueMismatch.selector, 2, 1));
        channels.deposit{value: 2}(buyer, provider, NATIVE, 1);
        dollar.approve(address(channels), 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannels.PaymentChannels_ValueMismatch.selector, 1, 0));
        channels.deposit{value: 1}(buyer, provider, address(dollar), 1);
    }

    function test_A3_onlyWhatTheBuyerSignedIsSettled() public {
        deposit(NATIVE, 10 ether);
        IPaymentChannels.Item memory item = itemOf(NATIVE, 1 ether, sessionKey);
        (IPaymentChannels.Status status,) = settle(NATIVE, item);
        assertStatus(status, IPaymentChannels.Status.NotSigned);
        item = itemOf(NATIVE, 1 ether, buyerKey);
        item.cumulative += 1;
        (status,) = settle(NATIVE, item);
        assertStatus(status, IPaymentChannels.Status.NotSigned);
        item.cumulative -= 1;
        item.signature = "";
        (status,) = settle(NATIVE, item);
        assertStatus(status, IPaymentChannels.Status.NotSigned);
        assertEq(balanceOf(NATIVE), 10 ether);
        // For another model, version, provider or token the same signature is worth nothing.
        item = itemOf(NATIVE, 1 ether, buyerKey);
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = item;
        IPaymentChannels.Batch memory batch = batchOf(NATIVE);
        batch.provider = stranger;
        vm.deal(buyer, 1 ether);
        vm.prank(buyer);
        channels.deposit{value: 1 ether}(buyer, stranger, NATIVE, 1 ether);
        (IPaymentChannels.Status[] memory statuses,) = channels.settleMany(batch, items);
        assertStatus(statuses[0], IPaymentChannels.Status.NotSigned);
    }

    // --- vouchers ----------------------------------------------------------------------------------------------------------------

    function test_vouchersAreCumulative() public {
        deposit(NATIVE, 10 ether);
        assertEq(settled(NATIVE, 1 ether, SETTLED), 1 ether);
        assertEq(settled(NATIVE, 1 ether, IPaymentChannels.Status.NothingNew), 0);
        assertEq(settled(NATIVE, 0.5 ether, IPaymentChannels.Status.NothingNew), 0);
        assertEq(settled(NATIVE, 3 ether, SETTLED), 2 ether);
        assertEq(channels.settledFor(idOf(NATIVE), MODEL, VERSION), 3 ether);
        assertEq(channels.getChannel(idOf(NATIVE)).settled, 3 ether);
    }

    function test_settlementStopsAtTheEscrowAndGoesOnAfterATopUp() public {
        deposit(NATIVE, 1 ether);
        assertEq(settled(NATIVE, 5 ether, IPaymentChannels.Status.SettledInPart), 1 ether);
        assertEq(settled(NATIVE, 5 ether, IPaymentChannels.Status.Empty), 0);
        deposit(NATIVE, 10 ether);
        assertEq(settled(NATIVE, 5 ether, SETTLED), 4 ether);
    }

    /// The counts behind a total stand in receipts, made with the version's tokenizer: a buyer signs the receipts' root, and
    /// a total for a version, whose tokenizer hash never changes.
    function test_P9_totalIsBoundToItsReceiptsAndVersion() public {
        deposit(NATIVE, 10 ether);
        IPaymentChannels.Item memory item = itemOf(NATIVE, 1 ether, buyerKey);
        item.receiptRoot = keccak256("other counts");
        (IPaymentChannels.Status status,) = settle(NATIVE, item);
        assertStatus(status, IPaymentChannels.Status.NotSigned);
        item.receiptRoot = keccak256("receipts");
        registry.setStatus(MODEL, versionTwo(), IModelRegistry.Status.Active);
        IPaymentChannels.Batch memory batch = batchOf(NATIVE);
        batch.versionId = versionTwo();
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = item;
        (IPaymentChannels.Status[] memory statuses,) = channels.settleMany(batch, items);
        assertStatus(statuses[0], IPaymentChannels.Status.NotSigned);
        (status,) = settle(NATIVE, item);
        assertStatus(status, SETTLED);
    }

    function test_vouchersExpire() public {
        deposit(NATIVE, 1 ether);
        IPaymentChannels.Item memory item = itemOf(NATIVE, 1, buyerKey);
        skip(1);
        (IPaymentChannels.Status status,) = settle(NATIVE, item);
        assertStatus(status, IPaymentChannels.Status.Expired);
    }

    function test_A13_revokedVersionStillPaysForAnswersThatWereGiven() public {
        deposit(NATIVE, 1 ether);
        for (uint256 i = 0; i <= uint256(IModelRegistry.Status.Revoked); ++i) {
            setStatus(IModelRegistry.Status(i));
            IPaymentChannels.Item memory item = itemOf(NATIVE, i + 1, buyerKey);
            if (i >= uint256(IModelRegistry.Status.Active)) {
                settle(NATIVE, item);
                continue;
            }
            IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
            items[0] = item;
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPaymentChannels.PaymentChannels_VersionNotServed.selector, MODEL, VERSION
                )
            );
            channels.settleMany(batchOf(NATIVE), items);
        }
        assertEq(router.paidTo(MODEL, NATIVE), uint256(IModelRegistry.Status.Revoked) + 1);
    }

    function test_oneBadItemNeverBlocksOthers() public {
        deposit(NATIVE, 10 ether);
        HostileTarget hostile = new HostileTarget();
        vm.deal(address(this), 1 ether);
        channels.deposit{value: 1 ether}(address(hostile), provider, NATIVE, 1 ether);
        for (uint256 harm = 1; harm <= 5; ++harm) {
            hostile.arm(HostileTarget.Harm(harm));
            IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](4);
            items[0] = itemOf(NATIVE, harm, buyerKey);
            items[0].buyer = address(hostile);
            items[1] = itemOf(NATIVE, harm, buyerKey);
            items[1].buyer = address(0);
            items[2] = itemOf(NATIVE, harm, buyerKey);
            items[2].signature = new bytes(1000);
            items[3] = itemOf(NATIVE, harm, buyerKey);
            uint256 before = gasleft();
            (IPaymentChannels.Status[] memory statuses, uint256 total) =
                channels.settleMany(batchOf(NATIVE), items);
            assertLt(before - gasleft(), 400_000, "bounded");
            assertStatus(statuses[0], IPaymentChannels.Status.NotSigned);
            assertStatus(statuses[1], IPaymentChannels.Status.Empty);
            assertStatus(statuses[2], IPaymentChannels.Status.NotSigned);
            assertStatus(statuses[3], SETTLED);
            assertEq(total, 1);
        }
    }

    function test_sameVoucherTwiceInABatchPaysOnce() public {
        deposit(NATIVE, 10 ether);
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](3);
        for (uint256 i = 0; i < 3; ++i) {
            items[i] = itemOf(NATIVE, 1 ether, buyerKey);
        }
        (IPaymentChannels.Status[] memory statuses, uint256 total) =
            channels.settleMany(batchOf(NATIVE), items);
        assertEq(total, 1 ether);
        assertStatus(statuses[2], IPaymentChannels.Status.NothingNew);
    }

    function test_batchesAreBounded() public {
        uint256[2] memory sizes = [uint256(0), 257];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPaymentChannels.PaymentChannels_BatchSizeOutOfRange.selector, sizes[i], 256
                )
            );
            channels.settleMany(batchOf(NATIVE), new IPaymentChannels.Item[](sizes[i]));
        }
        (, uint256 total) = channels.settleMany(batchOf(NATIVE), new IPaymentChannels.Item[](256));
        assertEq(total, 0);
        assertEq(router.payments(), 0, "nothing settled, nothing paid");
    }

    function test_walletContractsSign() public {
        Wallet wallet = new Wallet(session);
        buyer = address(wallet);
        vm.deal(buyer, 1 ether);
        deposit(NATIVE, 1 ether);
        (IPaymentChannels.Status status,) = settle(NATIVE, itemOf(NATIVE, 7, sessionKey));
        assertStatus(status, SETTLED);
        (status,) = settle(NATIVE, itemOf(NATIVE, 8, buyerKey));
        assertStatus(status, IPaymentChannels.Status.NotSigned);
    }

    function test_oneChannelServesSeveralVersions() public {
        deposit(NATIVE, 10 ether);
        settled(NATIVE, 1 ether, SETTLED);
        registry.setStatus(MODEL, versionTwo(), IModelRegistry.Status.Active);
        IPaymentChannels.Batch memory batch = batchOf(NATIVE);
        batch.versionId = versionTwo();
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = itemOf(NATIVE, 2 ether, buyerKey);
        (IPaymentChannels.Status[] memory statuses,) = channels.settleMany(batch, items);
        assertStatus(statuses[0], IPaymentChannels.Status.NotSigned);
        items[0].signature = signDigest(buyerKey, channels.voucherDigest(batch, items[0]));
        (, uint256 total) = channels.settleMany(batch, items);
        assertEq(total, 2 ether);
        assertEq(channels.getChannel(idOf(NATIVE)).settled, 3 ether);
    }

    function versionTwo() internal pure returns (VersionId) {
        return VersionId.wrap(2);
    }

    // --- sessions -----------------------------------------------------------------------------------------------------------------

    function test_sessionKeysSignUpToTheirCap() public {
        deposit(NATIVE, 10 ether);
        authorise(3 ether, uint64(block.timestamp + 1 days));
        (IPaymentChannels.Status status, uint256 amount) = settle(NATIVE, itemOf(NATIVE, 2 ether, sessionKey));
        assertStatus(status, SETTLED);
        (status, amount) = settle(NATIVE, itemOf(NATIVE, 5 ether, sessionKey));
        assertStatus(status, IPaymentChannels.Status.SettledInPart);
        assertEq(amount, 1 ether);
        (status,) = settle(NATIVE, itemOf(NATIVE, 5 ether, sessionKey));
        assertStatus(status, IPaymentChannels.Status.CapReached);
        authorise(4 ether, uint64(block.timestamp + 1 days));
        (, amount) = settle(NATIVE, itemOf(NATIVE, 9 ether, sessionKey));
        assertEq(amount, 1 ether, "a wider cap, not a fresh one");
        assertEq(channels.sessionOf(idOf(NATIVE), session).spent, 4 ether);
        assertEq(settled(NATIVE, 5 ether, SETTLED), 1 ether);
    }

    function test_capHoldsAcrossVersions() public {
        deposit(NATIVE, 10 ether);
        authorise(3 ether, uint64(block.timestamp + 1 days));
        settle(NATIVE, itemOf(NATIVE, 2 ether, sessionKey));
        registry.setStatus(MODEL, versionTwo(), IModelRegistry.Status.Active);
        IPaymentChannels.Batch memory batch = batchOf(NATIVE);
        batch.versionId = versionTwo();
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = itemOf(NATIVE, 2 ether, sessionKey);
        items[0].signature = signDigest(sessionKey, channels.voucherDigest(batch, items[0]));
        (, uint256 total) = channels.settleMany(batch, items);
        assertEq(total, 1 ether);
    }

    function test_sessionsExpireAndStartAfresh() public {
        deposit(NATIVE, 10 ether);
        uint64 expires = uint64(block.timestamp + 1 days);
        authorise(3 ether, expires);
        settle(NATIVE, itemOf(NATIVE, 3 ether, sessionKey));
        vm.warp(expires + 1);
        (IPaymentChannels.Status status,) = settle(NATIVE, itemOf(NATIVE, 4 ether, sessionKey));
        assertStatus(status, IPaymentChannels.Status.NotSigned);
        authorise(1 ether, expires + 1 days);
        (, uint256 amount) = settle(NATIVE, itemOf(NATIVE, 5 ether, sessionKey));
        assertEq(amount, 1 ether);
    }

    function test_sessionIsOfOneChannelOnly() public {
        deposit(address(dollar), 10e6);
        authorise(3 ether, uint64(block.timestamp + 1 days)); // of the native channel
        (IPaymentChannels.Status status,) = settle(address(dollar), itemOf(address(dollar), 1, sessionKey));
        assertStatus(status, IPaymentChannels.Status.NotSigned);
    }

    function test_revokedSessionSettlesForTheThawingPeriod() public {
        deposit(NATIVE, 10 ether);
        authorise(9 ether, uint64(block.timestamp + 30 days));
        vm.startPrank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_SessionWouldShrink.selector, session)
        );
        channels.authoriseSession(provider, NATIVE, session, 1, uint64(block.timestamp + 30 days));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_SessionWouldShrink.selector, session)
        );
        channels.authoriseSession(provider, NATIVE, session, 9 ether, uint64(block.timestamp + 29 days));
        channels.revokeSession(provider, NATIVE, session);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_SessionNotLive.selector, session)
        );
        channels.revokeSession(provider, NATIVE, session);
        vm.stopPrank();
        skip(THAW);
        (IPaymentChannels.Status status,) = settle(NATIVE, itemOf(NATIVE, 1, sessionKey));
        assertStatus(status, SETTLED);
        skip(1);
        (status,) = settle(NATIVE, itemOf(NATIVE, 2, sessionKey));
        assertStatus(status, IPaymentChannels.Status.NotSigned);
    }

    function test_sessionsAreBounded() public {
        vm.startPrank(buyer);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAddress.selector);
        channels.authoriseSession(provider, NATIVE, address(0), 1, type(uint64).max);
        vm.expectPartialRevert(IPaymentChannels.PaymentChannels_SessionOutOfRange.selector);
        channels.authoriseSession(provider, NATIVE, session, 0, type(uint64).max);
        vm.expectPartialRevert(IPaymentChannels.PaymentChannels_SessionOutOfRange.selector);
        channels.authoriseSession(provider, NATIVE, session, 1, uint64(block.timestamp));
    }

    // --- thaw and withdraw -----------------------------------------------------------------------------------------------------------

    function test_A10_unusedEscrowComesBackAfterTheThaw() public {
        deposit(NATIVE, 10 ether);
        assertEq(channels.exposureLimit(idOf(NATIVE)), 10 ether);
        vm.startPrank(buyer);
        channels.thaw(provider, NATIVE, 8 ether);
        uint256 ends = block.timestamp + THAW;
        assertEq(channels.exposureLimit(idOf(NATIVE)), 2 ether, "a provider stops at what is not thawing");
        vm.warp(ends - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_StillThawing.selector, idOf(NATIVE), ends)
        );
        channels.withdraw(provider, NATIVE, buyer);
        vm.stopPrank();
        settled(NATIVE, 5 ether, SETTLED); // thawing escrow still settles
        vm.warp(ends);
        vm.startPrank(buyer);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAddress.selector);
        channels.withdraw(provider, NATIVE, address(0));
        assertEq(channels.withdraw(provider, NATIVE, stranger), 5 ether);
        assertEq(stranger.balance, 5 ether);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_NothingThawed.selector, idOf(NATIVE))
        );
        channels.withdraw(provider, NATIVE, buyer);
    }

    function test_thawIsReplacedAndStopped() public {
        deposit(NATIVE, 10 ether);
        vm.startPrank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.PaymentChannels_AmountAboveLimit.selector, 11 ether, 10 ether
            )
        );
        channels.thaw(provider, NATIVE, 11 ether);
        channels.thaw(provider, NATIVE, 1 ether);
        skip(THAW - 1);
        channels.thaw(provider, NATIVE, 2 ether);
        skip(1);
        vm.expectPartialRevert(IPaymentChannels.PaymentChannels_StillThawing.selector);
        channels.withdraw(provider, NATIVE, buyer);
        channels.thaw(provider, NATIVE, 0);
        skip(THAW);
        vm.expectPartialRevert(IPaymentChannels.PaymentChannels_NothingThawed.selector);
        channels.withdraw(provider, NATIVE, buyer);
        assertEq(channels.exposureLimit(idOf(NATIVE)), 10 ether);
    }

    // --- close -------------------------------------------------------------------------------------------------------------------------

    function test_cooperativeCloseNeedsTheProvidersConsentToThisState() public {
        (address node, uint256 nodeKey) = makeAddrAndKey("node");
        provider = node;
        deposit(NATIVE, 10 ether);
        bytes memory consent = signDigest(nodeKey, channels.closeDigest(idOf(NATIVE), block.timestamp));
        bytes memory own = signDigest(buyerKey, channels.closeDigest(idOf(NATIVE), block.timestamp));
        vm.startPrank(buyer);
        bytes memory refused =
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_CloseNotSigned.selector, node);
        vm.expectRevert(refused);
        channels.close(node, NATIVE, buyer, block.timestamp, own);
        vm.expectRevert(refused);
        channels.close(node, NATIVE, buyer, block.timestamp + 1, consent);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAddress.selector);
        channels.close(node, NATIVE, address(0), block.timestamp, consent);
        vm.stopPrank();
        settled(NATIVE, 1 ether, SETTLED);
        vm.prank(buyer);
        vm.expectRevert(refused); // consent was to nothing settled
        channels.close(node, NATIVE, buyer, block.timestamp, consent);
        consent = signDigest(nodeKey, channels.closeDigest(idOf(NATIVE), block.timestamp));
        vm.prank(buyer);
        assertEq(channels.close(node, NATIVE, stranger, block.timestamp, consent), 9 ether);
        assertEq(stranger.balance, 9 ether);
        // Never twice, even if the channel is filled again.
        deposit(NATIVE, 1 ether);
        vm.startPrank(buyer);
        vm.expectRevert(refused);
        channels.close(node, NATIVE, buyer, block.timestamp, consent);
        skip(1);
        vm.expectPartialRevert(IPaymentChannels.PaymentChannels_DeadlinePassed.selector);
        channels.close(node, NATIVE, buyer, block.timestamp - 1, consent);
    }

    function test_walletProviderConsents() public {
        provider = address(new Wallet(session));
        deposit(NATIVE, 1 ether);
        bytes memory consent = signDigest(sessionKey, channels.closeDigest(idOf(NATIVE), block.timestamp));
        vm.prank(buyer);
        assertEq(channels.close(provider, NATIVE, buyer, block.timestamp, consent), 1 ether);
    }

    function test_providerClosesInTheBuyersFavour() public {
        deposit(NATIVE, 10 ether);
        uint256 before = buyer.balance;
        vm.startPrank(provider);
        channels.closeAsProvider(buyer, NATIVE);
        assertEq(buyer.balance - before, 10 ether);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAmount.selector);
        channels.closeAsProvider(buyer, NATIVE);
        vm.stopPrank();
        vm.prank(stranger);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAmount.selector);
        channels.closeAsProvider(buyer, NATIVE);
    }

    // --- invariants 8 and 9: roles ------------------------------------------------------------------------------------------------------

    function test_pauseStopsDepositsAndNothingElse() public {
        deposit(NATIVE, 10 ether);
        channels.pause();
        vm.startPrank(buyer);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        channels.deposit{value: 1}(buyer, provider, NATIVE, 1);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        channels.depositWithPermit(provider, address(dollar), 1, 0, 0, 0, 0);
        channels.thaw(provider, NATIVE, 1 ether);
        skip(THAW);
        channels.withdraw(provider, NATIVE, buyer);
        vm.stopPrank();
        settled(NATIVE, 1 ether, SETTLED);
        vm.prank(provider);
        channels.closeAsProvider(buyer, NATIVE);
        assertEq(address(channels).balance, 0);
        channels.unpause();
        deposit(NATIVE, 1);
    }

    function test_rolesCanPauseAndNothingElse() public {
        bytes memory refused =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refused);
        channels.pause();
        vm.expectRevert(refused);
        channels.unpause();
    }

    function test_deploymentBounds() public {
        uint64[2] memory periods = [uint64(1 hours - 1), 30 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPaymentChannels.PaymentChannels_ThawPeriodOutOfRange.selector, periods[i], 30 days
                )
            );
            new PaymentChannels(
                address(authority),
                IModelRegistry(address(registry)),
                IRevenueRouter(address(router)),
                periods[i]
            );
        }
    }

    // --- invariant 5, for one voucher --------------------------------------------------------------------------------------------------

    function testFuzz_settledIsNeverAboveSignedNorDeposited(uint128[6] calldata signed, uint64 escrow)
        public
    {
        deposit(NATIVE, bound(escrow, 1, 100 ether));
        uint256 most;
        uint256 deposited = balanceOf(NATIVE);
        for (uint256 i = 0; i < signed.length; ++i) {
            settle(NATIVE, itemOf(NATIVE, signed[i], buyerKey));
            if (signed[i] > most) most = signed[i];
            uint256 paid = router.paidTo(MODEL, NATIVE);
            assertEq(paid, most < deposited ? most : deposited);
            assertEq(address(channels).balance, deposited - paid);
        }
    }
}
