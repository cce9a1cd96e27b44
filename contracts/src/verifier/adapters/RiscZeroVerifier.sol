// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IRiscZeroVerifier} from "../../interfaces/IForeignVerifiers.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {AdapterKey} from "./AdapterKey.sol";

/// @title Guests of RISC Zero behind the router
/// @notice The version's key names the guest (image id), the verifier (RISC Zero's for one release, or its router), that one's code
/// hash and how long the journal is.
/// @dev A bound guest commits `context ‖ input words ‖ output words`. An unbound guest commits the words alone, and its
/// receipts can be shown again for another signed request with the same input (docs/adr/0070).
contract RiscZeroVerifier is IProofVerifier, IAdapterErrors {
    bytes32 public constant SYSTEM = keccak256("risc-zero-v1");
    uint256 private constant KEY_WORDS = 7;

    struct Key {
        bytes32 system;
        uint256 inputWords;
        address verifier; // IRiscZeroVerifier
        bytes32 codehash; // of that verifier
        bytes32 imageId; // the guest program
        uint256 journalBytes; // of the words; the last word is cut to it, and zero beyond it
        bool bound; // whether the journal begins with the context
    }

    /// @inheritdoc IProofVerifier
    /// @param proof the receipt's seal
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        Key memory k = abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
        AdapterKey.checkCode(k.verifier, k.codehash);
        if (instances.length != (k.journalBytes + 31) / 32) return false;
        bytes memory journal = abi.encodePacked(instances);
        uint256 unused = journal.length - k.journalBytes;
        if (unused != 0 && instances[instances.length - 1] << 8 * (32 - unused) != 0) return false;
        assembly ("memory-safe") {
            mstore(journal, sub(mload(journal), unused))
        }
        bytes32 digest = k.bound ? sha256(abi.encodePacked(context, journal)) : sha256(journal);
        IRiscZeroVerifier(k.verifier).verify(proof, k.imageId, digest);
        return true;
    }

    /// @inheritdoc IProofVerifier
    function inputWords(address key) external view returns (uint256) {
        return AdapterKey.inputWords(key, SYSTEM, KEY_WORDS);
    }
}
