// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {IModelDisputes} from "../interfaces/IModelDisputes.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {IRevenueVault} from "../interfaces/IRevenueVault.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";
import {ModelId} from "../types/Ids.sol";
import {PPM} from "../types/Licensing.sol";
import {RevenueLedger} from "./RevenueLedger.sol";
import {RevenueVault} from "./RevenueVault.sol";

/// @title RevenueRouter
/// @notice Balance per token ≥ what is owed, to the unit but for the royalties' dust (RevenueLedger). No role can move
/// what is owed, and nothing here can be paused.
contract RevenueRouter is RevenueLedger, ReentrancyGuardTransient {
    address private constant NATIVE = TokenTransfer.NATIVE;

    /// @notice Highest platform part: 10 %.
    uint32 public constant MAX_PLATFORM_PPM = 100_000;

    /// @notice How long a lower node part is announced before it holds.
    uint48 public constant NODE_NOTICE = 1 days;

    /// @dev In one slot. From `nextAt` on `nextNodePpm` holds; 0 = nothing is announced.
    struct ModelRates {
        uint24 nodePpm;
        uint24 nextNodePpm;
        uint48 nextAt;
        uint24 vaultPpm;
        uint24 nodeCap; // with a vault: the node's part never rises above
    }

    IModelRegistry private immutable _registry;
    IDerivativeGraph private immutable _graph;
    IModelDisputes private immutable _disputes;

    /// @notice The code that all vaults share.
    address public immutable vaultImplementation;

    mapping(ModelId modelId => ModelRates) private _rates;
    mapping(ModelId modelId => address) private _vault;

    /// @notice Where the platform's part is sent.
    address public treasury;

    /// @notice The platform's part of what comes in from now on.
    uint32 public platformPpm;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param graph_ the DerivativeGraph
    /// @param disputes_ the ModelDisputes
    /// @param treasury_ where the platform's part is sent
    /// @param platformPpm_ the platform's part, at most MAX_PLATFORM_PPM
    constructor(
        address authority,
        IModelRegistry registry_,
        IDerivativeGraph graph_,
        IModelDisputes disputes_,
        address treasury_,
        uint32 platformPpm_
    ) AccessManaged(authority) {
        (_registry, _graph, _disputes) = (registry_, graph_, disputes_);
        vaultImplementation = address(new RevenueVault());
        _setTreasury(treasury_);
        _setPlatformPpm(platformPpm_);
    }

    /// @inheritdoc IRevenueRouter
    function pay(ModelId modelId) external payable nonReentrant {
        _pay(modelId, NATIVE, msg.value, address(0));
    }

    /// @inheritdoc IRevenueRouter
    function pay(ModelId modelId, address token, uint256 amount, address node) external payable nonReentrant {
        uint256 expected = token == NATIVE ? amount : 0;
        if (msg.value != expected) revert RevenueRouter_ValueMismatch(msg.value, expected);
        if (!isKnown(token)) revert RevenueRouter_TokenNotAccepted(token);
        if (token != NATIVE) {
            uint256 received = TokenTransfer.pull(token, msg.sender, amount);
            if (received != amount) revert RevenueRouter_ReceivedOther(received, amount);
        }
        _pay(modelId, token, amount, node);
    }

    /// @inheritdoc IRevenueRouter
    function claim(ModelId modelId) external nonReentrant returns (uint256 amount) {
        return _claim(modelId, NATIVE);
    }

    /// @inheritdoc IRevenueRouter
    function claim(ModelId modelId, address token) external nonReentrant returns (uint256 amount) {
        return _claim(modelId, token);
    }

    /// @inheritdoc IRevenueRouter
    function claimPlatform() external nonReentrant returns (uint256 amount) {
        return _claimPlatform(NATIVE);
    }

    /// @inheritdoc IRevenueRouter
    function claimPlatform(address token) external nonReentrant returns (uint256 amount) {
        return _claimPlatform(token);
    }

    /// @inheritdoc IRevenueRouter
    function claimNode(address token, address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert RevenueRouter_ZeroAddress();
        amount = _take(_node[msg.sender][token]);
        emit NodeClaimed(msg.sender, token, to, amount);
        TokenTransfer.send(token, to, amount);
    }

    /// @inheritdoc IRevenueRouter
    function claimVault(ModelId modelId, address token) external nonReentrant returns (uint256 amount) {
        address vault = _vault[modelId];
        if (vault == address(0)) revert RevenueRouter_NoVault(modelId);
        _checkFree(modelId);
        Account storage account = _account[modelId][token];
        amount = account.vaultAccounted - account.vaultClaimed;
        account.vaultClaimed = account.vaultAccounted;
        emit VaultClaimed(modelId, token, vault, amount);
        TokenTransfer.send(token, vault, amount);
    }

    /// @inheritdoc IRevenueRouter
    function collectRoyalty(ModelId modelId, ModelId ancestor, address token)
        external
        nonReentrant
        returns (uint256 amount)
    {
        uint256 ppm = _graph.royaltyPpm(modelId, ancestor);
        if (ppm == 0) revert RevenueRouter_NotAncestor(modelId, ancestor);
        uint256 lifetime = _royalty(modelId, token, ppm);
        amount = lifetime - _collected[modelId][ancestor][token];
        _collected[modelId][ancestor][token] = lifetime;
        _bookRoyalty(ancestor, token, amount, _rates[ancestor].vaultPpm);
        emit RoyaltyCollected(modelId, ancestor, token, amount);
    }

    /// @inheritdoc IRevenueRouter
    function setNodePpm(ModelId modelId, uint32 ppm) external {
        _checkModelOwner(modelId);
        ModelRates storage rates = _rates[modelId];
        uint256 limit = rates.vaultPpm == 0 ? PPM : rates.nodeCap;
        if (ppm > limit) revert RevenueRouter_NodePpmAboveLimit(ppm, limit);
        uint24 current = uint24(_nodePpm(rates));
        uint48 startsAt = uint48(block.timestamp) + (ppm < current ? NODE_NOTICE : 0);
        (rates.nodePpm, rates.nextNodePpm, rates.nextAt) = (current, uint24(ppm), startsAt);
        emit NodePpmChanged(modelId, ppm, startsAt);
    }

    /// @inheritdoc IRevenueRouter
    function openVault(ModelId modelId, uint32 ppm, uint256 shares, address to)
        external
        nonReentrant
        returns (address vault)
    {
        _checkModelOwner(modelId);
        if (_vault[modelId] != address(0)) revert RevenueRouter_VaultKnown(modelId, _vault[modelId]);
        if (ppm == 0 || ppm > PPM) revert RevenueRouter_VaultPpmOutOfRange(ppm, 1, PPM);
        vault = Clones.clone(vaultImplementation);
        ModelRates storage rates = _rates[modelId];
        (_vault[modelId], rates.vaultPpm, rates.nodeCap) = (vault, uint24(ppm), uint24(_nodePpm(rates)));
        emit VaultOpened(modelId, vault, ppm, shares);
        IRevenueVault(vault).initialise(modelId, shares, to);
    }

    /// @inheritdoc IRevenueRouter
    function raiseVaultPpm(ModelId modelId, uint32 ppm) external {
        _checkModelOwner(modelId);
        if (_vault[modelId] == address(0)) revert RevenueRouter_NoVault(modelId);
        uint24 current = _rates[modelId].vaultPpm;
        if (ppm <= current || ppm > PPM) revert RevenueRouter_VaultPpmOutOfRange(ppm, current + 1, PPM);
        _rates[modelId].vaultPpm = uint24(ppm);
        emit VaultPpmChanged(modelId, ppm);
    }

    /// @notice Changes the platform's part of what comes in from now on. Role OPERATOR.
    function setPlatformPpm(uint32 ppm) external restricted {
        _setPlatformPpm(ppm);
    }

    /// @notice Changes where the platform's part is sent. Role OPERATOR.
    function setTreasury(address treasury_) external restricted {
        _setTreasury(treasury_);
    }

    /// @inheritdoc IRevenueRouter
    function previewSplit(ModelId modelId, address token, uint256 amount, address node)
        external
        view
        returns (Split memory)
    {
        return _split(_account[modelId][token], amount, _ratesFor(modelId, node));
    }

    /// @inheritdoc IRevenueRouter
    function claimable(ModelId modelId) external view returns (uint256) {
        return claimable(modelId, NATIVE);
    }

    /// @inheritdoc IRevenueRouter
    function platformClaimable() external view returns (uint256) {
        return platformClaimable(NATIVE);
    }

    /// @inheritdoc IRevenueRouter
    function nodeClaimable(address node, address token) external view returns (uint256) {
        return _node[node][token].accounted - _node[node][token].claimed;
    }

    /// @inheritdoc IRevenueRouter
    function royaltyCollectable(ModelId modelId, ModelId ancestor, address token)
        external
        view
        returns (uint256)
    {
        uint256 lifetime = _royalty(modelId, token, _graph.royaltyPpm(modelId, ancestor));
        return lifetime - _collected[modelId][ancestor][token];
    }

    /// @inheritdoc IRevenueRouter
    function creatorAccount(ModelId modelId) external view returns (uint256 accounted, uint256 claimed) {
        return creatorAccount(modelId, NATIVE);
    }

    /// @inheritdoc IRevenueRouter
    function vaultAccount(ModelId modelId, address token)
        external
        view
        returns (uint256 accounted, uint256 claimed)
    {
        Account storage account = _account[modelId][token];
        return (account.vaultAccounted, account.vaultClaimed);
    }

    /// @inheritdoc IRevenueRouter
    function vaultIncome(ModelId modelId)
        external
        view
        returns (address[] memory list, uint256[] memory accounted)
    {
        list = tokens();
        accounted = new uint256[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            accounted[i] = _account[modelId][list[i]].vaultAccounted;
        }
    }

    /// @inheritdoc IRevenueRouter
    function vaultOf(ModelId modelId) external view returns (address) {
        return _vault[modelId];
    }

    /// @inheritdoc IRevenueRouter
    function ratesOf(ModelId modelId) external view returns (uint32, uint32, uint32, uint32) {
        ModelRates storage rates = _rates[modelId];
        (uint32 stackPpm,) = _graph.stackOf(modelId);
        return (platformPpm, stackPpm, uint32(_nodePpm(rates)), rates.vaultPpm);
    }

    /// @inheritdoc IRevenueRouter
    function claimable(ModelId modelId, address token) public view returns (uint256) {
        Account storage account = _account[modelId][token];
        return account.creatorAccounted - account.creatorClaimed;
    }

    /// @inheritdoc IRevenueRouter
    function platformClaimable(address token) public view returns (uint256) {
        return _token[token].platformAccounted - _token[token].platformClaimed;
    }

    /// @inheritdoc IRevenueRouter
    function creatorAccount(ModelId modelId, address token)
        public
        view
        returns (uint256 accounted, uint256 claimed)
    {
        Account storage account = _account[modelId][token];
        return (account.creatorAccounted, account.creatorClaimed);
    }

    function _pay(ModelId modelId, address token, uint256 amount, address node) private {
        Rates memory rates = _ratesFor(modelId, node);
        // What has ancestors is registered: the graph links for its owner only.
        if (rates.royalties == 0 && _registry.modelOwner(modelId) == address(0)) {
            revert RevenueRouter_ModelNotFound(modelId);
        }
        Split memory split = _book(modelId, token, amount, node, rates);
        emit RevenueReceived(modelId, token, msg.sender, node, amount, split);
    }

    function _claim(ModelId modelId, address token) private returns (uint256 amount) {
        address payout = _registry.payoutOf(modelId);
        if (payout == address(0)) revert RevenueRouter_PayoutNotConfirmed(modelId);
        _checkFree(modelId);
        Account storage account = _account[modelId][token];
        amount = account.creatorAccounted - account.creatorClaimed;
        account.creatorClaimed = account.creatorAccounted;
        emit CreatorClaimed(modelId, token, payout, amount);
        TokenTransfer.send(token, payout, amount);
    }

    function _claimPlatform(address token) private returns (uint256 amount) {
        amount = _takePlatform(_token[token]);
        emit PlatformClaimed(token, treasury, amount);
        TokenTransfer.send(token, treasury, amount);
    }

    /// @dev Reverts while a parent may still object: what is owed to whom is not known before.
    function _ratesFor(ModelId modelId, address node) private view returns (Rates memory rates) {
        (uint32 stackPpm, bool undecided) = _graph.stackOf(modelId);
        if (undecided) revert RevenueRouter_DerivativeUndecided(modelId);
        ModelRates memory stored = _rates[modelId];
        rates = Rates({
            platform: platformPpm,
            royalties: stackPpm,
            node: node == address(0) ? 0 : _nodePpm(stored),
            vault: stored.vaultPpm
        });
    }

    function _nodePpm(ModelRates memory rates) private view returns (uint256) {
        return block.timestamp >= rates.nextAt ? rates.nextNodePpm : rates.nodePpm;
    }

    function _checkFree(ModelId modelId) private view {
        if (_disputes.isFrozen(modelId)) revert RevenueRouter_Frozen(modelId);
    }

    function _checkModelOwner(ModelId modelId) private view {
        if (_registry.modelOwner(modelId) != msg.sender) {
            revert RevenueRouter_NotModelOwner(modelId, msg.sender);
        }
    }

    function _setPlatformPpm(uint32 ppm) private {
        if (ppm > MAX_PLATFORM_PPM) revert RevenueRouter_PlatformPpmAboveLimit(ppm, MAX_PLATFORM_PPM);
        platformPpm = ppm;
        emit PlatformPpmChanged(ppm);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0)) revert RevenueRouter_ZeroAddress();
        treasury = treasury_;
        emit TreasuryChanged(treasury_);
    }
}
