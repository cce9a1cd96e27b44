// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {IDelegateRegistry} from "../interfaces/IDelegateRegistry.sol";
import {IERC4907} from "../interfaces/IERC4907.sol";
import {IGatePredicate} from "../interfaces/IGatePredicate.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";

/// @title Questions to foreign contracts
/// @notice Each gets TARGET_GAS at most; no answer is a no.
library Eligibility {
    uint256 internal constant TARGET_GAS = 100_000;

    /// @dev delegate.xyz's registry, version 2, at the same address on every chain.
    address internal constant DELEGATE_REGISTRY = 0x00000000000000447e69651d841bD8D104Bed493;

    /// @dev Whether the account may use the token now: as its ERC-4907 user while there is one, else as its owner, or as the
    /// delegate of either. A rented token's owner has given his use away.
    function usesToken(address account, address collection, uint256 tokenId) internal view returns (bool) {
        address holder =
            BoundedCall.account(collection, TARGET_GAS, abi.encodeCall(IERC4907.userOf, (tokenId)));
        if (holder == address(0)) {
            holder = BoundedCall.account(collection, TARGET_GAS, abi.encodeCall(IERC721.ownerOf, (tokenId)));
        }
        if (holder == address(0) || account == holder) return holder != address(0);
        return _yes(
            abi.encodeCall(
                IDelegateRegistry.checkDelegateForERC721, (account, holder, collection, tokenId, "")
            )
        );
    }

    /// @dev Whether the account is the holder, or his delegate for this contract.
    function actsFor(address account, address holder, address target) internal view returns (bool) {
        if (holder == address(0) || account == holder) return holder != address(0);
        return _yes(abi.encodeCall(IDelegateRegistry.checkDelegateForContract, (account, holder, target, "")));
    }

    /// @dev Votes at a past second. Votes are delegated: an account counts once it has delegated to itself.
    function pastVotes(address token, address holder, uint256 time) internal view returns (uint256 votes) {
        (, votes) = BoundedCall.word(token, TARGET_GAS, abi.encodeCall(IVotes.getPastVotes, (holder, time)));
    }

    /// @dev What a predicate grants.
    function predicateQuota(
        address predicate,
        uint256 gateId,
        address account,
        uint256 key,
        uint256 epochStart
    ) internal view returns (uint256 units) {
        (, units) = BoundedCall.word(
            predicate, TARGET_GAS, abi.encodeCall(IGatePredicate.quotaOf, (gateId, account, key, epochStart))
        );
    }

    function _yes(bytes memory question) private view returns (bool) {
        (bool ok, uint256 answer) = BoundedCall.word(DELEGATE_REGISTRY, TARGET_GAS, question);
        return ok && answer == 1;
    }
}
