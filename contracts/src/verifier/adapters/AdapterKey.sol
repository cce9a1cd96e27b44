// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {BoundedCall} from "../../libraries/BoundedCall.sol";

/// @title Keys of the adapters
/// @notice A key contract's code is 0x00 (STOP) and then the ABI encoding of a struct of static words, the first of which
/// is the name's hash of the proof system and the second the number of input words. The registry pins the hash of these bytes per
/// version (vkHash), so that everything a key names (a foreign verifier and its code hash, a program, a bond, a window) is
/// fixed when the version is published.
library AdapterKey {
    /// @dev The key's bytes; reverts unless they are `words` words and belong to `system`.
    function load(address key, bytes32 system, uint256 words) internal view returns (bytes memory data) {
        bytes memory code = key.code;
        if (code.length != 1 + 32 * words || code[0] != 0) revert IAdapterErrors.Adapter_MalformedKey(key);
        data = new bytes(32 * words);
        assembly ("memory-safe") {
            mcopy(add(data, 32), add(code, 33), mul(32, words))
        }
        if (abi.decode(data, (bytes32)) != system) revert IAdapterErrors.Adapter_OtherSystem(key, system);
    }

    /// @dev The second word of a key.
    function inputWords(address key, bytes32 system, uint256 words) internal view returns (uint256 count) {
        (, count) = abi.decode(load(key, system, words), (bytes32, uint256));
    }

    /// @dev Reverts unless `target` still has the code that the key pins.
    function checkCode(address target, bytes32 codehash) internal view {
        if (target.codehash != codehash) revert IAdapterErrors.Adapter_CodeChanged(target, codehash);
    }

    /// @dev Whether another proof system's verifier accepts. It gets `gasLimit` gas and one word of its answer is read:
    /// it can refuse and nothing else. Reverts when less gas than that is left, so that a caller cannot make a good
    /// proof look bad.
    function accepts(
        address verifier,
        uint256 gasLimit,
        address key,
        bytes32 context,
        uint256[] memory instances,
        bytes memory proof
    ) internal view returns (bool) {
        bytes memory data = abi.encodeCall(IProofVerifier.verify, (key, context, instances, proof));
        if (gasleft() / 64 * 63 < gasLimit) revert IAdapterErrors.Adapter_TooLittleGas(gasleft(), gasLimit);
        (bool ok, uint256 answer) = BoundedCall.word(verifier, gasLimit, data);
        return ok && answer == 1;
    }
}
