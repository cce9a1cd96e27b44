// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicenseTerms} from "./ILicenseTerms.sol";
import {ModelId, VersionId} from "../types/Ids.sol";
import {LicenseId, TermsId} from "../types/Licensing.sol";

/// @title Who descends from whom, and what ancestors earn
/// @notice A model links to its parents once, at birth: before any of its versions was ever Active, so before it could
/// be sold or have children. Parents are Active, so the graph has no cycle. What each ancestor takes is computed once,
/// when the child links, from the terms of the licences that it uses, and never changes.
interface IDerivativeGraph {
    /// @dev As on model hubs.
    enum Relation {
        FineTune,
        Adapter,
        Merge,
        Quantized,
        Distilled,
        Dataset
    }

    /// @dev None: no parents. Pending: some parent may still object. Linked: final. Rejected: some parent objected; the
    /// model may link again and cannot be activated before.
    enum State {
        None,
        Pending,
        Linked,
        Rejected
    }

    /// @notice One parent, as the child's owner asks for it.
    struct ParentLink {
        LicenseId licenseId; // a fine-tune licence that the child's owner holds; it names parent and terms
        VersionId versionId; // the parent's version that the child builds on, Active
        Relation relation;
        uint64 approvalDeadline;
        bytes approval; // the parent's owner's signature, or empty
    }

    /// @notice One parent, as it was linked.
    struct Parent {
        ModelId modelId;
        VersionId versionId;
        LicenseId licenseId;
        uint32 sharePpm;
        Relation relation;
        ILicenseTerms.Policy policy;
    }

    /// @notice What an ancestor takes of the model's income: `absolutePpm + relativePpm`.
    struct Ancestor {
        ModelId modelId;
        uint32 absolutePpm; // descendants inherit it unchanged
        uint32 relativePpm; // descendants inherit it as a part of the model's own share
    }

    error DerivativeGraph_NotModelOwner(ModelId modelId, address caller);
    error DerivativeGraph_AlreadyLinked(ModelId modelId, State state);
    error DerivativeGraph_AlreadyLaunched(ModelId modelId);
    error DerivativeGraph_ParentCountOutOfRange(uint256 count, uint256 limit);
    error DerivativeGraph_ParentNotActive(ModelId parent, VersionId versionId);
    error DerivativeGraph_ParentTwice(ModelId parent);
    error DerivativeGraph_TooManyAncestors(uint256 count, uint256 limit);
    error DerivativeGraph_StackAboveLimit(uint256 ppm, uint256 limit);
    error DerivativeGraph_ReciprocalTermsConflict(TermsId a, TermsId b);
    error DerivativeGraph_ApprovalExpired(uint256 nowSeconds, uint256 deadline);
    error DerivativeGraph_NotApprovedByOwner(ModelId parent);
    error DerivativeGraph_NothingToDecide(ModelId child, uint256 index);
    error DerivativeGraph_NotParentOwner(ModelId parent, address caller);
    error DerivativeGraph_ReasonTooLong(uint256 length, uint256 limit);
    error DerivativeGraph_LicensesBound(address licenses);
    error DerivativeGraph_WithoutCode(address target);

    event DerivativeLinked(
        ModelId indexed child,
        address indexed owner,
        uint32 stackPpm,
        State state,
        uint64 decideBy,
        Parent[] parents,
        Ancestor[] ancestors
    );
    event DerivativeApproved(ModelId indexed child, ModelId indexed parent, address indexed by);
    event DerivativeRejected(
        ModelId indexed child, ModelId indexed parent, address indexed by, string reason
    );
    event LicensesBound(address indexed licenses);

    /// @notice Links the caller's model to its parents.
    /// @param child a model of the caller no version of which was ever Active
    /// @param parents 1 to MAX_PARENTS
    /// @param maxStackPpm the most that all ancestors together may take; the caller's protection
    function link(ModelId child, ParentLink[] calldata parents, uint32 maxStackPpm) external;

    /// @notice Drops a parent's right to object. Only that parent's owner, while the link is Pending.
    /// @param index the parent's place in the link
    function approve(ModelId child, uint256 index) external;

    /// @notice Objects: the link is void and its licences are free again. Only that parent's owner, while the link is
    /// Pending and he has not approved. Silence until `decideBy` approves.
    function reject(ModelId child, uint256 index, string calldata reason) external;

    /// @notice EIP-712 digest that a parent's owner signs to approve a child in advance (domain "Mintmark", "1").
    function approvalDigest(ModelId child, ModelId parent, ParentLink calldata parentLink)
        external
        view
        returns (bytes32 digest);

    /// @notice The link's state, until when parents may object, and which still may (bit i: parent i).
    function linkOf(ModelId child) external view returns (State state, uint64 decideBy, uint8 undecided);

    /// @notice The model's parents; empty when it has none.
    function parentsOf(ModelId modelId) external view returns (Parent[] memory parents);

    /// @notice The model's ancestors by ascending id; empty when it has none.
    function ancestorsOf(ModelId modelId) external view returns (Ancestor[] memory ancestors);

    /// @notice What all ancestors together take of the model's income, and whether a parent may still object.
    function stackOf(ModelId modelId) external view returns (uint32 stackPpm, bool undecided);

    /// @notice What one ancestor takes of the model's income; zero unless the link is final.
    function royaltyPpm(ModelId modelId, ModelId ancestor) external view returns (uint32 ppm);

    /// @notice Whether a version of the model may become Active: it has no parents, or its link is final.
    function mayLaunch(ModelId modelId) external view returns (bool allowed);

    /// @notice The only terms under which the model may offer fine-tuning; zero when it is free to choose.
    function reciprocalTermsOf(ModelId modelId) external view returns (TermsId termsId);
}
