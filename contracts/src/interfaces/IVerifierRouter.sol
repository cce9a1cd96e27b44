// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IModelRegistry} from "./IModelRegistry.sol";
import {ModelId, PassId, ProofSystemId, VersionId} from "../types/Ids.sol";

/// @title Proof systems behind one interface, and the settlement of proven calls
interface IVerifierRouter {
    /// @notice One call, as the pass's holder signs it (EIP-712; domain "Mintmark", "1", chain id, this contract).
    struct Request {
        ModelId modelId;
        VersionId versionId;
        PassId passId;
        bytes32 inputCommitment; // keccak256 of the input words of the instances
        uint256 nonce;
        uint256 deadline; // last second at which the call may settle
    }

    /// @dev A system is never replaced: another verifier is another system, or another version of it.
    struct ProofSystem {
        address verifier;
        uint64 gasLimit; // most gas that one check may use
        bool disabled;
        bytes32 codehash;
    }

    error VerifierRouter_SystemKnown(ProofSystemId system);
    error VerifierRouter_SystemUnknown(ProofSystemId system);
    error VerifierRouter_SystemDisabled(ProofSystemId system);
    error VerifierRouter_VerifierWithoutCode(address verifier);
    error VerifierRouter_VerifierMismatch(address actual, address expected);
    error VerifierRouter_CodehashMismatch(bytes32 actual, bytes32 expected);
    error VerifierRouter_ZeroGasLimit();
    error VerifierRouter_VersionNotServed(ModelId modelId, VersionId versionId, IModelRegistry.Status status);
    error VerifierRouter_PayoutNotConfirmed(ModelId modelId);
    error VerifierRouter_RequestExpired(uint256 nowSeconds, uint256 deadline);
    error VerifierRouter_RequestSettled(bytes32 nullifier);
    error VerifierRouter_PassMismatch(PassId passId, ModelId modelId, VersionId versionId);
    error VerifierRouter_NotSignedByHolder(PassId passId);
    error VerifierRouter_TooFewInstances(uint256 words, uint256 minimum);
    error VerifierRouter_InputMismatch(bytes32 actual, bytes32 expected);
    error VerifierRouter_ProofRejected();
    error VerifierRouter_BatchLengths(uint256 requests);
    error VerifierRouter_BatchOfOtherVersions(uint256 index);

    event ProofSystemRegistered(
        ProofSystemId indexed system, address indexed verifier, uint64 gasLimit, bytes32 codehash, string name
    );
    event ProofSystemDisabled(ProofSystemId indexed system);
    event InferenceSettled(
        ModelId indexed modelId,
        VersionId indexed versionId,
        PassId indexed passId,
        bytes32 nullifier,
        address payee,
        bytes32 instancesHash,
        uint256 earned
    );

    /// @notice Adds a proof system under the id of its name; its verifier's code hash is pinned.
    function registerProofSystem(string calldata name, address verifier, uint64 gasLimit)
        external
        returns (ProofSystemId system);

    /// @notice Ends an unsound proof system. Final. Passes of its versions become refundable when they end.
    function disableProofSystem(ProofSystemId system) external;

    /// @notice Settles one call: checks the holder's signature and the proof, debits the pass by one call, and passes on
    /// what that earned. Anybody may send it; the proof is bound to the payee.
    /// @param request what the holder signed
    /// @param signature by the pass's owner or its ERC-4907 user: ECDSA, or ERC-1271 for a contract
    /// @param instances input words, then output words (docs/spec/protocol.md §4)
    /// @param proof the proof, made for `contextOf(request)`
    function settle(
        Request calldata request,
        bytes calldata signature,
        uint256[] calldata instances,
        bytes calldata proof
    ) external returns (bytes32 nullifier);

    /// @notice As `settle` for each of several requests of one version, whose proofs are checked together for less gas; all
    /// settle or none. The version's verifier must be an `IBatchVerifier` (another one has refused), and may use its
    /// system's gas limit for each proof.
    function settleBatch(
        Request[] calldata requests,
        bytes[] calldata signatures,
        uint256[][] calldata instances,
        bytes[] calldata proofs
    ) external returns (bytes32[] memory nullifiers);

    /// @notice EIP-712 digest of a request: what the holder signs.
    function requestDigest(Request calldata request) external view returns (bytes32 digest);

    /// @notice What a proof for this request is bound to, as long as the model's payout address stays what it is.
    function contextOf(Request calldata request) external view returns (bytes32 context);

    /// @notice The request's nullifier: of the request alone, so that a second proof of it settles nothing.
    function nullifierOf(Request calldata request) external view returns (bytes32 nullifier);

    /// @notice Whether a request with this nullifier has settled.
    function isSettled(bytes32 nullifier) external view returns (bool settled);

    /// @notice A proof system; the verifier is zero when there is none.
    function getProofSystem(ProofSystemId system) external view returns (ProofSystem memory record);
}
