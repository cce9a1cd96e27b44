// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {IModelDisputes} from "../../src/interfaces/IModelDisputes.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {ModelDisputes} from "../../src/licensing/ModelDisputes.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {RevenueVault} from "../../src/revenue/RevenueVault.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicenseId} from "../../src/types/Licensing.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev Random families of models, their money, their shareholders and their quarrels. Every action is legal, so a revert
/// is a finding, except where a link would break a limit that the graph keeps.
contract RightsHandler is LicensingBase {
    uint256 internal constant MAX_MODELS = 14;

    ModelId[] internal models;
    address[3] internal people;
    address[2] internal list;
    uint256[] internal open;

    uint256 public claimsAstray; // of shareholders: paid twice, or not at all
    uint256 public splitsAstray; // payments whose parts were not the amount
    mapping(address token => uint256) public paidIn;
    mapping(address token => uint256) public paidOut;
    mapping(address token => uint256) public royaltiesSetAside;
    mapping(address token => uint256) public royaltiesCollected;
    mapping(ModelId modelId => mapping(address token => bool)) private _owed; // royalties, at some time
    /// @dev What each person is due of a vault, in units × shares, added up payment by payment from his balance then.
    mapping(ModelId modelId => mapping(address person => mapping(address token => uint256))) public due;
    mapping(ModelId modelId => mapping(address person => mapping(address token => uint256))) public got;
    uint256 public bondsIn;
    uint256 public bondsOut;

    function setUp() public override {
        super.setUp();
        people = [makeAddr("ann"), makeAddr("ben"), makeAddr("cyd")];
        list = [NATIVE, address(usdc)];
        models.push(modelId);
        models.push(born(people[0]));
    }

    // --- families ----------------------------------------------------------------------------------------------------

    function bear(uint256 seed) external {
        if (models.length == MAX_MODELS) return;
        address owner = people[seed % 3];
        ModelId child = unborn(owner);
        uint256 count = (seed >> 8) % 4;
        IDerivativeGraph.ParentLink[] memory parents = new IDerivativeGraph.ParentLink[](count);
        uint256 kept;
        for (uint256 i = 0; i < count; ++i) {
            ModelId parent = models[((seed >> 16) + i) % models.length];
            if (!registry.hasLaunched(parent) || i >= models.length) continue;
            uint256 roll = uint256(keccak256(abi.encode(seed, i)));
            ILicenseTerms.Terms memory terms =
                fineTune(uint32(roll % 120_000), ILicenseTerms.Policy((roll >> 32) % 2));
            terms.approval = (roll >> 40) % 4 == 0;
            parents[kept++] = parentLink(give(parent, terms, owner));
        }
        assembly ("memory-safe") {
            mstore(parents, kept)
        }
        models.push(child);
        if (kept != 0) {
            vm.prank(owner);
            try graph.link(child, parents, 1_000_000) {} catch {}
        }
        launch(models.length - 1);
    }

    /// @dev Somebody tries to link a model, whatever its age, to any other, a descendant for example.
    function linkAgain(uint256 pick, uint256 other) external {
        (ModelId child, ModelId parent) = (models[pick % models.length], models[other % models.length]);
        address owner = registry.modelOwner(child);
        LicenseId license = give(parent, absolute(1000), owner);
        vm.prank(owner);
        try graph.link(child, one(parentLink(license)), 1_000_000) {} catch {}
    }

    function launch(uint256 pick) public {
        ModelId model = models[pick % models.length];
        if (registry.hasLaunched(model) || !graph.mayLaunch(model)) return;
        activate(model);
    }

    function decide(uint256 pick, bool approves) external {
        ModelId child = models[pick % models.length];
        (IDerivativeGraph.State state,, uint8 undecided) = graph.linkOf(child);
        if (state != IDerivativeGraph.State.Pending) return;
        uint256 index;
        while (undecided & (1 << index) == 0) {
            ++index;
        }
        vm.prank(registry.modelOwner(graph.parentsOf(child)[index].modelId));
        if (approves) graph.approve(child, index);
        else graph.reject(child, index, "no");
    }

    // --- money -------------------------------------------------------------------------------------------------------

    function pay(uint256 pick, uint256 amount, bool native, uint256 withNode) external {
        ModelId model = models[pick % models.length];
        (, bool undecided) = graph.stackOf(model);
        if (undecided) return;
        address token = native ? NATIVE : address(usdc);
        amount = withNode % 3 == 0 ? amount % 5 : bound(amount, 0, 1e24);
        address server = withNode % 2 == 0 ? node : address(0);
        uint256[5] memory before = parts(model, token);
        uint256 vaultBefore = vaultSum(model, token);
        revenueRouter.pay{value: native ? amount : 0}(model, token, amount, server);
        uint256[5] memory afterwards = parts(model, token);
        uint256 sum;
        for (uint256 i = 0; i < 5; ++i) {
            sum += afterwards[i] - before[i];
        }
        // Nothing but rounding keeps the parts that can be claimed one by one below the amount, and never above it.
        uint256 ancestors = graph.ancestorsOf(model).length;
        if (afterwards[1] != before[1]) _owed[model][token] = true;
        if (sum > amount + ancestors || amount > sum + ancestors) {
            ++splitsAstray;
            return;
        }
        paidIn[token] += amount;
        royaltiesSetAside[token] += amount - (sum - (afterwards[1] - before[1]));
        accrue(model, token, vaultSum(model, token) - vaultBefore);
    }

    function collect(uint256 pick, uint256 which, bool native) external {
        address token = native ? NATIVE : address(usdc);
        (bool found, ModelId model) = owing(pick, token);
        if (!found) return;
        IDerivativeGraph.Ancestor[] memory ancestors = graph.ancestorsOf(model);
        ModelId ancestor = ancestors[which % ancestors.length].modelId;
        if (graph.royaltyPpm(model, ancestor) == 0) return;
        uint256 vaultBefore = vaultSum(ancestor, token);
        uint256 expected = revenueRouter.royaltyCollectable(model, ancestor, token);
        assertEq(revenueRouter.collectRoyalty(model, ancestor, token), expected);
        assertEq(revenueRouter.collectRoyalty(model, ancestor, token), 0, "collected twice");
        royaltiesCollected[token] += expected;
        accrue(ancestor, token, vaultSum(ancestor, token) - vaultBefore);
    }

    function claimCreator(uint256 pick, bool native) external {
        ModelId model = models[pick % models.length];
        if (disputes.isFrozen(model) || registry.payoutOf(model) == address(0)) return;
        address token = native ? NATIVE : address(usdc);
        uint256 expected = revenueRouter.claimable(model, token);
        uint256 before = balance(token, registry.payoutOf(model));
        assertEq(revenueRouter.claim(model, token), expected);
        assertEq(balance(token, registry.payoutOf(model)) - before, expected);
        assertEq(revenueRouter.claim(model, token), 0, "claimed twice");
        paidOut[token] += expected;
    }

    function claimOthers(bool native) external {
        address token = native ? NATIVE : address(usdc);
        paidOut[token] += revenueRouter.claimPlatform(token);
        vm.startPrank(node);
        paidOut[token] += revenueRouter.claimNode(token, node);
        assertEq(revenueRouter.claimNode(token, node), 0, "claimed twice");
        vm.stopPrank();
        assertEq(revenueRouter.claimPlatform(token), 0, "claimed twice");
    }

    function changeRates(uint256 pick, uint256 nodePpm, uint256 platformPpm) external {
        ModelId model = models[pick % models.length];
        if (revenueRouter.vaultOf(model) == address(0)) {
            vm.prank(registry.modelOwner(model));
            revenueRouter.setNodePpm(model, uint32(nodePpm % 1_000_001));
        }
        setPlatform(uint32(platformPpm % 100_001));
    }

    // --- shares ------------------------------------------------------------------------------------------------------

    function openShares(uint256 pick, uint256 ppm, uint256 shares) external {
        ModelId model = models[pick % models.length];
        if (revenueRouter.vaultOf(model) != address(0)) return;
        openVault(model, uint32(bound(ppm, 1, 1_000_000)), bound(shares, 1, 1e27), people[pick % 3]);
    }

    function moveShares(uint256 pick, uint256 from, uint256 to, uint256 amount) external {
        RevenueVault vault = vaultAt(pick);
        if (address(vault) == address(0)) return;
        (address sender, address receiver) = (people[from % 3], people[to % 3]);
        amount = bound(amount, 0, vault.balanceOf(sender));
        vm.prank(sender);
        vault.transfer(receiver, amount);
    }

    /// @dev What a first claim brings; a second one that brings anything, or one that the vault cannot pay, is counted.
    function claimOnce(RevenueVault vault, address token, address person) private returns (uint256 amount) {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(person);
            try vault.claim(token, person) returns (uint256 paid) {
                amount += paid;
                if (i == 1 && paid != 0) ++claimsAstray;
            } catch {
                ++claimsAstray;
            }
        }
    }

    function claimShares(uint256 pick, uint256 who, bool native) external {
        RevenueVault vault = vaultAt(pick);
        ModelId model = models[pick % models.length];
        if (address(vault) == address(0) || disputes.isFrozen(model)) return;
        (address person, address token) = (people[who % 3], native ? NATIVE : address(usdc));
        uint256 vaultHeld = balance(token, address(vault));
        uint256 amount = claimOnce(vault, token, person);
        got[model][person][token] += amount;
        // What the router sent out is what the vault holds more, and paid.
        paidOut[token] += balance(token, address(vault)) + amount - vaultHeld;
    }

    function pullShares(uint256 pick, bool native) external {
        ModelId model = models[pick % models.length];
        if (revenueRouter.vaultOf(model) == address(0) || disputes.isFrozen(model)) return;
        address token = native ? NATIVE : address(usdc);
        paidOut[token] += revenueRouter.claimVault(model, token);
    }

    // --- quarrels ----------------------------------------------------------------------------------------------------

    function accuse(uint256 pick) external {
        ModelId model = models[pick % models.length];
        address accuser = makeAddr(vm.toString(pick));
        vm.deal(accuser, DISPUTE_BOND);
        vm.prank(accuser);
        try disputes.open{value: DISPUTE_BOND}(model, "", "") returns (uint256 id) {
            open.push(id);
            bondsIn += DISPUTE_BOND;
        } catch {}
    }

    function judge(uint256 pick, uint256 roll) external {
        if (open.length == 0) return;
        uint256 id = open[pick % open.length];
        IModelDisputes.Dispute memory dispute = disputes.disputeOf(id);
        if (dispute.state == IModelDisputes.State.Upheld) {
            vm.prank(dispute.accuser);
            disputes.lift(id);
        } else if (dispute.state == IModelDisputes.State.Open && block.timestamp > dispute.decideBy) {
            disputes.lapse(id);
        } else if (dispute.state == IModelDisputes.State.Open && roll % 3 == 0) {
            vm.prank(dispute.accuser);
            disputes.withdraw(id);
        } else if (dispute.state == IModelDisputes.State.Open) {
            vm.prank(arbiter);
            disputes.decide(id, roll % 3 == 1, "");
        }
        vm.prank(dispute.accuser);
        bondsOut += disputes.withdrawBond(dispute.accuser);
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 10 days));
    }

    /// @dev Claims everything that anybody can claim of both tokens once the royalties are collected; returns what each claim
    /// paid, at the same place whatever the order. Only invariants call it, and take it back.
    function claimAll(bool backwards) external returns (uint256[] memory paid) {
        for (uint256 i = 0; i < models.length; ++i) {
            _collectAll(models[backwards ? models.length - 1 - i : i]);
        }
        uint256 size = 5 * models.length + 2; // platform and node last
        paid = new uint256[](2 * size);
        for (uint256 i = 0; i < 2 * size; ++i) {
            uint256 at = backwards ? 2 * size - 1 - i : i;
            paid[at] = _claimOne(at % size, list[at / size]);
        }
    }

    function _collectAll(ModelId model) private {
        IDerivativeGraph.Ancestor[] memory ancestors = graph.ancestorsOf(model);
        for (uint256 i = 0; i < 2 * ancestors.length; ++i) {
            (ModelId ancestor, address token) = (ancestors[i / 2].modelId, list[i % 2]);
            if (revenueRouter.royaltyCollectable(model, ancestor, token) == 0) continue;
            revenueRouter.collectRoyalty(model, ancestor, token);
        }
    }

    function _claimOne(uint256 what, address token) private returns (uint256) {
        if (what == 5 * models.length) return revenueRouter.claimPlatform(token);
        if (what == 5 * models.length + 1) {
            vm.prank(node);
            return revenueRouter.claimNode(token, node);
        }
        ModelId model = models[what / 5];
        if (disputes.isFrozen(model)) return 0;
        if (what % 5 == 3) return revenueRouter.claim(model, token);
        RevenueVault vault = RevenueVault(payable(revenueRouter.vaultOf(model)));
        if (what % 5 == 4 || address(vault) == address(0)) return 0;
        vm.prank(people[what % 5]);
        return vault.claim(token, people[what % 5]);
    }

    /// @dev What a shareholder's claim pays, and his next one. Only invariants call it, and take it back.
    function claimSharesTwice(RevenueVault vault, address person, address token)
        external
        returns (uint256 first, uint256 second)
    {
        vm.startPrank(person);
        (first, second) = (vault.claim(token, person), vault.claim(token, person));
        vm.stopPrank();
    }

    // --- what the invariants look at ---------------------------------------------------------------------------------

    function contracts() external view returns (RevenueRouter, DerivativeGraph, ModelDisputes) {
        return (revenueRouter, graph, disputes);
    }

    function modelCount() external view returns (uint256) {
        return models.length;
    }

    function modelAt(uint256 index) external view returns (ModelId) {
        return models[index];
    }

    function personAt(uint256 index) external view returns (address) {
        return people[index];
    }

    function tokenAt(uint256 index) external view returns (address) {
        return list[index];
    }

    function nodeAccount() external view returns (address) {
        return node;
    }

    function bondsStaked() external view returns (uint256 sum) {
        for (uint256 i = 0; i < open.length; ++i) {
            IModelDisputes.Dispute memory dispute = disputes.disputeOf(open[i]);
            if (dispute.state == IModelDisputes.State.Open) sum += DISPUTE_BOND;
        }
    }

    function owners() external view returns (address[] memory all) {
        all = new address[](4);
        (all[0], all[1], all[2], all[3]) = (creator, people[0], people[1], people[2]);
    }

    /// @dev Platform, royalties one by one, node, vault, creator: what each can claim of the model's account.
    function parts(ModelId model, address token) public view returns (uint256[5] memory out) {
        out[0] = revenueRouter.platformClaimable(token);
        out[1] = collectable(model, token);
        out[2] = revenueRouter.nodeClaimable(node, token);
        out[3] = vaultSum(model, token);
        out[4] = revenueRouter.claimable(model, token);
    }

    function collectable(ModelId model, address token) public view returns (uint256 sum) {
        IDerivativeGraph.Ancestor[] memory ancestors = graph.ancestorsOf(model);
        for (uint256 i = 0; i < ancestors.length; ++i) {
            sum += revenueRouter.royaltyCollectable(model, ancestors[i].modelId, token);
        }
    }

    /// @dev A model, from `pick` on, whose ancestors have something to collect.
    function owing(uint256 pick, address token) private view returns (bool, ModelId model) {
        for (uint256 i = 0; i < models.length; ++i) {
            model = models[(pick % models.length + i) % models.length];
            if (_owed[model][token] && collectable(model, token) != 0) return (true, model);
        }
        return (false, model);
    }

    function balance(address token, address account) public view returns (uint256) {
        return token == NATIVE ? account.balance : IERC20(token).balanceOf(account);
    }

    function vaultSum(ModelId model, address token) private view returns (uint256 accounted) {
        (accounted,) = revenueRouter.vaultAccount(model, token);
    }

    function vaultAt(uint256 pick) private view returns (RevenueVault) {
        return RevenueVault(payable(revenueRouter.vaultOf(models[pick % models.length])));
    }

    function accrue(ModelId model, address token, uint256 income) private {
        if (income == 0) return;
        RevenueVault vault = RevenueVault(payable(revenueRouter.vaultOf(model)));
        for (uint256 i = 0; i < 3; ++i) {
            due[model][people[i]][token] += income * vault.balanceOf(people[i]);
        }
    }
}
