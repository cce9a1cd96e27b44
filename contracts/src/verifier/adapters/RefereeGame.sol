// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IRefereedExecution} from "../../interfaces/IRefereedExecution.sol";
import {IndexedMerkle} from "../../libraries/IndexedMerkle.sol";
import {RefereeTerms} from "../../libraries/RefereeTerms.sol";
import {RefereeLimb, RefereeSource, RefereeStep} from "../../types/RefereeStep.sol";
import {Bonds} from "./Bonds.sol";
import {RefereeKey} from "./RefereeKey.sol";

/// @title The moves of a game between a prover and a challenger
/// @notice The burden is the prover's: each of his moves is checked against what he is bound to, and the last one shows
/// one multiplication. The challenger only points. Nobody but the prover moves for him: his sums are his word.
abstract contract RefereeGame is IRefereedExecution, IAdapterErrors, Bonds {
    uint256 internal constant ARITY_LOG = 4;
    uint256 internal constant SEGMENTS = 16;
    uint256 internal constant FIELD =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;

    mapping(bytes32 claimId => Claim) internal _claims;
    mapping(bytes32 claimId => Game) internal _games;

    /// @inheritdoc IRefereedExecution
    function challengeTrace(bytes32 claimId) external payable {
        Game storage game = _begin(claimId);
        RefereeKey.Key memory k = RefereeKey.load(_claims[claimId].key);
        game.height = uint8(IndexedMerkle.depthOf(k.elements));
        game.posted = _claims[claimId].traceRoot;
        game.stage = game.height == 0 ? Stage.Leaf : Stage.Nodes;
        emit ClaimChallenged(claimId, msg.sender, game.stage, _next(claimId, k));
    }

    /// @inheritdoc IRefereedExecution
    function challengeOutput(
        bytes32 claimId,
        Statement calldata statement,
        uint64 output,
        StepProof calldata last
    ) external payable {
        Game storage game = _begin(claimId);
        Claim storage claim = _claims[claimId];
        RefereeKey.Key memory k = RefereeKey.load(claim.key);
        if (_hashOf(statement) != claim.statement) revert Refereed_OtherStatement();
        if (output >= k.outputWords) revert Refereed_OutputOutOfRange(output, k.outputWords);
        if (last.index != k.steps - 1) revert Refereed_NotInProgram(last.index);
        RefereeStep memory step = _stepOf(k, last);
        _dispute(game, last.index, output, step, _signed(statement.instances[k.inputWords + output]));
        emit ClaimChallenged(claimId, msg.sender, game.stage, _next(claimId, k));
    }

    /// @inheritdoc IRefereedExecution
    function postNodes(bytes32 claimId, bytes32[] calldata nodes) external {
        Game storage game = _move(claimId, Stage.Nodes);
        uint256 expected = 1 << _levels(game.height);
        if (nodes.length != expected) revert Refereed_WrongCount(nodes.length, expected);
        if (IndexedMerkle.parentOf(nodes) != game.posted) revert Refereed_NodesDoNotHash();
        (game.posted, game.stage) = (keccak256(abi.encodePacked(nodes)), Stage.PickNode);
        _next(claimId);
        emit NodesPosted(claimId, nodes);
    }

    /// @inheritdoc IRefereedExecution
    function pickNode(bytes32 claimId, bytes32[] calldata nodes, uint256 choice) external {
        Game storage game = _move(claimId, Stage.PickNode);
        if (keccak256(abi.encodePacked(nodes)) != game.posted) revert Refereed_NotWhatWasPosted();
        if (choice >= nodes.length) revert Refereed_ChoiceOutOfRange(choice, nodes.length);
        uint256 levels = _levels(game.height);
        game.position = uint64((uint256(game.position) << levels) + choice);
        game.height -= uint8(levels);
        (game.posted, game.stage) = (nodes[choice], game.height == 0 ? Stage.Leaf : Stage.Nodes);
        _next(claimId);
        emit NodePicked(claimId, game.height, game.position);
    }

    /// @inheritdoc IRefereedExecution
    function showFilling(bytes32 claimId) external {
        Game storage game = _move(claimId, Stage.Leaf);
        RefereeKey.Key memory k = RefereeKey.load(_claims[claimId].key);
        if (game.position < k.elements || game.posted != 0) revert Refereed_LeafNotThere(game.position);
        _defended(claimId, k);
    }

    /// @inheritdoc IRefereedExecution
    /// @dev The salt is the registered one, bound to the statement: else a prover could make an honest element's hash
    /// differ, lead the game to it and away from his lie.
    function openLeaf(bytes32 claimId, LeafProof calldata leaf, StepProof calldata proof) external {
        Game storage game = _move(claimId, Stage.Leaf);
        RefereeKey.Key memory k = RefereeKey.load(_claims[claimId].key);
        uint64 position = game.position;
        _checkLeaf(claimId, k, leaf);
        RefereeStep memory step = _stepOf(k, proof);
        int256 total = _total(k, step, leaf);
        _dispute(game, proof.index, _elementOf(step, position), step, total);
        _next(claimId, k);
        emit LeafOpened(claimId, position, leaf.words, game.hi);
    }

    /// @inheritdoc IRefereedExecution
    function postSums(bytes32 claimId, int256[] calldata sums) external {
        Game storage game = _move(claimId, Stage.Sums);
        uint256 expected = _segments(game) - 1;
        if (sums.length != expected) revert Refereed_WrongCount(sums.length, expected);
        (game.posted, game.stage) = (keccak256(abi.encodePacked(sums)), Stage.PickSum);
        _next(claimId);
        emit SumsPosted(claimId, sums);
    }

    /// @inheritdoc IRefereedExecution
    function pickSum(bytes32 claimId, int256[] calldata sums, uint256 choice) external {
        Game storage game = _move(claimId, Stage.PickSum);
        if (keccak256(abi.encodePacked(sums)) != game.posted) revert Refereed_NotWhatWasPosted();
        uint256 segments = _segments(game);
        if (choice >= segments) revert Refereed_ChoiceOutOfRange(choice, segments);
        (uint256 lo, uint256 count) = (game.lo, game.hi - game.lo);
        if (choice != 0) (game.lo, game.sumLo) = (uint64(lo + count * choice / segments), sums[choice - 1]);
        if (choice + 1 != segments) {
            (game.hi, game.sumHi) = (uint64(lo + count * (choice + 1) / segments), sums[choice]);
        }
        game.stage = game.hi - game.lo == 1 ? Stage.Term : Stage.Sums;
        _next(claimId);
        emit SumPicked(claimId, game.lo, game.hi);
    }

    /// @inheritdoc IRefereedExecution
    function proveTerm(
        bytes32 claimId,
        StepProof calldata proof,
        Value calldata a,
        Value calldata b,
        Statement calldata statement
    ) external {
        Game storage game = _move(claimId, Stage.Term);
        RefereeKey.Key memory k = RefereeKey.load(_claims[claimId].key);
        if (proof.index != game.step) revert Refereed_NotInProgram(proof.index);
        RefereeTerms.Term memory term = RefereeTerms.at(_stepOf(k, proof), game.position, game.lo);
        int256 value = term.coef;
        if (term.factors > 0) value *= _valueOf(_claims[claimId], k, term.a, a, statement);
        if (term.factors > 1) value *= _valueOf(_claims[claimId], k, term.b, b, statement);
        if (game.sumLo + value != game.sumHi) revert Refereed_SumDoesNotHold(game.sumLo, value, game.sumHi);
        _defended(claimId, k);
    }

    /// @inheritdoc IRefereedExecution
    function conclude(bytes32 claimId) external {
        Claim storage claim = _inState(claimId, State.Challenged);
        if (block.timestamp <= claim.until) revert Refereed_TooEarly(block.timestamp, claim.until);
        if (_isChallengersMove(_games[claimId].stage)) {
            _defended(claimId, RefereeKey.load(claim.key));
            return;
        }
        address challenger = claim.challenger;
        claim.state = State.Rejected;
        delete _games[claimId];
        emit ClaimRejected(claimId, challenger);
        _giveBack(challenger, claim.challengeBond);
        _slash(claim.bond, challenger);
    }

    function _begin(bytes32 claimId) private returns (Game storage game) {
        Claim storage claim = _inState(claimId, State.Pending);
        if (block.timestamp > claim.until) revert Refereed_TooLate(block.timestamp, claim.until);
        _takeBond(claim.challengeBond);
        (claim.state, claim.challenger) = (State.Challenged, msg.sender);
        return _games[claimId];
    }

    /// @dev The game, if this stage's player is the sender and in time.
    function _move(bytes32 claimId, Stage stage) private view returns (Game storage game) {
        Claim storage claim = _inState(claimId, State.Challenged);
        game = _games[claimId];
        if (game.stage != stage) revert Refereed_WrongStage(claimId, game.stage);
        address player = _isChallengersMove(stage) ? claim.challenger : claim.prover;
        if (msg.sender != player) revert Refereed_NotYourMove(msg.sender, player);
        if (block.timestamp > claim.until) revert Refereed_TooLate(block.timestamp, claim.until);
    }

    function _next(bytes32 claimId) private {
        _next(claimId, RefereeKey.load(_claims[claimId].key));
    }

    function _next(bytes32 claimId, RefereeKey.Key memory k) private returns (uint64 until) {
        until = uint64(block.timestamp + k.movePeriod);
        _claims[claimId].until = until;
    }

    /// @dev That a challenger lost says nothing about the claim (he may be the prover's friend): others get a whole window.
    function _defended(bytes32 claimId, RefereeKey.Key memory k) private {
        Claim storage claim = _claims[claimId];
        address challenger = claim.challenger;
        (claim.state, claim.challenger) = (State.Pending, address(0));
        claim.until = uint64(block.timestamp + k.window);
        delete _games[claimId];
        emit ClaimDefended(claimId, challenger, claim.until);
        _slash(claim.challengeBond, claim.prover);
    }

    /// @dev From here on the game is about the terms of one element, which should come to `total`.
    function _dispute(Game storage game, uint16 index, uint64 element, RefereeStep memory step, int256 total)
        private
    {
        uint256 terms = RefereeTerms.count(step);
        (game.step, game.position, game.height) = (index, element, 0);
        (game.lo, game.hi, game.sumLo, game.sumHi) = (0, uint64(terms), 0, total);
        game.stage = terms == 1 ? Stage.Term : Stage.Sums;
    }

    function _stepOf(RefereeKey.Key memory k, StepProof calldata proof)
        private
        pure
        returns (RefereeStep memory step)
    {
        step = proof.step;
        bytes32 leaf = keccak256(abi.encode(step));
        if (!IndexedMerkle.isAt(k.programRoot, k.steps, proof.index, leaf, proof.path)) {
            revert Refereed_NotInProgram(proof.index);
        }
    }

    /// @dev The words are the leaf in dispute, behind the element's registered salt bound to the statement.
    function _checkLeaf(bytes32 claimId, RefereeKey.Key memory k, LeafProof calldata leaf) private view {
        Game storage game = _games[claimId];
        uint256 position = game.position;
        bytes32 registered = IndexedMerkle.leafOf(leaf.salt, new int256[](0));
        bytes32 bound = keccak256(abi.encode(leaf.salt, _claims[claimId].statement));
        bool there = IndexedMerkle.isAt(k.saltsRoot, k.elements, position, registered, leaf.saltPath)
            && IndexedMerkle.leafOf(bound, leaf.words) == game.posted;
        if (!there) revert Refereed_LeafNotThere(position);
    }

    /// @dev The element's number in its step, which must be the step that computes it.
    function _elementOf(RefereeStep memory step, uint64 position) private pure returns (uint64) {
        uint256 elements = RefereeTerms.entriesOf(step.dims);
        bool within = step.limbs.length != 0 && position >= step.base && position - step.base < elements;
        if (!within) revert Refereed_ElementOutOfStep(position, step.base, elements);
        return position - step.base;
    }

    /// @dev Σ 2^shift · limb, after the check of every limb and its result.
    function _total(RefereeKey.Key memory k, RefereeStep memory step, LeafProof calldata leaf)
        private
        pure
        returns (int256 total)
    {
        uint256 n = step.limbs.length;
        if (leaf.words.length != 2 * n) revert Refereed_WrongCount(leaf.words.length, 2 * n);
        if (leaf.results.length != n) revert Refereed_WrongCount(leaf.results.length, n);
        for (uint256 i = 0; i < n; ++i) {
            RefereeLimb memory limb = step.limbs[i];
            int256 value = leaf.words[2 * i];
            int256 row = value - limb.lo;
            if (row < 0 || row >> limb.logSize != 0) revert Refereed_LimbOutOfRange(i, value);
            if (!_isResult(k, limb, uint256(row), leaf.words[2 * i + 1], leaf.results[i])) {
                revert Refereed_ResultNotInTable(i, leaf.words[2 * i + 1]);
            }
            total += value << limb.shift;
        }
    }

    function _isResult(
        RefereeKey.Key memory k,
        RefereeLimb memory limb,
        uint256 row,
        int256 result,
        bytes32[] calldata path
    ) private pure returns (bool) {
        if (!limb.isFunction) return result == 0;
        int256[] memory word = new int256[](1);
        word[0] = result;
        return IndexedMerkle.isAt(k.tablesRoot, k.rows, limb.row + row, IndexedMerkle.leafOf(0, word), path);
    }

    function _valueOf(
        Claim storage claim,
        RefereeKey.Key memory k,
        RefereeTerms.Read memory read,
        Value calldata value,
        Statement calldata statement
    ) private view returns (int256) {
        if (read.isZero) return 0;
        if (read.source == RefereeSource.Input) {
            if (_hashOf(statement) != claim.statement) revert Refereed_OtherStatement();
            if (read.index >= k.inputWords) revert Refereed_ValueNotThere(read.index);
            return _signed(statement.instances[read.index]);
        }
        bool isWeight = read.source == RefereeSource.Weight;
        (bytes32 root, uint256 count) = isWeight ? (k.weightsRoot, k.weights) : (claim.traceRoot, k.elements);
        bytes32 leaf = IndexedMerkle.leafOf(value.salt, value.words);
        uint256 word = isWeight ? 0 : 2 * read.limb + (read.source == RefereeSource.Result ? 1 : 0);
        bool there =
            word < value.words.length && IndexedMerkle.isAt(root, count, read.index, leaf, value.path);
        if (!there) revert Refereed_ValueNotThere(read.index);
        return value.words[word];
    }

    function _inState(bytes32 claimId, State state) internal view returns (Claim storage claim) {
        claim = _claims[claimId];
        if (claim.state != state) revert Refereed_WrongState(claimId, claim.state);
    }

    function _hashOf(Statement calldata s) internal pure returns (bytes32) {
        return keccak256(abi.encode(s.context, keccak256(abi.encodePacked(s.instances))));
    }

    function _isChallengersMove(Stage stage) private pure returns (bool) {
        return stage == Stage.PickNode || stage == Stage.PickSum;
    }

    function _levels(uint256 height) private pure returns (uint256) {
        return height < ARITY_LOG ? height : ARITY_LOG;
    }

    function _segments(Game storage game) private view returns (uint256) {
        uint256 count = game.hi - game.lo;
        return count < SEGMENTS ? count : SEGMENTS;
    }

    /// @dev Signed integers are embedded as v mod r (docs/spec/protocol.md §0).
    function _signed(uint256 word) private pure returns (int256) {
        return word > FIELD / 2 ? int256(word) - int256(FIELD) : int256(word);
    }
}
