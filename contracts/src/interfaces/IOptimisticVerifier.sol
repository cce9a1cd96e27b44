// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Results that stand unless somebody challenges them
interface IOptimisticVerifier {
    /// @dev Pending: can be challenged until `until`, final after it. Challenged: must be proven until `until`. Proven and
    /// Returned (its bond is back) are final. Rejected: no proof came; it can be proposed anew, with another bond.
    enum State {
        None,
        Pending,
        Challenged,
        Proven,
        Returned,
        Rejected
    }

    struct Claim {
        State state;
        uint64 until; // last second of the window, or of the answer
        address proposer;
        address challenger;
        uint32 answerPeriod; // seconds
        uint128 bond;
        uint128 challengeBond;
    }

    error Optimistic_ClaimKnown(bytes32 claimId);
    error Optimistic_WrongState(bytes32 claimId, State state);
    error Optimistic_TooEarly(uint256 nowSeconds, uint256 until);
    error Optimistic_TooLate(uint256 nowSeconds, uint256 until);
    error Optimistic_TermsOutOfRange(address key);
    error Optimistic_TooFewInstances(uint256 words, uint256 minimum);
    error Optimistic_ProofRejected();

    event ClaimProposed(
        bytes32 indexed claimId,
        address indexed key,
        address indexed proposer,
        bytes32 context,
        uint256[] instances,
        uint64 until
    );
    event ClaimChallenged(bytes32 indexed claimId, address indexed challenger, uint64 until);
    event ClaimProven(bytes32 indexed claimId, address indexed prover);
    event ClaimRejected(bytes32 indexed claimId);
    event BondReturned(bytes32 indexed claimId);

    /// @notice Claims a result, with the key's bond. After the window it settles with an empty proof.
    function propose(address key, bytes32 context, uint256[] calldata instances)
        external
        payable
        returns (bytes32 claimId);

    /// @notice Doubts a claim inside its window, with the key's challenge bond, which pays the prover if the claim is right.
    function challenge(bytes32 claimId) external payable;

    /// @notice Proves a challenged claim in time. Anybody may; both bonds go to the proposer.
    function answer(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof) external;

    /// @notice Ends a challenged claim that nobody proved in time: the challenger has his bond back and half of the proposer's.
    function reject(bytes32 claimId) external;

    /// @notice Returns the bond of a claim whose window passed without a challenge.
    function returnBond(bytes32 claimId) external;

    /// @notice The id of a result: of key, key's code, context and instances.
    function claimIdOf(address key, bytes32 context, uint256[] calldata instances)
        external
        view
        returns (bytes32 claimId);

    function getClaim(bytes32 claimId) external view returns (Claim memory claim);

    /// @notice Whether the result can be relied on.
    function isFinal(bytes32 claimId) external view returns (bool isIt);
}
