#include "mintmark/hash/merkle.hpp"

#include <algorithm>
#include <bit>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark {

Bytes32 node_of(const Bytes32& left, const Bytes32& right) {
    std::array<std::uint8_t, 64> data = {};
    std::ranges::copy(left, data.begin());
    std::ranges::copy(right, data.begin() + 32);
    return keccak256(data);
}

MerkleTree::MerkleTree(std::vector<Bytes32> leaves) {
    MINTMARK_ASSERT(!leaves.empty());
    leaves.resize(std::bit_ceil(leaves.size()), Bytes32{});
    levels_.push_back(std::move(leaves));
    while (levels_.back().size() > 1) {
        const std::vector<Bytes32>& below = levels_.back();
        std::vector<Bytes32> level(below.size() / 2);
        parallel_for(level.size(), 256, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i)
                level[i] = node_of(below[2 * i], below[2 * i + 1]);
        });
        levels_.push_back(std::move(level));
    }
}

std::uint8_t MerkleTree::depth() const noexcept {
    return static_cast<std::uint8_t>(levels_.size() - 1);
}

const Bytes32& MerkleTree::node(std::uint8_t height, std::uint64_t index) const {
    return levels_.at(height).at(index);
}

std::vector<Bytes32> MerkleTree::path(std::uint64_t index) const {
    std::vector<Bytes32> out;
    for (std::size_t height = 0; height + 1 < levels_.size(); ++height, index >>= 1)
        out.push_back(levels_[height].at(index ^ 1));
    return out;
}

bool is_at(const Bytes32& root, std::uint64_t count, std::uint64_t index, const Bytes32& leaf,
           std::span<const Bytes32> path) {
    if (index >= count || path.size() != static_cast<std::size_t>(std::bit_width(count - 1)))
        return false;
    Bytes32 node = leaf;
    for (const Bytes32& sibling : path) {
        node = (index & 1) != 0 ? node_of(sibling, node) : node_of(node, sibling);
        index >>= 1;
    }
    return node == root;
}

}  // namespace mintmark
