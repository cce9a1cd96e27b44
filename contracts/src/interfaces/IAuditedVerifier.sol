// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Batches of results of which random ones are proven
interface IAuditedVerifier {
    /// @dev Committed: waits for its random block. Drawn: its samples must be proven. Passed and Failed are final.
    enum State {
        None,
        Committed,
        Drawn,
        Passed,
        Failed
    }

    struct Batch {
        State state;
        uint8 samples;
        uint8 proven; // bit mask of the samples that are proven
        uint32 count;
        uint64 drawBlock; // the block whose hash chooses the samples
        uint64 until; // last second of the proofs
        address node;
        uint32 answerPeriod; // seconds
        uint128 bond;
        bytes32 root;
        bytes32 seed;
    }

    /// @notice A drawn sample with its proof.
    struct Opening {
        uint256 sample; // which of the batch's samples
        bytes32 context;
        uint256[] instances;
        bytes32[] path; // of the leaf in the batch's tree
        bytes proof;
    }

    error Audited_BatchUnknown(uint256 batchId);
    error Audited_WrongState(uint256 batchId, State state);
    error Audited_CountOutOfRange(uint256 count, uint256 limit);
    error Audited_ZeroRoot();
    error Audited_TooEarly(uint256 now_, uint256 from);
    error Audited_TooLate(uint256 now_, uint256 until);
    error Audited_NotInBatch(uint256 batchId, uint256 index);
    error Audited_SampleProven(uint256 batchId, uint256 sample);
    error Audited_SampleOutOfRange(uint256 sample, uint256 samples);
    error Audited_ProofRejected();
    error Audited_TermsOutOfRange(address key);

    event BatchCommitted(
        uint256 indexed batchId,
        address indexed key,
        address indexed node,
        bytes32 root,
        uint32 count,
        uint64 drawBlock
    );
    event BatchDrawn(uint256 indexed batchId, bytes32 seed, uint64 until);
    event SampleProven(uint256 indexed batchId, uint256 sample, uint256 index);
    event BatchPassed(uint256 indexed batchId);
    event BatchFailed(uint256 indexed batchId, address indexed reporter);

    /// @notice Commits to results that the node has delivered, with a bond for each of them.
    /// @param root of the Merkle tree over `leafOf(index, context, instances)`, index 0 to count - 1
    function commit(address key, bytes32 root, uint32 count) external payable returns (uint256 batchId);

    /// @notice Chooses the samples by the hash of a block that nobody knew at the commitment. Anybody may.
    function draw(uint256 batchId) external;

    /// @notice Proves one sample. Anybody may; when all are proven the batch has passed and the bond is free.
    function proveSample(uint256 batchId, address key, Opening calldata opening) external;

    /// @notice Ends a batch whose samples were not proven in time, or that was not drawn in time: the caller gets half of its bond.
    function fail(uint256 batchId) external;

    /// @notice The index that a sample of a drawn batch fell on.
    function sampleIndex(uint256 batchId, uint256 sample) external view returns (uint256 index);

    function leafOf(uint256 index, bytes32 context, uint256[] calldata instances)
        external
        pure
        returns (bytes32 leaf);

    function getBatch(uint256 batchId) external view returns (Batch memory batch, bytes32 keyId);
}
