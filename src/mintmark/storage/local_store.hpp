// A content-addressed store in a folder: one file per block, named by its CID.
#pragma once

#include <cstdint>
#include <filesystem>

#include "mintmark/storage/manifest.hpp"
#include "mintmark/storage/source.hpp"
#include "mintmark/storage/unixfs.hpp"
#include "mintmark/wire/cid.hpp"

namespace mintmark::storage {

struct PutReport {
    wire::Cid root = {};
    std::uint64_t content_bytes = 0;
    std::uint64_t blocks_written = 0;
    std::uint64_t blocks_kept = 0;  ///< they were there, and right
};

/// Blocks are at most 2 MiB. What is read is always checked against its CID: kRejected, naming the
/// block, when the disk holds something else.
class LocalStore {
  public:
    explicit LocalStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Adds a file or folder; `root` is the CID that `ipfs add --cid-version=1 [-r]` prints. Can be
    /// interrupted and started again: blocks that are there are checked and kept. on_bytes counts
    /// content bytes.
    [[nodiscard]] Result<PutReport> put(const SourceNode& source, const OnBytes& on_bytes = {});
    /// Writes a file, or a folder with all below it, to `destination`. Files appear when they are
    /// whole; ones that exist are replaced. At most max_bytes in all.
    [[nodiscard]] Status get(const wire::Cid& root, const std::filesystem::path& destination,
                             const OnBytes& on_bytes = {},
                             std::uint64_t max_bytes = std::uint64_t{1} << 40U) const;
    /// Reads everything back and compares with the manifest: kRejected when a file is missing, too
    /// many, or different.
    [[nodiscard]] Status verify(const wire::Cid& root, const Manifest& manifest,
                                const OnBytes& on_bytes = {}) const;

    [[nodiscard]] Result<Bytes> get_block(const wire::Cid& cid) const;
    /// True when it had to be written. kRejected when the bytes are not the CID's.
    [[nodiscard]] Result<bool> put_block(const wire::Cid& cid, ByteSpan block);

  private:
    [[nodiscard]] std::filesystem::path block_path(const wire::Cid& cid) const;
    [[nodiscard]] Result<Subtree> put_node(const SourceNode& node, const BlockSink& sink,
                                           const OnBytes& on_bytes);

    std::filesystem::path folder_;
};

}  // namespace mintmark::storage
