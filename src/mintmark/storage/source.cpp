#include "mintmark/storage/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mintmark::storage {
namespace {

namespace fs = std::filesystem;
constexpr unsigned kMaxDepth = 32;

std::unexpected<Error> io_error(const fs::path& path, const std::error_code& ec) {
    const bool missing = ec == std::errc::no_such_file_or_directory;
    return fail(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("{}: {}", path.string(), ec.message()));
}

void sort_children(SourceNode& folder) {
    std::ranges::sort(folder.children, {}, &SourceNode::name);
}

Result<SourceNode> open_node(const fs::path& path, unsigned depth);

Result<SourceNode> open_folder(SourceNode node, unsigned depth) {
    node.is_folder = true;
    std::error_code ec;
    for (fs::directory_iterator it(node.path, ec), end; !ec && it != end; it.increment(ec)) {
        if (it->path().filename().string().starts_with('.')) continue;
        MINTMARK_TRY(SourceNode child, open_node(it->path(), depth + 1));
        node.children.push_back(std::move(child));
    }
    if (ec) return io_error(node.path, ec);
    sort_children(node);
    return node;
}

Result<SourceNode> open_node(const fs::path& path, unsigned depth) {
    std::error_code ec;
    const fs::file_status status = fs::symlink_status(path, ec);
    if (!fs::exists(status)) {
        return io_error(path, std::make_error_code(std::errc::no_such_file_or_directory));
    }
    SourceNode node;
    node.name = path.filename().string();
    node.path = path;
    if (fs::is_directory(status) && depth <= kMaxDepth) return open_folder(std::move(node), depth);
    if (!fs::is_regular_file(status)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("{} is neither a file nor a folder (or too deep)", path.string()),
                    "replace symbolic links by what they point to");
    }
    node.size_bytes = fs::file_size(path, ec);
    if (ec) return io_error(path, ec);
    return node;
}

void list_into(const SourceNode& node, const std::string& path, std::vector<SourceFile>& out) {
    if (!node.is_folder) {
        out.push_back({path, node.path, node.size_bytes});
        return;
    }
    const std::string prefix = path.empty() ? "" : path + '/';
    for (const SourceNode& child : node.children) list_into(child, prefix + child.name, out);
}

}  // namespace

Result<SourceNode> open_source(const fs::path& path) {
    std::error_code ec;
    // The root may be named through a link, or as "." or "dir/".
    const fs::path real = fs::canonical(path, ec);
    if (ec) return io_error(path, ec);
    MINTMARK_TRY(SourceNode root, open_node(real, 0));
    if (root.is_folder) root.name.clear();
    return root;
}

Result<SourceNode> with_file(SourceNode source, const fs::path& file) {
    MINTMARK_TRY(SourceNode added, open_source(file));
    if (added.is_folder) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("{} is a folder", file.string()));
    }
    const auto present = list_files(source);
    if (std::ranges::find(present, added.path, &SourceFile::on_disk) != present.end()) {
        return source;
    }
    if (!source.is_folder) {
        SourceNode folder;
        folder.is_folder = true;
        folder.children.push_back(std::move(source));
        source = std::move(folder);
    }
    if (std::ranges::find(source.children, added.name, &SourceNode::name) !=
        source.children.end()) {
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("there is another file named {}", added.name), "rename one");
    }
    source.children.push_back(std::move(added));
    sort_children(source);
    return source;
}

std::vector<SourceFile> list_files(const SourceNode& source) {
    std::vector<SourceFile> out;
    list_into(source, source.is_folder ? "" : source.name, out);
    std::ranges::sort(out, {}, &SourceFile::path);
    return out;
}

std::uint64_t total_bytes(const SourceNode& source) {
    const auto files = list_files(source);
    return std::accumulate(
        files.begin(), files.end(), std::uint64_t{0},
        [](std::uint64_t sum, const SourceFile& file) { return sum + file.size_bytes; });
}

}  // namespace mintmark::storage
