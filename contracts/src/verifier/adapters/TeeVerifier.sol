// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {ITeeSigners} from "../../interfaces/ITeeSigners.sol";
import {BoundedSignature} from "../../libraries/BoundedSignature.sol";
import {AdapterKey} from "./AdapterKey.sol";

/// @title Results signed inside an enclave
/// @notice A result counts if a key that governance found inside the version's enclave program signed it for exactly this key,
/// context, input and output, not too long ago, and the key is neither out of date nor revoked.
contract TeeVerifier is IProofVerifier, ITeeSigners, IAdapterErrors, AccessManaged, EIP712 {
    bytes32 public constant SYSTEM = keccak256("tee-signer-v1");
    uint256 private constant KEY_WORDS = 4;
    uint256 private constant PROOF_BYTES = 73;

    bytes32 private constant RESULT_TYPEHASH = keccak256(
        "Result(bytes32 measurement,address key,bytes32 keyHash,bytes32 context,bytes32 instancesHash,uint64 issuedAt)"
    );

    struct Key {
        bytes32 system;
        uint256 inputWords;
        bytes32 measurement; // of the enclave's program
        uint256 maxAge; // seconds that a result counts
    }

    mapping(address signer => mapping(bytes32 measurement => uint64)) private _validUntil;
    mapping(address signer => bool) private _revoked;

    constructor(address authority) AccessManaged(authority) EIP712("Mintmark TEE", "1") {}

    /// @inheritdoc ITeeSigners
    function attest(address signer, bytes32 measurement, uint64 until, bytes32 evidenceHash)
        external
        restricted
    {
        if (signer == address(0)) revert TeeSigners_ZeroAddress();
        if (measurement == 0) revert TeeSigners_ZeroMeasurement();
        if (until <= block.timestamp) revert TeeSigners_AlreadyOver(until, block.timestamp);
        if (_revoked[signer]) revert TeeSigners_Revoked(signer);
        _validUntil[signer][measurement] = until;
        emit SignerAttested(signer, measurement, until, evidenceHash);
    }

    /// @inheritdoc ITeeSigners
    function revoke(address signer) external restricted {
        _revoked[signer] = true;
        emit SignerRevoked(signer);
    }

    /// @inheritdoc IProofVerifier
    /// @param proof issuedAt (8 bytes, big-endian), then the enclave's signature (65 bytes)
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        if (proof.length != PROOF_BYTES) return false;
        Key memory k = _load(key);
        uint64 issuedAt = uint64(bytes8(proof));
        if (issuedAt > block.timestamp || block.timestamp - issuedAt > k.maxAge) return false;
        bytes32 digest = _digest(k.measurement, key, context, instances, issuedAt);
        address signer = BoundedSignature.signer(digest, proof[8:]);
        return signer != address(0) && block.timestamp <= validUntil(signer, k.measurement);
    }

    /// @inheritdoc IProofVerifier
    function inputWords(address key) external view returns (uint256) {
        return AdapterKey.inputWords(key, SYSTEM, KEY_WORDS);
    }

    /// @inheritdoc ITeeSigners
    function resultDigest(address key, bytes32 context, uint256[] calldata instances, uint64 issuedAt)
        external
        view
        returns (bytes32)
    {
        return _digest(_load(key).measurement, key, context, instances, issuedAt);
    }

    /// @inheritdoc ITeeSigners
    function validUntil(address signer, bytes32 measurement) public view returns (uint64) {
        return _revoked[signer] ? 0 : _validUntil[signer][measurement];
    }

    function _load(address key) private view returns (Key memory) {
        return abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
    }

    function _digest(
        bytes32 measurement,
        address key,
        bytes32 context,
        uint256[] calldata instances,
        uint64 issuedAt
    ) private view returns (bytes32) {
        bytes32 instancesHash = keccak256(abi.encodePacked(instances));
        return _hashTypedDataV4(
            keccak256(
                abi.encode(RESULT_TYPEHASH, measurement, key, key.codehash, context, instancesHash, issuedAt)
            )
        );
    }
}
