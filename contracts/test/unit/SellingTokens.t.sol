// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IStakeVault} from "../../src/interfaces/IStakeVault.sol";
import {
    BlockingToken,
    BombToken,
    FalseToken,
    FeeToken,
    HookToken,
    PlainToken,
    RebasingToken,
    SilentToken
} from "../mocks/Tokens.sol";
import {SellingChannels} from "../utils/SellingChannels.sol";

/// @dev The matrix of awkward tokens, on channels and on stakes. Whatever a token does, it does to its own users only: each
/// test ends with a channel in dollars that works to the last unit.
contract SellingTokensTest is SellingChannels {
    using SafeERC20 for IERC20;

    function setUp() public override {
        super.setUp();
        deposit(address(dollar), 100);
    }

    function accept(address token) internal {
        router.accept(token, true);
    }

    function assertOthersUnharmed() internal {
        settled(address(dollar), 40, IPaymentChannels.Status.Settled);
        takeBack(address(dollar), 60, buyer);
        assertEq(dollar.balanceOf(address(channels)), 0);
    }

    function takeBack(address token, uint256 amount, address to) internal {
        vm.startPrank(buyer);
        channels.thaw(provider, token, amount);
        skip(THAW);
        channels.withdraw(provider, token, to);
        vm.stopPrank();
    }

    function openStakeGate(address token) internal returns (uint256 gateId) {
        vm.prank(creator);
        return ledger.createGate(MODEL, IGateBook.GateTerms(IGateBook.Kind.Stake, token, 1, 1, 1, 1 hours));
    }

    function stakeAndUnstake(address token, uint256 amount) internal {
        uint256 gateId = openStakeGate(token);
        vm.startPrank(buyer);
        IERC20(token).forceApprove(address(vault), amount);
        vault.stake(gateId, amount);
        skip(1 hours);
        vault.unstake(gateId, amount, buyer);
        vm.stopPrank();
    }

    function depositQuietly(address token, uint256 amount) internal {
        vm.startPrank(buyer);
        IERC20(token).forceApprove(address(channels), amount);
        channels.deposit(buyer, provider, token, amount);
        vm.stopPrank();
    }

    function test_P4_decimalsDoNotMatterToAmounts() public {
        uint8[5] memory decimals = [2, 6, 8, 18, 24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            PlainToken token = new PlainToken(decimals[i]);
            accept(address(token));
            token.mint(buyer, 10 ** decimals[i]);
            deposit(address(token), 10 ** decimals[i]);
            settled(address(token), 1, IPaymentChannels.Status.Settled);
            takeBack(address(token), 10 ** decimals[i] - 1, buyer);
            stakeAndUnstake(address(token), 1);
        }
        assertOthersUnharmed();
    }

    function test_P4_tokenWithoutReturnValue() public {
        SilentToken token = new SilentToken();
        accept(address(token));
        token.mint(buyer, 100);
        depositQuietly(address(token), 50);
        settled(address(token), 10, IPaymentChannels.Status.Settled);
        settled(address(token), 20, IPaymentChannels.Status.Settled); // approves anew from zero
        takeBack(address(token), 30, buyer);
        assertEq(token.balanceOf(buyer), 80);
        stakeAndUnstake(address(token), 80);
        assertOthersUnharmed();
    }

    function test_P4_tokenThatSaysFalse() public {
        FalseToken token = new FalseToken();
        accept(address(token));
        token.mint(buyer, 100);
        deposit(address(token), 50);
        token.breakDown(true);
        vm.startPrank(buyer);
        token.approve(address(channels), 50);
        vm.expectPartialRevert(SafeERC20.SafeERC20FailedOperation.selector);
        channels.deposit(buyer, provider, address(token), 50);
        channels.thaw(provider, address(token), 50);
        skip(THAW);
        vm.expectPartialRevert(SafeERC20.SafeERC20FailedOperation.selector);
        channels.withdraw(provider, address(token), buyer);
        vm.stopPrank();
        assertEq(balanceOf(address(token)), 50, "nothing was written off");
        token.breakDown(false);
        vm.prank(buyer);
        channels.withdraw(provider, address(token), buyer);
        assertOthersUnharmed();
    }

    function test_P4_feeOnTransferIsRefusedAtTheDoor() public {
        FeeToken token = new FeeToken();
        accept(address(token));
        token.mint(buyer, 1e6);
        token.setFee(10_000);
        vm.startPrank(buyer);
        token.approve(address(channels), 1000);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_ReceivedOther.selector, 990, 1000)
        );
        channels.deposit(buyer, provider, address(token), 1000);
        token.approve(address(vault), 1000);
        vm.stopPrank();
        uint256 gateId = openStakeGate(address(token));
        vm.startPrank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeVault_ReceivedOther.selector, 990, 1000));
        vault.stake(gateId, 1000);
        // A fee that is switched on later: the escrow still comes back, less the token's own fee.
        token.setFee(0);
        channels.deposit(buyer, provider, address(token), 1000);
        token.setFee(10_000);
        vm.stopPrank();
        takeBack(address(token), 1000, stranger);
        assertEq(token.balanceOf(stranger), 990);
        assertOthersUnharmed();
    }

    function test_P4_rebasingTokenIsShortForItsOwnUsersOnly() public {
        RebasingToken token = new RebasingToken();
        accept(address(token));
        token.mint(buyer, 100);
        deposit(address(token), 100);
        token.rebase(address(channels), 60);
        vm.startPrank(buyer);
        channels.thaw(provider, address(token), 60);
        skip(THAW);
        channels.withdraw(provider, address(token), buyer);
        channels.thaw(provider, address(token), 40);
        skip(THAW);
        vm.expectRevert();
        channels.withdraw(provider, address(token), buyer);
        vm.stopPrank();
        assertOthersUnharmed();
    }

    function test_P4_blacklistedBuyerTakesHisMoneyElsewhere() public {
        BlockingToken token = new BlockingToken();
        accept(address(token));
        token.mint(buyer, 100);
        deposit(address(token), 100);
        token.setBlocked(buyer, true);
        settled(address(token), 30, IPaymentChannels.Status.Settled);
        vm.prank(provider);
        vm.expectRevert("blocked");
        channels.closeAsProvider(buyer, address(token));
        takeBack(address(token), 70, stranger);
        assertEq(token.balanceOf(stranger), 70);
        assertOthersUnharmed();
    }

    function test_P4_pausedTokenDelaysItsOwnUsersOnly() public {
        BlockingToken token = new BlockingToken();
        accept(address(token));
        token.mint(buyer, 100);
        deposit(address(token), 100);
        token.setPaused(true);
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = itemOf(address(token), 30, buyerKey);
        vm.expectRevert();
        channels.settleMany(batchOf(address(token)), items);
        assertEq(channels.settledFor(idOf(address(token)), MODEL, VERSION), 0, "nothing half done");
        assertOthersUnharmed();
        token.setPaused(false);
        settled(address(token), 30, IPaymentChannels.Status.Settled);
    }

    function test_P4_reentrantTokenGetsNothingTwice() public {
        HookToken token = new HookToken();
        accept(address(token));
        token.mint(address(token), 100);
        token.run(address(token), abi.encodeCall(IERC20.approve, (address(channels), 100)));
        bytes[4] memory attacks = [
            abi.encodeCall(channels.deposit, (buyer, provider, address(token), 1)),
            abi.encodeCall(channels.withdraw, (provider, address(token), buyer)),
            abi.encodeCall(channels.closeAsProvider, (buyer, address(token))),
            abi.encodeCall(channels.settleMany, (batchOf(address(token)), new IPaymentChannels.Item[](1)))
        ];
        for (uint256 i = 0; i < attacks.length; ++i) {
            token.arm(address(channels), attacks[i]);
            bytes memory call_ =
                abi.encodeCall(channels.deposit, (address(token), provider, address(token), 10));
            assertTrue(token.run(address(channels), call_));
            assertFalse(token.succeeded());
        }
        assertGt(token.calls(), 0);
        bytes32 id = channels.channelIdOf(address(token), provider, address(token));
        assertEq(channels.getChannel(id).balance, 40);
        assertEq(token.balanceOf(address(channels)), 40);
        assertOthersUnharmed();
    }

    function test_P4_returnBombCostsItsOwnUserOnly() public {
        BombToken token = new BombToken();
        accept(address(token));
        token.mint(buyer, 100);
        deposit(address(token), 100);
        token.setMode(BombToken.Mode.Return);
        takeBack(address(token), 50, buyer);
        token.setMode(BombToken.Mode.Revert);
        vm.startPrank(buyer);
        channels.thaw(provider, address(token), 50);
        skip(THAW);
        vm.expectRevert();
        channels.withdraw(provider, address(token), buyer);
        vm.stopPrank();
        assertOthersUnharmed();
    }
}
