// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The verifier that ezkl generates for a circuit
/// @dev Facts from ezkl's `create_evm_verifier`: `true`, or a revert.
interface IHalo2Verifier {
    /// @param proof the proof's bytes, without instances
    /// @param instances public inputs and outputs in ezkl's order, below the scalar field's modulus
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external returns (bool);
}

/// @title RISC Zero's verifier
/// @dev Facts from risc0-ethereum's documentation: returns nothing, reverts unless the receipt is valid.
interface IRiscZeroVerifier {
    /// @param seal the receipt's proof
    /// @param imageId the guest program
    /// @param journalDigest SHA-256 of what the guest committed
    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view;
}
