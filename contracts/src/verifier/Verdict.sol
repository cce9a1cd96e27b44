// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The key contract has no code, or its first byte is not STOP, or it is of another proof system.
error Verifier_NotAKey(address key);
/// @notice The key is bound to another structured reference string.
error Verifier_OtherSrs(bytes32 keyDigest, bytes32 srsDigest);
/// @notice The key's bytes contradict themselves (a registered key was checked off-chain and never does).
error Verifier_MalformedKey(uint256 position);
/// @notice The constructor's points are not [tau^(2^k)]_1 and [tau^(2^k)]_2 of one tau, for k = 0, 1, … up to 12.
error Verifier_InvalidTau();
/// @notice Too little gas to tell a false proof from an unfinished check.
error Verifier_OutOfGas();

/// @title How a verification ends early
library Verdict {
    /// @dev A precompile that fails burns all gas handed to it. When it failed for lack of gas, at most 1/63 of its
    ///      allowance is left, which is below this.
    uint256 private constant MIN_GAS_AFTER_FAILURE = 8000;

    /// @notice Ends the whole external call with the answer `false`.
    function reject() internal pure {
        assembly ("memory-safe") {
            mstore(0, 0)
            return(0, 32)
        }
    }

    /// @notice Ends the call after a curve precompile failed: `false`, unless the gas may have been the reason.
    function rejectFailedPrecompile() internal view {
        if (gasleft() < MIN_GAS_AFTER_FAILURE) revert Verifier_OutOfGas();
        reject();
    }
}
