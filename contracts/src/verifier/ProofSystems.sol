// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Guarded} from "../governance/Guarded.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";
import {ProofSystemId} from "../types/Ids.sol";

/// @title The table of proof systems
/// @notice Append-only. An entry's verifier and its code hash never change, so nobody can swap in a verifier that accepts
/// everything under a version that is already published.
abstract contract ProofSystems is IVerifierRouter, Guarded {
    mapping(ProofSystemId system => ProofSystem) private _systems;

    /// @inheritdoc IVerifierRouter
    /// @dev Role OPERATOR.
    function registerProofSystem(string calldata name, address verifier, uint64 gasLimit)
        external
        restricted
        returns (ProofSystemId system)
    {
        system = ProofSystemId.wrap(bytes4(keccak256(bytes(name))));
        if (_systems[system].verifier != address(0)) revert VerifierRouter_SystemKnown(system);
        if (verifier.code.length == 0) revert VerifierRouter_VerifierWithoutCode(verifier);
        if (gasLimit == 0) revert VerifierRouter_ZeroGasLimit();
        _systems[system] = ProofSystem(verifier, gasLimit, false, verifier.codehash);
        emit ProofSystemRegistered(system, verifier, gasLimit, verifier.codehash, name);
    }

    /// @inheritdoc IVerifierRouter
    /// @dev Role GUARDIAN.
    function disableProofSystem(ProofSystemId system) external restricted {
        if (_systems[system].verifier == address(0)) revert VerifierRouter_SystemUnknown(system);
        _systems[system].disabled = true;
        emit ProofSystemDisabled(system);
    }

    /// @inheritdoc IVerifierRouter
    function getProofSystem(ProofSystemId system) external view returns (ProofSystem memory) {
        return _systems[system];
    }

    /// @dev Whether the version's pinned verifier accepts the proof. A verifier that reverts, runs out of its gas
    /// limit or answers anything but one has not accepted.
    function _accepts(
        IModelRegistry.Route memory route,
        bytes32 context,
        uint256[] memory instances,
        bytes memory proof
    ) internal view returns (bool) {
        uint256 gasLimit = _gasLimit(route);
        (bool ok, uint256 answer) = BoundedCall.word(
            route.verifier,
            gasLimit,
            abi.encodeCall(IProofVerifier.verify, (route.verifyingKey, context, instances, proof))
        );
        return ok && answer == 1;
    }

    /// @dev As `_accepts` for all of several proofs, each of which may use the gas limit.
    function _acceptsBatch(
        IModelRegistry.Route memory route,
        bytes32[] memory contexts,
        uint256[][] memory instances,
        bytes[] memory proofs
    ) internal view returns (bool) {
        uint256 gasLimit = _gasLimit(route) * proofs.length;
        (bool ok, uint256 answer) = BoundedCall.word(
            route.verifier,
            gasLimit,
            abi.encodeCall(IBatchVerifier.verifyBatch, (route.verifyingKey, contexts, instances, proofs))
        );
        return ok && answer == 1;
    }

    /// @dev The system's, if it is trusted still and the version's verifier is the one that was pinned.
    function _gasLimit(IModelRegistry.Route memory route) private view returns (uint256) {
        ProofSystem storage system = _systems[route.proofSystem];
        (address verifier, uint64 gasLimit, bool disabled) =
            (system.verifier, system.gasLimit, system.disabled);
        if (verifier == address(0)) revert VerifierRouter_SystemUnknown(route.proofSystem);
        if (disabled) revert VerifierRouter_SystemDisabled(route.proofSystem);
        if (route.verifier != verifier) revert VerifierRouter_VerifierMismatch(route.verifier, verifier);
        if (verifier.codehash != route.verifierCodehash) {
            revert VerifierRouter_CodehashMismatch(verifier.codehash, route.verifierCodehash);
        }
        return gasLimit;
    }
}
