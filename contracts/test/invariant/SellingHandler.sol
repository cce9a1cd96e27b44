// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessPass} from "../../src/access/AccessPass.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {StakeVault} from "../../src/gating/StakeVault.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {IStakeVault} from "../../src/interfaces/IStakeVault.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {PassId, VersionId} from "../../src/types/Ids.sol";
import {UNITS, Unit} from "../../src/types/Unit.sol";
import {PlainNft} from "../mocks/SellingGateTokens.sol";
import {SellingPasses} from "../utils/SellingPasses.sol";

/// @dev Random lives of channels, passes, quotas and stakes of three users. Every action is legal or caught, so a revert is
/// a finding; the contracts are paused and unpaused at random, which must never be one.
contract SellingHandler is SellingPasses {
    uint64 internal constant QUOTA = 50;
    uint32 internal constant PERIOD = 10 days;

    address[3] public users;
    uint256[3] private _keys;
    address[3] private _signers; // of the users' session keys
    address[2] public providers;
    address[2] public currencyOf;
    /// @dev The last one has no name of 16 bits.
    uint256[4] public versions = [1, 2, type(uint16).max, uint256(type(uint16).max) + 1];
    PlainNft private _nft;
    uint256 public nftGate;
    uint256 public stakeGate;

    mapping(address user => mapping(address token => uint256)) public deposited; // into channels
    mapping(address user => mapping(address token => uint256)) public returned; // out of channels, to the user
    mapping(bytes32 channelId => uint256) public depositedInto;
    mapping(bytes32 channelId => mapping(uint256 version => uint256)) public laneSigned; // by the buyer or a session key of his
    mapping(bytes32 channelId => mapping(uint256 version => uint256)) public lanePaid;
    mapping(bytes32 channelId => mapping(address => uint256)) public sessionSettled;
    uint256 public forgeries;
    uint256 public blockedExits; // ways out that were open by the rules and refused
    uint256 public zeroPrices;

    function setUp() public override {
        super.setUp();
        currencyOf = [NATIVE, address(dollar)];
        providers = [provider, makeAddr("second provider")];
        _nft = new PlainNft();
        for (uint256 i = 0; i < versions.length; ++i) {
            registry.setStatus(MODEL, VersionId.wrap(versions[i]), IModelRegistry.Status.Active);
        }
        for (uint256 i = 0; i < 3; ++i) {
            (users[i], _keys[i]) = makeAddrAndKey(string(abi.encodePacked("user", vm.toString(i))));
            _signers[i] = vm.addr(_sessionKey(i));
            vm.deal(users[i], 1e60);
            dollar.mint(users[i], 1e60);
            _nft.mint(users[i], i);
            vm.startPrank(users[i]);
            dollar.approve(address(channels), type(uint256).max);
            dollar.approve(address(passes), type(uint256).max);
            dollar.approve(address(vault), type(uint256).max);
            vm.stopPrank();
        }
        vm.startPrank(creator);
        nftGate = ledger.createGate(
            MODEL, IGateBook.GateTerms(IGateBook.Kind.Erc721, address(_nft), 0, QUOTA, 1, PERIOD)
        );
        stakeGate = ledger.createGate(
            MODEL, IGateBook.GateTerms(IGateBook.Kind.Stake, address(dollar), 10, QUOTA, 3, PERIOD)
        );
        vm.stopPrank();
    }

    function contracts() external view returns (PaymentChannels, AccessPass, QuotaLedger, StakeVault) {
        return (channels, passes, ledger, vault);
    }

    // --- channels -------------------------------------------------------------------------------------------------------

    function depositSome(uint256 who, uint256 pick, uint256 amount) external {
        if (channels.paused()) return;
        (address user, address token, address node) = _pick(who, pick);
        amount = bound(amount, 1, 1e24);
        vm.prank(user);
        channels.deposit{value: token == NATIVE ? amount : 0}(user, node, token, amount);
        deposited[user][token] += amount;
        depositedInto[channels.channelIdOf(user, node, token)] += amount;
    }

    /// @dev Vouchers for versions in turn, of a channel with money if the buyer has one; in the first batch also one that
    /// somebody else signed.
    function settleSome(uint256 who, uint256 pick, uint256 roll, bool bySession, uint256 forger) external {
        pick = _funded(who, pick);
        forger = bound(forger, 1, 1e9);
        for (uint256 i = 0; i < 4; ++i) {
            roll = uint256(keccak256(abi.encode(roll)));
            _settleOne(who, pick, roll, bySession, i == 0 ? forger : 0);
        }
    }

    function _settleOne(uint256 who, uint256 pick, uint256 roll, bool bySession, uint256 forger) private {
        bytes32 id = _channelOf(who, pick);
        uint256 version = versions[roll % versions.length];
        uint128 cumulative = uint128(bound(roll >> 128, 1, depositedInto[id] + 1));
        uint256 key = bySession ? _sessionKey(who) : _keys[who % 3];
        uint256 total = _settleBatch(who, pick, version, cumulative, key, forger);
        if (total == 0) return;
        if (cumulative > laneSigned[id][version]) laneSigned[id][version] = cumulative;
        lanePaid[id][version] += total;
        if (bySession) sessionSettled[id][_signers[who % 3]] += total;
    }

    /// @dev A voucher by the buyer or his session key, and before it one by a forger unless that is zero.
    function _settleBatch(
        uint256 who,
        uint256 pick,
        uint256 version,
        uint128 cumulative,
        uint256 key,
        uint256 forger
    ) private returns (uint256) {
        (address user, address token, address node) = _pick(who, pick);
        IPaymentChannels.Batch memory batch =
            IPaymentChannels.Batch(MODEL, VersionId.wrap(version), node, token);
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](forger == 0 ? 1 : 2);
        if (forger != 0) items[0] = _voucher(batch, user, type(uint128).max, forger);
        items[items.length - 1] = _voucher(batch, user, cumulative, key);
        (IPaymentChannels.Status[] memory statuses, uint256 total) = channels.settleMany(batch, items);
        if (forger != 0 && statuses[0] <= IPaymentChannels.Status.SettledInPart) ++forgeries;
        return total;
    }

    function _channelOf(uint256 who, uint256 pick) private view returns (bytes32) {
        (address user, address token, address node) = _pick(who, pick);
        return channels.channelIdOf(user, node, token);
    }

    function authoriseSome(uint256 who, uint256 pick, uint96 cap, uint64 time) external {
        (address user, address token, address node) = _pick(who, pick);
        address signer = _signers[who % 3];
        bytes32 id = channels.channelIdOf(user, node, token);
        IPaymentChannels.Session memory session = channels.sessionOf(id, signer);
        bool live = session.expires >= block.timestamp;
        cap = uint96(bound(cap, live ? session.cap : 1, 1e25));
        uint64 expires = uint64(block.timestamp + bound(time, 1, 20 days));
        if (live && expires < session.expires) expires = session.expires;
        if (expires <= block.timestamp) return;
        if (!live) sessionSettled[id][signer] = 0;
        vm.prank(user);
        channels.authoriseSession(node, token, signer, cap, expires);
    }

    function revokeSome(uint256 who, uint256 pick) external {
        (address user, address token, address node) = _pick(who, pick);
        address signer = _signers[who % 3];
        bytes32 id = channels.channelIdOf(user, node, token);
        if (channels.sessionOf(id, signer).expires <= block.timestamp + THAW) return;
        vm.prank(user);
        channels.revokeSession(node, token, signer);
    }

    function thawSome(uint256 who, uint256 pick, uint256 amount) external {
        (address user, address token, address node) = _pick(who, pick);
        uint256 balance = channels.getChannel(channels.channelIdOf(user, node, token)).balance;
        vm.prank(user);
        try channels.thaw(node, token, bound(amount, 0, balance)) {}
        catch {
            ++blockedExits;
        }
    }

    /// @dev Also while paused: public invariant 9.
    function withdrawSome(uint256 who, uint256 pick) external {
        (address user, address token, address node) = _pick(who, pick);
        IPaymentChannels.Channel memory c = channels.getChannel(channels.channelIdOf(user, node, token));
        if (c.thawing == 0 || c.balance == 0) return;
        if (block.timestamp < c.thawEnds) vm.warp(c.thawEnds);
        vm.prank(user);
        try channels.withdraw(node, token, user) returns (uint256 amount) {
            returned[user][token] += amount;
        } catch {
            ++blockedExits;
        }
    }

    function closeSome(uint256 who, uint256 pick) external {
        (address user, address token, address node) = _pick(who, pick);
        if (channels.getChannel(channels.channelIdOf(user, node, token)).balance == 0) return;
        vm.prank(node);
        try channels.closeAsProvider(user, token) returns (uint256 amount) {
            returned[user][token] += amount;
        } catch {
            ++blockedExits;
        }
    }

    /// @dev What a channel's versions were paid, in all; `astray` if the contract says otherwise of one of them, or if one was
    /// paid more than was signed for it.
    function lanesOf(bytes32 id) external view returns (uint256 sum, bool astray) {
        for (uint256 i = 0; i < versions.length; ++i) {
            uint256 paid = lanePaid[id][versions[i]];
            if (channels.settledFor(id, MODEL, VersionId.wrap(versions[i])) != paid) astray = true;
            if (paid > laneSigned[id][versions[i]]) astray = true;
            sum += paid;
        }
    }

    // --- passes ---------------------------------------------------------------------------------------------------------

    function buySome(uint256 who, uint256 pick, uint256 units, uint256 numDays) external {
        if (passes.paused()) return;
        _freshFeeds();
        address user = users[who % 3];
        IAccessPass.UnitOrder memory order =
            orderOf(Unit.OutputToken, bound(units, 1, 1e12), bound(numDays, 1, 60), currencyOf[pick % 2]);
        order.to = user;
        vm.prank(user);
        PassId passId = passes.buyUnits{value: order.token == NATIVE ? 1e40 : 0}(order);
        if (escrowOf(passId) == 0) ++zeroPrices;
    }

    function meterSome(uint256 pick, uint64 units) external {
        if (passes.paused() || passes.totalPasses() == 0) return;
        PassId passId = PassId.wrap(pick % passes.totalPasses() + 1);
        IAccessPass.Pass memory pass = passes.getPass(passId);
        if (pass.callsLeft == 0 || block.timestamp > pass.expires) return;
        (,, address owner,) = passes.holdersOf(passId);
        uint64 cumulative = pass.metered + uint64(bound(units, 1, 2 * uint256(pass.callsLeft)));
        meter(passId, cumulative, _keyOf(owner));
    }

    /// @dev Also while paused.
    function refundSome(uint256 pick) external {
        if (passes.totalPasses() == 0) return;
        PassId passId = PassId.wrap(pick % passes.totalPasses() + 1);
        IAccessPass.Pass memory pass = passes.getPass(passId);
        if (block.timestamp <= pass.expires || pass.escrow == 0) return;
        (,, address owner,) = passes.holdersOf(passId);
        vm.prank(owner);
        try passes.refund(passId, owner) {}
        catch {
            ++blockedExits;
        }
    }

    // --- quotas and stakes ----------------------------------------------------------------------------------------------

    function useSome(uint256 who, uint256 pick, uint64 cumulative, bool byStake) external {
        uint256 holder = who % 3;
        IQuotaLedger.Usage[] memory items = new IQuotaLedger.Usage[](1);
        uint256 gateId = byStake ? stakeGate : nftGate;
        address owner = byStake ? users[holder] : _nft.ownerOf(holder);
        items[0].gateId = gateId;
        items[0].versionId = VERSION;
        items[0].key = byStake ? uint160(owner) : holder;
        items[0].epoch = ledger.epochAt(gateId, block.timestamp);
        if (items[0].epoch != 0 && pick % 5 == 0) --items[0].epoch;
        items[0].account = owner;
        items[0].cumulative = uint64(bound(cumulative, 1, 4 * QUOTA));
        address node = providers[pick % 2];
        items[0].signature = signDigest(_keyOf(owner), ledger.usageDigest(items[0], node));
        vm.prank(node);
        ledger.settleMany(items);
    }

    function moveNft(uint256 id, uint256 to) external {
        id = id % 3;
        address owner = _nft.ownerOf(id);
        vm.prank(owner);
        _nft.transferFrom(owner, users[to % 3], id);
    }

    function stakeSome(uint256 who, uint256 amount) external {
        vm.prank(users[who % 3]);
        vault.stake(stakeGate, bound(amount, 1, 100));
    }

    function unstakeSome(uint256 who, uint256 amount) external {
        address user = users[who % 3];
        IStakeVault.Stake memory position = vault.stakeOf(stakeGate, user);
        if (position.amount == 0 || block.timestamp < position.lockedUntil) return;
        vm.prank(user);
        try vault.unstake(stakeGate, bound(amount, 1, position.amount), user) {}
        catch {
            ++blockedExits;
        }
    }

    // --- the world ------------------------------------------------------------------------------------------------------

    function wait(uint256 time) external {
        skip(bound(time, 1, 5 days));
        _freshFeeds();
    }

    function togglePause(uint256 what) external {
        if (what % 2 == 0) {
            if (channels.paused()) channels.unpause();
            else channels.pause();
        } else {
            if (passes.paused()) passes.unpause();
            else passes.pause();
        }
    }

    function changeRates(uint64 rate, uint64 perDay) external {
        IRateBook.RateCard memory card = tokenCard();
        card.rates[uint256(Unit.OutputToken)] = uint64(bound(rate, 1, 1e12));
        card.rates[uint256(Unit.Day)] = uint64(bound(perDay, 1, 1e12));
        setRates(card);
    }

    /// @dev Prices with any digits in either currency: public invariant 11.
    function askPrice(uint8 unit, uint256 quantity, uint256 price, uint256 pick) external {
        _freshFeeds();
        ethFeed.set(int256(bound(price, 100e8, 100_000e8)), block.timestamp, block.timestamp);
        if (tokenCard().rates[unit % UNITS] == 0) return;
        uint256[12] memory quantities;
        quantities[unit % UNITS] = bound(quantity, 1, 1 << 56);
        uint256 amount =
            priceBook.quoteUsage(MODEL, VERSION, currencyOf[pick % 2], quantities, IRateBook.Tariff.Public);
        if (amount == 0) ++zeroPrices;
    }

    function _freshFeeds() private {
        ethFeed.set(2500e8, block.timestamp, block.timestamp);
        usdcFeed.set(1e8, block.timestamp, block.timestamp);
    }

    function _voucher(IPaymentChannels.Batch memory batch, address user, uint128 cumulative, uint256 key)
        private
        view
        returns (IPaymentChannels.Item memory item)
    {
        item = IPaymentChannels.Item(user, cumulative, uint64(block.timestamp), 0, "");
        item.signature = signDigest(key, channels.voucherDigest(batch, item));
    }

    function _pick(uint256 who, uint256 pick) private view returns (address, address, address) {
        return (users[who % 3], currencyOf[pick % 2], providers[(pick >> 1) % 2]);
    }

    /// @dev A channel of the user that has money, from `pick` on.
    function _funded(uint256 who, uint256 pick) private view returns (uint256) {
        for (uint256 i = 0; i < 4; ++i) {
            (address user, address token, address node) = _pick(who, (pick % 4 + i) % 4);
            if (channels.getChannel(channels.channelIdOf(user, node, token)).balance != 0) {
                return (pick % 4 + i) % 4;
            }
        }
        return pick;
    }

    function sessionSigner(uint256 who) external view returns (address) {
        return _signers[who];
    }

    function _sessionKey(uint256 who) private pure returns (uint256) {
        return 1e18 + who % 3;
    }

    function _keyOf(address user) private view returns (uint256) {
        for (uint256 i = 0; i < 3; ++i) {
            if (users[i] == user) return _keys[i];
        }
        revert("unknown user");
    }
}
