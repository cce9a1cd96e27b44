// What a node does at each turn of a game; pure: no chain, no clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/chain/abi.hpp"
#include "mintmark/referee/trace.hpp"

namespace mintmark::referee {

/// IRefereedExecution.Stage.
enum class Stage : std::uint8_t { kNone, kNodes, kPickNode, kLeaf, kSums, kPickSum, kTerm };
/// "none", "nodes", …; for people.
[[nodiscard]] std::string_view stage_name(Stage stage) noexcept;
[[nodiscard]] constexpr bool is_challengers_move(Stage stage) noexcept {
    return stage == Stage::kPickNode || stage == Stage::kPickSum;
}

/// IRefereedExecution.Game, and what the prover posted last.
struct Game {
    Stage stage = Stage::kNone;
    std::uint8_t height = 0;
    std::uint16_t step = 0;
    std::uint64_t position = 0;  ///< node number; from kSums on the element's number in its step
    std::uint64_t lo = 0, hi = 0;
    Bytes32 posted = {};
    chain::U256 sum_lo, sum_hi;  ///< two's complement
    std::vector<Bytes32> nodes;
    std::vector<chain::U256> sums;
};

/// Context and instances of a claim.
struct Statement {
    Bytes32 context = {};
    std::vector<Bytes32> instances;

    /// keccak256(abi.encode(context, keccak256(instances))).
    [[nodiscard]] Bytes32 hash() const;
    [[nodiscard]] chain::AbiValue value() const;
};
/// Input and output as instance words: v mod r, 32 bytes each.
[[nodiscard]] std::vector<Bytes32> instance_words(std::span<const std::int64_t> input,
                                                  std::span<const std::int64_t> output);
/// The input's integers, beyond +-2^62 clamped to it; kMalformed for a wrong number of words or one
/// that is no field element (the contract refuses both).
[[nodiscard]] Result<std::vector<std::int64_t>> input_of(const Program& program,
                                                         const Statement& statement);

/// A transaction to the contract.
struct Move {
    std::string signature;
    std::vector<chain::AbiValue> arguments;
};

/// One node's view of a claim: what it computed itself, under the claim's statement.
struct Side {
    const Commitments& model;
    const Trace& trace;
    const Statement& statement;
    MerkleTree tree;

    Side(const Commitments& model_, const Trace& trace_, const Statement& statement_)
        : model(model_),
          trace(trace_),
          statement(statement_),
          tree(trace_tree(model_, trace_, statement_.hash())) {}
};

/// The move of the prover whose trace this is; kRejected when it is not his.
[[nodiscard]] Result<Move> prover_move(const Side& side, const Bytes32& claim, const Game& game);

/// How to challenge a claim with this trace root; kRejected when the claim is right.
[[nodiscard]] Result<Move> challenge_move(const Side& side, const Bytes32& claim,
                                          const Bytes32& trace_root);
/// The challenger's move: the first node, or part of the sum, that differs from his own; kRejected
/// when none does (then the claim is right) or it is not his turn.
[[nodiscard]] Result<Move> challenger_move(const Side& side, const Bytes32& claim,
                                           const Game& game);

/// Bound j (0 to min(16, hi - lo)) of the parts of [lo, hi).
[[nodiscard]] std::uint64_t part_bound(const Game& game, std::uint64_t j) noexcept;
[[nodiscard]] std::uint64_t num_parts(const Game& game) noexcept;
/// Levels that one exchange of nodes goes down: min(4, height).
[[nodiscard]] std::uint8_t num_levels(std::uint8_t height) noexcept;
/// a + b mod 2^256.
[[nodiscard]] chain::U256 wrapping_add(const chain::U256& a, const chain::U256& b) noexcept;

}  // namespace mintmark::referee
