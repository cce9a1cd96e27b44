// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {VersionId} from "../../src/types/Ids.sol";
import {SellingChannels} from "../utils/SellingChannels.sol";

/// @dev Figures of settlement in snapshots/Selling.json: per voucher, in a batch of 100 of different buyers, all slots
/// cold, with its share of the transaction (base fee and calldata), without the RevenueRouter's own work.
contract SellingGasTest is SellingChannels {
    string internal constant GROUP = "Selling";
    uint256 internal constant SIZE = 100;

    uint256[SIZE] internal keys;
    address[SIZE] internal buyers;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < SIZE; ++i) {
            keys[i] = uint256(keccak256(abi.encode("key", i)));
            buyers[i] = vm.addr(keys[i]);
            vm.deal(buyers[i], 1 ether);
            vm.prank(buyers[i]);
            channels.deposit{value: 1 ether}(buyers[i], provider, NATIVE, 1 ether);
        }
    }

    function itemsOf(uint256 cumulative) internal view returns (IPaymentChannels.Item[] memory items) {
        items = new IPaymentChannels.Item[](SIZE);
        for (uint256 i = 0; i < SIZE; ++i) {
            items[i] = itemOf(NATIVE, cumulative, buyerKey);
            items[i].buyer = buyers[i];
            items[i].signature = signDigest(keys[i], channels.voucherDigest(batchOf(NATIVE), items[i]));
        }
    }

    /// @dev Gas per voucher: 21,000 and the calldata of the whole transaction included.
    function perVoucher(IPaymentChannels.Item[] memory items, string memory name) internal returns (uint256) {
        IPaymentChannels.Batch memory batch = batchOf(NATIVE);
        bytes memory data = abi.encodeCall(channels.settleMany, (batch, items));
        uint256 calldataGas;
        for (uint256 i = 0; i < data.length; ++i) {
            calldataGas += data[i] == 0 ? 4 : 16;
        }
        vm.cool(address(channels));
        vm.cool(address(router));
        vm.cool(address(registry));
        (, uint256 total) = channels.settleMany(batch, items);
        uint256 used = vm.snapshotGasLastCall(GROUP, string.concat(name, " (call)"));
        assertGt(total, 0);
        uint256 each = (used + calldataGas + 21_000) / SIZE;
        vm.snapshotValue(GROUP, name, each);
        return each;
    }

    function test_gas_settleBatchOf100() public {
        assertLe(perVoucher(itemsOf(1e15), "first voucher of a channel, in a batch of 100"), 28_000);
        assertLe(perVoucher(itemsOf(2e15), "voucher in a batch of 100"), 28_000);
    }

    /// @dev The first voucher for a channel's second version makes records of both (docs/adr/0205), later ones move theirs.
    function test_gas_settleBatchOf100OfASecondVersion() public {
        channels.settleMany(batchOf(NATIVE), itemsOf(1e15));
        version = VersionId.wrap(2);
        registry.setStatus(MODEL, version, IModelRegistry.Status.Active);
        perVoucher(itemsOf(1e15), "first voucher for a channel's second version, in a batch of 100");
        assertLe(
            perVoucher(itemsOf(2e15), "voucher of a channel with two versions, in a batch of 100"), 28_000
        );
    }

    /// @dev A day's batch of a provider: 30 of 100 buyers are new.
    function test_gas_settleBatchWithNewBuyers() public {
        IPaymentChannels.Item[] memory all = itemsOf(1e15);
        IPaymentChannels.Item[] memory known = new IPaymentChannels.Item[](70);
        for (uint256 i = 0; i < 70; ++i) {
            known[i] = all[i];
        }
        channels.settleMany(batchOf(NATIVE), known);
        assertLe(perVoucher(itemsOf(2e15), "voucher in a batch of 100 of which 30 are firsts"), 28_000);
    }

    function test_gas_settleBatchOf100BySessionKeys() public {
        (address session, uint256 sessionKey) = makeAddrAndKey("session");
        IPaymentChannels.Item[] memory items = itemsOf(1e15);
        for (uint256 i = 0; i < SIZE; ++i) {
            vm.prank(buyers[i]);
            channels.authoriseSession(provider, NATIVE, session, 1 ether, type(uint64).max);
        }
        channels.settleMany(batchOf(NATIVE), items);
        items = itemsOf(2e15);
        for (uint256 i = 0; i < SIZE; ++i) {
            items[i].signature = signDigest(sessionKey, channels.voucherDigest(batchOf(NATIVE), items[i]));
        }
        uint256 each = perVoucher(items, "voucher of a session key in a batch of 100");
        assertLe(each, 28_000);
    }

    function test_gas_depositAndWithdraw() public {
        vm.cool(address(channels));
        vm.prank(buyer);
        channels.deposit{value: 1 ether}(buyer, provider, NATIVE, 1 ether);
        vm.snapshotGasLastCall(GROUP, "deposit native");
        vm.prank(buyer);
        channels.thaw(provider, NATIVE, 1 ether);
        skip(THAW);
        vm.cool(address(channels));
        vm.prank(buyer);
        channels.withdraw(provider, NATIVE, buyer);
        vm.snapshotGasLastCall(GROUP, "withdraw native");
    }
}
