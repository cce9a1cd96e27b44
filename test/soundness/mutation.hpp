// Mutated proofs by number, the same in C++ and in Solidity
// (contracts/test/verifier/Mutations.t.sol): both verifiers must give the same verdict on each.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/base/bytes.hpp"

namespace mintmark::testing {

/// What a verifier is shown beside the key.
struct Shown {
    Bytes32 context = {};
    std::vector<Bytes32> instances;
    Bytes proof;
    bool operator==(const Shown&) const = default;
};

/// Mutation `index`: one of fourteen kinds (bits, bytes, words, points, signs, lengths, instances,
/// context), chosen like its place by keccak256("mintmark mutation" || uint256(index)). May change
/// nothing. `honest` needs a proof of at least two words and at least one instance.
[[nodiscard]] Shown mutated(const Shown& honest, std::uint64_t index);

}  // namespace mintmark::testing
