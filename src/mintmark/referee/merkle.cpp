#include "mintmark/referee/merkle.hpp"

#include <algorithm>
#include <bit>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::referee {

Bytes32 leaf_of(const Bytes32& salt, std::span<const std::int64_t> words) {
    Bytes data(33 + 32 * words.size(), 0);
    std::ranges::copy(salt, data.begin() + 1);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto begin = data.begin() + static_cast<std::ptrdiff_t>(33 + 32 * i);
        const auto bits = static_cast<std::uint64_t>(words[i]);
        std::fill_n(begin, 24, static_cast<std::uint8_t>(words[i] < 0 ? 0xff : 0));
        for (std::size_t b = 0; b < 8; ++b)
            begin[static_cast<std::ptrdiff_t>(24 + b)] =
                static_cast<std::uint8_t>(bits >> (8 * (7 - b)));
    }
    return keccak256(data);
}

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
    if (index >= count || path.size() != log2_ceil(count)) return false;
    Bytes32 node = leaf;
    for (const Bytes32& sibling : path) {
        node = (index & 1) != 0 ? node_of(sibling, node) : node_of(node, sibling);
        index >>= 1;
    }
    return node == root;
}

}  // namespace mintmark::referee
