// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAdapterErrors} from "../../interfaces/IAdapterErrors.sol";
import {IAuditedVerifier} from "../../interfaces/IAuditedVerifier.sol";
import {IProofVerifier} from "../../interfaces/IProofVerifier.sol";
import {AdapterKey} from "./AdapterKey.sol";
import {Bonds} from "./Bonds.sol";

/// @title Sampled audits
/// @notice A node commits to a batch of results with a bond. The hash of a later block chooses samples, which must be proven in
/// time; a batch that passed settles each of its results by a Merkle path. Nobody chooses a sample: not the node, which
/// commits before the block exists, and not an auditor, who only says when to look.
/// @dev A batch that is not drawn while the block's hash is known fails like one that is not proven: else a node would let a bad
/// draw lapse. Anybody can draw. No role, no pause (docs/adr/0073).
contract AuditedVerifier is IProofVerifier, IAuditedVerifier, IAdapterErrors, Bonds {
    bytes32 public constant SYSTEM = keccak256("sampled-audit-v1");
    uint256 public constant DRAW_DELAY = 4; // blocks between a commitment and its random block
    uint256 public constant DRAW_BLOCKS = 256; // blocks that a block's hash can be read
    uint256 public constant MAX_COUNT = 1 << 20;
    uint256 public constant MAX_SAMPLES = 8;
    uint256 public constant MIN_PERIOD = 10 minutes;
    uint256 public constant MAX_PERIOD = 30 days;
    uint256 private constant KEY_WORDS = 9;

    struct Key {
        bytes32 system;
        uint256 inputWords;
        address verifier; // IProofVerifier that decides a sample
        bytes32 codehash; // of that verifier
        address innerKey; // its key for the same circuit
        uint256 gasLimit; // of its check
        uint256 bondPerResult; // wei, not zero
        uint256 samples; // 1 to MAX_SAMPLES, with replacement
        uint256 answerPeriod; // seconds in which drawn samples must be proven
    }

    Batch[] private _batches;
    mapping(uint256 batchId => bytes32) private _keyId;

    /// @param sink_ gets the part of a lost bond that the reporter does not
    constructor(address sink_) Bonds(sink_) {}

    /// @inheritdoc IAuditedVerifier
    function commit(address key, bytes32 root, uint32 count) external payable returns (uint256 batchId) {
        Key memory k = _load(key);
        if (count == 0 || count > MAX_COUNT) revert Audited_CountOutOfRange(count, MAX_COUNT);
        if (root == 0) revert Audited_ZeroRoot();
        _takeBond(k.bondPerResult * count);
        batchId = _batches.length;
        Batch storage batch = _batches.push();
        (batch.state, batch.samples, batch.count) = (State.Committed, uint8(k.samples), count);
        (batch.node, batch.answerPeriod) = (msg.sender, uint32(k.answerPeriod));
        (batch.bond, batch.root) = (uint128(msg.value), root);
        batch.drawBlock = uint64(block.number + DRAW_DELAY);
        _keyId[batchId] = _idOf(key);
        emit BatchCommitted(batchId, key, msg.sender, root, count, batch.drawBlock);
    }

    /// @inheritdoc IAuditedVerifier
    function draw(uint256 batchId) external {
        Batch storage batch = _inState(batchId, State.Committed);
        uint256 drawBlock = batch.drawBlock;
        if (block.number <= drawBlock) revert Audited_TooEarly(block.number, drawBlock + 1);
        if (block.number > drawBlock + DRAW_BLOCKS) {
            revert Audited_TooLate(block.number, drawBlock + DRAW_BLOCKS);
        }
        batch.state = State.Drawn;
        batch.seed = keccak256(abi.encode(blockhash(drawBlock), block.chainid, address(this), batchId));
        batch.until = uint64(block.timestamp + batch.answerPeriod);
        emit BatchDrawn(batchId, batch.seed, batch.until);
    }

    /// @inheritdoc IAuditedVerifier
    function proveSample(uint256 batchId, address key, Opening calldata opening) external nonReentrant {
        Batch storage batch = _inState(batchId, State.Drawn);
        if (block.timestamp > batch.until) revert Audited_TooLate(block.timestamp, batch.until);
        uint256 index = sampleIndex(batchId, opening.sample);
        if (batch.proven >> opening.sample & 1 != 0) revert Audited_SampleProven(batchId, opening.sample);
        bytes32 leaf = leafOf(index, opening.context, opening.instances);
        bool inBatch = _keyId[batchId] == _idOf(key) && _isAt(batch, index, leaf, opening.path);
        if (!inBatch) revert Audited_NotInBatch(batchId, index);
        _check(_load(key), opening);
        batch.proven |= uint8(1 << opening.sample);
        emit SampleProven(batchId, opening.sample, index);
        if (batch.proven != (1 << uint256(batch.samples)) - 1) return;
        batch.state = State.Passed;
        emit BatchPassed(batchId);
        _giveBack(batch.node, batch.bond);
    }

    /// @inheritdoc IAuditedVerifier
    function fail(uint256 batchId) external {
        Batch storage batch = _batchOf(batchId);
        if (batch.state == State.Committed) {
            uint256 last = batch.drawBlock + DRAW_BLOCKS;
            if (block.number <= last) revert Audited_TooEarly(block.number, last + 1);
        } else {
            batch = _inState(batchId, State.Drawn);
            if (block.timestamp <= batch.until) revert Audited_TooEarly(block.timestamp, batch.until + 1);
        }
        batch.state = State.Failed;
        emit BatchFailed(batchId, msg.sender);
        _slash(batch.bond, msg.sender);
    }

    /// @inheritdoc IProofVerifier
    /// @param proof abi.encode(uint256 batchId, uint256 index, bytes32[] path)
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        (uint256 batchId, uint256 index, bytes32[] memory path) =
            abi.decode(proof, (uint256, uint256, bytes32[]));
        if (batchId >= _batches.length || _keyId[batchId] != _idOf(key)) return false;
        Batch storage batch = _batches[batchId];
        if (batch.state != State.Passed) return false;
        return _isAt(batch, index, leafOf(index, context, instances), path);
    }

    /// @inheritdoc IProofVerifier
    /// @dev Reverts for terms out of range, so that no version with such a key can be published.
    function inputWords(address key) external view returns (uint256) {
        return _load(key).inputWords;
    }

    /// @inheritdoc IAuditedVerifier
    function getBatch(uint256 batchId) external view returns (Batch memory batch, bytes32 keyId) {
        return (_batchOf(batchId), _keyId[batchId]);
    }

    /// @inheritdoc IAuditedVerifier
    function sampleIndex(uint256 batchId, uint256 sample) public view returns (uint256) {
        Batch storage batch = _batchOf(batchId);
        if (batch.seed == 0) revert Audited_WrongState(batchId, batch.state);
        if (sample >= batch.samples) revert Audited_SampleOutOfRange(sample, batch.samples);
        return uint256(keccak256(abi.encode(batch.seed, sample))) % batch.count;
    }

    /// @inheritdoc IAuditedVerifier
    function leafOf(uint256 index, bytes32 context, uint256[] calldata instances)
        public
        pure
        returns (bytes32)
    {
        bytes32 instancesHash = keccak256(abi.encodePacked(instances));
        return keccak256(bytes.concat(keccak256(abi.encode(index, context, instancesHash))));
    }

    /// @dev Whether `leaf` is the one at place `index` of the batch's tree of depth ⌈log2 count⌉. The index says at each level
    /// on which side the sibling is: with sorted pairs a node could hide a second, false result under an honest one's index.
    function _isAt(Batch storage batch, uint256 index, bytes32 leaf, bytes32[] memory path)
        private
        view
        returns (bool)
    {
        if (index >= batch.count || path.length != Math.log2(batch.count, Math.Rounding.Ceil)) {
            return false;
        }
        bytes32 node = leaf;
        for (uint256 i = 0; i < path.length; ++i) {
            bool isRight = index >> i & 1 == 1;
            node = isRight ? keccak256(abi.encode(path[i], node)) : keccak256(abi.encode(node, path[i]));
        }
        return node == batch.root;
    }

    function _check(Key memory k, Opening calldata o) private view {
        AdapterKey.checkCode(k.verifier, k.codehash);
        if (!AdapterKey.accepts(k.verifier, k.gasLimit, k.innerKey, o.context, o.instances, o.proof)) {
            revert Audited_ProofRejected();
        }
    }

    function _batchOf(uint256 batchId) private view returns (Batch storage) {
        if (batchId >= _batches.length) revert Audited_BatchUnknown(batchId);
        return _batches[batchId];
    }

    function _inState(uint256 batchId, State state) private view returns (Batch storage batch) {
        batch = _batchOf(batchId);
        if (batch.state != state) revert Audited_WrongState(batchId, batch.state);
    }

    function _idOf(address key) private view returns (bytes32) {
        return keccak256(abi.encode(key, key.codehash));
    }

    function _load(address key) private view returns (Key memory k) {
        k = abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
        bool fits = k.bondPerResult != 0 && k.bondPerResult <= type(uint96).max && k.samples != 0
            && k.samples <= MAX_SAMPLES && k.answerPeriod >= MIN_PERIOD && k.answerPeriod <= MAX_PERIOD;
        if (!fits) revert Audited_TermsOutOfRange(key);
    }
}
