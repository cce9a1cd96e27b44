// The manifest of a model: which files, their hashes, and the Merkle root that goes on-chain.
// Normative description: docs/spec/storage.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/storage/source.hpp"

namespace mintmark::storage {

/// Told how many more bytes are done; returns false to stop (kInterrupted).
using OnBytes = std::function<bool(std::uint64_t bytes)>;

/// Chunks of the Merkle tree are this long; the last one of a file may be shorter.
inline constexpr std::uint64_t kChunkBytes = std::uint64_t{1} << 20U;

struct ManifestFile {
    std::string path = {};  ///< '/' between parts, none of them empty, "." or ".."
    std::uint64_t size_bytes = 0;
    Bytes32 sha256 = {};
    Bytes32 chunk_root = {};  ///< Merkle root of its chunks
    friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

/// Files sorted by path (bytewise): one folder has one manifest.
struct Manifest {
    std::vector<ManifestFile> files = {};
    std::string card_path = {};  ///< the model card among the files; "" for none

    /// Merkle root over a header (with the card's path) and the files: the registry's manifestRoot.
    [[nodiscard]] Bytes32 root() const;
    /// The file with that path; kNotFound.
    [[nodiscard]] Result<ManifestFile> file(std::string_view path) const;
    [[nodiscard]] std::uint64_t total_bytes() const;

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed: wrong order, repeated or unsafe paths, a card that is no file; kRejected: a root
    /// that does not fit the files; kUnsupported: another format.
    [[nodiscard]] static Result<Manifest> from_json(const json::Json& value);
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// Computes one file's entry while its bytes go by.
class FileHasher {
  public:
    FileHasher();
    ~FileHasher();
    FileHasher(FileHasher&&) noexcept;
    FileHasher& operator=(FileHasher&&) noexcept;
    void update(ByteSpan bytes);
    [[nodiscard]] ManifestFile finish(std::string path);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Reads all files. card: path within the source, or "". kNotFound when the card is not among the
/// files, kIo, kInterrupted.
[[nodiscard]] Result<Manifest> build_manifest(const SourceNode& source, std::string card,
                                              const OnBytes& on_bytes = {});

/// Is this a relative path that cannot leave its folder?
[[nodiscard]] bool is_safe_path(std::string_view path) noexcept;

}  // namespace mintmark::storage
