// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

/// @dev All checks of one handler run in one campaign: forge would otherwise live every random life once per invariant.
abstract contract PublicInvariants is Test {
    string private _broken;

    /// @dev Runs one public invariant and keeps its name if it fails: a contract that breaks several is told all of them.
    function hold(string memory name, function() external check) internal {
        try check() {}
        catch (bytes memory reason) {
            _broken = string.concat(_broken, name, " is broken: ", string(reason), "; ");
        }
    }

    /// @dev Fails with the names of those that do not hold; the last line of a campaign.
    function allHeld() internal view {
        if (bytes(_broken).length != 0) revert(_broken);
    }
}
