// What is to be published: a file or a folder, as a tree with sorted names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::storage {

/// A file or a folder on disk.
struct SourceNode {
    std::string name = {};  ///< last part of the path; "" for a root folder
    bool is_folder = false;
    std::filesystem::path path = {};
    std::uint64_t size_bytes = 0;           ///< of a file
    std::vector<SourceNode> children = {};  ///< of a folder, sorted by name (bytewise)
};

struct SourceFile {
    std::string path;  ///< from the root, '/' between parts
    std::filesystem::path on_disk;
    std::uint64_t size_bytes;
};

/// Looks at a file or a folder. Names that start with '.' below it are left out, as `ipfs add`
/// does; empty folders are kept. kNotFound, kIo; kUnsupported for symbolic links and devices.
[[nodiscard]] Result<SourceNode> open_source(const std::filesystem::path& path);
/// Puts a further file at the root: a single file becomes a folder with both. Nothing happens when
/// the very file is there already; kAlreadyExists when another has its name.
[[nodiscard]] Result<SourceNode> with_file(SourceNode source, const std::filesystem::path& file);
/// All files, sorted by path (bytewise).
[[nodiscard]] std::vector<SourceFile> list_files(const SourceNode& source);
/// Sum of the files' sizes.
[[nodiscard]] std::uint64_t total_bytes(const SourceNode& source);

}  // namespace mintmark::storage
