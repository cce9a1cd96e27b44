#include "mintmark/storage/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "mintmark/hash/sha256.hpp"
#include "mintmark/storage/file_reader.hpp"
#include "mintmark/storage/merkle.hpp"
#include "mintmark/wire/writer.hpp"

namespace mintmark::storage {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::string_view kHeader = "mintmark-manifest-1";

void put_text(Bytes& dst, std::string_view text) {
    wire::put_u32(dst, static_cast<std::uint32_t>(text.size()));
    append(dst, as_bytes(text));
}

Bytes32 header_leaf(std::string_view card_path) {
    Bytes bytes;
    append(bytes, as_bytes(kHeader));
    put_text(bytes, card_path);
    return merkle_leaf(bytes);
}

Bytes32 file_leaf(const ManifestFile& file) {
    Bytes bytes;
    put_text(bytes, file.path);
    wire::put_u64(bytes, file.size_bytes);
    append(bytes, file.sha256);
    append(bytes, file.chunk_root);
    return merkle_leaf(bytes);
}

Result<ManifestFile> read_file_entry(const json::Json& value) {
    ManifestFile out;
    MINTMARK_TRY(out.path, json::get_string(value, "path"));
    MINTMARK_TRY(out.size_bytes, json::get_u64(value, "sizeBytes"));
    MINTMARK_TRY(const std::string sha256, json::get_string(value, "sha256"));
    MINTMARK_TRY(out.sha256, bytes32_from_hex(sha256));
    MINTMARK_TRY(const std::string chunk_root, json::get_string(value, "chunkRoot"));
    MINTMARK_TRY(out.chunk_root, bytes32_from_hex(chunk_root));
    if (!is_safe_path(out.path)) {
        return fail(ErrorCode::kMalformed, fmt::format("manifest: unsafe path \"{}\"", out.path));
    }
    return out;
}

Status check_paths(const Manifest& manifest) {
    const auto not_before = [](const ManifestFile& a, const ManifestFile& b) {
        return a.path >= b.path;
    };
    if (std::ranges::adjacent_find(manifest.files, not_before) != manifest.files.end()) {
        return fail(ErrorCode::kMalformed, "manifest: files are not sorted, or repeated");
    }
    if (!manifest.card_path.empty() && !manifest.file(manifest.card_path)) {
        return fail(ErrorCode::kMalformed, "manifest: the card is not among the files");
    }
    return {};
}

}  // namespace

bool is_safe_path(std::string_view path) noexcept {
    if (path.size() > 4096 || path.find('\0') != std::string_view::npos) return false;
    for (;;) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == path.size()) return true;
        path.remove_prefix(slash + 1);
    }
}

Bytes32 Manifest::root() const {
    std::vector<Bytes32> leaves = {header_leaf(card_path)};
    for (const ManifestFile& file : files) leaves.push_back(file_leaf(file));
    return merkle_root(leaves);
}

Result<ManifestFile> Manifest::file(std::string_view path) const {
    const auto it = std::ranges::lower_bound(files, path, {}, &ManifestFile::path);
    if (it == files.end() || it->path != path) {
        return fail(ErrorCode::kNotFound, fmt::format("the manifest has no file {}", path));
    }
    return *it;
}

std::uint64_t Manifest::total_bytes() const {
    return std::accumulate(
        files.begin(), files.end(), std::uint64_t{0},
        [](std::uint64_t sum, const ManifestFile& file) { return sum + file.size_bytes; });
}

json::Json Manifest::to_json() const {
    json::Json out;
    out["format"] = kFormat;
    out["root"] = to_hex(root());
    out["card"] = card_path;
    json::Json& list = out["files"] = json::Json::array();
    for (const ManifestFile& file : files) {
        list.push_back({{"path", file.path},
                        {"sizeBytes", file.size_bytes},
                        {"sha256", to_hex(file.sha256)},
                        {"chunkRoot", to_hex(file.chunk_root)}});
    }
    return out;
}

Result<Manifest> Manifest::from_json(const json::Json& value) {
    MINTMARK_TRY(const std::uint64_t format, json::get_u64(value, "format"));
    if (format != kFormat) {
        return fail(ErrorCode::kUnsupported, fmt::format("manifest: format {}", format));
    }
    Manifest out;
    MINTMARK_TRY(out.card_path, json::get_string(value, "card"));
    MINTMARK_TRY(const json::Json files, json::get_array(value, "files"));
    for (const json::Json& entry : files) {
        MINTMARK_TRY(ManifestFile file, read_file_entry(entry));
        out.files.push_back(std::move(file));
    }
    MINTMARK_CHECK(check_paths(out));
    MINTMARK_TRY(const std::string root, json::get_string(value, "root"));
    MINTMARK_TRY(const Bytes32 wanted, bytes32_from_hex(root));
    if (wanted != out.root()) {
        return fail(ErrorCode::kRejected, "manifest: the root does not fit the files");
    }
    return out;
}

struct FileHasher::State {
    Sha256 whole;
    std::uint64_t size_bytes = 0;
    Bytes chunk;
    std::vector<Bytes32> leaves;

    void end_chunk() {
        leaves.push_back(merkle_leaf(chunk));
        chunk.clear();
    }
};

FileHasher::FileHasher() : state_(std::make_unique<State>()) {}
FileHasher::~FileHasher() = default;
FileHasher::FileHasher(FileHasher&&) noexcept = default;
FileHasher& FileHasher::operator=(FileHasher&&) noexcept = default;

void FileHasher::update(ByteSpan bytes) {
    state_->whole.update(bytes);
    state_->size_bytes += bytes.size();
    while (!bytes.empty()) {
        const std::size_t room = kChunkBytes - state_->chunk.size();
        const ByteSpan part = bytes.first(std::min(room, bytes.size()));
        append(state_->chunk, part);
        bytes = bytes.subspan(part.size());
        if (state_->chunk.size() == kChunkBytes) state_->end_chunk();
    }
}

ManifestFile FileHasher::finish(std::string path) {
    if (!state_->chunk.empty()) state_->end_chunk();
    ManifestFile out{std::move(path), state_->size_bytes, state_->whole.finish(),
                     merkle_root(state_->leaves)};
    state_ = std::make_unique<State>();
    return out;
}

Result<Manifest> build_manifest(const SourceNode& source, std::string card,
                                const OnBytes& on_bytes) {
    Manifest out;
    out.card_path = std::move(card);
    Bytes buffer(kChunkBytes);
    for (const SourceFile& file : list_files(source)) {
        MINTMARK_TRY(FileReader reader, FileReader::open(file.on_disk));
        FileHasher hasher;
        for (;;) {
            MINTMARK_TRY(const std::size_t size, reader.read(buffer));
            hasher.update(ByteSpan(buffer).first(size));
            if (on_bytes && !on_bytes(size)) return fail(ErrorCode::kInterrupted, "interrupted");
            if (size < buffer.size()) break;
        }
        out.files.push_back(hasher.finish(file.path));
    }
    if (!out.card_path.empty() && !out.file(out.card_path)) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("the model card {} is not among the files", out.card_path));
    }
    return out;
}

}  // namespace mintmark::storage
