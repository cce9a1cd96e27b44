// dag-pb nodes (ipld.io/specs/codecs/dag-pb) and the UnixFS messages in them
// (specs.ipfs.tech/unixfs): the blocks that IPFS makes of files and folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/wire/cid.hpp"

namespace mintmark::storage {

struct DagLink {
    wire::Cid cid = {};
    std::string name = {};        ///< "" in files
    std::uint64_t dag_bytes = 0;  ///< Tsize: of all blocks below
};

enum class UnixfsKind : std::uint8_t { kRaw = 0, kFolder = 1, kFile = 2 };

/// A node with its UnixFS message.
struct UnixfsNode {
    UnixfsKind kind = UnixfsKind::kFile;
    std::vector<DagLink> links = {};
    Bytes data = {};                               ///< content held in the node itself
    std::optional<std::uint64_t> file_bytes = {};  ///< of a file: content below and in the node
    std::vector<std::uint64_t> child_bytes = {};   ///< of a file: content per link
};

/// The block, canonical: links first, in the order given.
[[nodiscard]] Bytes encode(const UnixfsNode& node);
/// Total on any bytes. kMalformed; kUnsupported for symbolic links, metadata and sharded folders.
[[nodiscard]] Result<UnixfsNode> decode_unixfs(ByteSpan block);

}  // namespace mintmark::storage
