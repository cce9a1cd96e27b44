// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC4907} from "../interfaces/IERC4907.sol";

/// @title ERC-4907 on ERC-721
/// @notice The owner lends the use of a token to a hot wallet or an agent. A transfer ends it.
abstract contract PassRental is ERC721, IERC4907 {
    struct User {
        address account;
        uint64 expires;
    }

    mapping(uint256 tokenId => User) private _user;

    /// @inheritdoc IERC4907
    function setUser(uint256 tokenId, address user, uint64 expires) external {
        _checkAuthorized(_requireOwned(tokenId), msg.sender, tokenId);
        _user[tokenId] = User(user, expires);
        emit UpdateUser(tokenId, user, expires);
    }

    /// @inheritdoc IERC4907
    function userExpires(uint256 tokenId) external view returns (uint256) {
        return _user[tokenId].expires;
    }

    /// @inheritdoc IERC4907
    function userOf(uint256 tokenId) public view returns (address) {
        User memory user = _user[tokenId];
        return user.expires >= block.timestamp ? user.account : address(0);
    }

    /// @dev Ends a rental when the token moves.
    function _update(address to, uint256 tokenId, address auth)
        internal
        virtual
        override
        returns (address from)
    {
        from = super._update(to, tokenId, auth);
        if (from == to || _user[tokenId].account == address(0)) return from;
        delete _user[tokenId];
        emit UpdateUser(tokenId, address(0), 0);
    }
}
