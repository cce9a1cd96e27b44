#include "mintmark/storage/unixfs.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/sha256.hpp"

namespace mintmark::storage {
namespace {

using wire::Cid;
using wire::Codec;

constexpr unsigned kMaxDepth = 16;
// Kubo shards a folder when the names and CIDs of its links exceed this.
constexpr std::size_t kShardBytes = 256 * 1024;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("UnixFS: ") + what);
}

Result<Subtree> put(Codec codec, ByteSpan block, const BlockSink& sink) {
    Subtree out;
    out.cid = Cid{codec, sha256(block)};
    out.dag_bytes = block.size();
    MINTMARK_CHECK(sink(out.cid, block));
    return out;
}

Result<Subtree> put_parent(std::span<const Subtree> children, const BlockSink& sink) {
    UnixfsNode node;
    std::uint64_t content_bytes = 0;
    std::uint64_t dag_bytes = 0;
    for (const Subtree& child : children) {
        node.links.push_back({child.cid, "", child.dag_bytes});
        node.child_bytes.push_back(child.content_bytes);
        content_bytes += child.content_bytes;
        dag_bytes += child.dag_bytes;
    }
    node.file_bytes = content_bytes;
    MINTMARK_TRY(Subtree out, put(Codec::kDagPb, encode(node), sink));
    out.content_bytes = content_bytes;
    out.dag_bytes += dag_bytes;
    return out;
}

/// One level up: each full or last group of kMaxLinks gets a parent.
Result<std::vector<Subtree>> put_level(std::span<const Subtree> level, const BlockSink& sink) {
    std::vector<Subtree> out;
    while (!level.empty()) {
        const std::size_t count = std::min(kMaxLinks, level.size());
        MINTMARK_TRY(const Subtree parent, put_parent(level.first(count), sink));
        out.push_back(parent);
        level = level.subspan(count);
    }
    return out;
}

/// Reads a tree and checks each size that a parent states against what is there.
class ContentWalk {
  public:
    ContentWalk(const BlockGetter& get, const ContentSink& sink) : get_(get), sink_(sink) {}

    Status walk(const Cid& cid, std::uint64_t wanted_bytes, unsigned depth) {
        if (depth > kMaxDepth) return malformed("tree is too deep");
        MINTMARK_TRY(const Bytes block, get_(cid));
        if (cid.codec == Codec::kRaw) {
            if (block.size() != wanted_bytes) return malformed("leaf of another size");
            return sink_(block);
        }
        MINTMARK_TRY(const UnixfsNode node, decode_unixfs(block));
        if (node.kind == UnixfsKind::kFolder) return malformed("folder where a file should be");
        MINTMARK_CHECK(check_sizes(node, wanted_bytes));
        MINTMARK_CHECK(sink_(node.data));
        for (std::size_t i = 0; i < node.links.size(); ++i) {
            MINTMARK_CHECK(walk(node.links[i].cid, node.child_bytes[i], depth + 1));
        }
        return {};
    }

  private:
    static Status check_sizes(const UnixfsNode& node, std::uint64_t wanted_bytes) {
        if (node.links.size() != node.child_bytes.size()) return malformed("sizes are missing");
        std::uint64_t left = wanted_bytes;
        const auto take = [&left](std::uint64_t size) {
            if (size > left) return false;
            left -= size;
            return true;
        };
        bool fits = take(node.data.size());
        for (const std::uint64_t size : node.child_bytes) fits = fits && size > 0 && take(size);
        if (!fits || left != 0 || node.file_bytes.value_or(wanted_bytes) != wanted_bytes) {
            return malformed("sizes do not add up");
        }
        return {};
    }

    const BlockGetter& get_;
    const ContentSink& sink_;
};

}  // namespace

Result<Subtree> build_file(const ContentReader& read, const BlockSink& sink) {
    std::vector<Subtree> level;
    Bytes buffer(kBlockBytes);
    for (bool more = true; more;) {
        MINTMARK_TRY(const std::size_t size, read(buffer));
        more = size == buffer.size();
        if (size == 0 && !level.empty()) break;
        MINTMARK_TRY(Subtree leaf, put(Codec::kRaw, ByteSpan(buffer).first(size), sink));
        leaf.content_bytes = size;
        level.push_back(leaf);
    }
    while (level.size() > 1) {
        MINTMARK_TRY(level, put_level(level, sink));
    }
    return level[0];
}

Result<Subtree> build_folder(std::vector<FolderEntry> entries, const BlockSink& sink) {
    std::ranges::sort(entries, {}, &FolderEntry::name);
    UnixfsNode node;
    node.kind = UnixfsKind::kFolder;
    Subtree sums;
    std::size_t link_bytes = 0;
    for (const FolderEntry& entry : entries) {
        node.links.push_back({entry.subtree.cid, entry.name, entry.subtree.dag_bytes});
        sums.content_bytes += entry.subtree.content_bytes;
        sums.dag_bytes += entry.subtree.dag_bytes;
        link_bytes += entry.name.size() + entry.subtree.cid.to_bytes().size();
    }
    if (link_bytes >= kShardBytes) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("a folder of {} entries is too large", entries.size()),
                    "put its files into several folders");
    }
    MINTMARK_TRY(Subtree out, put(Codec::kDagPb, encode(node), sink));
    out.content_bytes = sums.content_bytes;
    out.dag_bytes += sums.dag_bytes;
    return out;
}

Status read_file_content(const Cid& cid, std::uint64_t max_bytes, const BlockGetter& get,
                         const ContentSink& sink) {
    MINTMARK_TRY(const Bytes block, get(cid));
    std::uint64_t size = block.size();
    if (cid.codec == Codec::kDagPb) {
        MINTMARK_TRY(const UnixfsNode node, decode_unixfs(block));
        size = node.file_bytes.value_or(node.data.size());
    }
    if (size > max_bytes) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("the file has {} bytes, at most {} are read", size, max_bytes));
    }
    return ContentWalk(get, sink).walk(cid, size, 0);
}

}  // namespace mintmark::storage
