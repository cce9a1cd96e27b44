// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {ModelDisputes} from "../../src/licensing/ModelDisputes.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {RightsHandler} from "./RightsHandler.sol";
import {PublicInvariants} from "./PublicInvariants.sol";

contract RightsInvariantTest is PublicInvariants {
    RightsHandler internal handler;
    RevenueRouter internal router;
    DerivativeGraph internal graph;
    ModelDisputes internal disputes;

    function setUp() public {
        handler = new RightsHandler();
        handler.setUp();
        (router, graph, disputes) = handler.contracts();
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = RightsHandler.bear.selector;
        selectors[1] = RightsHandler.launch.selector;
        selectors[2] = RightsHandler.decide.selector;
        selectors[3] = RightsHandler.pay.selector;
        selectors[4] = RightsHandler.collect.selector;
        selectors[5] = RightsHandler.claimCreator.selector;
        selectors[6] = RightsHandler.claimOthers.selector;
        selectors[7] = RightsHandler.changeRates.selector;
        selectors[8] = RightsHandler.openShares.selector;
        selectors[9] = RightsHandler.moveShares.selector;
        selectors[10] = RightsHandler.claimShares.selector;
        selectors[11] = RightsHandler.pullShares.selector;
        selectors[12] = RightsHandler.accuse.selector;
        selectors[13] = RightsHandler.judge.selector;
        selectors[14] = RightsHandler.wait.selector;
        selectors[15] = RightsHandler.linkAgain.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev After every sixteenth action and the last one.
    function invariant_rights() public {
        hold("invariant 1_balanceCoversObligations", this.check_1_balanceCoversObligations);
        hold("invariant 2_moneyIsConserved", this.check_2_moneyIsConserved);
        hold("invariant 12_shareholdersGetTheirPart", this.check_12_shareholdersGetTheirPart);
        allHeld();
    }

    /// @dev At the end of each life: links stay for ever once they are made, and everybody claims everything, in every order.
    function afterInvariant() public {
        hold("invariant 3_graphIsBoundedAndAcyclic", this.check_3_graphIsBoundedAndAcyclic);
        hold("invariant 4_claimsCommuteAndPayOnce", this.check_4_claimsCommuteAndPayOnce);
        hold("invariant 12_sharesClaimOnce", this.check_12_sharesClaimOnce);
        allHeld();
    }

    /// Public invariant 1: per token, what the router holds covers all that anybody can claim, and no more than the dust
    /// of the ancestors' roundings lies beside it.
    function check_1_balanceCoversObligations() external view {
        _checkBonds();
        for (uint256 t = 0; t < 2; ++t) {
            address token = handler.tokenAt(t);
            uint256 owed =
                router.platformClaimable(token) + router.nodeClaimable(handler.nodeAccount(), token);
            uint256 dust;
            for (uint256 i = 0; i < handler.modelCount(); ++i) {
                ModelId model = handler.modelAt(i);
                (uint256 accounted, uint256 claimed) = router.vaultAccount(model, token);
                owed += router.claimable(model, token) + accounted - claimed
                + handler.collectable(model, token);
                dust += graph.ancestorsOf(model).length;
            }
            uint256 held = handler.balance(token, address(router));
            assertGe(held, owed, "short");
            assertLe(held, owed + dust, "money that belongs to nobody");
        }
    }

    /// Public invariant 2: what came in is what is held and what went out.
    function check_2_moneyIsConserved() external view {
        assertEq(handler.splitsAstray(), 0, "the parts are not the amount");
        for (uint256 t = 0; t < 2; ++t) {
            address token = handler.tokenAt(t);
            uint256 held = handler.balance(token, address(router));
            assertEq(handler.paidIn(token), held + handler.paidOut(token));
            assertLe(handler.royaltiesCollected(token), handler.royaltiesSetAside(token));
        }
    }

    /// Public invariant 3: no cycle, at most 64 ancestors, stacks within the cap, and tables closed under descent.
    function check_3_graphIsBoundedAndAcyclic() external view {
        _checkAgainstLinks();
        for (uint256 i = 0; i < handler.modelCount(); ++i) {
            ModelId model = handler.modelAt(i);
            IDerivativeGraph.Ancestor[] memory ancestors = graph.ancestorsOf(model);
            assertLe(ancestors.length, 64);
            uint256 sum;
            for (uint256 j = 0; j < ancestors.length; ++j) {
                assertTrue(ancestors[j].modelId != model, "its own ancestor");
                if (j != 0) {
                    assertGt(ModelId.unwrap(ancestors[j].modelId), ModelId.unwrap(ancestors[j - 1].modelId));
                }
                sum += ancestors[j].absolutePpm + ancestors[j].relativePpm;
                IDerivativeGraph.Ancestor[] memory further = graph.ancestorsOf(ancestors[j].modelId);
                for (uint256 k = 0; k < further.length; ++k) {
                    assertTrue(further[k].modelId != model, "cycle");
                    assertTrue(contains(ancestors, further[k].modelId), "an ancestor's ancestor is missing");
                }
            }
            (uint32 stackPpm,) = graph.stackOf(model);
            assertEq(sum, stackPpm);
            assertLe(stackPpm, 500_000);
        }
    }

    /// Public invariant 4: everybody's claims, in two opposite orders, pay the same to each; a second round pays nothing.
    function check_4_claimsCommuteAndPayOnce() external {
        uint256 before = vm.snapshotState();
        uint256[] memory forwards = handler.claimAll(false);
        uint256[] memory again = handler.claimAll(true);
        vm.revertToState(before);
        uint256[] memory backwards = handler.claimAll(true);
        vm.revertToState(before);
        for (uint256 i = 0; i < forwards.length; ++i) {
            assertEq(forwards[i], backwards[i], "a claim depends on the order");
            assertEq(again[i], 0, "claimed twice");
        }
    }

    /// Public invariant 12: every shareholder can claim exactly what his balances at the times of income give him, and
    /// all of them together no more than the vault was given; what he claims is that, once.
    function check_12_shareholdersGetTheirPart() external view {
        assertEq(handler.claimsAstray(), 0, "a claim is paid once");
        for (uint256 i = 0; i < handler.modelCount(); ++i) {
            ModelId model = handler.modelAt(i);
            RevenueVault vault = RevenueVault(payable(router.vaultOf(model)));
            if (address(vault) == address(0)) continue;
            for (uint256 t = 0; t < 2; ++t) {
                address token = handler.tokenAt(t);
                uint256 total;
                for (uint256 p = 0; p < 3; ++p) {
                    address person = handler.personAt(p);
                    uint256 claimable = vault.claimable(person, token);
                    uint256 got = handler.got(model, person, token);
                    assertEq(claimable + got, handler.due(model, person, token) / vault.totalSupply());
                    total += claimable;
                }
                (uint256 accounted, uint256 claimed) = router.vaultAccount(model, token);
                uint256 held = handler.balance(token, address(vault));
                assertLe(total, held + accounted - claimed, "more than the vault has");
            }
        }
    }

    /// @dev Everybody claims of every vault twice, and all is as before.
    function check_12_sharesClaimOnce() external {
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i < handler.modelCount(); ++i) {
            RevenueVault vault = RevenueVault(payable(router.vaultOf(handler.modelAt(i))));
            if (address(vault) == address(0) || disputes.isFrozen(handler.modelAt(i))) continue;
            for (uint256 j = 0; j < 6; ++j) {
                (address person, address token) = (handler.personAt(j / 2), handler.tokenAt(j % 2));
                uint256 claimable = vault.claimable(person, token);
                if (claimable == 0) continue;
                (uint256 first, uint256 second) = handler.claimSharesTwice(vault, person, token);
                assertEq(first, claimable, "a claim pays something else");
                assertEq(second, 0, "shares claim twice");
            }
        }
        vm.revertToState(before);
    }

    /// @dev public invariant 1 for bonds: at stake, or won by an owner who has not withdrawn it yet.
    function _checkBonds() private view {
        uint256 owed = handler.bondsStaked();
        address[] memory owners = handler.owners();
        for (uint256 i = 0; i < owners.length; ++i) {
            owed += disputes.bondOf(owners[i]);
        }
        assertEq(address(disputes).balance, owed);
        assertEq(handler.bondsIn() - handler.bondsOut(), owed);
    }

    /// @dev What a model owes along the graph, computed anew by recursion from the parents' links.
    function _checkAgainstLinks() private view {
        for (uint256 i = 0; i < handler.modelCount(); ++i) {
            ModelId model = handler.modelAt(i);
            IDerivativeGraph.Parent[] memory parents = graph.parentsOf(model);
            uint256 sum;
            for (uint256 p = 0; p < parents.length; ++p) {
                sum += parents[p].sharePpm;
                IDerivativeGraph.Ancestor[] memory further = graph.ancestorsOf(parents[p].modelId);
                for (uint256 j = 0; j < further.length; ++j) {
                    sum += further[j].absolutePpm;
                }
            }
            (uint32 stackPpm,) = graph.stackOf(model);
            assertEq(sum, stackPpm);
        }
    }

    function contains(IDerivativeGraph.Ancestor[] memory list, ModelId id) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].modelId == id) return true;
        }
        return false;
    }
}
