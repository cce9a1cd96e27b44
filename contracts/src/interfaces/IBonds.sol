// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bonds in native currency, paid out by pull
interface IBonds {
    error Bonds_WrongValue(uint256 value, uint256 due);
    error Bonds_NothingToWithdraw(address account);
    error Bonds_ZeroAddress();

    event BondCredited(address indexed account, uint256 amount);
    event BondWithdrawn(address indexed account, address indexed to, uint256 amount);

    /// @notice Sends everything that the caller is owed. No pause and no role stops it.
    function withdraw(address to) external returns (uint256 amount);

    /// @notice What an account can withdraw.
    function creditOf(address account) external view returns (uint256 amount);

    /// @notice Where the part of a lost bond goes that the winner does not get.
    function sink() external view returns (address account);
}
