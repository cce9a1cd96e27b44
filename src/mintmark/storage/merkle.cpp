#include "mintmark/storage/merkle.hpp"

#include "mintmark/hash/sha256.hpp"

namespace mintmark::storage {
namespace {

Bytes32 hash_tagged(std::uint8_t tag, ByteSpan left, ByteSpan right) {
    Sha256 hash;
    hash.update(std::span(&tag, 1));
    hash.update(left);
    hash.update(right);
    return hash.finish();
}

}  // namespace

Bytes32 merkle_leaf(ByteSpan data) {
    return hash_tagged(0, data, {});
}

Bytes32 merkle_root(std::span<const Bytes32> leaves) {
    if (leaves.empty()) return sha256({});
    std::vector<Bytes32> level(leaves.begin(), leaves.end());
    while (level.size() > 1) {  // pairs from the left; a lone last one goes up as it is
        std::size_t out = 0;
        for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
            level[out++] = hash_tagged(1, level[i], level[i + 1]);
        }
        if (level.size() % 2 == 1) level[out++] = level.back();
        level.resize(out);
    }
    return level[0];
}

}  // namespace mintmark::storage
