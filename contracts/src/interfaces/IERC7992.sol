// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The getters of an ERC-7992 registry (draft)
/// @notice A model id stands for its canonical version. ERC-7992's `updateModel` is absent on purpose: a published
/// commitment never changes, a new one is a new version.
interface IERC7992Registry {
    /// @dev `modelHash` is the manifest root, `proofSystemId` the first four bytes of keccak256 of the system's name.
    struct ModelCommitment {
        bytes32 modelHash;
        bytes32 circuitHash;
        bytes32 vkHash;
        bytes4 proofSystemId;
        string uri;
    }

    /// @notice The commitment of the model's canonical version.
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner);
}

/// @title An ERC-7992 verifier (draft)
interface IERC7992Verifier {
    error InvalidProof();
    error ModelMismatch();
    error InputCommitmentMismatch();
    error OutputMismatch();
    error UnsupportedProofSystem(bytes4 proofSystemId);
    error VerificationRefused_ModelDeprecated(uint256 modelId);

    /// @notice Reverts unless `proof` shows that the model maps the committed input to `output`.
    function verifyInference(
        uint256 modelId,
        bytes32 inputCommitment,
        bytes calldata output,
        bytes calldata proof
    ) external view;

    /// @notice The proof system of the model's canonical version.
    function proofSystemOf(uint256 modelId) external view returns (bytes4);

    /// @notice The registry that models are looked up in.
    function registry() external view returns (address);
}
