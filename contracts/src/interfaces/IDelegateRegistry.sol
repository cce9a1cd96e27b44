// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What is used of delegate.xyz's registry, version 2
interface IDelegateRegistry {
    function checkDelegateForContract(address to, address from, address contract_, bytes32 rights)
        external
        view
        returns (bool);

    function checkDelegateForERC721(
        address to,
        address from,
        address contract_,
        uint256 tokenId,
        bytes32 rights
    ) external view returns (bool);
}
