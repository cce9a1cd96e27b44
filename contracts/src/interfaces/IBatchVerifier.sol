// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A verifier that takes several proofs of one model at once
interface IBatchVerifier {
    /// @notice Says whether every one of the proofs is valid for its statement: what `IProofVerifier.verify` says of each, for
    ///         less gas, because the commitments of the key and the pairing are shared.
    /// @dev Total like `verify`; `false` for no proofs and for arrays of different lengths. One false proof makes all fail.
    /// @param key as in `verify`, of all proofs
    /// @param contexts what each proof is bound to
    /// @param instances input words, then output words of each statement
    /// @param proofs the proofs' bytes
    function verifyBatch(
        address key,
        bytes32[] calldata contexts,
        uint256[][] calldata instances,
        bytes[] calldata proofs
    ) external view returns (bool accepted);
}
