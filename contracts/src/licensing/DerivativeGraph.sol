// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IDerivativeGraph} from "../interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../interfaces/ILicenseToken.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {HolderSignature} from "../libraries/HolderSignature.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {LicenseId, MAX_STACK_PPM, TermsId} from "../types/Licensing.sol";
import {AncestorTable} from "./AncestorTable.sol";
import {Lineage} from "./Lineage.sol";

/// @title DerivativeGraph
/// @notice Nobody has power here but the owners of child and parents.
contract DerivativeGraph is IDerivativeGraph, AccessManaged, EIP712 {
    using AncestorTable for uint256[];

    /// @notice Most parents of one model.
    uint256 public constant MAX_PARENTS = 8;

    /// @notice Most ancestors of one model.
    uint256 public constant MAX_ANCESTORS = 64;

    /// @notice How long a parent's owner may object.
    uint48 public constant DECISION_TIME = 7 days;

    uint256 private constant MAX_REASON_BYTES = 512;

    bytes32 private constant APPROVAL_TYPEHASH = keccak256(
        "Approval(uint256 child,uint256 parent,uint256 licenseId,uint256 versionId,uint8 relation,uint64 deadline)"
    );

    struct Link {
        address lineage;
        uint24 stackPpm;
        State state; // Pending also stands for Linked once `decideBy` has passed
        uint48 decideBy;
        uint8 undecided;
    }

    /// @dev A link under construction.
    struct Draft {
        uint256[] table;
        uint256[] parents;
        uint8 undecided;
        TermsId reciprocal;
    }

    IModelRegistry private immutable _registry;
    ILicenseTerms private immutable _terms;

    /// @notice The LicenseToken whose licences children use; bound once.
    ILicenseToken public licenses;

    mapping(ModelId modelId => Link) private _link;
    mapping(ModelId modelId => TermsId) private _reciprocal;

    /// @param authority the AccessManager
    /// @param registry_ the ModelRegistry
    /// @param terms_ the LicenseTerms
    constructor(address authority, IModelRegistry registry_, ILicenseTerms terms_)
        AccessManaged(authority)
        EIP712("Mintmark", "1")
    {
        (_registry, _terms) = (registry_, terms_);
    }

    /// @notice Fixes for ever whose licences are used; before that nothing can link. Role ADMIN.
    function bindLicenses(ILicenseToken licenses_) external restricted {
        if (address(licenses) != address(0)) revert DerivativeGraph_LicensesBound(address(licenses));
        if (address(licenses_).code.length == 0) revert DerivativeGraph_WithoutCode(address(licenses_));
        licenses = licenses_;
        emit LicensesBound(address(licenses_));
    }

    /// @inheritdoc IDerivativeGraph
    function link(ModelId child, ParentLink[] calldata parents, uint32 maxStackPpm) external {
        if (_registry.modelOwner(child) != msg.sender) {
            revert DerivativeGraph_NotModelOwner(child, msg.sender);
        }
        State state = _stateOf(_link[child]);
        if (state != State.None && state != State.Rejected) {
            revert DerivativeGraph_AlreadyLinked(child, state);
        }
        if (_registry.hasLaunched(child)) revert DerivativeGraph_AlreadyLaunched(child);
        if (parents.length == 0 || parents.length > MAX_PARENTS) {
            revert DerivativeGraph_ParentCountOutOfRange(parents.length, MAX_PARENTS);
        }
        Draft memory draft;
        draft.parents = new uint256[](parents.length);
        for (uint256 i = 0; i < parents.length; ++i) {
            _addParent(draft, child, parents[i], i);
        }
        _store(child, draft, maxStackPpm < MAX_STACK_PPM ? maxStackPpm : MAX_STACK_PPM);
    }

    /// @inheritdoc IDerivativeGraph
    function approve(ModelId child, uint256 index) external {
        ModelId parent = _requireUndecided(child, index);
        emit DerivativeApproved(child, parent, msg.sender);
        Link storage stored = _link[child];
        stored.undecided &= ~uint8(1 << index);
        if (stored.undecided == 0) stored.state = State.Linked;
    }

    /// @inheritdoc IDerivativeGraph
    function reject(ModelId child, uint256 index, string calldata reason) external {
        if (bytes(reason).length > MAX_REASON_BYTES) {
            revert DerivativeGraph_ReasonTooLong(bytes(reason).length, MAX_REASON_BYTES);
        }
        ModelId parent = _requireUndecided(child, index);
        Parent[] memory parents = Lineage.parentsOf(_link[child].lineage);
        _link[child] = Link(address(0), 0, State.Rejected, 0, 0);
        _reciprocal[child] = TermsId.wrap(0);
        for (uint256 i = 0; i < parents.length; ++i) {
            licenses.release(parents[i].licenseId);
        }
        emit DerivativeRejected(child, parent, msg.sender, reason);
    }

    /// @inheritdoc IDerivativeGraph
    function linkOf(ModelId child) external view returns (State state, uint64 decideBy, uint8 undecided) {
        Link storage stored = _link[child];
        state = _stateOf(stored);
        return (state, stored.decideBy, state == State.Pending ? stored.undecided : 0);
    }

    /// @inheritdoc IDerivativeGraph
    function parentsOf(ModelId modelId) external view returns (Parent[] memory) {
        return Lineage.parentsOf(_link[modelId].lineage);
    }

    /// @inheritdoc IDerivativeGraph
    function ancestorsOf(ModelId modelId) external view returns (Ancestor[] memory) {
        return Lineage.tableOf(_link[modelId].lineage).decode();
    }

    /// @inheritdoc IDerivativeGraph
    function stackOf(ModelId modelId) external view returns (uint32 stackPpm, bool undecided) {
        Link storage stored = _link[modelId];
        return (stored.stackPpm, _stateOf(stored) == State.Pending);
    }

    /// @inheritdoc IDerivativeGraph
    function royaltyPpm(ModelId modelId, ModelId ancestor) external view returns (uint32) {
        Link storage stored = _link[modelId];
        if (_stateOf(stored) != State.Linked) return 0;
        return uint32(Lineage.tableOf(stored.lineage).find(ModelId.unwrap(ancestor)));
    }

    /// @inheritdoc IDerivativeGraph
    function mayLaunch(ModelId modelId) external view returns (bool) {
        State state = _stateOf(_link[modelId]);
        return state == State.None || state == State.Linked;
    }

    /// @inheritdoc IDerivativeGraph
    function reciprocalTermsOf(ModelId modelId) external view returns (TermsId) {
        return _reciprocal[modelId];
    }

    /// @inheritdoc IDerivativeGraph
    function approvalDigest(ModelId child, ModelId parent, ParentLink calldata parentLink)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    APPROVAL_TYPEHASH,
                    child,
                    parent,
                    parentLink.licenseId,
                    parentLink.versionId,
                    parentLink.relation,
                    parentLink.approvalDeadline
                )
            )
        );
    }

    function _addParent(Draft memory draft, ModelId child, ParentLink calldata asked, uint256 index) private {
        (ModelId parent, TermsId termsId) = licenses.use(asked.licenseId, child, msg.sender);
        if (_registry.statusOf(parent, asked.versionId) != IModelRegistry.Status.Active) {
            revert DerivativeGraph_ParentNotActive(parent, asked.versionId);
        }
        ILicenseTerms.Terms memory terms = _terms.termsOf(termsId);
        _checkReciprocity(draft, parent, termsId, terms.reciprocal);
        if (terms.approval && !_isApproved(child, parent, asked)) draft.undecided |= uint8(1 << index);

        draft.parents[index] = Lineage.pack(
            Parent(parent, asked.versionId, asked.licenseId, terms.sharePpm, asked.relation, terms.policy)
        );
        for (uint256 i = 0; i < index; ++i) {
            if (draft.parents[i] >> 192 == ModelId.unwrap(parent)) {
                revert DerivativeGraph_ParentTwice(parent);
            }
        }
        uint256[] memory inherited = Lineage.tableOf(_link[parent].lineage)
            .inherit(ModelId.unwrap(parent), terms.sharePpm, terms.policy);
        draft.table = draft.table.merge(inherited);
        if (draft.table.length > MAX_ANCESTORS) {
            revert DerivativeGraph_TooManyAncestors(draft.table.length, MAX_ANCESTORS);
        }
    }

    /// @dev Share-alike: a licence of a model that is bound to terms must be under these, and a child of such a licence
    /// is bound to them in turn.
    function _checkReciprocity(Draft memory draft, ModelId parent, TermsId termsId, bool reciprocal)
        private
        view
    {
        TermsId bound = _reciprocal[parent];
        if (TermsId.unwrap(bound) != 0 && bound != termsId) {
            revert DerivativeGraph_ReciprocalTermsConflict(bound, termsId);
        }
        if (!reciprocal) return;
        if (TermsId.unwrap(draft.reciprocal) != 0 && draft.reciprocal != termsId) {
            revert DerivativeGraph_ReciprocalTermsConflict(draft.reciprocal, termsId);
        }
        draft.reciprocal = termsId;
    }

    /// @dev By the parent's owner himself, or signed by him. A signature that is given must be good.
    function _isApproved(ModelId child, ModelId parent, ParentLink calldata asked)
        private
        view
        returns (bool)
    {
        address owner = _registry.modelOwner(parent);
        if (owner == msg.sender) return true;
        if (asked.approval.length == 0) return false;
        if (block.timestamp > asked.approvalDeadline) {
            revert DerivativeGraph_ApprovalExpired(block.timestamp, asked.approvalDeadline);
        }
        bytes32 digest = approvalDigest(child, parent, asked);
        if (!HolderSignature.isBy(owner, address(0), digest, asked.approval)) {
            revert DerivativeGraph_NotApprovedByOwner(parent);
        }
        return true;
    }

    function _store(ModelId child, Draft memory draft, uint256 limit) private {
        uint256 stackPpm = draft.table.stack();
        if (stackPpm > limit) revert DerivativeGraph_StackAboveLimit(stackPpm, limit);
        address lineage = Lineage.store(draft.table, draft.parents);
        bool pending = draft.undecided != 0;
        State state = pending ? State.Pending : State.Linked;
        uint48 decideBy = pending ? uint48(block.timestamp) + DECISION_TIME : 0;
        _link[child] = Link(lineage, uint24(stackPpm), state, decideBy, draft.undecided);
        if (TermsId.unwrap(draft.reciprocal) != 0) _reciprocal[child] = draft.reciprocal;
        emit DerivativeLinked(
            child,
            msg.sender,
            uint32(stackPpm),
            state,
            decideBy,
            Lineage.parentsOf(lineage),
            draft.table.decode()
        );
    }

    function _stateOf(Link storage stored) private view returns (State state) {
        state = stored.state;
        if (state == State.Pending && block.timestamp > stored.decideBy) return State.Linked;
    }

    /// @dev Reverts unless the caller owns parent `index` of the pending child and has not decided.
    function _requireUndecided(ModelId child, uint256 index) private view returns (ModelId parent) {
        Link storage stored = _link[child];
        bool open = _stateOf(stored) == State.Pending && index < MAX_PARENTS
            && stored.undecided & uint8(1 << index) != 0;
        if (!open) revert DerivativeGraph_NothingToDecide(child, index);
        parent = Lineage.parentsOf(stored.lineage)[index].modelId;
        if (_registry.modelOwner(parent) != msg.sender) {
            revert DerivativeGraph_NotParentOwner(parent, msg.sender);
        }
    }
}
