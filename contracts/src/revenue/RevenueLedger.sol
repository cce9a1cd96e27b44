// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ModelId} from "../types/Ids.sol";
import {PPM} from "../types/Licensing.sol";
import {AcceptedTokens} from "./AcceptedTokens.sol";

/// @title Who is owed what
/// @notice One account per model and token, whatever the number of its ancestors. Royalties are not handed out on
/// payment: the account keeps the lifetime sum that they are taken from, and an ancestor's part is computed from it.
/// Each ancestor's lifetime part is rounded down, so of the royalties of an account at most one smallest unit per
/// ancestor less one is never handed out, over its whole life.
abstract contract RevenueLedger is AcceptedTokens {
    using SafeCast for uint256;

    /// @dev Lifetime sums in the token's smallest unit. A carry is the fraction, in 10^-6, that a party was not given yet.
    struct Account {
        uint128 creatorAccounted;
        uint128 creatorClaimed;
        uint128 vaultAccounted;
        uint128 vaultClaimed;
        uint128 royaltyBase; // what royalties are taken from: amounts less the platform's part
        uint32 platformCarry;
        uint32 nodeCarry;
        uint32 vaultCarry;
    }

    struct Party {
        uint128 accounted;
        uint128 claimed;
    }

    /// @dev What the split of one amount needs to know.
    struct Rates {
        uint256 platform;
        uint256 royalties;
        uint256 node;
        uint256 vault;
    }

    mapping(ModelId modelId => mapping(address token => Account)) internal _account;
    mapping(address node => mapping(address token => Party)) internal _node;
    mapping(ModelId modelId => mapping(ModelId ancestor => mapping(address token => uint256))) internal
        _collected;

    /// @dev Books one amount.
    function _book(ModelId modelId, address token, uint256 amount, address node, Rates memory rates)
        internal
        returns (Split memory split)
    {
        Account storage stored = _account[modelId][token];
        Account memory account = stored;
        split = _split(account, amount.toUint128(), rates);
        // Every part is at most the amount, which has 128 bits.
        stored.creatorAccounted = account.creatorAccounted + uint128(split.creator);
        if (split.vault != 0) stored.vaultAccounted = account.vaultAccounted + uint128(split.vault);
        (stored.royaltyBase, stored.platformCarry, stored.nodeCarry, stored.vaultCarry) =
        (account.royaltyBase, account.platformCarry, account.nodeCarry, account.vaultCarry);
        _token[token].platformAccounted += split.platform.toUint120();
        if (split.node != 0) _node[node][token].accounted += uint128(split.node);
    }

    /// @dev Books royalties that the model takes of a descendant: between its own vault and creator alone.
    function _bookRoyalty(ModelId modelId, address token, uint256 amount, uint256 vaultPpm) internal {
        Account storage stored = _account[modelId][token];
        (uint256 vaultPart, uint32 carry) = _part(amount, vaultPpm, stored.vaultCarry);
        stored.creatorAccounted += (amount - vaultPart).toUint128();
        if (vaultPpm == 0) return;
        (stored.vaultAccounted, stored.vaultCarry) = ((stored.vaultAccounted + vaultPart).toUint128(), carry);
    }

    /// @dev The waterfall. Moves the carries and the royalty base of `account`, a copy. Every party takes at most what
    /// the parties before it leave, because a carry is below one unit and a rate at most the whole.
    function _split(Account memory account, uint256 amount, Rates memory rates)
        internal
        pure
        returns (Split memory split)
    {
        uint256 left = amount;
        (split.platform, account.platformCarry) = _part(left, rates.platform, account.platformCarry);
        left = _rest(left, split.platform);
        if (rates.royalties != 0) {
            uint256 base = account.royaltyBase;
            split.royalties = (base + left) * rates.royalties / PPM - base * rates.royalties / PPM;
            account.royaltyBase = (base + left).toUint128();
            left = _rest(left, split.royalties);
        }
        if (rates.node != 0) {
            (split.node, account.nodeCarry) = _part(left, rates.node, account.nodeCarry);
            left = _rest(left, split.node);
        }
        if (rates.vault != 0) {
            (split.vault, account.vaultCarry) = _part(left, rates.vault, account.vaultCarry);
            left = _rest(left, split.vault);
        }
        split.creator = left;
    }

    /// @dev An ancestor's lifetime part of a model's income.
    function _royalty(ModelId modelId, address token, uint256 ppm) internal view returns (uint256) {
        return _account[modelId][token].royaltyBase * ppm / PPM;
    }

    /// @dev No party takes more than the parties before it leave: see `_split`.
    function _rest(uint256 left, uint256 part) private pure returns (uint256) {
        unchecked {
            return left - part;
        }
    }

    function _part(uint256 amount, uint256 ppm, uint256 carry) private pure returns (uint256 part, uint32) {
        uint256 owed = amount * ppm + carry;
        return (owed / PPM, uint32(owed % PPM));
    }

    function _takePlatform(Token storage token) internal returns (uint256 amount) {
        amount = token.platformAccounted - token.platformClaimed;
        token.platformClaimed = token.platformAccounted;
    }

    function _take(Party storage party) internal returns (uint256 amount) {
        amount = party.accounted - party.claimed;
        party.claimed = party.accounted;
    }
}
