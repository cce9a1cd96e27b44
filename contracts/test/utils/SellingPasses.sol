// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessPass} from "../../src/access/AccessPass.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {PassId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {SellingChannels} from "./SellingChannels.sol";

/// @dev Passes at prices in dollars; the test is the settler. The card is `tokenCard`, the currency `dollar` or native.
abstract contract SellingPasses is SellingChannels {
    AccessPass internal passes;

    function setUp() public virtual override {
        super.setUp();
        passes = new AccessPass(
            address(authority),
            IModelRegistry(address(registry)),
            priceBook,
            IRevenueRouter(address(router)),
            ledger
        );
        passes.bindSettler(address(this));
        ledger.bindConsumer(address(passes));
        currencies.list(address(dollar), 6, address(usdcFeed), HEARTBEAT, 0.9e8, 1.1e8);
        setRates(tokenCard());
        vm.prank(buyer);
        dollar.approve(address(passes), type(uint256).max);
    }

    function orderOf(Unit unit, uint256 units, uint256 numDays, address token)
        internal
        view
        returns (IAccessPass.UnitOrder memory)
    {
        return IAccessPass.UnitOrder({
            modelId: MODEL,
            versionId: VERSION,
            unit: unit,
            units: units,
            numDays: numDays,
            token: token,
            maxPrice: type(uint256).max,
            deadline: block.timestamp,
            to: buyer,
            tariff: IRateBook.Tariff.Public,
            gateKey: 0
        });
    }

    function buyUnits(Unit unit, uint256 units, uint256 numDays, address token) internal returns (PassId) {
        IAccessPass.UnitOrder memory order = orderOf(unit, units, numDays, token);
        uint256 value = token == NATIVE
            ? priceBook.quoteUnits(MODEL, VERSION, NATIVE, unit, units, numDays, IRateBook.Tariff.Public)
            : 0;
        vm.prank(buyer);
        return passes.buyUnits{value: value}(order);
    }

    function usageOf(PassId passId, uint64 cumulative) internal view returns (IAccessPass.Usage memory) {
        return IAccessPass.Usage(passId, cumulative, uint64(block.timestamp), provider, keccak256("receipts"));
    }

    function meter(PassId passId, uint64 cumulative, uint256 signer) internal returns (uint256) {
        IAccessPass.Usage memory usage = usageOf(passId, cumulative);
        bytes memory signature = signDigest(signer, passes.usageDigest(usage));
        return passes.settleUsage(usage, signature);
    }

    function escrowOf(PassId passId) internal view returns (uint256) {
        return passes.getPass(passId).escrow;
    }
}
