// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId} from "../types/Ids.sol";

/// @title The only way in for money that models earn
/// @notice Splits each amount exactly and lets every party pull its part. Nothing here can be paused. `token` is an
/// accepted ERC-20, or zero for the native currency. Amounts are in the token's smallest unit.
///
/// The split is a waterfall; each part is taken from what the parts before it leave:
///   platform   platformPpm of the amount
///   royalties  the ancestors' stack of the model (DerivativeGraph), of what is left
///   node       nodePpm of what is left then, if a node is named
///   vault      vaultPpm of what is left then, if the model has a vault
///   creator    the rest
interface IRevenueRouter {
    /// @notice One amount's parts. They sum to it.
    struct Split {
        uint256 platform;
        uint256 royalties;
        uint256 node;
        uint256 vault;
        uint256 creator;
    }

    error RevenueRouter_ModelNotFound(ModelId modelId);
    error RevenueRouter_NotModelOwner(ModelId modelId, address caller);
    error RevenueRouter_PayoutNotConfirmed(ModelId modelId);
    error RevenueRouter_PlatformPpmAboveLimit(uint256 ppm, uint256 limit);
    error RevenueRouter_NodePpmAboveLimit(uint256 ppm, uint256 limit);
    error RevenueRouter_VaultPpmOutOfRange(uint256 ppm, uint256 minimum, uint256 limit);
    error RevenueRouter_ZeroAddress();
    error RevenueRouter_TokenNotAccepted(address token);
    error RevenueRouter_TokenKnown(address token);
    error RevenueRouter_TooManyTokens(uint256 limit);
    error RevenueRouter_ValueMismatch(uint256 value, uint256 amount);
    error RevenueRouter_ReceivedOther(uint256 received, uint256 amount);
    error RevenueRouter_DerivativeUndecided(ModelId modelId);
    error RevenueRouter_NotAncestor(ModelId modelId, ModelId ancestor);
    error RevenueRouter_Frozen(ModelId modelId);
    error RevenueRouter_VaultKnown(ModelId modelId, address vault);
    error RevenueRouter_NoVault(ModelId modelId);

    event RevenueReceived(
        ModelId indexed modelId,
        address indexed token,
        address indexed payer,
        address node,
        uint256 amount,
        Split split
    );
    event CreatorClaimed(
        ModelId indexed modelId, address indexed token, address indexed payout, uint256 amount
    );
    event PlatformClaimed(address indexed token, address indexed treasury, uint256 amount);
    event NodeClaimed(address indexed node, address indexed token, address indexed to, uint256 amount);
    event VaultClaimed(ModelId indexed modelId, address indexed token, address indexed vault, uint256 amount);
    event RoyaltyCollected(
        ModelId indexed modelId, ModelId indexed ancestor, address indexed token, uint256 amount
    );
    event PlatformPpmChanged(uint32 ppm);
    event TreasuryChanged(address indexed treasury);
    event NodePpmChanged(ModelId indexed modelId, uint32 ppm, uint64 startsAt);
    event VaultOpened(ModelId indexed modelId, address indexed vault, uint32 ppm, uint256 shares);
    event VaultPpmChanged(ModelId indexed modelId, uint32 ppm);
    event TokenAdded(address indexed token, uint256 index);
    event TokenStopped(address indexed token, bool stopped);

    /// @notice Takes in `msg.value` earned by a model, without a node: `pay(modelId, 0, msg.value, 0)`.
    function pay(ModelId modelId) external payable;

    /// @notice Takes in what a model earned. Open to everybody: money only ever comes in.
    /// @dev A token is pulled from the caller, who has approved this contract; exactly `amount` must arrive (a token
    /// that takes a fee is refused). For the native currency `msg.value` is `amount`, otherwise zero.
    /// Rounding: every party's lifetime part is the floor of its lifetime claim; what that leaves is carried, so that
    /// splitting a payment changes nothing.
    /// @param token an accepted token, or zero for the native currency
    /// @param node who served the call, or zero
    function pay(ModelId modelId, address token, uint256 amount, address node) external payable;

    /// @notice Sends the model's unclaimed creator part in native currency to its payout address.
    function claim(ModelId modelId) external returns (uint256 amount);

    /// @notice Sends the model's unclaimed creator part to its payout address. Anybody may call it.
    function claim(ModelId modelId, address token) external returns (uint256 amount);

    /// @notice Sends the platform's unclaimed native part to the treasury.
    function claimPlatform() external returns (uint256 amount);

    /// @notice Sends the platform's unclaimed part to the treasury. Anybody may call it.
    function claimPlatform(address token) external returns (uint256 amount);

    /// @notice Sends the calling node's unclaimed part to `to`.
    function claimNode(address token, address to) external returns (uint256 amount);

    /// @notice Sends the vault's unclaimed part to the model's vault. Anybody may call it; the vault does.
    function claimVault(ModelId modelId, address token) external returns (uint256 amount);

    /// @notice Credits the ancestor with its uncollected royalties of a descendant, split between the ancestor's own
    /// vault and creator. Anybody may call it. Moves no money out.
    /// @param modelId the descendant
    /// @param ancestor one of its ancestors
    function collectRoyalty(ModelId modelId, ModelId ancestor, address token)
        external
        returns (uint256 amount);

    /// @notice Sets the node's part. Only the model's owner. A higher part holds at once, a lower one after NODE_NOTICE,
    /// so that a call that was served is not paid less. With a vault it never rises above what it was when the vault
    /// was opened: otherwise the owner could take the shareholders' income through a node of his own.
    function setNodePpm(ModelId modelId, uint32 ppm) external;

    /// @notice Makes the model's vault: an ERC-20 whose `shares` go to `to`, entitled to `ppm` of what would be the
    /// creator's. Only the model's owner, once.
    function openVault(ModelId modelId, uint32 ppm, uint256 shares, address to)
        external
        returns (address vault);

    /// @notice Raises the vault's part; it can never be lowered. Only the model's owner.
    function raiseVaultPpm(ModelId modelId, uint32 ppm) external;

    /// @notice How `pay` would split this amount now.
    function previewSplit(ModelId modelId, address token, uint256 amount, address node)
        external
        view
        returns (Split memory split);

    /// @notice Creator's native part that can be claimed now.
    function claimable(ModelId modelId) external view returns (uint256 amount);

    /// @notice Creator's part that can be claimed now.
    function claimable(ModelId modelId, address token) external view returns (uint256 amount);

    /// @notice Platform's native part that can be claimed now.
    function platformClaimable() external view returns (uint256 amount);

    /// @notice Platform's part that can be claimed now.
    function platformClaimable(address token) external view returns (uint256 amount);

    /// @notice A node's part that can be claimed now.
    function nodeClaimable(address node, address token) external view returns (uint256 amount);

    /// @notice Royalties of a descendant that its ancestor can collect now.
    function royaltyCollectable(ModelId modelId, ModelId ancestor, address token)
        external
        view
        returns (uint256 amount);

    /// @notice Creator's native part over the model's life, and how much of it was claimed.
    function creatorAccount(ModelId modelId) external view returns (uint256 accounted, uint256 claimed);

    /// @notice Creator's part over the model's life, and how much of it was claimed.
    function creatorAccount(ModelId modelId, address token)
        external
        view
        returns (uint256 accounted, uint256 claimed);

    /// @notice The vault's part over the model's life, and how much of it was claimed.
    function vaultAccount(ModelId modelId, address token)
        external
        view
        returns (uint256 accounted, uint256 claimed);

    /// @notice The vault's parts over the model's life, for every token of the list.
    function vaultIncome(ModelId modelId)
        external
        view
        returns (address[] memory list, uint256[] memory accounted);

    /// @notice The model's vault; zero when it has none.
    function vaultOf(ModelId modelId) external view returns (address vault);

    /// @notice The parts that hold now for the model's income.
    function ratesOf(ModelId modelId)
        external
        view
        returns (uint32 platformPpm, uint32 royaltyPpm, uint32 nodePpm, uint32 vaultPpm);

    /// @notice Whether new deposits and sales may be in this token; zero, the native currency, always is.
    function isAccepted(address token) external view returns (bool accepted);

    /// @notice Whether `pay` takes this token: every one that was ever accepted.
    function isKnown(address token) external view returns (bool known);

    /// @notice Every token that was ever accepted; the first is zero, the native currency. At most MAX_TOKENS.
    function tokens() external view returns (address[] memory list);
}
