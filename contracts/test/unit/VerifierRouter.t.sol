// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {PassId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

contract VerifierRouterTest is TestBase {
    function test_settle_debitsOneCallAndPaysBothParties() public {
        PassId passId = buy(10, 30);
        bytes32 nullifier = settle(passId, 1);
        assertTrue(verifierRouter.isSettled(nullifier));
        IAccessPass.Pass memory pass = accessPass.getPass(passId);
        assertEq(pass.callsLeft, 9);
        uint256 earned = (10 * CALL_PRICE + 30 * DAY_PRICE) / 10;
        assertEq(pass.escrow, 9 * earned);
        assertEq(revenueRouter.platformClaimable(), earned * PLATFORM_PPM / 1e6);
        assertEq(revenueRouter.claimable(modelId), earned - earned * PLATFORM_PPM / 1e6);
    }
}
