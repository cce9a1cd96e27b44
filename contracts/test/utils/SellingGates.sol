// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGateBook} from "../../src/interfaces/IGateBook.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {MarketToken} from "../mocks/MockMarket.sol";
import {SellingBase} from "./SellingBase.sol";

/// @dev Steps that tests of gates repeat.
abstract contract SellingGates is SellingBase {
    uint32 internal constant PERIOD = 30 days;
    uint64 internal constant QUOTA = 100;

    function open(IGateBook.Kind kind, address target, uint128 threshold, uint32 maxMultiple)
        internal
        returns (uint256)
    {
        vm.prank(creator);
        return
            ledger.createGate(MODEL, IGateBook.GateTerms(kind, target, threshold, QUOTA, maxMultiple, PERIOD));
    }

    function usageOf(uint256 gateId, uint256 key, address account, uint256 signer, uint64 cumulative)
        internal
        view
        returns (IQuotaLedger.Usage memory item)
    {
        item = IQuotaLedger.Usage({
            gateId: gateId,
            versionId: VERSION,
            key: key,
            epoch: ledger.epochAt(gateId, block.timestamp),
            account: account,
            cumulative: cumulative,
            receiptRoot: keccak256("receipts"),
            signature: ""
        });
        item.signature = signDigest(signer, ledger.usageDigest(item, provider));
    }

    function settle(IQuotaLedger.Usage memory item) internal returns (IQuotaLedger.Status) {
        IQuotaLedger.Usage[] memory items = new IQuotaLedger.Usage[](1);
        items[0] = item;
        vm.prank(provider);
        return ledger.settleMany(items)[0];
    }

    function keyOf(address account) internal pure returns (uint256) {
        return uint160(account);
    }

    function stake(MarketToken token, uint256 gateId, address holder, uint256 amount) internal {
        vm.startPrank(holder);
        token.approve(address(vault), amount);
        vault.stake(gateId, amount);
        vm.stopPrank();
    }

    function assertStatus(IQuotaLedger.Status actual, IQuotaLedger.Status expected) internal pure {
        assertEq(uint256(actual), uint256(expected));
    }
}
