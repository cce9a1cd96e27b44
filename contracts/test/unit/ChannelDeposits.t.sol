// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {MockPermit2} from "../mocks/SellingPayments.sol";
import {SellingChannels} from "../utils/SellingChannels.sol";

contract ChannelDepositsTest is SellingChannels {
    bytes32 internal constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    string internal constant WITNESS_TYPE =
        "ChannelDeposit witness)ChannelDeposit(address provider)TokenPermissions(address token,uint256 amount)";

    MockPermit2 internal permit2;

    function setUp() public override {
        super.setUp();
        permit2 = MockPermit2(address(channels.PERMIT2()));
        vm.etch(address(permit2), type(MockPermit2).runtimeCode);
    }

    function tokenDigest(bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", dollar.DOMAIN_SEPARATOR(), structHash));
    }

    function signPermit(uint256 amount) internal view returns (uint8 v, bytes32 r, bytes32 s) {
        uint256 nonce = dollar.nonces(buyer);
        bytes32 data = keccak256(abi.encode(PERMIT_TYPEHASH, buyer, channels, amount, nonce, block.timestamp));
        return vm.sign(buyerKey, tokenDigest(data));
    }

    function authorizationFor(address node, uint256 amount)
        internal
        view
        returns (IPaymentChannels.Authorization memory a)
    {
        (a.validBefore, a.salt) = (block.timestamp + 1, "salt");
        bytes32 nonce = channels.authorizationNonce(node, a.salt);
        bytes32 data =
            keccak256(abi.encode(RECEIVE_TYPEHASH, buyer, channels, amount, 0, a.validBefore, nonce));
        (a.v, a.r, a.s) = vm.sign(buyerKey, tokenDigest(data));
    }

    function permitFor(address node, uint256 amount)
        internal
        view
        returns (IPermit2.PermitTransferFrom memory permit, bytes memory signature)
    {
        permit = IPermit2.PermitTransferFrom(
            IPermit2.TokenPermissions(address(dollar), amount), 7, block.timestamp
        );
        bytes32 witness = keccak256(abi.encode(keccak256("ChannelDeposit(address provider)"), node));
        bytes32 digest = permit2.digestOf(permit, address(channels), witness, WITNESS_TYPE);
        signature = signDigest(buyerKey, digest);
    }

    function approvePermit2() internal {
        vm.prank(buyer);
        dollar.approve(address(permit2), type(uint256).max);
    }

    function assertDeposited(uint256 amount) internal view {
        assertEq(balanceOf(address(dollar)), amount);
        assertEq(dollar.balanceOf(address(channels)), amount);
    }

    // --- ERC-2612 ---------------------------------------------------------------------------------------------------------

    function test_A12_permitDepositsInOneTransaction() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e6);
        vm.prank(buyer);
        channels.depositWithPermit(provider, address(dollar), 5e6, block.timestamp, v, r, s);
        assertDeposited(5e6);
    }

    function test_frontRunPermitIsNoObstacle() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e6);
        vm.prank(stranger);
        dollar.permit(buyer, address(channels), 5e6, block.timestamp, v, r, s);
        vm.prank(buyer);
        channels.depositWithPermit(provider, address(dollar), 5e6, block.timestamp, v, r, s);
        assertDeposited(5e6);
    }

    function test_permitOfABuyerIsOfNoUseToOthers() public {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(5e6);
        vm.startPrank(stranger);
        dollar.permit(buyer, address(channels), 5e6, block.timestamp, v, r, s);
        vm.expectRevert();
        channels.depositWithPermit(stranger, address(dollar), 5e6, block.timestamp, v, r, s);
        // With the allowance in place nobody else can pull the buyer's tokens, either.
        vm.expectRevert();
        channels.deposit(buyer, stranger, address(dollar), 5e6);
    }

    // --- ERC-3009 ---------------------------------------------------------------------------------------------------------

    function test_A12_authorizationDepositsThroughAnybody() public {
        IPaymentChannels.Authorization memory a = authorizationFor(provider, 5e6);
        vm.prank(stranger);
        channels.depositWithAuthorization(buyer, provider, address(dollar), 5e6, a);
        assertDeposited(5e6);
        vm.expectRevert();
        channels.depositWithAuthorization(buyer, provider, address(dollar), 5e6, a);
    }

    function test_authorizationBindsTheProviderAndTheContract() public {
        IPaymentChannels.Authorization memory a = authorizationFor(provider, 5e6);
        vm.startPrank(stranger);
        vm.expectRevert();
        channels.depositWithAuthorization(buyer, stranger, address(dollar), 5e6, a);
        bytes32 nonce = channels.authorizationNonce(provider, a.salt);
        vm.expectRevert();
        dollar.receiveWithAuthorization(buyer, address(channels), 5e6, 0, a.validBefore, nonce, a.v, a.r, a.s);
        channels.depositWithAuthorization(buyer, provider, address(dollar), 5e6, a);
        assertDeposited(5e6);
    }

    // --- Permit2 ----------------------------------------------------------------------------------------------------------

    function test_A12_permit2DepositsThroughAnybody() public {
        approvePermit2();
        (IPermit2.PermitTransferFrom memory permit, bytes memory signature) = permitFor(provider, 5e6);
        vm.prank(stranger);
        channels.depositWithPermit2(buyer, provider, permit, signature);
        assertDeposited(5e6);
        vm.expectRevert("nonce");
        channels.depositWithPermit2(buyer, provider, permit, signature);
    }

    function test_permit2BindsTheProvider() public {
        approvePermit2();
        (IPermit2.PermitTransferFrom memory permit, bytes memory signature) = permitFor(provider, 5e6);
        vm.expectRevert("signature");
        channels.depositWithPermit2(buyer, stranger, permit, signature);
        permit.permitted.amount += 1;
        vm.expectRevert("signature");
        channels.depositWithPermit2(buyer, provider, permit, signature);
    }

    // --- bounds -----------------------------------------------------------------------------------------------------------

    function test_depositsAreChecked() public {
        vm.startPrank(buyer);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAmount.selector);
        channels.deposit(buyer, provider, NATIVE, 0);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAddress.selector);
        channels.deposit{value: 1}(address(0), provider, NATIVE, 1);
        vm.expectRevert(IPaymentChannels.PaymentChannels_ZeroAddress.selector);
        channels.deposit{value: 1}(buyer, address(0), NATIVE, 1);
        bytes memory refused =
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_TokenNotAccepted.selector, address(usdc));
        vm.expectRevert(refused);
        channels.deposit(buyer, provider, address(usdc), 1);
        vm.expectRevert(refused);
        channels.depositWithPermit(provider, address(usdc), 1, 0, 0, 0, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_TokenNotAccepted.selector, NATIVE)
        );
        channels.depositWithPermit(provider, NATIVE, 1, 0, 0, 0, 0);
        vm.expectRevert(refused);
        IPaymentChannels.Authorization memory a;
        channels.depositWithAuthorization(buyer, provider, address(usdc), 1, a);
        vm.expectRevert(refused);
        IPermit2.PermitTransferFrom memory permit;
        permit.permitted.token = address(usdc);
        channels.depositWithPermit2(buyer, provider, permit, "");
    }

    function test_stoppedTokenTakesNoDepositsButSettlesAndComesBack() public {
        deposit(address(dollar), 10);
        router.accept(address(dollar), false);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPaymentChannels.PaymentChannels_TokenNotAccepted.selector, address(dollar)
            )
        );
        channels.deposit(buyer, provider, address(dollar), 1);
        settled(address(dollar), 4, IPaymentChannels.Status.Settled);
        vm.startPrank(buyer);
        channels.thaw(provider, address(dollar), 6);
        skip(THAW);
        assertEq(channels.withdraw(provider, address(dollar), buyer), 6);
    }

    function test_lifetimeOfAChannelFitsItsCounters() public {
        dollar.mint(buyer, type(uint104).max);
        deposit(address(dollar), type(uint104).max - 1);
        settled(address(dollar), type(uint104).max - 1, IPaymentChannels.Status.Settled);
        vm.startPrank(buyer);
        dollar.approve(address(channels), 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannels.PaymentChannels_AmountAboveLimit.selector, 2, 1)
        );
        channels.deposit(buyer, provider, address(dollar), 2);
        channels.deposit(buyer, provider, address(dollar), 1);
        vm.stopPrank();
        settled(address(dollar), type(uint104).max, IPaymentChannels.Status.Settled);
    }

    function test_anybodyDepositsForABuyerWithHisOwnMoney() public {
        vm.deal(stranger, 5);
        vm.prank(stranger);
        channels.deposit{value: 5}(buyer, provider, NATIVE, 5);
        assertEq(balanceOf(NATIVE), 5);
        assertEq(buyer.balance, 1000 ether);
    }
}
