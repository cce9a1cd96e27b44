// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {PassId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {
    BlockingToken,
    BombToken,
    FalseToken,
    HookToken,
    PlainToken,
    RebasingToken,
    SilentToken
} from "../mocks/Tokens.sol";
import {SellingPasses} from "../utils/SellingPasses.sol";

/// @dev USDT as it is: decimals, and no return values.
contract SilentDollar is SilentToken {
    uint8 public constant decimals = 6;
}

/// @dev Awkward tokens against the escrow of passes: the way in, settlement, the way back.
contract PassTokensTest is SellingPasses {
    function listed(address token, uint8 decimals) internal {
        router.accept(token, true);
        currencies.list(token, decimals, address(usdcFeed), HEARTBEAT, 0.9e8, 1.1e8);
        PlainToken(token).mint(buyer, 10 ** (uint256(decimals) + 3));
        vm.prank(buyer);
        SilentToken(token).approve(address(passes), type(uint256).max); // whatever it returns
    }

    /// @dev 30 cents for a million tokens and ten days.
    function bought(address token) internal returns (PassId) {
        return buyUnits(Unit.OutputToken, 1e6, 10, token);
    }

    function refunded(PassId passId, address to) internal {
        skip(11 days);
        vm.prank(buyer);
        passes.refund(passId, to);
    }

    function meterAs(PassId passId, uint64 cumulative) external returns (uint256) {
        return meter(passId, cumulative, buyerKey);
    }

    function test_pass_tokensOfAnyDecimals() public {
        uint8[5] memory decimals = [2, 6, 8, 18, 24];
        for (uint256 i = 0; i < decimals.length; ++i) {
            PlainToken token = new PlainToken(decimals[i]);
            listed(address(token), decimals[i]);
            usdcFeed.set(1e8, block.timestamp, block.timestamp);
            PassId passId = bought(address(token));
            assertEq(escrowOf(passId), 3 * 10 ** decimals[i] / 10, "30 cents");
            uint256 earned = meter(passId, 500_000, buyerKey);
            refunded(passId, stranger);
            assertEq(token.balanceOf(stranger) + earned, 3 * 10 ** decimals[i] / 10);
            assertEq(token.balanceOf(address(passes)), 0);
        }
    }

    function test_pass_tokenWithoutReturnValues() public {
        SilentDollar token = new SilentDollar();
        listed(address(token), 6);
        PassId passId = bought(address(token));
        assertEq(meter(passId, 500_000, buyerKey), 150_000);
        assertEq(meter(passId, 600_000, buyerKey), 30_000, "an allowance that only changes through zero");
        refunded(passId, stranger);
        assertEq(token.balanceOf(stranger), 120_000);
        assertEq(token.balanceOf(address(passes)), 0);
    }

    function test_pass_tokenThatSaysFalse() public {
        FalseToken token = new FalseToken();
        listed(address(token), 18);
        PassId passId = bought(address(token));
        token.breakDown(true);
        bytes memory failed =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(token));
        vm.prank(buyer);
        vm.expectRevert(failed);
        passes.buyUnits(order);
        vm.expectRevert(failed);
        this.meterAs(passId, 1);
        assertEq(escrowOf(passId), 0.3e18, "what failed was not debited");
        skip(11 days);
        vm.prank(buyer);
        vm.expectRevert(failed);
        passes.refund(passId, buyer);
        assertEq(escrowOf(passId), 0.3e18, "nor booked as refunded");
        token.breakDown(false);
        vm.prank(buyer);
        passes.refund(passId, stranger);
        assertEq(token.balanceOf(stranger), 0.3e18);
    }

    function test_pass_tokenThatRebasesIsShortForItsOwnUsersOnly() public {
        RebasingToken token = new RebasingToken();
        listed(address(token), 18);
        PassId passId = bought(address(token));
        PassId other = bought(address(dollar));
        token.rebase(address(passes), 0.1e18);
        refunded(other, stranger);
        assertEq(dollar.balanceOf(stranger), 300_000, "another currency is untouched");
        vm.prank(buyer);
        vm.expectRevert();
        passes.refund(passId, buyer);
        token.rebase(address(passes), 0.3e18);
        vm.prank(buyer);
        passes.refund(passId, stranger);
        assertEq(token.balanceOf(stranger), 0.3e18, "nothing was written off meanwhile");
    }

    function test_pass_pausedTokenDelaysItsOwnUsersOnly() public {
        BlockingToken token = new BlockingToken();
        listed(address(token), 6);
        PassId passId = bought(address(token));
        PassId other = bought(address(dollar));
        token.setPaused(true);
        vm.expectRevert("blocked");
        this.meterAs(passId, 500_000);
        assertEq(meter(other, 500_000, buyerKey), 150_000);
        skip(11 days);
        vm.prank(buyer);
        vm.expectRevert("blocked");
        passes.refund(passId, buyer);
        token.setPaused(false);
        vm.prank(buyer);
        passes.refund(passId, stranger);
        assertEq(token.balanceOf(stranger), 300_000);
    }

    function test_pass_tokenThatCallsBackGetsNothingTwice() public {
        HookToken token = new HookToken();
        listed(address(token), 18);
        PassId passId = bought(address(token));
        vm.startPrank(buyer);
        passes.approve(address(token), PassId.unwrap(passId)); // the attacker may even act for the holder
        vm.stopPrank();
        skip(11 days);
        token.arm(address(passes), abi.encodeCall(passes.refund, (passId, address(token))));
        vm.prank(buyer);
        passes.refund(passId, stranger);
        assertEq(token.calls(), 2);
        assertFalse(token.succeeded(), "the lock holds");
        assertEq(token.balanceOf(stranger), 0.3e18);
        assertEq(token.balanceOf(address(passes)), 0);
    }

    function test_pass_tokenThatCallsBackDuringASaleBuysNothing() public {
        HookToken token = new HookToken();
        listed(address(token), 18);
        IAccessPass.UnitOrder memory order = orderOf(Unit.OutputToken, 1e6, 10, address(token));
        order.to = address(token);
        token.mint(address(token), 1e18);
        token.run(address(token), abi.encodeCall(token.approve, (address(passes), 1e18)));
        token.arm(address(passes), abi.encodeCall(passes.buyUnits, (order)));
        bought(address(token));
        assertFalse(token.succeeded());
        assertEq(token.balanceOf(address(passes)), 0.3e18, "one pass, one price");
    }

    function test_pass_returnBombCostsItsOwnUserOnly() public {
        BombToken token = new BombToken();
        listed(address(token), 18);
        PassId passId = bought(address(token));
        PassId other = bought(address(dollar));
        token.setMode(BombToken.Mode.Revert);
        skip(11 days);
        vm.startPrank(buyer);
        vm.expectRevert();
        passes.refund(passId, buyer);
        uint256 before = gasleft();
        passes.refund(other, stranger);
        assertLt(before - gasleft(), 200_000);
        token.setMode(BombToken.Mode.Return);
        passes.refund(passId, stranger);
        assertEq(token.balanceOf(stranger), 0.3e18);
    }
}
