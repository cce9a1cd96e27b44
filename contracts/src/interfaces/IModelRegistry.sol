// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, ProofSystemId, VersionId} from "../types/Ids.sol";

/// @title Model lines and their versions
/// @notice A model line is an ERC-721 token. A version is append-only: what is published never changes, only its
/// status moves. Every event carries what an indexer needs to rebuild the state.
interface IModelRegistry {
    /// @dev Draft: visible, not for sale. Active: sold and served. Deprecated: no longer sold, sold passes still served.
    /// Revoked: neither sold nor served, unused passes refundable; final.
    enum Status {
        None,
        Draft,
        Active,
        Deprecated,
        Revoked
    }

    /// @notice What a publisher commits to.
    struct VersionCommitment {
        bytes32 manifestRoot; // root of the manifest: every file's SHA-256, size and chunk Merkle root
        bytes32 weightsHash; // SHA-256 of the checkpoint
        bytes32 circuitHash; // keccak256 of the circuit's description
        bytes32 vkHash; // keccak256 of the verifying key's bytes
        bytes32 tokenizerHash; // SHA-256 of the tokenizer; zero when the model has none
        address verifyingKey; // contract whose code is 0x00 and then the verifying key
        address verifier; // IProofVerifier of the proof system
        ProofSystemId proofSystem;
        uint64 parameterCount; // informative: no price is computed from it
        bool encrypted; // the files at storageURI are ciphertext; the hashes are of the plaintext
        string architecture;
        string storageURI; // content-addressed: ipfs:// or ar://
    }

    /// @notice What the registry adds to a commitment.
    struct VersionState {
        Status status;
        uint48 publishedAt;
        uint32 inputWords; // words of a proof's input part, read from the verifying key
        bytes32 verifierCodehash;
    }

    /// @notice What a settlement needs, in one call.
    struct Route {
        Status status;
        ProofSystemId proofSystem;
        uint32 inputWords;
        address verifyingKey;
        address verifier;
        bytes32 verifierCodehash;
        address payout; // zero: not confirmed since the model changed hands
    }

    /// @dev How an answer of the model can be checked, as the owner declares it; what a version's proof system actually
    /// is stands in its `VersionPublished`.
    enum Verification {
        None,
        Optimistic,
        SampledAudit,
        Attested,
        ZeroKnowledge
    }

    /// @notice What a catalogue lists. The fixed words are short ASCII strings, padded with zeros on the right.
    struct Listing {
        bytes32 task; // as on model hubs, e.g. "image-classification"
        bytes32 license; // SPDX id or "other", e.g. "apache-2.0"
        bytes32 modality; // e.g. "image", "text"
        Verification verification;
        string tags; // comma-separated, at most 512 bytes
    }

    /// @notice The version that first claimed a weights hash.
    struct Origin {
        uint64 modelId;
        uint32 versionId;
        uint64 committedAt;
    }

    error ModelRegistry_ModelNotFound(ModelId modelId);
    error ModelRegistry_VersionNotFound(ModelId modelId, VersionId versionId);
    error ModelRegistry_NotOwner(ModelId modelId, address caller);
    error ModelRegistry_NotCurator(ModelId modelId, address caller);
    error ModelRegistry_LengthOutOfRange(uint256 length, uint256 limit);
    error ModelRegistry_ZeroHash(uint256 field);
    error ModelRegistry_ZeroAddress();
    error ModelRegistry_ZeroParameterCount();
    error ModelRegistry_SchemeNotAllowed(string uri);
    error ModelRegistry_CommitmentMissing(bytes32 commitment);
    error ModelRegistry_CommitmentTooYoung(uint256 age, uint256 minimum);
    error ModelRegistry_CommitmentTooOld(uint256 age, uint256 maximum);
    error ModelRegistry_KeyNotStopped(address verifyingKey);
    error ModelRegistry_KeyHashMismatch(bytes32 actual, bytes32 claimed);
    error ModelRegistry_KeyWithoutInput(address verifyingKey);
    error ModelRegistry_VerifierWithoutCode(address verifier);
    error ModelRegistry_StatusChangeRefused(Status from, Status to);
    error ModelRegistry_NotCanonicalisable(VersionId versionId, Status status);
    error ModelRegistry_DerivativeNotFinal(ModelId modelId);
    error ModelRegistry_DerivativesBound(address derivatives);
    error ModelRegistry_NotOriginator(ModelId modelId, address caller);
    error ModelRegistry_ResalePpmAboveLimit(uint256 ppm, uint256 limit);

    event ModelRegistered(ModelId indexed modelId, address indexed owner, string name, string cardURI);
    event CardUpdated(ModelId indexed modelId, string cardURI);
    event PayoutChanged(ModelId indexed modelId, address indexed payout);
    event CuratorChanged(ModelId indexed modelId, address indexed curator);
    event VersionCommitted(address indexed publisher, bytes32 indexed commitment);
    event VersionPublished(
        ModelId indexed modelId,
        VersionId indexed versionId,
        bytes32 indexed weightsHash,
        VersionCommitment commitment,
        VersionState state
    );
    event WeightsClaimed(
        bytes32 indexed weightsHash, ModelId indexed modelId, VersionId indexed versionId, uint64 committedAt
    );
    event WeightsDuplicated(
        bytes32 indexed weightsHash, ModelId indexed modelId, VersionId indexed versionId
    );
    event StatusChanged(
        ModelId indexed modelId, VersionId indexed versionId, Status from, Status to, string reason
    );
    event CanonicalVersionChanged(ModelId indexed modelId, VersionId indexed versionId);
    event ModelListed(
        ModelId indexed modelId,
        bytes32 indexed task,
        bytes32 indexed license,
        bytes32 modality,
        Verification verification,
        string tags
    );
    event ResalePpmChanged(ModelId indexed modelId, address indexed originator, uint24 ppm);
    event DerivativesBound(address indexed derivatives);
    event ReplicaAnnounced(ModelId indexed modelId, VersionId indexed versionId, string uri);

    /// @notice Registers a model line and mints its token to the caller.
    /// @param name 1 to 64 bytes
    /// @param cardURI the model card, 1 to 512 bytes
    /// @param payout where the creator's part is paid; not zero
    function registerModel(string calldata name, string calldata cardURI, address payout)
        external
        returns (ModelId modelId);

    /// @notice First half of publishing: fixes the time of the claim without showing what is claimed.
    /// @param commitment `commitmentOf(publisher, weightsHash, manifestRoot, salt)`
    function commitVersion(bytes32 commitment) external;

    /// @notice Second half: publishes a version of the caller's model as Draft.
    /// @dev The commitment must be the caller's own, at least `minCommitAge` and at most MAX_COMMIT_AGE old. Of several
    /// publishers of the same weights the one who committed first is the origin, whatever the order of publication.
    function publishVersion(ModelId modelId, VersionCommitment calldata version, bytes32 salt)
        external
        returns (VersionId versionId);

    /// @notice Moves a version's status. Draft → Active; Active ↔ Deprecated; any → Revoked, finally.
    /// @dev The first version that becomes Active launches the model, and becomes canonical; a revoked canonical version
    /// leaves none. A derivative becomes Active only when its link to its parents is final (DerivativeGraph).
    function setStatus(ModelId modelId, VersionId versionId, Status status, string calldata reason) external;

    /// @notice Points to the version that a caller without a preference gets; the owner or the curator, Active only.
    function setCanonicalVersion(ModelId modelId, VersionId versionId) external;

    /// @notice Sets (or, after a transfer, confirms) where the creator's part is paid.
    function setPayout(ModelId modelId, address payout) external;

    /// @notice Lets another account, a DAO for example, move the canonical pointer and nothing else.
    function setCurator(ModelId modelId, address curator) external;

    /// @notice Changes the model card.
    function setCardURI(ModelId modelId, string calldata cardURI) external;

    /// @notice Puts the model into the catalogue, or changes its entry; kept in events only.
    function listModel(ModelId modelId, Listing calldata listing) external;

    /// @notice Sets the ERC-2981 royalty on resales of the model's token, paid to who registered the model. Only he,
    /// and only as long as he still owns the model, so that no buyer finds it changed.
    function setResalePpm(ModelId modelId, uint24 ppm) external;

    /// @notice Fixes for ever who says whether a derivative may become Active. Role ADMIN.
    function bindDerivatives(address derivatives) external;

    /// @notice Announces one more place of a version's files; the hashes do not change.
    function announceReplica(ModelId modelId, VersionId versionId, string calldata uri) external;

    /// @notice The commitment that hides a claim on weights until it is published.
    function commitmentOf(address publisher, bytes32 weightsHash, bytes32 manifestRoot, bytes32 salt)
        external
        view
        returns (bytes32 commitment);

    /// @notice The version and its state; reverts when there is none.
    function getVersion(ModelId modelId, VersionId versionId)
        external
        view
        returns (VersionCommitment memory version, VersionState memory state);

    /// @notice Status of a version; None when there is none.
    function statusOf(ModelId modelId, VersionId versionId) external view returns (Status status);

    /// @notice What a settlement needs; status None when there is no such version.
    function routeOf(ModelId modelId, VersionId versionId) external view returns (Route memory route);

    /// @notice How many versions the model has; they are numbered from 1.
    function versionCount(ModelId modelId) external view returns (uint256 count);

    /// @notice The canonical version; 0 when there is none.
    function canonicalVersion(ModelId modelId) external view returns (VersionId versionId);

    /// @notice Where the creator's part is paid; zero until confirmed after a transfer.
    function payoutOf(ModelId modelId) external view returns (address payout);

    /// @notice Who may move the canonical pointer besides the owner; zero for nobody.
    function curatorOf(ModelId modelId) external view returns (address curator);

    /// @notice The model's owner; zero when there is no such model.
    function modelOwner(ModelId modelId) external view returns (address owner);

    /// @notice Whether any version was ever Active, and so could be sold and built on.
    function hasLaunched(ModelId modelId) external view returns (bool launched);

    /// @notice The version that first claimed these weights; all zero when none did.
    function originOf(bytes32 weightsHash) external view returns (Origin memory origin);
}
