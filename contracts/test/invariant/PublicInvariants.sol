// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

/// @dev All checks of one handler run in one campaign: forge would otherwise live every random life once per invariant.
abstract contract PublicInvariants is Test {
    /// @dev Runs one public invariant; a failure carries its name.
    function hold(string memory name, function() external check) internal {
        try check() {}
        catch (bytes memory reason) {
            revert(string.concat(name, " is broken: ", string(reason)));
        }
    }
}
