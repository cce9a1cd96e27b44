// Merkle trees in which a leaf has one place (contracts/src/libraries/IndexedMerkle.sol).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/bytes.hpp"

namespace mintmark {

/// keccak256(left | right).
[[nodiscard]] Bytes32 node_of(const Bytes32& left, const Bytes32& right);

/// `count` leaves, filled up with zero words to 2^depth; at least one leaf. Memory: 64 bytes per
/// leaf.
class MerkleTree {
  public:
    MerkleTree() = default;
    explicit MerkleTree(std::vector<Bytes32> leaves);

    [[nodiscard]] std::uint8_t depth() const noexcept;
    [[nodiscard]] const Bytes32& root() const noexcept { return levels_.back().front(); }
    /// Node `index` at `height` above the leaves; zeroes above filling count too.
    [[nodiscard]] const Bytes32& node(std::uint8_t height, std::uint64_t index) const;
    /// Siblings from the leaf up.
    [[nodiscard]] std::vector<Bytes32> path(std::uint64_t index) const;

  private:
    std::vector<std::vector<Bytes32>> levels_;  ///< leaves first
};

/// Whether `leaf` is number `index` of the `count` leaves below `root`.
[[nodiscard]] bool is_at(const Bytes32& root, std::uint64_t count, std::uint64_t index,
                         const Bytes32& leaf, std::span<const Bytes32> path);

}  // namespace mintmark
