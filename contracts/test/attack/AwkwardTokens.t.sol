// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
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
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev Every awkward kind of token against the way in and every way out: node, creator, vault, platform.
contract AwkwardTokensTest is LicensingBase {
    uint256 internal constant AMOUNT = 1_000_000;
    RevenueVault internal vault;
    address internal holder = makeAddr("holder");

    function setUp() public override {
        super.setUp();
        vm.prank(creator);
        revenueRouter.setNodePpm(modelId, 400_000);
        vault = openVault(modelId, 500_000, 100, holder);
    }

    function test_token_ofAnyDecimals() public {
        uint8[5] memory decimals = [2, 6, 8, 18, 24];
        for (uint256 i = 0; i < 5; ++i) {
            PlainToken token = new PlainToken(decimals[i]);
            accept(address(token));
            token.mint(address(this), 10 ** decimals[i]);
            uint256 amount = 10 ** decimals[i];
            revenueRouter.pay(modelId, address(token), amount, node);
            uint256 left = amount - amount * 25_000 / 1e6;
            assertEq(revenueRouter.nodeClaimable(node, address(token)), left * 400_000 / 1e6);
            claimEverything(address(token));
            assertEq(token.balanceOf(address(revenueRouter)), 0);
        }
    }

    function test_token_withoutReturnValues() public {
        SilentToken token = new SilentToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        claimEverything(address(token));
        assertEq(token.balanceOf(payout), 292_500);
        assertEq(token.balanceOf(holder), 292_500);
        assertEq(token.balanceOf(node), 390_000);
        assertEq(token.balanceOf(treasury), 25_000);
    }

    function test_token_thatSaysFalse() public {
        FalseToken token = new FalseToken();
        accept(address(token));
        token.mint(address(this), 2 * AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        token.breakDown(true);
        bytes memory failed =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        vm.expectRevert(failed);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        vm.expectRevert(failed);
        revenueRouter.claim(modelId, address(token));
        vm.prank(holder);
        vm.expectRevert(failed);
        vault.claim(address(token), holder);
        token.breakDown(false);
        claimEverything(address(token));
        assertEq(token.balanceOf(payout), 292_500, "what failed was not booked as paid");
        assertEq(token.balanceOf(holder), 292_500);
    }

    function test_token_thatTakesAFee() public {
        FeeToken token = new FeeToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        token.setFee(10_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IRevenueRouter.RevenueRouter_ReceivedOther.selector, AMOUNT - AMOUNT / 100, AMOUNT
            )
        );
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        // A fee that is switched on later is the receivers' loss: the books stay right.
        token.setFee(0);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        token.setFee(10_000);
        claimEverything(address(token));
        assertEq(token.balanceOf(address(revenueRouter)), 0);
        // The vault got less than it was sent: it pays what it has and goes on owing the rest.
        assertEq(token.balanceOf(address(vault)), 0);
        assertEq(vault.claimable(holder, address(token)), 2925);
    }

    function test_token_thatRebases() public {
        RebasingToken token = new RebasingToken();
        accept(address(token));
        token.mint(address(this), 2 * AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        payUsdc(modelId, AMOUNT);
        payNative(modelId, AMOUNT);
        token.rebase(address(revenueRouter), AMOUNT / 2);
        // Its claimants are served in the order in which they come; nobody else notices.
        claimEverything(address(usdc));
        claimEverything(NATIVE);
        assertEq(usdc.balanceOf(address(revenueRouter)), 0);
        revenueRouter.claim(modelId, address(token));
        vm.prank(node);
        vm.expectRevert();
        revenueRouter.claimNode(address(token), node);
        token.rebase(address(revenueRouter), AMOUNT);
        vm.prank(node);
        assertEq(revenueRouter.claimNode(address(token), node), 390_000);
        // A balance that grows by itself belongs to nobody here and pays nobody twice.
        assertEq(revenueRouter.claim(modelId, address(token)), 0);
    }

    function test_token_thatBlocksAPayee() public {
        BlockingToken token = new BlockingToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        token.setBlocked(payout, true);
        token.setBlocked(holder, true);
        vm.expectRevert();
        revenueRouter.claim(modelId, address(token));
        vm.prank(node);
        assertEq(revenueRouter.claimNode(address(token), node), 390_000);
        assertEq(revenueRouter.claimPlatform(address(token)), 25_000);
        // A shareholder who is blocked claims to another address; the creator confirms another payout.
        vm.prank(holder);
        assertEq(vault.claim(address(token), stranger), 292_500);
        vm.prank(creator);
        registry.setPayout(modelId, creator);
        assertEq(revenueRouter.claim(modelId, address(token)), 292_500);
    }

    function test_token_thatPauses() public {
        BlockingToken token = new BlockingToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        payUsdc(modelId, AMOUNT);
        token.setPaused(true);
        vm.expectRevert();
        revenueRouter.claim(modelId, address(token));
        claimEverything(address(usdc));
        vm.prank(holder);
        vault.transfer(stranger, 100); // shares move although one of their tokens does not
        token.setPaused(false);
        vm.prank(holder);
        assertEq(vault.claim(address(token), holder), 292_500);
        assertEq(revenueRouter.claim(modelId, address(token)), 292_500);
    }

    function test_token_thatCallsBack() public {
        HookToken token = new HookToken();
        accept(address(token));
        token.mint(address(this), 3 * AMOUNT);
        token.mint(address(token), AMOUNT);
        vm.prank(address(token));
        token.approve(address(revenueRouter), type(uint256).max);
        // A payment within a payment would count one arrival twice.
        bytes memory again = abi.encodeWithSignature(
            "pay(uint256,address,uint256,address)", modelId, address(token), AMOUNT, address(token)
        );
        token.arm(address(revenueRouter), again);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        assertGt(token.calls(), 0);
        assertFalse(token.succeeded());
        // A claim within a claim.
        token.arm(
            address(revenueRouter), abi.encodeWithSignature("claim(uint256,address)", modelId, address(token))
        );
        revenueRouter.claim(modelId, address(token));
        assertFalse(token.succeeded());
        token.arm(address(0), "");
        vm.prank(node);
        revenueRouter.claimNode(address(token), node);
        revenueRouter.claimPlatform(address(token));
        vm.prank(holder);
        vault.claim(address(token), holder);
        assertEq(token.balanceOf(address(revenueRouter)), 0);
        assertEq(token.balanceOf(address(vault)), 0);
    }

    function test_token_thatCallsBackIntoTheVault() public {
        HookToken token = new HookToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        vm.prank(holder);
        vault.transfer(address(token), 50);
        revenueRouter.claimVault(modelId, address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        bytes memory again = abi.encodeWithSignature("claim(address,address)", address(token), address(token));
        token.arm(address(vault), again);
        assertTrue(token.run(address(vault), again));
        assertFalse(token.succeeded());
        token.arm(address(0), "");
        assertEq(token.balanceOf(address(token)), 146_250);
        vm.prank(holder);
        assertEq(vault.claim(address(token), holder), 292_500 + 146_250);
    }

    function test_token_thatBombsWithReturnData() public {
        BombToken token = new BombToken();
        accept(address(token));
        token.mint(address(this), AMOUNT);
        revenueRouter.pay(modelId, address(token), AMOUNT, node);
        payUsdc(modelId, AMOUNT);
        token.setMode(BombToken.Mode.Revert);
        vm.expectRevert();
        this.claimWithGas(address(token), 6_000_000);
        claimEverything(address(usdc));
        token.setMode(BombToken.Mode.Return);
        assertEq(this.claimWithGas(address(token), 6_000_000), 292_500);
    }

    function claimWithGas(address token, uint256 limit) external returns (uint256) {
        (bool ok, bytes memory result) = address(revenueRouter).call{gas: limit}(
            abi.encodeWithSignature("claim(uint256,address)", modelId, token)
        );
        require(ok, "claim failed");
        return abi.decode(result, (uint256));
    }

    function accept(address token) private {
        addToken(token);
        (bool ok,) = token.call(
            abi.encodeWithSignature("approve(address,uint256)", address(revenueRouter), type(uint256).max)
        );
        assertTrue(ok);
    }

    function claimEverything(address token) private {
        vm.prank(node);
        revenueRouter.claimNode(token, node);
        revenueRouter.claim(modelId, token);
        revenueRouter.claimPlatform(token);
        vm.prank(holder);
        vault.claim(token, holder);
    }
}
