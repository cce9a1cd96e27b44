// What a version under refereed execution is registered with: program, weights, tables and salts,
// each the root of a Merkle tree (docs/spec/referee.md section 3).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/hash/merkle.hpp"
#include "mintmark/referee/program.hpp"

namespace mintmark::referee {

/// keccak256(00 | salt | words as 32-byte two's complement).
[[nodiscard]] Bytes32 leaf_of(const Bytes32& salt, std::span<const std::int64_t> words);

/// Everything that a node holds of a model. Secret: weights and seed.
struct Commitments {
    Circuit circuit;
    std::vector<std::int64_t> column;  ///< the circuit's W column
    Bytes32 seed = {};
    Program program;
    std::vector<std::int64_t> weights;  ///< by number
    std::vector<std::int64_t> tables;   ///< results of the table rows
    MerkleTree program_tree, weights_tree, tables_tree, salts_tree;

    /// keccak256("mintmark-referee-weight" | seed | u64 index): hides weight `index`.
    [[nodiscard]] Bytes32 weight_salt(std::uint64_t index) const;
    /// keccak256("mintmark-referee-element" | seed | u64 position): registered, opened with it.
    [[nodiscard]] Bytes32 element_salt(std::uint64_t position) const;
};

/// Derives all of it. `column` as compiler::Compiled::weights; `seed`: the model's, secret.
/// kUnsupported as make_program; kInvalidArgument for a wrong number of weight lanes. Memory: 64
/// bytes per weight and per element of the trace.
[[nodiscard]] Result<Commitments> commit(Circuit circuit, std::vector<std::int64_t> column,
                                         const Bytes32& seed);

}  // namespace mintmark::referee
