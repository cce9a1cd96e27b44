// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {IRefereedExecution} from "../../interfaces/IRefereedExecution.sol";
import {Bonds} from "./Bonds.sol";
import {RefereeGame} from "./RefereeGame.sol";
import {RefereeKey} from "./RefereeKey.sol";

/// @title Refereed execution
/// @notice A node claims a result and the root of its whole trace in integers. Another node that computed something else
/// plays it down to one multiplication, table look-up or input word, which this contract does itself: no proof system is
/// needed, and whoever computed rightly wins (docs/spec/referee.md).
/// @dev No role, no pause: a claim's course depends on its key's terms, on the moves and on time alone.
contract RefereedExecution is IProofVerifier, RefereeGame {
    bytes32 public constant SYSTEM = RefereeKey.SYSTEM;

    /// @param sink_ gets the part of a lost bond that the winner does not
    constructor(address sink_) Bonds(sink_) {}

    /// @inheritdoc IRefereedExecution
    function propose(address key, Statement calldata statement, bytes32 traceRoot)
        external
        payable
        returns (bytes32 claimId)
    {
        RefereeKey.Key memory k = RefereeKey.load(key);
        _takeBond(k.bond);
        uint256 expected = k.inputWords + k.outputWords;
        uint256 words = statement.instances.length;
        if (words != expected) revert Refereed_WrongCount(words, expected);
        for (uint256 i = 0; i < words; ++i) {
            if (statement.instances[i] >= FIELD) revert Refereed_WordNotCanonical(i);
        }
        claimId = claimIdOf(key, statement, msg.sender, traceRoot);
        Claim storage claim = _claims[claimId];
        if (claim.state != State.None) revert Refereed_ClaimKnown(claimId);
        uint64 until = uint64(block.timestamp + k.window);
        (claim.state, claim.until, claim.prover, claim.key) = (State.Pending, until, msg.sender, key);
        (claim.bond, claim.challengeBond) = (uint128(k.bond), uint128(k.challengeBond));
        (claim.traceRoot, claim.statement) = (traceRoot, _hashOf(statement));
        emit ClaimProposed(claimId, key, msg.sender, statement.context, statement.instances, traceRoot, until);
    }

    /// @inheritdoc IRefereedExecution
    function returnBond(bytes32 claimId) external {
        Claim storage claim = _inState(claimId, State.Pending);
        if (block.timestamp <= claim.until) revert Refereed_TooEarly(block.timestamp, claim.until);
        claim.state = State.Returned;
        emit BondReturned(claimId);
        _giveBack(claim.prover, claim.bond);
    }

    /// @inheritdoc IProofVerifier
    /// @param proof abi.encode(address prover, bytes32 traceRoot): whose claim it is
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        (address prover, bytes32 traceRoot) = abi.decode(proof, (address, bytes32));
        bytes32 statement = keccak256(abi.encode(context, keccak256(abi.encodePacked(instances))));
        return isFinal(_idOf(key, statement, prover, traceRoot));
    }

    /// @inheritdoc IProofVerifier
    /// @dev Reverts for terms out of range, so that no version with such a key can be published.
    function inputWords(address key) external view returns (uint256) {
        return RefereeKey.load(key).inputWords;
    }

    /// @inheritdoc IRefereedExecution
    function getClaim(bytes32 claimId) external view returns (Claim memory) {
        return _claims[claimId];
    }

    /// @inheritdoc IRefereedExecution
    function getGame(bytes32 claimId) external view returns (Game memory) {
        return _games[claimId];
    }

    /// @inheritdoc IRefereedExecution
    function claimIdOf(address key, Statement calldata statement, address prover, bytes32 traceRoot)
        public
        view
        returns (bytes32)
    {
        return _idOf(key, _hashOf(statement), prover, traceRoot);
    }

    /// @inheritdoc IRefereedExecution
    function isFinal(bytes32 claimId) public view returns (bool) {
        Claim storage claim = _claims[claimId];
        if (claim.state == State.Pending) return block.timestamp > claim.until;
        return claim.state == State.Returned;
    }

    /// @dev Of the prover too: a claim that its prover lets fall must not stand in the way of somebody else's.
    function _idOf(address key, bytes32 statement, address prover, bytes32 traceRoot)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(key, key.codehash, statement, prover, traceRoot));
    }
}
