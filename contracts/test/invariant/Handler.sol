// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessPass} from "../../src/access/AccessPass.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {PICO} from "../../src/types/PicoAmount.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev Random lives of two models, their passes and their money; every action is legal, so a revert is a finding.
contract Handler is TestBase {
    struct Line {
        ModelId modelId;
        VersionId versionId;
    }

    Line[] public lines;
    IVerifierRouter.Request[] private _settled;
    mapping(uint256 passId => uint256) public bought;
    mapping(uint256 passId => uint256) public used;
    mapping(bytes32 nullifier => uint256) public timesSettled;
    mapping(uint256 model => uint256) public earnedBy;
    mapping(uint256 model => mapping(uint256 version => bytes32)) public published;
    uint256 public paidIn;
    uint256 public refunded;
    uint256 public claimed;
    uint256 public forgeries;
    uint256 public overwritten; // publications under a number that was taken
    bytes32[] public nullifiers;
    uint256 private _nonce;

    function setUp() public override {
        super.setUp();
        lines.push(Line(modelId, versionId));
        ModelId second = register(creator);
        VersionId version = publishActive(second, creator, commitment("second line"));
        setPrice(second, version, 333 * PICO / 1000, 7); // far below one wei a call
        lines.push(Line(second, version));
        _remember(lines[0]);
        _remember(lines[1]);
        vm.deal(buyer, 1e60);
    }

    function pass() external view returns (AccessPass) {
        return accessPass;
    }

    function revenue() external view returns (RevenueRouter) {
        return revenueRouter;
    }

    function versionCount(ModelId model) external view returns (uint256) {
        return registry.versionCount(model);
    }

    /// @dev Everything of a version but its status.
    function fingerprint(ModelId model, VersionId version) public view returns (bytes32) {
        (IModelRegistry.VersionCommitment memory c, IModelRegistry.VersionState memory state) =
            registry.getVersion(model, version);
        state.status = IModelRegistry.Status.None;
        return keccak256(abi.encode(c, state));
    }

    function lineCount() external view returns (uint256) {
        return lines.length;
    }

    function nullifierCount() external view returns (uint256) {
        return nullifiers.length;
    }

    function buyPass(uint256 line, uint256 calls, uint256 numDays, uint256 surplus) external {
        Line memory chosen = lines[line % lines.length];
        (calls, numDays, surplus) = (bound(calls, 1, 30), bound(numDays, 1, 60), bound(surplus, 0, 1 ether));
        IAccessPass.Order memory o = order(calls, numDays);
        (o.modelId, o.versionId) = (chosen.modelId, chosen.versionId);
        uint256 price = priceBook.quotePass(o.modelId, o.versionId, calls, numDays);
        uint256 before = buyer.balance;
        vm.prank(buyer);
        PassId passId = accessPass.buy{value: price + surplus}(o);
        assertEq(before - buyer.balance, price);
        bought[PassId.unwrap(passId)] = calls;
        paidIn += price;
    }

    function settleCall(uint256 pick) external {
        (bool found, uint256 id) = _living(pick);
        if (!found) return;
        IVerifierRouter.Request memory request = _request(id, ++_nonce);
        uint256[] memory instances = instancesOf(request.nonce);
        uint256 before = address(revenueRouter).balance;
        bytes32 nullifier =
            verifierRouter.settle(request, sign(request, buyerKey), instances, prove(request, instances));
        ++used[id];
        ++timesSettled[nullifier];
        nullifiers.push(nullifier);
        earnedBy[ModelId.unwrap(request.modelId)] += address(revenueRouter).balance - before;
        _settled.push(request);
    }

    /// @dev Settling again, with the same or a fresh proof, never works.
    function settleAgain(uint256 pick, bytes calldata salt) external {
        if (_settled.length == 0) return;
        IVerifierRouter.Request memory request = _settled[pick % _settled.length];
        uint256[] memory instances = instancesOf(request.nonce);
        bytes memory proof = abi.encodePacked(prove(request, instances), salt);
        bytes memory signature = sign(request, buyerKey);
        try verifierRouter.settle(request, signature, instances, proof) returns (bytes32 nullifier) {
            ++timesSettled[nullifier];
        } catch {}
    }

    /// @dev Somebody without the holder's key tries to debit a pass.
    function forge(uint256 pick, uint256 secret) external {
        (bool found, uint256 id) = _living(pick);
        if (!found) return;
        secret = bound(secret, 1, 1e18);
        if (vm.addr(secret) == buyer) return;
        IVerifierRouter.Request memory request = _request(id, ++_nonce);
        uint256[] memory instances = instancesOf(request.nonce);
        bytes memory proof = prove(request, instances);
        bytes memory signature = sign(request, secret);
        try verifierRouter.settle(request, signature, instances, proof) {
            ++forgeries;
        } catch {}
    }

    function refundPass(uint256 pick) external {
        if (accessPass.totalPasses() == 0) return;
        uint256 id = pick % accessPass.totalPasses() + 1;
        IAccessPass.Pass memory held = accessPass.getPass(PassId.wrap(id));
        bool ended = block.timestamp > held.expires || _status(held) == IModelRegistry.Status.Revoked;
        if (!ended || held.escrow == 0) return;
        vm.prank(buyer);
        refunded += accessPass.refund(PassId.wrap(id), buyer);
    }

    function cancelPass(uint256 pick) external {
        (bool found, uint256 id) = _living(pick);
        if (!found || accessPass.expiresAt(id) <= block.timestamp + 1 days) return;
        vm.prank(buyer);
        accessPass.cancelSubscription(id);
    }

    function renewPass(uint256 pick, uint256 numDays) external {
        (bool found, uint256 id) = _living(pick);
        if (!found || !accessPass.isRenewable(id)) return;
        numDays = bound(numDays, 1, 30);
        IAccessPass.Pass memory held = accessPass.getPass(PassId.wrap(id));
        uint256 price =
            priceBook.quoteDays(ModelId.wrap(held.modelId), VersionId.wrap(held.versionId), numDays);
        uint256 before = buyer.balance;
        vm.prank(buyer);
        accessPass.renewSubscription{value: price + 1}(id, uint64(numDays * 1 days));
        assertEq(before - buyer.balance, price);
        paidIn += price;
    }

    function changePrice(uint256 line, uint256 perCall, uint256 perDay) external {
        Line memory chosen = lines[line % lines.length];
        setPrice(chosen.modelId, chosen.versionId, bound(perCall, 0, 1e34), bound(perDay, 0, 1e34));
    }

    function revokeAndPublish(uint256 line, uint256 roll) external {
        if (roll % 4 != 0) return;
        Line storage chosen = lines[line % lines.length];
        setStatus(chosen.modelId, chosen.versionId, IModelRegistry.Status.Revoked);
        chosen.versionId = publishActive(chosen.modelId, creator, commitment(vm.toString(roll)));
        setPrice(chosen.modelId, chosen.versionId, CALL_PRICE * PICO, 0);
        _remember(chosen);
    }

    /// @dev Everything that an owner may still do to a model with published versions.
    function edit(uint256 line, uint256 what) external {
        Line memory chosen = lines[line % lines.length];
        vm.startPrank(creator);
        if (what % 4 == 0) registry.setCardURI(chosen.modelId, "ipfs://another-card");
        if (what % 4 == 1) {
            registry.announceReplica(chosen.modelId, chosen.versionId, "ipfs://bafyreplica");
        }
        if (what % 4 == 2) registry.setCanonicalVersion(chosen.modelId, chosen.versionId);
        if (what % 4 == 3) registry.setPayout(chosen.modelId, payout);
        vm.stopPrank();
    }

    function tip(uint256 line, uint256 amount) external {
        Line memory chosen = lines[line % lines.length];
        amount = bound(amount, 0, 1e20);
        vm.prank(buyer);
        revenueRouter.pay{value: amount}(chosen.modelId);
        earnedBy[ModelId.unwrap(chosen.modelId)] += amount;
        paidIn += amount;
    }

    function claim(uint256 line) external {
        claimed += revenueRouter.claim(lines[line % lines.length].modelId);
    }

    function claimPlatform() external {
        claimed += revenueRouter.claimPlatform();
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 5 days));
    }

    function _remember(Line memory line) private {
        (uint256 model, uint256 version) = (ModelId.unwrap(line.modelId), VersionId.unwrap(line.versionId));
        if (published[model][version] != 0) ++overwritten;
        else published[model][version] = fingerprint(line.modelId, line.versionId);
    }

    function _request(uint256 id, uint256 nonce)
        private
        view
        returns (IVerifierRouter.Request memory request)
    {
        IAccessPass.Pass memory held = accessPass.getPass(PassId.wrap(id));
        request = requestFor(PassId.wrap(id), nonce);
        (request.modelId, request.versionId) = (ModelId.wrap(held.modelId), VersionId.wrap(held.versionId));
    }

    /// @dev A pass, from `pick` on, that can settle a call now.
    function _living(uint256 pick) private view returns (bool found, uint256 id) {
        uint256 total = accessPass.totalPasses();
        for (uint256 i = 0; i < total; ++i) {
            id = (pick % total + i) % total + 1;
            IAccessPass.Pass memory held = accessPass.getPass(PassId.wrap(id));
            bool served = _status(held) == IModelRegistry.Status.Active;
            if (served && held.callsLeft != 0 && block.timestamp <= held.expires) return (true, id);
        }
        return (false, 0);
    }

    function _status(IAccessPass.Pass memory held) private view returns (IModelRegistry.Status) {
        return registry.statusOf(ModelId.wrap(held.modelId), VersionId.wrap(held.versionId));
    }
}
