// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A proof system, as the registry and the router see it
/// @notice The one adapter interface: Mintmark's universal verifier and every adapter of another system (verifier/adapters/)
/// implement it. The router calls it statically, with limited gas, and reads one word: an adapter that re-enters, burns
/// gas or answers megabytes has refused. A system in which time passes (bonds, audits) keeps its own state and accepts
/// what is final in it.
/// @dev Total on any input: a malformed proof, key or instance list gives `false` (a revert counts as `false` too).
interface IProofVerifier {
    /// @notice Says whether `proof` shows that the circuit of `key` maps the instances' input part to their output part.
    /// @param key the contract whose code is one zero byte (STOP), then the verifying key (docs/spec/protocol.md §8)
    /// @param context what the proof is bound to; absorbed into the transcript, never interpreted
    /// @param instances input words, then output words (docs/spec/protocol.md §4)
    /// @param proof the proof's bytes (docs/spec/protocol.md §7)
    /// @return accepted true only for a valid proof
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted);

    /// @notice The number of words of the instances' input part, which the key fixes; 0 when the key is malformed.
    /// @dev FlatKeyReader implements it for the keys of docs/spec/protocol.md §8.
    function inputWords(address key) external view returns (uint256 words);
}
