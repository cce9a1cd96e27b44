// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IGatePredicate} from "../interfaces/IGatePredicate.sol";

/// @title Allowlist
/// @notice Quotas by name, for gates that take this contract as their predicate. Who is on a list is decided by the role
/// GATEKEEPER, which a DAO can hold.
contract Allowlist is IGatePredicate, AccessManaged {
    error Allowlist_SizeOutOfRange(uint256 size, uint256 limit);

    event QuotaGranted(uint256 indexed gateId, address indexed account, uint64 units);

    /// @notice Most accounts in one call.
    uint256 public constant MAX_ACCOUNTS = 256;

    mapping(uint256 gateId => mapping(address account => uint64)) private _quota;

    /// @param authority the AccessManager
    constructor(address authority) AccessManaged(authority) {}

    /// @notice Gives each account a quota per epoch of a gate; zero takes it away. Role GATEKEEPER.
    function grant(uint256 gateId, address[] calldata accounts, uint64 units) external restricted {
        if (accounts.length == 0 || accounts.length > MAX_ACCOUNTS) {
            revert Allowlist_SizeOutOfRange(accounts.length, MAX_ACCOUNTS);
        }
        for (uint256 i = 0; i < accounts.length; ++i) {
            _quota[gateId][accounts[i]] = units;
            emit QuotaGranted(gateId, accounts[i], units);
        }
    }

    /// @inheritdoc IGatePredicate
    /// @dev The key is the account itself.
    function quotaOf(uint256 gateId, address account, uint256 key, uint256) external view returns (uint256) {
        return key == uint160(account) ? _quota[gateId][account] : 0;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IGatePredicate).interfaceId || interfaceId == type(IERC165).interfaceId;
    }
}
