// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IHalo2Verifier} from "../../interfaces/IForeignVerifiers.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {BoundedCall} from "../../libraries/BoundedCall.sol";
import {AdapterKey} from "./AdapterKey.sol";

/// @title Circuits of ezkl behind the router
/// @notice ezkl writes a verifier contract per circuit; the version's key names it and pins its code.
/// @dev ezkl's proofs know no context. A model that is sold should have one more input, `context`, given as a field element
/// and put out unchanged: the proof's transcript absorbs it, so the proof belongs to one request. Without it a proof
/// shows only that the model maps the input to the output: it can be shown again for another signed request with the same
/// input, which is then answered as correctly (docs/adr/0070).
contract EzklVerifier is IProofVerifier, IAdapterErrors {
    bytes32 public constant SYSTEM = keccak256("ezkl-halo2-v1");
    uint256 private constant FR =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    uint256 private constant NOWHERE = type(uint256).max;
    uint256 private constant KEY_WORDS = 6;

    struct Key {
        bytes32 system;
        uint256 inputWords; // of the instances without the context
        address verifier; // ezkl's Halo2Verifier
        bytes32 codehash; // of that verifier
        uint256 contextAt; // where the context stands among ezkl's instances; 2^256 - 1: the circuit has none
        uint256 echoAt; // where the circuit puts it out again; 2^256 - 1: it does not
    }

    /// @inheritdoc IProofVerifier
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        Key memory k = abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
        AdapterKey.checkCode(k.verifier, k.codehash);
        bytes memory data =
            abi.encodeCall(IHalo2Verifier.verifyProof, (proof, _withContext(k, context, instances)));
        (bool ok, uint256 answer) = BoundedCall.word(k.verifier, gasleft(), data);
        return ok && answer == 1;
    }

    /// @inheritdoc IProofVerifier
    function inputWords(address key) external view returns (uint256) {
        return AdapterKey.inputWords(key, SYSTEM, KEY_WORDS);
    }

    /// @dev The instances with the context, reduced to the field, put where the key says. `contextAt` < `echoAt`.
    function _withContext(Key memory k, bytes32 context, uint256[] calldata instances)
        private
        pure
        returns (uint256[] memory all)
    {
        if (k.contextAt == NOWHERE) return instances;
        uint256 extra = k.echoAt == NOWHERE ? 1 : 2;
        all = new uint256[](instances.length + extra);
        uint256 from;
        for (uint256 i = 0; i < all.length; ++i) {
            bool bound = i == k.contextAt || i == k.echoAt;
            // Reverts (so: false) when the key's places are beyond the instances.
            all[i] = bound ? uint256(context) % FR : instances[from++];
        }
        if (from != instances.length) revert Adapter_MalformedKey(address(0));
    }
}
