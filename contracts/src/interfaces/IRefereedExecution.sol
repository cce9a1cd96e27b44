// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RefereeStep} from "../types/RefereeStep.sol";

/// @title Results that two nodes can play out down to one multiplication
/// @notice docs/spec/referee.md has the game, the trees and why the honest side wins.
interface IRefereedExecution {
    /// @dev Pending: can be challenged until `until`, final after it. Challenged: a game is on, the next move is due by
    /// `until`. Returned (its bond is back) is final. Rejected: the prover lost a game.
    enum State {
        None,
        Pending,
        Challenged,
        Returned,
        Rejected
    }

    /// @dev Whose move it is, and which: the prover's are Nodes, Leaf, Sums, Term; the challenger's PickNode, PickSum.
    enum Stage {
        None,
        Nodes,
        PickNode,
        Leaf,
        Sums,
        PickSum,
        Term
    }

    struct Claim {
        State state;
        uint64 until; // last second of the window, or of the move
        address prover;
        address challenger;
        address key;
        uint128 bond;
        uint128 challengeBond;
        bytes32 traceRoot;
        bytes32 statement; // of context and instances
    }

    struct Game {
        Stage stage;
        uint8 height; // of the node above the leaves
        uint16 step; // from Sums on
        uint64 position; // node number at its height; from Sums on the element's number in its step
        uint64 lo; // the terms in dispute
        uint64 hi;
        bytes32 posted; // the node in dispute, or keccak256 of what the prover posted last
        int256 sumLo; // what the prover says the terms before lo (hi) sum up to
        int256 sumHi;
    }

    /// @notice A leaf of a tree with all that shows its place.
    struct Value {
        int256[] words;
        bytes32 salt;
        bytes32[] path;
    }

    /// @notice An element of the trace with all that shows it to be well formed.
    struct LeafProof {
        int256[] words; // every limb and its result
        bytes32 salt; // the element's registered salt
        bytes32[] saltPath;
        bytes32[][] results; // paths of the results in the tables; empty for limbs that are no functions
    }

    /// @notice A step of the registered program.
    struct StepProof {
        uint16 index;
        RefereeStep step;
        bytes32[] path;
    }

    /// @notice The claim's context and instances.
    struct Statement {
        bytes32 context;
        uint256[] instances;
    }

    error Refereed_ClaimKnown(bytes32 claimId);
    error Refereed_WrongState(bytes32 claimId, State state);
    error Refereed_WrongStage(bytes32 claimId, Stage stage);
    error Refereed_NotYourMove(address sender, address player);
    error Refereed_TooEarly(uint256 nowSeconds, uint256 until);
    error Refereed_TooLate(uint256 nowSeconds, uint256 until);
    error Refereed_TermsOutOfRange(address key);
    error Refereed_WrongCount(uint256 count, uint256 expected);
    error Refereed_WordNotCanonical(uint256 index);
    error Refereed_OtherStatement();
    error Refereed_OutputOutOfRange(uint256 output, uint256 outputs);
    error Refereed_NotInProgram(uint256 step);
    error Refereed_NodesDoNotHash();
    error Refereed_NotWhatWasPosted();
    error Refereed_ChoiceOutOfRange(uint256 choice, uint256 choices);
    error Refereed_ElementOutOfStep(uint256 position, uint256 base, uint256 elements);
    error Refereed_LeafNotThere(uint256 position);
    error Refereed_LimbOutOfRange(uint256 limb, int256 value);
    error Refereed_ResultNotInTable(uint256 limb, int256 result);
    error Refereed_ValueNotThere(uint256 index);
    error Refereed_SumDoesNotHold(int256 lo, int256 term, int256 hi);

    event ClaimProposed(
        bytes32 indexed claimId,
        address indexed key,
        address indexed prover,
        bytes32 context,
        uint256[] instances,
        bytes32 traceRoot,
        uint64 until
    );
    event ClaimChallenged(bytes32 indexed claimId, address indexed challenger, Stage stage, uint64 until);
    event NodesPosted(bytes32 indexed claimId, bytes32[] nodes);
    event NodePicked(bytes32 indexed claimId, uint8 height, uint64 position);
    event LeafOpened(bytes32 indexed claimId, uint64 position, int256[] words, uint64 terms);
    event SumsPosted(bytes32 indexed claimId, int256[] sums);
    event SumPicked(bytes32 indexed claimId, uint64 lo, uint64 hi);
    event ClaimDefended(bytes32 indexed claimId, address indexed challenger, uint64 until);
    event ClaimRejected(bytes32 indexed claimId, address indexed challenger);
    event BondReturned(bytes32 indexed claimId);

    /// @notice Claims a result and the trace behind it, with the key's bond. After a window without a challenge it settles.
    function propose(address key, Statement calldata statement, bytes32 traceRoot)
        external
        payable
        returns (bytes32 claimId);

    /// @notice Doubts the trace: the prover shows the tree below its root, level by level. With the key's challenge bond.
    function challengeTrace(bytes32 claimId) external payable;

    /// @notice Doubts one output of a claim whose trace is right. With the key's challenge bond.
    /// @param last the program's last step
    function challengeOutput(
        bytes32 claimId,
        Statement calldata statement,
        uint64 output,
        StepProof calldata last
    ) external payable;

    /// @notice The prover shows the 2^min(4, height) nodes below the node in dispute.
    function postNodes(bytes32 claimId, bytes32[] calldata nodes) external;

    /// @notice The challenger says which of the nodes is the first that he doubts.
    function pickNode(bytes32 claimId, bytes32[] calldata nodes, uint256 choice) external;

    /// @notice The prover shows that the leaf in dispute lies beyond the trace, as filling.
    function showFilling(bytes32 claimId) external;

    /// @notice The prover opens the leaf in dispute: its limbs fit their tables. Their sum is what the terms must come to.
    function openLeaf(bytes32 claimId, LeafProof calldata leaf, StepProof calldata step) external;

    /// @notice The prover says what the terms come to at the inner bounds of min(16, hi − lo) parts.
    function postSums(bytes32 claimId, int256[] calldata sums) external;

    /// @notice The challenger says which part he doubts.
    function pickSum(bytes32 claimId, int256[] calldata sums, uint256 choice) external;

    /// @notice The prover shows the one term that is left: its values stand where the program says, and the sums differ by
    /// it. That ends the game in his favour.
    /// @param statement only read when the term reads the input; else its instances may be empty
    function proveTerm(
        bytes32 claimId,
        StepProof calldata step,
        Value calldata a,
        Value calldata b,
        Statement calldata statement
    ) external;

    /// @notice Ends a game whose next move did not come in time: who had to move has lost. A claim that is defended so is
    /// open to others again, for a whole window.
    function conclude(bytes32 claimId) external;

    /// @notice Returns the bond of a claim whose window passed without a challenge.
    function returnBond(bytes32 claimId) external;

    function claimIdOf(address key, Statement calldata statement, address prover, bytes32 traceRoot)
        external
        view
        returns (bytes32 claimId);

    function getClaim(bytes32 claimId) external view returns (Claim memory claim);

    function getGame(bytes32 claimId) external view returns (Game memory game);

    /// @notice Whether the result can be relied on.
    function isFinal(bytes32 claimId) external view returns (bool isIt);
}
