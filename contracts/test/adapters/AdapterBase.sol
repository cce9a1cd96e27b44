// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {PassId, ProofSystemId} from "../../src/types/Ids.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev A version whose proof system is an adapter, and calls of it.
abstract contract AdapterBase is TestBase {
    ProofSystemId internal system;
    address internal innerKey;

    /// @dev Registers the adapter and publishes version 2 of the model under `adapterKey`.
    function publishUnder(string memory name, address adapter, address adapterKey) internal {
        vm.prank(operator);
        system = verifierRouter.registerProofSystem(name, adapter, 2_000_000);
        innerKey = key;
        key = adapterKey;
        IModelRegistry.VersionCommitment memory version = commitment(name);
        (version.verifier, version.proofSystem) = (adapter, system);
        versionId = publishActive(modelId, creator, version);
        setPrice(modelId, versionId, CALL_PRICE * 1e12, DAY_PRICE * 1e12);
    }

    function innerProof(bytes32 context, uint256[] memory instances) internal view returns (bytes memory) {
        return abi.encodePacked(verifier.seal(innerKey, context, instances));
    }

    function longRequest(PassId passId, uint256 nonce)
        internal
        view
        returns (IVerifierRouter.Request memory request)
    {
        request = requestFor(passId, nonce);
        request.deadline = block.timestamp + 20 days;
    }

    function settleWith(
        IVerifierRouter.Request memory request,
        uint256[] memory instances,
        bytes memory proof
    ) internal {
        verifierRouter.settle(request, sign(request, buyerKey), instances, proof);
    }

    function refuseToSettle(
        IVerifierRouter.Request memory request,
        uint256[] memory instances,
        bytes memory proof
    ) internal {
        bytes memory signature = sign(request, buyerKey);
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        verifierRouter.settle(request, signature, instances, proof);
    }
}
