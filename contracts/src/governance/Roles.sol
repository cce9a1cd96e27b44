// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Role ids in the AccessManager. ADMIN (0, OpenZeppelin's) grants roles and ends a pause.
library Roles {
    /// @dev Pauses and disables an unsound proof system. Without delay.
    uint64 internal constant GUARDIAN = 1;

    /// @dev Platform share, treasury, accepted tokens, new proof systems. With a delay.
    uint64 internal constant OPERATOR = 2;

    /// @dev Decides disputes about models. Moves no money but a bond to one of its two parties.
    uint64 internal constant ARBITER = 3;

    /// @dev Who is on an allowlist. With a delay; a DAO can hold it.
    uint64 internal constant GATEKEEPER = 4;
}
