// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IPaymentChannels} from "../interfaces/IPaymentChannels.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {IReceiveWithAuthorization} from "../interfaces/IReceiveWithAuthorization.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {ChannelStore} from "./ChannelStore.sol";

/// @title The ways into a channel
/// @notice Credited is what arrived, which must be what was said: a token that takes a fee is refused at the door. Where a
/// third party may carry the buyer's signature, the signature names the provider.
abstract contract ChannelDeposits is ChannelStore, Guarded {
    using SafeERC20 for IERC20;

    /// @notice Uniswap's Permit2, at the same address on every chain.
    IPermit2 public constant PERMIT2 = IPermit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    bytes32 private constant WITNESS_TYPEHASH = keccak256("ChannelDeposit(address provider)");
    string private constant WITNESS_TYPE =
        "ChannelDeposit witness)ChannelDeposit(address provider)TokenPermissions(address token,uint256 amount)";

    IRevenueRouter internal immutable _revenueRouter;

    constructor(IRevenueRouter revenueRouter_) {
        _revenueRouter = revenueRouter_;
    }

    /// @inheritdoc IPaymentChannels
    function deposit(address buyer, address provider, address token, uint256 amount)
        external
        payable
        nonReentrant
        whenNotPaused
    {
        uint256 expected = token == address(0) ? amount : 0;
        if (msg.value != expected) revert PaymentChannels_ValueMismatch(msg.value, expected);
        uint256 before = token == address(0) ? 0 : _checkToken(token);
        if (token != address(0)) IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _credit(buyer, provider, token, amount, before);
    }

    /// @inheritdoc IPaymentChannels
    function depositWithPermit(
        address provider,
        address token,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant whenNotPaused {
        uint256 before = _checkToken(token);
        // Whoever saw the permit may have sent it first; then the allowance is there already.
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _credit(msg.sender, provider, token, amount, before);
    }

    /// @inheritdoc IPaymentChannels
    function depositWithAuthorization(
        address buyer,
        address provider,
        address token,
        uint256 amount,
        Authorization calldata authorization
    ) external nonReentrant whenNotPaused {
        uint256 before = _checkToken(token);
        IReceiveWithAuthorization(token)
            .receiveWithAuthorization(
                buyer,
                address(this),
                amount,
                authorization.validAfter,
                authorization.validBefore,
                authorizationNonce(provider, authorization.salt),
                authorization.v,
                authorization.r,
                authorization.s
            );
        _credit(buyer, provider, token, amount, before);
    }

    /// @inheritdoc IPaymentChannels
    function depositWithPermit2(
        address buyer,
        address provider,
        IPermit2.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external nonReentrant whenNotPaused {
        (address token, uint256 amount) = (permit.permitted.token, permit.permitted.amount);
        uint256 before = _checkToken(token);
        PERMIT2.permitWitnessTransferFrom(
            permit,
            IPermit2.SignatureTransferDetails(address(this), amount),
            buyer,
            keccak256(abi.encode(WITNESS_TYPEHASH, provider)),
            WITNESS_TYPE,
            signature
        );
        _credit(buyer, provider, token, amount, before);
    }

    /// @inheritdoc IPaymentChannels
    function authorizationNonce(address provider, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(provider, salt));
    }

    /// @dev The balance before the deposit, of a token that the router takes.
    function _checkToken(address token) private view returns (uint256) {
        if (token == address(0) || !_revenueRouter.isAccepted(token)) {
            revert PaymentChannels_TokenNotAccepted(token);
        }
        return IERC20(token).balanceOf(address(this));
    }

    function _credit(address buyer, address provider, address token, uint256 amount, uint256 before) private {
        if (buyer == address(0) || provider == address(0)) revert PaymentChannels_ZeroAddress();
        if (amount == 0) revert PaymentChannels_ZeroAmount();
        if (token != address(0)) {
            uint256 held = IERC20(token).balanceOf(address(this));
            if (held != before + amount) {
                revert PaymentChannels_ReceivedOther(held > before ? held - before : 0, amount);
            }
        }
        bytes32 channelId = channelIdOf(buyer, provider, token);
        Escrow storage channel = _channel[channelId];
        // What is in the channel and what has left it share this limit, so that no later sum overflows.
        uint256 limit = type(uint104).max - channel.balance - channel.settled;
        if (amount > limit) revert PaymentChannels_AmountAboveLimit(amount, limit);
        channel.balance += uint104(amount);
        emit Deposited(channelId, buyer, provider, token, amount);
    }
}
