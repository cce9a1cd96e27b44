// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessPass} from "../../src/access/AccessPass.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {Handler} from "./Handler.sol";
import {PublicInvariants} from "./PublicInvariants.sol";

contract SystemInvariantTest is PublicInvariants {
    Handler internal handler;
    AccessPass internal accessPass;
    RevenueRouter internal revenueRouter;

    function setUp() public {
        handler = new Handler();
        handler.setUp();
        (accessPass, revenueRouter) = (handler.pass(), handler.revenue());
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = Handler.buyPass.selector;
        selectors[1] = Handler.settleCall.selector;
        selectors[2] = Handler.settleAgain.selector;
        selectors[3] = Handler.forge.selector;
        selectors[4] = Handler.refundPass.selector;
        selectors[5] = Handler.cancelPass.selector;
        selectors[6] = Handler.renewPass.selector;
        selectors[7] = Handler.changePrice.selector;
        selectors[8] = Handler.revokeAndPublish.selector;
        selectors[9] = Handler.tip.selector;
        selectors[10] = Handler.claim.selector;
        selectors[11] = Handler.wait.selector;
        selectors[12] = Handler.claimPlatform.selector;
        selectors[13] = Handler.edit.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev After every sixteenth action and the last one.
    function invariant_lives() public {
        hold("invariant 1_escrowIsFullyBacked", this.check_1_escrowIsFullyBacked);
        hold("invariant 2_splitsSumExactly", this.check_2_splitsSumExactly);
        hold("invariant 2_moneyIsConserved", this.check_2_moneyIsConserved);
        hold("invariant 10_nullifierIsUsedOnce", this.check_10_nullifierIsUsedOnce);
        hold("invariant 6_callsNeverExceedWhatWasBought", this.check_6_callsNeverExceedWhatWasBought);
        hold("invariant 7_publishedVersionsNeverChange", this.check_7_publishedVersionsNeverChange);
        allHeld();
    }

    /// Public invariant 1: the balance is the escrow that is not earned yet, to the wei.
    function check_1_escrowIsFullyBacked() external view {
        uint256 escrow;
        for (uint256 id = 1; id <= accessPass.totalPasses(); ++id) {
            escrow += accessPass.getPass(PassId.wrap(id)).escrow;
        }
        assertEq(address(accessPass).balance, escrow);
    }

    /// Public invariants 1 and 2: every split sums exactly, and what is not claimed is there.
    function check_2_splitsSumExactly() external view {
        uint256 claimable = revenueRouter.platformClaimable();
        for (uint256 i = 0; i < handler.lineCount(); ++i) {
            (ModelId modelId,) = handler.lines(i);
            claimable += revenueRouter.claimable(modelId);
            uint256 total = handler.earnedBy(ModelId.unwrap(modelId));
            (uint256 accounted,) = revenueRouter.creatorAccount(modelId);
            assertEq(accounted, total - total * revenueRouter.platformPpm() / 1e6);
        }
        assertEq(address(revenueRouter).balance, claimable);
    }

    /// Nothing appears and nothing is lost.
    function check_2_moneyIsConserved() external view {
        uint256 held = address(accessPass).balance + address(revenueRouter).balance;
        assertEq(handler.paidIn(), held + handler.refunded() + handler.claimed());
    }

    /// Public invariant 10: a request settles once.
    function check_10_nullifierIsUsedOnce() external view {
        for (uint256 i = 0; i < handler.nullifierCount(); ++i) {
            assertEq(handler.timesSettled(handler.nullifiers(i)), 1);
        }
    }

    /// Public invariants 6 and 8: never more calls than bought, never one without the holder's signature.
    function check_6_callsNeverExceedWhatWasBought() external view {
        assertEq(handler.forgeries(), 0);
        for (uint256 id = 1; id <= accessPass.totalPasses(); ++id) {
            IAccessPass.Pass memory pass = accessPass.getPass(PassId.wrap(id));
            assertLe(handler.used(id) + pass.callsLeft, handler.bought(id));
            if (pass.callsLeft == 0) assertEq(pass.escrow, 0);
        }
    }

    /// Public invariant 7: what was published is what is read, whatever happened since, status apart.
    function check_7_publishedVersionsNeverChange() external view {
        assertEq(handler.overwritten(), 0, "a new version took an old one's number");
        for (uint256 i = 0; i < handler.lineCount(); ++i) {
            (ModelId modelId,) = handler.lines(i);
            uint256 count = handler.versionCount(modelId);
            assertGt(count, 0);
            for (uint256 v = 1; v <= count; ++v) {
                assertEq(
                    handler.fingerprint(modelId, VersionId.wrap(v)),
                    handler.published(ModelId.unwrap(modelId), v)
                );
            }
        }
    }
}
