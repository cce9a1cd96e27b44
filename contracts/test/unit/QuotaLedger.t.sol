// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {Allowlist} from "../../src/gating/Allowlist.sol";
import {Eligibility} from "../../src/gating/Eligibility.sol";
import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IGatePredicate} from "../../src/interfaces/IGatePredicate.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {IStakeVault} from "../../src/interfaces/IStakeVault.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {MarketToken} from "../mocks/MockMarket.sol";
import {Wallet} from "../mocks/Receivers.sol";
import {
    HostileTarget,
    MockDelegateRegistry,
    PlainNft,
    RentableNft,
    VotesToken
} from "../mocks/SellingGateTokens.sol";
import {SellingGates} from "../utils/SellingGates.sol";

contract QuotaLedgerTest is SellingGates {
    PlainNft internal nft;
    uint256 internal nftGate;
    address internal other;
    uint256 internal otherKey;

    function setUp() public override {
        super.setUp();
        (other, otherKey) = makeAddrAndKey("other");
        nft = new PlainNft();
        nft.mint(buyer, 7);
        nftGate = open(IGateBook.Kind.Erc721, address(nft), 0, 1);
    }

    function useNft(uint64 cumulative) internal returns (IQuotaLedger.Status) {
        return settle(usageOf(nftGate, 7, buyer, buyerKey, cumulative));
    }

    function left(uint256 gateId, address account, uint256 key) internal view returns (uint256) {
        return ledger.remaining(gateId, VERSION, account, key);
    }

    // --- G1: the limit is consumed, per month ---------------------------------------------------------------------------------

    function test_G1_quotaIsConsumedAndComesBackNextEpoch() public {
        assertEq(left(nftGate, buyer, 7), QUOTA);
        assertStatus(useNft(60), IQuotaLedger.Status.Settled);
        assertEq(left(nftGate, buyer, 7), 40);
        assertStatus(useNft(60), IQuotaLedger.Status.NothingNew);
        assertStatus(useNft(150), IQuotaLedger.Status.SettledInPart);
        assertEq(left(nftGate, buyer, 7), 0);
        assertStatus(useNft(151), IQuotaLedger.Status.Exhausted);
        assertEq(ledger.usedOf(nftGate, 7, 0), QUOTA);
        skip(PERIOD);
        assertEq(ledger.epochAt(nftGate, block.timestamp), 1);
        assertEq(left(nftGate, buyer, 7), QUOTA);
        assertStatus(useNft(1), IQuotaLedger.Status.Settled);
    }

    function test_G1_asConsumedByNobodyElse() public {
        IQuotaLedger.Usage memory item = usageOf(nftGate, 7, buyer, otherKey, 10);
        assertStatus(settle(item), IQuotaLedger.Status.NotSigned);
        item = usageOf(nftGate, 7, buyer, buyerKey, 10);
        IQuotaLedger.Usage[] memory items = new IQuotaLedger.Usage[](1);
        items[0] = item;
        vm.prank(stranger); // another provider with somebody else's voucher
        assertStatus(ledger.settleMany(items)[0], IQuotaLedger.Status.NotSigned);
        item.cumulative = 11;
        assertStatus(settle(item), IQuotaLedger.Status.NotSigned);
        item.account = address(0);
        assertStatus(settle(item), IQuotaLedger.Status.NotSigned);
    }

    function test_G1_epochsOfYesterdayAndToday() public {
        IQuotaLedger.Usage memory item = usageOf(nftGate, 7, buyer, buyerKey, 10);
        item.epoch = 1;
        item.signature = signDigest(buyerKey, ledger.usageDigest(item, provider));
        assertStatus(settle(item), IQuotaLedger.Status.EpochOver);
        item = usageOf(nftGate, 7, buyer, buyerKey, 10);
        skip(2 * PERIOD - 1);
        assertStatus(settle(item), IQuotaLedger.Status.Settled);
        item = usageOf(nftGate, 7, buyer, buyerKey, 10);
        item.epoch = 0;
        item.cumulative = 20;
        item.signature = signDigest(buyerKey, ledger.usageDigest(item, provider));
        skip(1);
        assertStatus(settle(item), IQuotaLedger.Status.EpochOver);
    }

    // --- G2: the key is the NFT, not the wallet -------------------------------------------------------------------------------

    function test_G2_movedNftTakesItsUsedQuotaAlong() public {
        useNft(90);
        vm.prank(buyer);
        nft.transferFrom(buyer, other, 7);
        assertEq(left(nftGate, other, 7), 10);
        assertEq(left(nftGate, buyer, 7), 0, "gone with the token");
        assertStatus(useNft(91), IQuotaLedger.Status.NotEntitled);
        assertEq(ledger.usedThrough(nftGate, 7, 0, provider), 90);
        assertStatus(settle(usageOf(nftGate, 7, other, otherKey, 100)), IQuotaLedger.Status.Settled);
        assertStatus(settle(usageOf(nftGate, 7, other, otherKey, 101)), IQuotaLedger.Status.Exhausted);
        assertEq(left(nftGate, buyer, 8), 0, "no such token");
    }

    // --- G3: stakes and votes -------------------------------------------------------------------------------------------------

    function test_G3_stakeIsLockedAndCannotBeUsedTwice() public {
        MarketToken token = new MarketToken("STAKE", 18);
        token.mint(buyer, 10e18);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 5e18, 10);
        skip(1 days);
        assertEq(left(gateId, buyer, keyOf(buyer)), 0, "a balance is no stake");
        stake(token, gateId, buyer, 10e18);
        assertEq(left(gateId, buyer, keyOf(buyer)), 2 * QUOTA);
        assertStatus(settle(usageOf(gateId, keyOf(buyer), buyer, buyerKey, 200)), IQuotaLedger.Status.Settled);
        uint256 locked = vault.stakeOf(gateId, buyer).lockedUntil;
        assertGe(locked, ledger.epochStart(gateId, 1), "beyond the epoch");
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_Locked.selector, gateId, locked));
        vm.prank(buyer);
        vault.unstake(gateId, 10e18, other);

        // In the next epoch the lock would end; using the quota once more holds the stake to that epoch's end.
        vm.warp(locked - 1);
        assertStatus(settle(usageOf(gateId, keyOf(buyer), buyer, buyerKey, 1)), IQuotaLedger.Status.Settled);
        uint256 held = vault.stakeOf(gateId, buyer).lockedUntil;
        assertEq(held, ledger.epochStart(gateId, 2));
        vm.warp(held - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_Locked.selector, gateId, held));
        vm.prank(buyer);
        vault.unstake(gateId, 10e18, other);
        vm.warp(held);
        vm.prank(buyer);
        vault.unstake(gateId, 10e18, other);
        assertEq(token.balanceOf(other), 10e18);
        stake(token, gateId, other, 10e18);
        assertEq(left(gateId, other, keyOf(other)), 2 * QUOTA, "a fresh epoch's quota, and only that");
        IQuotaLedger.Usage memory item = usageOf(gateId, keyOf(other), other, otherKey, 1);
        item.epoch = 1;
        item.signature = signDigest(otherKey, ledger.usageDigest(item, provider));
        assertStatus(settle(item), IQuotaLedger.Status.NotEntitled);
    }

    /// @dev The second time it would be another holder's stake.
    function test_G3_aStakeLeavesOnce() public {
        MarketToken token = new MarketToken("STAKE", 18);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 1, 10);
        token.mint(buyer, 10);
        token.mint(other, 10);
        stake(token, gateId, buyer, 10);
        stake(token, gateId, other, 10);
        skip(2 * PERIOD);
        vm.startPrank(buyer);
        vault.unstake(gateId, 4, buyer);
        assertEq(vault.stakeOf(gateId, buyer).amount, 6);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_AmountAboveLimit.selector, 7, 6));
        vault.unstake(gateId, 7, buyer);
        vault.unstake(gateId, 6, buyer);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_AmountAboveLimit.selector, 1, 0));
        vault.unstake(gateId, 1, buyer);
        vm.stopPrank();
        assertEq(token.balanceOf(buyer), 10);
        assertEq(token.balanceOf(address(vault)), 10, "the other's");
        assertEq(vault.totalStaked(address(token)), 10);
    }

    function test_G3_flashLoanedStakeCannotComeBack() public {
        MarketToken token = new MarketToken("STAKE", 18);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 1, 10);
        skip(PERIOD - 1); // the last second of the epoch
        token.mint(other, 10);
        stake(token, gateId, other, 10);
        vm.startPrank(other);
        vm.expectPartialRevert(IStakeVault.StakeVault_Locked.selector);
        vault.unstake(gateId, 10, other);
        skip(1);
        vm.expectPartialRevert(IStakeVault.StakeVault_Locked.selector);
        vault.unstake(gateId, 10, other);
        skip(PERIOD - 1);
        vault.unstake(gateId, 10, other);
    }

    function test_G3_votesCountAtTheStartOfTheEpoch() public {
        VotesToken token = new VotesToken(true);
        token.mint(buyer, 10e18);
        vm.prank(buyer);
        token.delegate(buyer);
        skip(1);
        uint256 gateId = open(IGateBook.Kind.Votes, address(token), 10e18, 3);
        assertEq(left(gateId, buyer, keyOf(buyer)), QUOTA);
        // Passed on within the epoch: the next wallet has nothing, whatever it holds.
        vm.prank(buyer);
        token.transfer(other, 10e18);
        vm.prank(other);
        token.delegate(other);
        skip(1 days);
        assertEq(left(gateId, other, keyOf(other)), 0);
        assertEq(left(gateId, buyer, keyOf(buyer)), QUOTA);
        token.mint(stranger, 1000e18); // a flash loan
        vm.prank(stranger);
        token.delegate(stranger);
        assertEq(left(gateId, stranger, keyOf(stranger)), 0);
        skip(PERIOD);
        assertEq(left(gateId, other, keyOf(other)), QUOTA);
        assertEq(left(gateId, buyer, keyOf(buyer)), 0);
        assertEq(left(gateId, stranger, keyOf(stranger)), 3 * QUOTA, "capped");
    }

    function test_G3_votesWithBlockNumbersAreRefused() public {
        VotesToken token = new VotesToken(false);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_TargetRefused.selector, token));
        open(IGateBook.Kind.Votes, address(token), 1, 1);
    }

    // --- G4: the caller names his entitlement ---------------------------------------------------------------------------------

    function test_G4_exhaustedGateDoesNotHideTheNextOne() public {
        uint256 second = open(IGateBook.Kind.Erc721, address(nft), 0, 1);
        useNft(100);
        assertEq(left(nftGate, buyer, 7), 0);
        assertEq(left(second, buyer, 7), QUOTA);
        assertStatus(settle(usageOf(second, 7, buyer, buyerKey, 1)), IQuotaLedger.Status.Settled);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_QuotaOutOfRange.selector, 0, 1));
        vm.prank(creator);
        ledger.createGate(MODEL, IGateBook.GateTerms(IGateBook.Kind.Erc721, address(nft), 0, 0, 1, PERIOD));
    }

    // --- G5: hostile gate tokens ----------------------------------------------------------------------------------------------

    function test_G5_hostileTargetsBlockNobody() public {
        HostileTarget hostile = new HostileTarget();
        uint256 gates = 4;
        uint256[] memory ids = new uint256[](gates);
        ids[0] = open(IGateBook.Kind.Erc721, address(hostile), 0, 1);
        ids[1] = open(IGateBook.Kind.Predicate, address(hostile), 0, 5);
        ids[2] = open(IGateBook.Kind.Stake, address(hostile), 1, 1);
        ids[3] = nftGate;
        for (uint256 harm = 1; harm <= 5; ++harm) {
            hostile.arm(HostileTarget.Harm(harm));
            IQuotaLedger.Usage[] memory items = new IQuotaLedger.Usage[](gates);
            for (uint256 i = 0; i < gates; ++i) {
                uint256 key = i == 3 ? 7 : keyOf(buyer);
                items[i] = usageOf(ids[i], key, buyer, buyerKey, uint64(harm));
            }
            vm.prank(provider);
            uint256 before = gasleft();
            IQuotaLedger.Status[] memory statuses = ledger.settleMany(items);
            assertLt(before - gasleft(), 900_000, "bounded");
            for (uint256 i = 0; i < 3; ++i) {
                assertTrue(statuses[i] == IQuotaLedger.Status.NotEntitled, "no answer is a no");
            }
            assertStatus(statuses[3], IQuotaLedger.Status.Settled);
        }
    }

    function test_G5_targetsMustSayWhatTheyAre() public {
        MarketToken token = new MarketToken("T", 18);
        address[3] memory targets = [stranger, address(token), address(nft)];
        IGateBook.Kind[4] memory kinds =
            [IGateBook.Kind.Erc721, IGateBook.Kind.Predicate, IGateBook.Kind.Votes, IGateBook.Kind.None];
        for (uint256 t = 0; t < 3; ++t) {
            for (uint256 k = 0; k < 4; ++k) {
                if (t == 2 && k == 0) continue;
                vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_TargetRefused.selector, targets[t]));
                open(kinds[k], targets[t], k == 2 ? 1 : 0, 1);
            }
        }
    }

    function test_G5_hostileWalletCostsItsOwnItem() public {
        HostileTarget wallet = new HostileTarget();
        for (uint256 harm = 1; harm <= 5; ++harm) {
            wallet.arm(HostileTarget.Harm(harm));
            IQuotaLedger.Usage memory item = usageOf(nftGate, 7, address(wallet), buyerKey, 1);
            assertStatus(settle(item), IQuotaLedger.Status.NotSigned);
        }
    }

    // --- G6: allowlist under governance, discount gates -----------------------------------------------------------------------

    function test_G6_allowlistIsKeptByARole() public {
        uint256 gateId = open(IGateBook.Kind.Predicate, address(allowlist), 0, 2);
        address[] memory accounts = new address[](1);
        accounts[0] = buyer;
        allowlist.grant(gateId, accounts, 50);
        assertEq(left(gateId, buyer, keyOf(buyer)), 50);
        assertEq(left(gateId, buyer, keyOf(other)), 0, "not under another key");
        assertStatus(
            settle(usageOf(gateId, keyOf(buyer), buyer, buyerKey, 60)), IQuotaLedger.Status.SettledInPart
        );
        allowlist.grant(gateId, accounts, 0);
        assertStatus(
            settle(usageOf(gateId, keyOf(buyer), buyer, buyerKey, 61)), IQuotaLedger.Status.NotEntitled
        );
        allowlist.grant(gateId, accounts, type(uint64).max);
        assertEq(ledger.entitlement(gateId, buyer, keyOf(buyer), 0), 2 * QUOTA, "capped by the gate");
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, creator));
        vm.prank(creator);
        allowlist.grant(gateId, accounts, 1);
        vm.expectRevert(abi.encodeWithSelector(Allowlist.Allowlist_SizeOutOfRange.selector, 0, 256));
        allowlist.grant(gateId, new address[](0), 1);
        vm.expectRevert(abi.encodeWithSelector(Allowlist.Allowlist_SizeOutOfRange.selector, 257, 256));
        allowlist.grant(gateId, new address[](257), 1);
        assertTrue(allowlist.supportsInterface(type(IGatePredicate).interfaceId));
        assertTrue(allowlist.supportsInterface(type(IERC165).interfaceId));
        assertFalse(allowlist.supportsInterface(0xffffffff));
    }

    function test_G6_consumerUsesQuotasAtOnce() public {
        vm.expectRevert(abi.encodeWithSelector(IQuotaLedger.QuotaLedger_NotConsumer.selector, address(this)));
        ledger.consume(nftGate, MODEL, buyer, 7, 1);
        vm.expectRevert(
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_ConsumerWithoutCode.selector, stranger)
        );
        ledger.bindConsumer(stranger);
        ledger.bindConsumer(address(this));
        vm.expectRevert(
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_ConsumerFixed.selector, address(this))
        );
        ledger.bindConsumer(address(nft));
        ledger.consume(nftGate, MODEL, buyer, 7, 99);
        vm.expectRevert(
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_QuotaExceeded.selector, nftGate, 7, 1)
        );
        ledger.consume(nftGate, MODEL, buyer, 7, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_QuotaExceeded.selector, nftGate, 7, 0)
        );
        ledger.consume(nftGate, MODEL, other, 7, 1);
        vm.expectRevert(abi.encodeWithSelector(IQuotaLedger.QuotaLedger_OtherModel.selector, nftGate, 2));
        ledger.consume(nftGate, ModelId.wrap(2), buyer, 7, 1);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_GateNotFound.selector, 9));
        ledger.consume(9, MODEL, buyer, 7, 1);
    }

    function test_G6_onlyAdminBindsTheConsumer() public {
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger));
        vm.prank(stranger);
        ledger.bindConsumer(address(nft));
    }

    // --- G7: parallel requests -------------------------------------------------------------------------------------------------

    function test_G7_providersTogetherNeverExceedTheQuota() public {
        for (uint256 i = 0; i < 20; ++i) {
            provider = address(uint160(0xbeef + i));
            useNft(10); // each saw "remaining 10" or more
        }
        assertEq(ledger.usedOf(nftGate, 7, 0), QUOTA);
        assertEq(ledger.usedThrough(nftGate, 7, 0, address(0xbeef)), 10);
        assertEq(ledger.usedThrough(nftGate, 7, 0, address(0xbeef + 19)), 0);
    }

    // --- G8: who asks is who signs ----------------------------------------------------------------------------------------------

    function test_G8_holderIsWhoSigned() public {
        assertStatus(settle(usageOf(nftGate, 7, other, otherKey, 1)), IQuotaLedger.Status.NotEntitled);
        Wallet wallet = new Wallet(other);
        vm.prank(buyer);
        nft.transferFrom(buyer, address(wallet), 7);
        assertStatus(settle(usageOf(nftGate, 7, address(wallet), otherKey, 1)), IQuotaLedger.Status.Settled);
        assertStatus(settle(usageOf(nftGate, 7, address(wallet), buyerKey, 2)), IQuotaLedger.Status.NotSigned);
    }

    function test_G8_coldWalletsDelegate() public {
        vm.etch(Eligibility.DELEGATE_REGISTRY, type(MockDelegateRegistry).runtimeCode);
        MockDelegateRegistry delegates = MockDelegateRegistry(Eligibility.DELEGATE_REGISTRY);
        assertEq(left(nftGate, other, 7), 0);
        delegates.allowToken(other, buyer, address(nft), 7);
        assertStatus(settle(usageOf(nftGate, 7, other, otherKey, 1)), IQuotaLedger.Status.Settled);
        MarketToken token = new MarketToken("STAKE", 18);
        token.mint(buyer, 1);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 1, 1);
        stake(token, gateId, buyer, 1);
        assertEq(left(gateId, other, keyOf(buyer)), 0);
        delegates.allowContract(other, buyer, address(token));
        assertStatus(settle(usageOf(gateId, keyOf(buyer), other, otherKey, 1)), IQuotaLedger.Status.Settled);
        assertEq(left(gateId, other, keyOf(buyer)), QUOTA - 1, "the cold wallet's quota");
    }

    // --- G9: multiples are floored and capped -----------------------------------------------------------------------------------

    function test_G9_multiplesAreFlooredAndCapped() public {
        MarketToken token = new MarketToken("STAKE", 18);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 10, 3);
        token.mint(buyer, 1000);
        uint256[5] memory amounts = [uint256(9), 1, 9, 11, 100];
        uint256[5] memory multiples = [uint256(0), 1, 1, 3, 3];
        for (uint256 i = 0; i < 5; ++i) {
            stake(token, gateId, buyer, amounts[i]);
            assertEq(left(gateId, buyer, keyOf(buyer)), multiples[i] * QUOTA);
        }
    }

    // --- G11: status first -------------------------------------------------------------------------------------------------------

    function test_G11_statusIsAskedFirst() public {
        for (uint256 i = 0; i <= uint256(IModelRegistry.Status.Revoked); ++i) {
            IModelRegistry.Status status = IModelRegistry.Status(i);
            setStatus(status);
            bool served = status == IModelRegistry.Status.Active || status == IModelRegistry.Status.Deprecated;
            assertEq(left(nftGate, buyer, 7) != 0, served);
            assertStatus(
                useNft(uint64(i + 1)), served ? IQuotaLedger.Status.Settled : IQuotaLedger.Status.NotServed
            );
        }
        IQuotaLedger.Usage memory item = usageOf(nftGate, 7, buyer, buyerKey, 50);
        item.gateId = 99;
        assertStatus(settle(item), IQuotaLedger.Status.NotServed);
    }

    // --- G12: rented tokens ------------------------------------------------------------------------------------------------------

    function test_G12_rentedTokenIsTheUsersNotTheOwners() public {
        RentableNft rentable = new RentableNft();
        rentable.mint(buyer, 7);
        uint256 gateId = open(IGateBook.Kind.Erc721, address(rentable), 0, 1);
        assertEq(left(gateId, buyer, 7), QUOTA);
        vm.prank(buyer);
        rentable.setUser(7, other, uint64(block.timestamp + 1 days));
        assertEq(left(gateId, buyer, 7), 0);
        assertEq(left(gateId, other, 7), QUOTA);
        skip(1 days + 1);
        assertEq(left(gateId, buyer, 7), QUOTA);
    }

    // --- gates ---------------------------------------------------------------------------------------------------------------------

    function test_gatesAreTheModelOwnersAndBounded() public {
        IGateBook.GateTerms memory terms =
            IGateBook.GateTerms(IGateBook.Kind.Erc721, address(nft), 0, QUOTA, 1, PERIOD);
        vm.expectRevert(
            abi.encodeWithSelector(IGateBook.GateBook_NotModelOwner.selector, MODEL, address(this))
        );
        ledger.createGate(MODEL, terms);
        vm.expectRevert(
            abi.encodeWithSelector(IGateBook.GateBook_NotModelOwner.selector, MODEL, address(this))
        );
        ledger.retireGate(nftGate);
        vm.startPrank(creator);
        uint32[2] memory periods = [uint32(3599), 92 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            terms.period = periods[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IGateBook.GateBook_PeriodOutOfRange.selector, periods[i], 1 hours, 92 days
                )
            );
            ledger.createGate(MODEL, terms);
        }
        (terms.period, terms.threshold) = (PERIOD, 1);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_ThresholdOutOfRange.selector, 1));
        ledger.createGate(MODEL, terms);
        (terms.kind, terms.threshold) = (IGateBook.Kind.Stake, 0);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_ThresholdOutOfRange.selector, 0));
        ledger.createGate(MODEL, terms);
        (terms.kind, terms.maxMultiple) = (IGateBook.Kind.Erc721, 2);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_QuotaOutOfRange.selector, QUOTA, 2));
        ledger.createGate(MODEL, terms);
        terms.maxMultiple = 0;
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_QuotaOutOfRange.selector, QUOTA, 0));
        ledger.createGate(MODEL, terms);
    }

    function test_retiredGateServesItsEpochOut() public {
        vm.startPrank(creator);
        ledger.retireGate(nftGate);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_Retired.selector, nftGate));
        ledger.retireGate(nftGate);
        vm.stopPrank();
        assertEq(left(nftGate, buyer, 7), QUOTA);
        skip(PERIOD);
        assertEq(left(nftGate, buyer, 7), 0);
        IGateBook.Gate memory gate = ledger.getGate(nftGate);
        assertEq(gate.retiredFrom, 1);
        assertEq(ledger.epochAt(nftGate, gate.anchor - 1), 0);
        vm.expectRevert(abi.encodeWithSelector(IGateBook.GateBook_GateNotFound.selector, 99));
        ledger.getGate(99);
    }

    function test_batchesAreBounded() public {
        vm.expectRevert(abi.encodeWithSelector(IQuotaLedger.QuotaLedger_BatchSizeOutOfRange.selector, 0, 256));
        ledger.settleMany(new IQuotaLedger.Usage[](0));
        vm.expectRevert(
            abi.encodeWithSelector(IQuotaLedger.QuotaLedger_BatchSizeOutOfRange.selector, 257, 256)
        );
        ledger.settleMany(new IQuotaLedger.Usage[](257));
    }

    // --- the vault's own checks ------------------------------------------------------------------------------------------------------

    function test_vaultChecks() public {
        MarketToken token = new MarketToken("STAKE", 18);
        uint256 gateId = open(IGateBook.Kind.Stake, address(token), 1, 1);
        vm.expectRevert(IStakeVault.StakeVault_ZeroAmount.selector);
        vault.stake(gateId, 0);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_NotStakeGate.selector, nftGate));
        vault.stake(nftGate, 1);
        vm.expectRevert(IStakeVault.StakeVault_ZeroAmount.selector);
        vault.unstake(gateId, 0, buyer);
        vm.expectRevert(IStakeVault.StakeVault_ZeroAddress.selector);
        vault.unstake(gateId, 1, address(0));
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_AmountAboveLimit.selector, 1, 0));
        vault.unstake(gateId, 1, buyer);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_NotLedger.selector, address(this)));
        vault.hold(gateId, buyer, type(uint64).max);
        token.mint(buyer, type(uint256).max);
        stake(token, gateId, buyer, type(uint128).max);
        vm.startPrank(buyer);
        token.approve(address(vault), 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_AmountAboveLimit.selector, 1, 0));
        vault.stake(gateId, 1);
        assertEq(vault.totalStaked(address(token)), type(uint128).max);
    }
}
