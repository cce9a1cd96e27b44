// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {ModelId, PassId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev One figure per entry point in snapshots/Gas.json: the call's own gas, every slot and account cold.
contract GasTest is TestBase {
    string internal constant GROUP = "Gas";

    function test_gas_settle_withoutTheProofCheck() public {
        PassId passId = buy(100, 30);
        settle(passId, 1); // revenue accounts exist from the first settlement on
        IVerifierRouter.Request memory request = requestFor(passId, 2);
        uint256[] memory instances = instancesOf(2);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = abi.encodePacked(prove(request, instances), new bytes(12_000));
        chill();
        verifierRouter.settle(request, signature, instances, proof);
        uint256 used = vm.snapshotGasLastCall(GROUP, "settle");
        assertLt(used, 200_000);
    }

    function test_gas_buy() public {
        buy(1, 1);
        IAccessPass.Order memory o = order(100, 30);
        chill();
        vm.prank(buyer);
        accessPass.buy{value: 1 ether}(o);
        assertLe(vm.snapshotGasLastCall(GROUP, "buy"), 130_000);
    }

    function test_gas_refund() public {
        PassId passId = buy(100, 1);
        skip(1 days + 1);
        chill();
        vm.prank(buyer);
        accessPass.refund(passId, buyer);
        vm.snapshotGasLastCall(GROUP, "refund");
    }

    function test_gas_claim() public {
        settle(buy(100, 1), 1);
        chill();
        revenueRouter.claim(modelId);
        assertLe(vm.snapshotGasLastCall(GROUP, "claim"), 60_000);
        chill();
        revenueRouter.claimPlatform();
        assertLe(vm.snapshotGasLastCall(GROUP, "claimPlatform"), 60_000);
    }

    function test_gas_publish() public {
        chill();
        vm.prank(creator);
        ModelId model = registry.registerModel("lenet", "ipfs://card", payout);
        vm.snapshotGasLastCall(GROUP, "registerModel");
        IModelRegistry.VersionCommitment memory version = commitment("gas");
        bytes32 hash = registry.commitmentOf(creator, version.weightsHash, version.manifestRoot, "salt");
        chill();
        vm.prank(creator);
        registry.commitVersion(hash);
        vm.snapshotGasLastCall(GROUP, "commitVersion");
        skip(MIN_COMMIT_AGE);
        chill();
        vm.prank(creator);
        versionId = registry.publishVersion(model, version, "salt");
        vm.snapshotGasLastCall(GROUP, "publishVersion");
        chill();
        vm.prank(creator);
        registry.setStatus(model, versionId, IModelRegistry.Status.Active, "");
        vm.snapshotGasLastCall(GROUP, "setStatus");
        chill();
        vm.prank(creator);
        priceBook.setPrice(model, versionId, picoPrice(1, 1));
        vm.snapshotGasLastCall(GROUP, "setPrice");
    }

    /// @dev Makes every account and slot cold again, as at the start of a transaction.
    function chill() internal {
        vm.cool(address(registry));
        vm.cool(address(priceBook));
        vm.cool(address(revenueRouter));
        vm.cool(address(accessPass));
        vm.cool(address(verifierRouter));
        vm.cool(address(verifier));
        vm.cool(key);
        vm.cool(buyer);
    }
}
