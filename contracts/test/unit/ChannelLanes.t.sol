// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {YesWallet} from "../mocks/Receivers.sol";
import {SellingChannels} from "../utils/SellingChannels.sol";

/// @dev What a channel remembers of each version that it pays for. Who profits from a lane that forgets is the provider, who
/// settles an old voucher again; from one that mixes versions up, the buyer.
contract ChannelLanesTest is SellingChannels {
    struct Lane {
        ModelId modelId;
        VersionId versionId;
        uint256 paid;
    }

    Lane[] internal lanes;

    function setUp() public override {
        super.setUp();
        // The last numbers that have a short name, and the first ones that have none.
        (uint256 model, uint256 last) = (type(uint32).max - 1, type(uint16).max);
        _addLane(1, 1);
        _addLane(1, 2);
        _addLane(2, 1);
        _addLane(model, last);
        _addLane(1, last + 1);
        _addLane(model + 1, last);
        _addLane(1 << 32 | 1, 1);
        // Who signs is not what is asked here: a wallet that says yes to everything costs a run no curve arithmetic.
        vm.etch(buyer, address(new YesWallet()).code);
        deposit(NATIVE, 900 ether);
    }

    function settleLane(uint256 which, uint256 cumulative)
        internal
        returns (IPaymentChannels.Status, uint256)
    {
        Lane storage lane = lanes[which];
        IPaymentChannels.Batch memory batch =
            IPaymentChannels.Batch(lane.modelId, lane.versionId, provider, NATIVE);
        IPaymentChannels.Item[] memory items = new IPaymentChannels.Item[](1);
        items[0] = IPaymentChannels.Item(buyer, uint128(cumulative), uint64(block.timestamp), 0, "");
        (IPaymentChannels.Status[] memory statuses, uint256 total) = channels.settleMany(batch, items);
        lane.paid += total;
        return (statuses[0], total);
    }

    function test_lanes_anOldVoucherPaysNothingOnceASecondVersionHasSettled() public {
        for (uint256 first = 0; first < lanes.length; ++first) {
            for (uint256 second = 0; second < lanes.length; ++second) {
                if (first == second) continue;
                uint256 before = vm.snapshotState();
                settleLane(first, 3 ether);
                settleLane(second, 2 ether);
                (IPaymentChannels.Status status, uint256 total) = settleLane(first, 3 ether);
                assertStatus(status, IPaymentChannels.Status.NothingNew);
                (status,) = settleLane(second, 2 ether);
                assertStatus(status, IPaymentChannels.Status.NothingNew);
                (, total) = settleLane(first, 5 ether);
                assertEq(total, 2 ether);
                assertEq(balanceOf(NATIVE), 893 ether);
                vm.revertToState(before);
            }
        }
    }

    function testFuzz_lanes_eachRemembersItsOwn(uint256[12] calldata rolls) public {
        for (uint256 i = 0; i < rolls.length; ++i) {
            uint256 which = rolls[i] % lanes.length;
            uint256 cumulative = (rolls[i] >> 8) % 200 ether;
            uint256 expected = lanes[which].paid < cumulative ? cumulative - lanes[which].paid : 0;
            uint256 balance = balanceOf(NATIVE);
            (, uint256 total) = settleLane(which, cumulative);
            assertEq(total, expected < balance ? expected : balance);
            assertEq(balanceOf(NATIVE), balance - total);
        }
        _checkAll();
    }

    /// @dev Before anything settles no version, not even number zero, has a total.
    function test_lanes_nothingBeforeTheFirst() public view {
        assertEq(channels.settledFor(idOf(NATIVE), ModelId.wrap(0), VersionId.wrap(0)), 0);
        assertEq(channels.settledFor(idOf(NATIVE), MODEL, VERSION), 0);
    }

    function _checkAll() private view {
        uint256 sum;
        for (uint256 i = 0; i < lanes.length; ++i) {
            Lane storage lane = lanes[i];
            assertEq(channels.settledFor(idOf(NATIVE), lane.modelId, lane.versionId), lane.paid);
            sum += lane.paid;
        }
        assertEq(channels.getChannel(idOf(NATIVE)).settled, sum);
        assertEq(balanceOf(NATIVE) + sum, 900 ether);
    }

    function _addLane(uint256 model, uint256 number) private {
        Lane memory lane = Lane(ModelId.wrap(model), VersionId.wrap(number), 0);
        registry.setStatus(lane.modelId, lane.versionId, IModelRegistry.Status.Active);
        lanes.push(lane);
    }
}
