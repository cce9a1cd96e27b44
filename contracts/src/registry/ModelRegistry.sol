// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Guarded} from "../governance/Guarded.sol";
import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {IERC7992Registry} from "../interfaces/IERC7992.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {ModelId, ProofSystemId, VersionId} from "../types/Ids.sol";
import {CommitReveal} from "./CommitReveal.sol";
import {VersionChecks} from "./VersionChecks.sol";

/// @title ModelRegistry
/// @notice Model lines as ERC-721 tokens, and their append-only versions.
contract ModelRegistry is
    IModelRegistry,
    IERC7992Registry,
    IERC4906,
    IERC2981,
    ERC721,
    CommitReveal,
    Guarded
{
    struct Model {
        string cardURI;
        address payout;
        uint32 versions;
        uint32 canonical;
        address curator;
        bool launched;
        uint24 resalePpm;
        address originator; // who registered the model
    }

    struct Version {
        VersionCommitment commitment;
        VersionState state;
    }

    uint256 private constant PPM = 1_000_000;

    /// @notice Highest royalty on a resale: 10 %.
    uint24 public constant MAX_RESALE_PPM = 100_000;

    /// @notice Says whether a derivative may become Active; bound once.
    IDerivativeGraph public derivatives;

    uint256 private _models;
    mapping(ModelId modelId => Model) private _model;
    mapping(ModelId modelId => mapping(VersionId versionId => Version)) private _version;

    modifier onlyModelOwner(ModelId modelId) {
        _checkOwner(modelId);
        _;
    }

    /// @param authority the AccessManager
    /// @param minCommitAge seconds between a commitment and its publication, 1 or more
    constructor(address authority, uint64 minCommitAge)
        ERC721("Mintmark Model", "MODEL")
        CommitReveal(minCommitAge)
        Guarded(authority)
    {}

    /// @inheritdoc IModelRegistry
    function registerModel(string calldata name, string calldata cardURI, address payout)
        external
        whenNotPaused
        returns (ModelId modelId)
    {
        VersionChecks.checkLength(bytes(name).length, VersionChecks.MAX_NAME_BYTES);
        VersionChecks.checkLength(bytes(cardURI).length, VersionChecks.MAX_URI_BYTES);
        if (payout == address(0)) revert ModelRegistry_ZeroAddress();
        modelId = ModelId.wrap(++_models);
        Model storage model = _model[modelId];
        (model.cardURI, model.payout, model.originator) = (cardURI, payout, msg.sender);
        emit ModelRegistered(modelId, msg.sender, name, cardURI);
        emit PayoutChanged(modelId, payout);
        _mint(msg.sender, ModelId.unwrap(modelId));
    }

    /// @inheritdoc IModelRegistry
    function commitVersion(bytes32 commitment) external whenNotPaused {
        _commit(commitment);
    }

    /// @inheritdoc IModelRegistry
    function publishVersion(ModelId modelId, VersionCommitment calldata version, bytes32 salt)
        external
        whenNotPaused
        onlyModelOwner(modelId)
        returns (VersionId versionId)
    {
        VersionChecks.checkFields(version);
        uint64 committedAt = _reveal(version.weightsHash, version.manifestRoot, salt);
        uint32 inputWords = VersionChecks.checkKey(version);

        uint32 index = ++_model[modelId].versions;
        versionId = VersionId.wrap(index);
        Version storage stored = _version[modelId][versionId];
        stored.commitment = version;
        stored.state = VersionState({
            status: Status.Draft,
            publishedAt: uint48(block.timestamp),
            inputWords: inputWords,
            verifierCodehash: version.verifier.codehash
        });
        emit VersionPublished(modelId, versionId, version.weightsHash, version, stored.state);
        _claimWeights(version.weightsHash, modelId, index, committedAt);
        emit MetadataUpdate(ModelId.unwrap(modelId));
    }

    /// @inheritdoc IModelRegistry
    function setStatus(ModelId modelId, VersionId versionId, Status status, string calldata reason)
        external
        onlyModelOwner(modelId)
    {
        if (bytes(reason).length > VersionChecks.MAX_URI_BYTES) {
            revert ModelRegistry_LengthOutOfRange(bytes(reason).length, VersionChecks.MAX_URI_BYTES);
        }
        Status from = _requireVersion(modelId, versionId).state.status;
        if (!_allowed(from, status)) revert ModelRegistry_StatusChangeRefused(from, status);
        if (status == Status.Active) _launch(modelId);
        _version[modelId][versionId].state.status = status;
        emit StatusChanged(modelId, versionId, from, status, reason);

        VersionId canonical = canonicalVersion(modelId);
        if (status == Status.Active && VersionId.unwrap(canonical) == 0) _setCanonical(modelId, versionId);
        if (status == Status.Revoked && canonical == versionId) _setCanonical(modelId, VersionId.wrap(0));
        emit MetadataUpdate(ModelId.unwrap(modelId));
    }

    /// @inheritdoc IModelRegistry
    function setCanonicalVersion(ModelId modelId, VersionId versionId) external {
        if (msg.sender != _model[modelId].curator && msg.sender != modelOwner(modelId)) {
            revert ModelRegistry_NotCurator(modelId, msg.sender);
        }
        Status status = _requireVersion(modelId, versionId).state.status;
        if (status != Status.Active) revert ModelRegistry_NotCanonicalisable(versionId, status);
        _setCanonical(modelId, versionId);
    }

    /// @inheritdoc IModelRegistry
    function setPayout(ModelId modelId, address payout) external onlyModelOwner(modelId) {
        if (payout == address(0)) revert ModelRegistry_ZeroAddress();
        _model[modelId].payout = payout;
        emit PayoutChanged(modelId, payout);
    }

    /// @inheritdoc IModelRegistry
    function setCurator(ModelId modelId, address curator) external onlyModelOwner(modelId) {
        _model[modelId].curator = curator;
        emit CuratorChanged(modelId, curator);
    }

    /// @inheritdoc IModelRegistry
    function setCardURI(ModelId modelId, string calldata cardURI) external onlyModelOwner(modelId) {
        VersionChecks.checkLength(bytes(cardURI).length, VersionChecks.MAX_URI_BYTES);
        _model[modelId].cardURI = cardURI;
        emit CardUpdated(modelId, cardURI);
        emit MetadataUpdate(ModelId.unwrap(modelId));
    }

    /// @inheritdoc IModelRegistry
    function listModel(ModelId modelId, Listing calldata listing) external onlyModelOwner(modelId) {
        if (listing.task == 0) revert ModelRegistry_ZeroHash(0);
        if (listing.license == 0) revert ModelRegistry_ZeroHash(1);
        if (bytes(listing.tags).length > VersionChecks.MAX_URI_BYTES) {
            revert ModelRegistry_LengthOutOfRange(bytes(listing.tags).length, VersionChecks.MAX_URI_BYTES);
        }
        emit ModelListed(
            modelId, listing.task, listing.license, listing.modality, listing.verification, listing.tags
        );
    }

    /// @inheritdoc IModelRegistry
    function setResalePpm(ModelId modelId, uint24 ppm) external onlyModelOwner(modelId) {
        Model storage model = _model[modelId];
        if (model.originator != msg.sender) revert ModelRegistry_NotOriginator(modelId, msg.sender);
        if (ppm > MAX_RESALE_PPM) revert ModelRegistry_ResalePpmAboveLimit(ppm, MAX_RESALE_PPM);
        model.resalePpm = ppm;
        emit ResalePpmChanged(modelId, msg.sender, ppm);
    }

    /// @inheritdoc IModelRegistry
    function bindDerivatives(address derivatives_) external restricted {
        if (address(derivatives) != address(0)) {
            revert ModelRegistry_DerivativesBound(address(derivatives));
        }
        if (derivatives_.code.length == 0) revert ModelRegistry_VerifierWithoutCode(derivatives_);
        derivatives = IDerivativeGraph(derivatives_);
        emit DerivativesBound(derivatives_);
    }

    /// @inheritdoc IModelRegistry
    function announceReplica(ModelId modelId, VersionId versionId, string calldata uri)
        external
        onlyModelOwner(modelId)
    {
        _requireVersion(modelId, versionId);
        VersionChecks.checkStorageURI(uri);
        emit ReplicaAnnounced(modelId, versionId, uri);
    }

    /// @inheritdoc IModelRegistry
    function getVersion(ModelId modelId, VersionId versionId)
        external
        view
        returns (VersionCommitment memory, VersionState memory)
    {
        Version storage version = _requireVersion(modelId, versionId);
        return (version.commitment, version.state);
    }

    /// @inheritdoc IModelRegistry
    function routeOf(ModelId modelId, VersionId versionId) external view returns (Route memory) {
        Version storage version = _version[modelId][versionId];
        return Route({
            status: version.state.status,
            proofSystem: version.commitment.proofSystem,
            inputWords: version.state.inputWords,
            verifyingKey: version.commitment.verifyingKey,
            verifier: version.commitment.verifier,
            verifierCodehash: version.state.verifierCodehash,
            payout: _model[modelId].payout
        });
    }

    /// @inheritdoc IERC7992Registry
    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner)
    {
        ModelId id = ModelId.wrap(modelId);
        owner = modelOwner(id);
        if (owner == address(0)) revert ModelRegistry_ModelNotFound(id);
        Version storage version = _requireVersion(id, canonicalVersion(id));
        VersionCommitment storage stored = version.commitment;
        commitment = ModelCommitment({
            modelHash: stored.manifestRoot,
            circuitHash: stored.circuitHash,
            vkHash: stored.vkHash,
            proofSystemId: ProofSystemId.unwrap(stored.proofSystem),
            uri: stored.storageURI
        });
        deprecated = version.state.status != Status.Active;
    }

    /// @inheritdoc IModelRegistry
    function statusOf(ModelId modelId, VersionId versionId) external view returns (Status) {
        return _version[modelId][versionId].state.status;
    }

    /// @inheritdoc IModelRegistry
    function versionCount(ModelId modelId) external view returns (uint256) {
        return _model[modelId].versions;
    }

    /// @inheritdoc IModelRegistry
    function payoutOf(ModelId modelId) external view returns (address) {
        return _model[modelId].payout;
    }

    /// @inheritdoc IModelRegistry
    function hasLaunched(ModelId modelId) external view returns (bool) {
        return _model[modelId].launched;
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 tokenId, uint256 salePrice) external view returns (address, uint256) {
        Model storage model = _model[ModelId.wrap(tokenId)];
        if (model.resalePpm == 0) return (address(0), 0);
        return (model.originator, Math.mulDiv(salePrice, model.resalePpm, PPM));
    }

    /// @inheritdoc IModelRegistry
    function curatorOf(ModelId modelId) external view returns (address) {
        return _model[modelId].curator;
    }

    /// @inheritdoc IModelRegistry
    function canonicalVersion(ModelId modelId) public view returns (VersionId) {
        return VersionId.wrap(_model[modelId].canonical);
    }

    /// @inheritdoc IModelRegistry
    function modelOwner(ModelId modelId) public view returns (address) {
        return _ownerOf(ModelId.unwrap(modelId));
    }

    /// @notice The model card.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return _model[ModelId.wrap(tokenId)].cardURI;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == type(IModelRegistry).interfaceId
            || interfaceId == type(IERC7992Registry).interfaceId || interfaceId == bytes4(0x49064906)
            || interfaceId == type(IERC2981).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev A model that changes hands loses its payout address and its curator until the new owner sets them.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from == address(0)) return from;
        ModelId modelId = ModelId.wrap(tokenId);
        (_model[modelId].payout, _model[modelId].curator) = (address(0), address(0));
        emit PayoutChanged(modelId, address(0));
        emit CuratorChanged(modelId, address(0));
    }

    /// @dev Ends the model's birth: from the first Active version on it cannot link to parents any more.
    function _launch(ModelId modelId) private {
        Model storage model = _model[modelId];
        if (model.launched) return;
        if (address(derivatives) != address(0) && !derivatives.mayLaunch(modelId)) {
            revert ModelRegistry_DerivativeNotFinal(modelId);
        }
        model.launched = true;
    }

    function _setCanonical(ModelId modelId, VersionId versionId) private {
        _model[modelId].canonical = uint32(VersionId.unwrap(versionId));
        emit CanonicalVersionChanged(modelId, versionId);
        emit MetadataUpdate(ModelId.unwrap(modelId));
    }

    function _checkOwner(ModelId modelId) private view {
        address owner = modelOwner(modelId);
        if (owner == address(0)) revert ModelRegistry_ModelNotFound(modelId);
        if (owner != msg.sender) revert ModelRegistry_NotOwner(modelId, msg.sender);
    }

    function _requireVersion(ModelId modelId, VersionId versionId)
        private
        view
        returns (Version storage version)
    {
        version = _version[modelId][versionId];
        if (version.state.status == Status.None) revert ModelRegistry_VersionNotFound(modelId, versionId);
    }

    function _allowed(Status from, Status to) private pure returns (bool) {
        if (to == Status.Revoked) return from != Status.Revoked;
        if (to == Status.Active) return from == Status.Draft || from == Status.Deprecated;
        return from == Status.Active && to == Status.Deprecated;
    }
}
