// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";

/// @title What a version must be before it is published
library VersionChecks {
    using SafeCast for uint256;

    uint256 internal constant MAX_NAME_BYTES = 64;
    uint256 internal constant MAX_ARCHITECTURE_BYTES = 128;
    uint256 internal constant MAX_URI_BYTES = 512;

    /// @dev Hashes are there, strings are bounded, the place of the files is content-addressed.
    function checkFields(IModelRegistry.VersionCommitment calldata version) internal pure {
        if (version.manifestRoot == 0) revert IModelRegistry.ModelRegistry_ZeroHash(0);
        if (version.weightsHash == 0) revert IModelRegistry.ModelRegistry_ZeroHash(1);
        if (version.circuitHash == 0) revert IModelRegistry.ModelRegistry_ZeroHash(2);
        if (version.vkHash == 0) revert IModelRegistry.ModelRegistry_ZeroHash(3);
        if (version.parameterCount == 0) revert IModelRegistry.ModelRegistry_ZeroParameterCount();
        checkLength(bytes(version.architecture).length, MAX_ARCHITECTURE_BYTES);
        checkStorageURI(version.storageURI);
    }

    /// @dev The key's code is what its hash says, and its proof system can read it.
    /// @return inputWords words of a proof's input part, 1 or more
    function checkKey(IModelRegistry.VersionCommitment calldata version)
        internal
        view
        returns (uint32 inputWords)
    {
        (bool stopped, bytes32 hash) = VerifyingKeyCode.inspect(version.verifyingKey);
        if (!stopped) revert IModelRegistry.ModelRegistry_KeyNotStopped(version.verifyingKey);
        if (hash != version.vkHash) {
            revert IModelRegistry.ModelRegistry_KeyHashMismatch(hash, version.vkHash);
        }
        if (version.verifier.code.length == 0) {
            revert IModelRegistry.ModelRegistry_VerifierWithoutCode(version.verifier);
        }
        inputWords = IProofVerifier(version.verifier).inputWords(version.verifyingKey).toUint32();
        if (inputWords == 0) revert IModelRegistry.ModelRegistry_KeyWithoutInput(version.verifyingKey);
    }

    function checkStorageURI(string calldata uri) internal pure {
        bytes calldata raw = bytes(uri);
        checkLength(raw.length, MAX_URI_BYTES);
        bool ipfs = raw.length > 7 && bytes7(raw) == "ipfs://";
        bool arweave = raw.length > 5 && bytes5(raw) == "ar://";
        if (!ipfs && !arweave) revert IModelRegistry.ModelRegistry_SchemeNotAllowed(uri);
    }

    /// @dev 1 to `limit`.
    function checkLength(uint256 length, uint256 limit) internal pure {
        if (length == 0 || length > limit) {
            revert IModelRegistry.ModelRegistry_LengthOutOfRange(length, limit);
        }
    }
}
