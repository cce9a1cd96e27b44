#include "mintmark/jobs/shelf.hpp"

#include "mintmark/base/file.hpp"
#include "mintmark/jobs/folder.hpp"
#include "mintmark/storage/local_store.hpp"

namespace mintmark::jobs {

namespace fs = std::filesystem;

Result<wire::Cid> Shelf::put_file(const fs::path& file) const {
    MINTMARK_TRY(const storage::SourceNode source, storage::open_source(file));
    if (source.is_folder) return fail(ErrorCode::kUnsupported, "only files are stored");
    storage::LocalStore store(store_);
    MINTMARK_TRY(const storage::PutReport report, store.put(source));
    return report.root;
}

Result<wire::Cid> Shelf::put(std::string_view content) const {
    MINTMARK_TRY(const JobFolder folder, JobFolder::make({}));
    const fs::path file = folder.path() / "content";
    MINTMARK_CHECK(write_text(file, content, FileMode::kSecret));
    return put_file(file);
}

Status Shelf::get(const wire::Cid& cid, const fs::path& destination,
                  std::uint64_t max_bytes) const {
    const storage::LocalStore store(store_);
    MINTMARK_CHECK(store.get(cid, destination, {}, max_bytes));
    std::error_code ec;
    if (fs::is_regular_file(fs::symlink_status(destination, ec))) return {};
    fs::remove_all(destination, ec);
    return fail(ErrorCode::kInvalidArgument, cid.to_string() + " is no file");
}

}  // namespace mintmark::jobs
