// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Which keys live inside which enclaves
/// @notice Remote attestation is checked off-chain; governance says, after a delay, whose key it found inside which program.
interface ITeeSigners {
    error TeeSigners_ZeroAddress();
    error TeeSigners_ZeroMeasurement();
    error TeeSigners_AlreadyOver(uint256 validUntil, uint256 nowSeconds);
    error TeeSigners_Revoked(address signer);

    event SignerAttested(
        address indexed signer, bytes32 indexed measurement, uint64 validUntil, bytes32 evidenceHash
    );
    event SignerRevoked(address indexed signer);

    /// @notice Admits a signer for one enclave measurement until a time; again to prolong or shorten. Role OPERATOR.
    /// @param evidenceHash keccak256 of the attestation report that the decision rests on
    function attest(address signer, bytes32 measurement, uint64 validUntil, bytes32 evidenceHash) external;

    /// @notice Ends a signer at once and for ever, whatever it signed before. Role GUARDIAN.
    function revoke(address signer) external;

    /// @notice Until when the signer's results for this measurement count; 0: not at all.
    function validUntil(address signer, bytes32 measurement) external view returns (uint64 until);

    /// @notice What the enclave signs (EIP-712, domain "Mintmark TEE", "1").
    function resultDigest(address key, bytes32 context, uint256[] calldata instances, uint64 issuedAt)
        external
        view
        returns (bytes32 digest);
}
