// Making and reading UnixFS trees, block by block, as `ipfs add --cid-version=1` lays them out:
// 256 KiB chunks, raw leaves, balanced tree of at most 174 links a node.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/storage/dag_pb.hpp"
#include "mintmark/wire/cid.hpp"

namespace mintmark::storage {

inline constexpr std::size_t kBlockBytes = 256 * 1024;
inline constexpr std::size_t kMaxLinks = 174;

/// Takes each block as it is made, children before parents.
using BlockSink = std::function<Status(const wire::Cid& cid, ByteSpan block)>;
/// Fills the buffer; fewer bytes only at the end of the content.
using ContentReader = std::function<Result<std::size_t>(std::span<std::uint8_t> buffer)>;

/// A finished subtree.
struct Subtree {
    wire::Cid cid = {};
    std::uint64_t content_bytes = 0;
    std::uint64_t dag_bytes = 0;  ///< of its blocks, each counted as often as it is linked
};

struct FolderEntry {
    std::string name;
    Subtree subtree;
};

[[nodiscard]] Result<Subtree> build_file(const ContentReader& read, const BlockSink& sink);
/// Entries in any order; kUnsupported when the folder is so large that IPFS would shard it.
[[nodiscard]] Result<Subtree> build_folder(std::vector<FolderEntry> entries, const BlockSink& sink);

/// Gives the block of a CID, already checked against it.
using BlockGetter = std::function<Result<Bytes>(const wire::Cid& cid)>;
/// Takes a file's content, in order.
using ContentSink = std::function<Status(ByteSpan content)>;

/// Reads a file's content. Total on any blocks: sizes that parents state must be those of the
/// children, so a small tree cannot claim a large content without holding it; kMalformed,
/// kUnsupported, kOutOfRange above max_bytes.
[[nodiscard]] Status read_file_content(const wire::Cid& cid, std::uint64_t max_bytes,
                                       const BlockGetter& get, const ContentSink& sink);

}  // namespace mintmark::storage
