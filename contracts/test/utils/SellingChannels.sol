// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {DollarToken, MockRouter} from "../mocks/SellingPayments.sol";
import {SellingBase} from "./SellingBase.sol";

/// @dev Channels on a router that takes native currency and `dollar`, and the steps that their tests repeat.
abstract contract SellingChannels is SellingBase {
    uint64 internal constant THAW = 3 days;

    MockRouter internal router;
    PaymentChannels internal channels;
    DollarToken internal dollar;
    VersionId internal version = VERSION;

    function setUp() public virtual override {
        super.setUp();
        router = new MockRouter();
        dollar = new DollarToken();
        router.accept(address(dollar), true);
        channels = new PaymentChannels(
            address(authority), IModelRegistry(address(registry)), IRevenueRouter(address(router)), THAW
        );
        vm.deal(buyer, 1000 ether);
        dollar.mint(buyer, 1e12);
    }

    function deposit(address token, uint256 amount) internal {
        vm.startPrank(buyer);
        if (token == NATIVE) {
            channels.deposit{value: amount}(buyer, provider, NATIVE, amount);
        } else {
            IERC20(token).approve(address(channels), amount);
            channels.deposit(buyer, provider, token, amount);
        }
        vm.stopPrank();
    }

    function idOf(address token) internal view returns (bytes32) {
        return channels.channelIdOf(buyer, provider, token);
    }

    function balanceOf(address token) internal view returns (uint256) {
        return channels.getChannel(idOf(token)).balance;
    }

    function batchOf(address token) internal view returns (IPaymentChannels.Batch memory) {
        return IPaymentChannels.Batch(MODEL, version, provider, token);
    }

    function itemOf(address token, uint256 cumulative, uint256 signer)
        internal
        view
        returns (IPaymentChannels.Item memory item)
    {
        item = IPaymentChannels.Item(
            buyer, uint128(cumulative), uint64(block.timestamp), keccak256("receipts"), ""
        );
        item.signature = signDigest(signer, channels.voucherDigest(batchOf(token), item));
    }

    function settle(address token, IPaymentChannels.Item memory item)
        internal
        returns (IPaymentChannels.Status, uint256)
    {
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = item;
        (IPaymentChannels.Status[] memory statuses, uint256 total) =
            channels.settleMany(batchOf(token), items);
        return (statuses[0], total);
    }

    /// @dev Settles the buyer's own voucher and demands a status.
    function settled(address token, uint256 cumulative, IPaymentChannels.Status expected)
        internal
        returns (uint256 amount)
    {
        IPaymentChannels.Status status;
        (status, amount) = settle(token, itemOf(token, cumulative, buyerKey));
        assertStatus(status, expected);
    }

    function assertStatus(IPaymentChannels.Status actual, IPaymentChannels.Status expected) internal pure {
        assertEq(uint256(actual), uint256(expected));
    }
}
