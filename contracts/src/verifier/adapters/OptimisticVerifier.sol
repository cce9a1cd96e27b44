// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IOptimisticVerifier} from "../../interfaces/IOptimisticVerifier.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {AdapterKey} from "./AdapterKey.sol";
import {Bonds} from "./Bonds.sol";

/// @title Optimistic results, with a zero-knowledge proof as the answer to a challenge
/// @notice Nobody proves anything unless somebody doubts; who doubts wrongly pays for the proof, who claims wrongly loses his
/// bond. `verify` accepts what is final here, with an empty proof.
/// @dev No role, no pause: a claim's course depends on its key's terms and on time alone.
contract OptimisticVerifier is IProofVerifier, IOptimisticVerifier, IAdapterErrors, Bonds {
    bytes32 public constant SYSTEM = keccak256("optimistic-v1");
    uint256 public constant MIN_PERIOD = 10 minutes;
    uint256 public constant MAX_PERIOD = 30 days;
    uint256 private constant KEY_WORDS = 10;

    struct Key {
        bytes32 system;
        uint256 inputWords;
        address verifier; // IProofVerifier that decides a challenge
        bytes32 codehash; // of that verifier
        address innerKey; // its key for the same circuit
        uint256 gasLimit; // of its check
        uint256 bond; // wei, not zero
        uint256 challengeBond; // wei, not zero: what a needless proof costs its challenger
        uint256 window; // seconds in which a claim can be challenged
        uint256 answerPeriod; // seconds in which a challenged claim must be proven
    }

    mapping(bytes32 claimId => Claim) private _claims;

    /// @param sink_ gets the part of a lost bond that the challenger does not
    constructor(address sink_) Bonds(sink_) {}

    /// @inheritdoc IOptimisticVerifier
    function propose(address key, bytes32 context, uint256[] calldata instances)
        external
        payable
        returns (bytes32 claimId)
    {
        Key memory k = _load(key);
        _takeBond(k.bond);
        if (instances.length < k.inputWords) {
            revert Optimistic_TooFewInstances(instances.length, k.inputWords);
        }
        claimId = claimIdOf(key, context, instances);
        // Whoever comes first may let a claim fall, for the price of a bond: what is true can then be claimed again.
        State state = _claims[claimId].state;
        if (state != State.None && state != State.Rejected) revert Optimistic_ClaimKnown(claimId);
        uint64 until = uint64(block.timestamp + k.window);
        _claims[claimId] = Claim({
            state: State.Pending,
            until: until,
            proposer: msg.sender,
            challenger: address(0),
            answerPeriod: uint32(k.answerPeriod),
            bond: uint128(k.bond),
            challengeBond: uint128(k.challengeBond)
        });
        emit ClaimProposed(claimId, key, msg.sender, context, instances, until);
    }

    /// @inheritdoc IOptimisticVerifier
    function challenge(bytes32 claimId) external payable {
        Claim storage claim = _inState(claimId, State.Pending);
        if (block.timestamp > claim.until) revert Optimistic_TooLate(block.timestamp, claim.until);
        _takeBond(claim.challengeBond);
        claim.state = State.Challenged;
        claim.challenger = msg.sender;
        claim.until = uint64(block.timestamp + claim.answerPeriod);
        emit ClaimChallenged(claimId, msg.sender, claim.until);
    }

    /// @inheritdoc IOptimisticVerifier
    /// @dev A proof that fails reverts and costs its sender only. The bonds go to the proposer whoever sends the proof, so
    /// copying it from the mempool gains nothing.
    function answer(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        nonReentrant
    {
        bytes32 claimId = claimIdOf(key, context, instances);
        Claim storage claim = _inState(claimId, State.Challenged);
        if (block.timestamp > claim.until) revert Optimistic_TooLate(block.timestamp, claim.until);
        Key memory k = _load(key);
        AdapterKey.checkCode(k.verifier, k.codehash);
        if (!AdapterKey.accepts(k.verifier, k.gasLimit, k.innerKey, context, instances, proof)) {
            revert Optimistic_ProofRejected();
        }
        claim.state = State.Proven;
        emit ClaimProven(claimId, msg.sender);
        _giveBack(claim.proposer, uint256(claim.bond) + claim.challengeBond);
    }

    /// @inheritdoc IOptimisticVerifier
    function reject(bytes32 claimId) external {
        Claim storage claim = _inState(claimId, State.Challenged);
        if (block.timestamp <= claim.until) revert Optimistic_TooEarly(block.timestamp, claim.until);
        claim.state = State.Rejected;
        emit ClaimRejected(claimId);
        _giveBack(claim.challenger, claim.challengeBond);
        _slash(claim.bond, claim.challenger);
    }

    /// @inheritdoc IOptimisticVerifier
    function returnBond(bytes32 claimId) external {
        Claim storage claim = _inState(claimId, State.Pending);
        if (block.timestamp <= claim.until) revert Optimistic_TooEarly(block.timestamp, claim.until);
        claim.state = State.Returned;
        emit BondReturned(claimId);
        _giveBack(claim.proposer, claim.bond);
    }

    /// @inheritdoc IProofVerifier
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata)
        external
        view
        returns (bool accepted)
    {
        return isFinal(claimIdOf(key, context, instances));
    }

    /// @inheritdoc IProofVerifier
    /// @dev Reverts for terms out of range, so that no version with such a key can be published.
    function inputWords(address key) external view returns (uint256) {
        return _load(key).inputWords;
    }

    /// @inheritdoc IOptimisticVerifier
    function getClaim(bytes32 claimId) external view returns (Claim memory) {
        return _claims[claimId];
    }

    /// @inheritdoc IOptimisticVerifier
    function claimIdOf(address key, bytes32 context, uint256[] calldata instances)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(key, key.codehash, context, keccak256(abi.encodePacked(instances))));
    }

    /// @inheritdoc IOptimisticVerifier
    function isFinal(bytes32 claimId) public view returns (bool) {
        Claim storage claim = _claims[claimId];
        State state = claim.state;
        if (state == State.Pending) return block.timestamp > claim.until;
        return state == State.Proven || state == State.Returned;
    }

    function _inState(bytes32 claimId, State state) private view returns (Claim storage claim) {
        claim = _claims[claimId];
        if (claim.state != state) revert Optimistic_WrongState(claimId, claim.state);
    }

    function _load(address key) private view returns (Key memory k) {
        k = abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
        bool fits = k.bond != 0 && k.bond <= type(uint128).max && k.challengeBond != 0
            && k.challengeBond <= type(uint128).max && k.window >= MIN_PERIOD && k.window <= MAX_PERIOD
            && k.answerPeriod >= MIN_PERIOD && k.answerPeriod <= MAX_PERIOD;
        if (!fits) revert Optimistic_TermsOutOfRange(key);
    }
}
