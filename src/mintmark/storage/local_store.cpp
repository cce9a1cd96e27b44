#include "mintmark/storage/local_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/storage/file_reader.hpp"

namespace mintmark::storage {
namespace {

namespace fs = std::filesystem;
using wire::Cid;
using wire::Codec;

constexpr std::uint64_t kMaxBlockBytes = std::uint64_t{2} << 20U;
constexpr unsigned kMaxDepth = 34;  // a folder deeper than what can be put
constexpr std::size_t kMaxEntries = 100'000;

Status report(const OnBytes& on_bytes, std::uint64_t bytes) {
    if (on_bytes && !on_bytes(bytes)) return fail(ErrorCode::kInterrupted, "interrupted");
    return {};
}

/// Visits the files below a root, in the order of their paths within each folder.
class FolderWalk {
  public:
    using Visit = std::function<Status(const std::string& path, const Cid& file)>;
    FolderWalk(const LocalStore& store, const Visit& visit) : store_(store), visit_(visit) {}

    Status walk(const Cid& cid, const std::string& path, unsigned depth) {
        if (++entries_ > kMaxEntries || depth > kMaxDepth) {
            return fail(ErrorCode::kOutOfRange, "the folder is too large or too deep");
        }
        if (cid.codec == Codec::kRaw) return visit_(path, cid);
        MINTMARK_TRY(const Bytes block, store_.get_block(cid));
        MINTMARK_TRY(const UnixfsNode node, decode_unixfs(block));
        if (node.kind != UnixfsKind::kFolder) return visit_(path, cid);
        for (const DagLink& link : node.links) {
            if (!is_safe_path(link.name) || link.name.find('/') != std::string::npos) {
                return fail(ErrorCode::kMalformed, "UnixFS: unsafe name in a folder");
            }
            const std::string below = path.empty() ? link.name : path + '/' + link.name;
            MINTMARK_CHECK(walk(link.cid, below, depth + 1));
        }
        return {};
    }

  private:
    const LocalStore& store_;
    const Visit& visit_;
    std::size_t entries_ = 0;
};

}  // namespace

fs::path LocalStore::block_path(const Cid& cid) const {
    const std::string text = cid.to_string();
    return folder_ / "blocks" / text.substr(text.size() - 3, 2) / text;
}

Result<Bytes> LocalStore::get_block(const Cid& cid) const {
    auto block = read_file(block_path(cid), kMaxBlockBytes);
    if (!block) {
        if (block.error().code != ErrorCode::kNotFound) return block;
        return fail(ErrorCode::kNotFound, fmt::format("the store has no block {}", cid.to_string()),
                    "push the model again");
    }
    if (sha256(*block) != cid.digest) {
        return fail(ErrorCode::kRejected,
                    fmt::format("block {} is damaged on disk", cid.to_string()),
                    "push the model again: damaged blocks are replaced");
    }
    return block;
}

Result<bool> LocalStore::put_block(const Cid& cid, ByteSpan block) {
    if (block.size() > kMaxBlockBytes) {
        return fail(ErrorCode::kOutOfRange, "a block has at most 2 MiB");
    }
    if (sha256(block) != cid.digest) {
        return fail(ErrorCode::kRejected, "the bytes are not those of " + cid.to_string());
    }
    if (get_block(cid)) return false;
    MINTMARK_CHECK(write_file(block_path(cid), block));
    return true;
}

Result<Subtree> LocalStore::put_node(const SourceNode& node, const BlockSink& sink,
                                     const OnBytes& on_bytes) {
    if (node.is_folder) {
        std::vector<FolderEntry> entries;
        for (const SourceNode& child : node.children) {
            MINTMARK_TRY(const Subtree subtree, put_node(child, sink, on_bytes));
            entries.push_back({child.name, subtree});
        }
        return build_folder(std::move(entries), sink);
    }
    MINTMARK_TRY(FileReader reader, FileReader::open(node.path));
    return build_file(
        [&](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
            MINTMARK_TRY(const std::size_t size, reader.read(buffer));
            MINTMARK_CHECK(report(on_bytes, size));
            return size;
        },
        sink);
}

Result<PutReport> LocalStore::put(const SourceNode& source, const OnBytes& on_bytes) {
    PutReport out;
    const BlockSink sink = [&](const Cid& cid, ByteSpan block) -> Status {
        MINTMARK_TRY(const bool written, put_block(cid, block));
        ++(written ? out.blocks_written : out.blocks_kept);
        return {};
    };
    MINTMARK_TRY(const Subtree root, put_node(source, sink, on_bytes));
    out.root = root.cid;
    out.content_bytes = root.content_bytes;
    return out;
}

Status LocalStore::get(const Cid& root, const fs::path& destination, const OnBytes& on_bytes,
                       std::uint64_t max_bytes) const {
    const BlockGetter get = [this](const Cid& cid) { return get_block(cid); };
    std::uint64_t left = max_bytes;
    const FolderWalk::Visit visit = [&](const std::string& path, const Cid& file) -> Status {
        MINTMARK_TRY(FileWriter out,
                     FileWriter::create(path.empty() ? destination : destination / path));
        const ContentSink sink = [&](ByteSpan content) -> Status {
            left -= content.size();  // read_file_content keeps within max_bytes = left
            MINTMARK_CHECK(out.write(content));
            return report(on_bytes, content.size());
        };
        MINTMARK_CHECK(read_file_content(file, left, get, sink));
        return out.commit();
    };
    return FolderWalk(*this, visit).walk(root, "", 0);
}

Status LocalStore::verify(const Cid& root, const Manifest& manifest,
                          const OnBytes& on_bytes) const {
    const BlockGetter get = [this](const Cid& cid) { return get_block(cid); };
    std::size_t found = 0;
    const FolderWalk::Visit visit = [&](const std::string& path, const Cid& file) -> Status {
        // A lone file has no name in the store.
        const bool lone = path.empty() && manifest.files.size() == 1;
        const std::string& name = lone ? manifest.files[0].path : path;
        const auto wanted = manifest.file(name);
        if (!wanted) return fail(ErrorCode::kRejected, "the store holds another file: " + name);
        FileHasher hasher;
        const ContentSink sink = [&](ByteSpan content) {
            hasher.update(content);
            return report(on_bytes, content.size());
        };
        const Status read = read_file_content(file, wanted->size_bytes, get, sink);
        if (!read && read.error().code != ErrorCode::kOutOfRange) return read;
        if (!read || hasher.finish(name) != *wanted) {
            return fail(ErrorCode::kRejected, fmt::format("{} is not the manifest's", name));
        }
        ++found;
        return {};
    };
    MINTMARK_CHECK(FolderWalk(*this, visit).walk(root, "", 0));
    if (found != manifest.files.size()) {
        return fail(ErrorCode::kRejected, fmt::format("the store has {} of the manifest's {} files",
                                                      found, manifest.files.size()));
    }
    return {};
}

}  // namespace mintmark::storage
